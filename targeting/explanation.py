"""Why one shipment has its score, in full: by reason, and within the graph neural network by metapath and neighbour.

All are log odds: what raises them by 0.7 doubles the odds. The reasons are parts of the score; the metapaths are parts
of what the network says, which is one of the things that the score weighs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.build import snapshot
from graph.records import Ref
from graph.store.base import GraphStore
from targeting import TargetingError
from targeting.days import day_number
from targeting.inputs import capped_days, read
from targeting.model import Model, components, digests, on_top
from targeting.network import Network
from targeting.published import published_scores
from targeting.reasons import strengths
from targeting.scoring import network_of
from targeting.words import Words

if TYPE_CHECKING:
    from gnn.metapaths import Circle
    from gnn.tokens import Tokens

MOST = 10
"""Reasons, metapaths, and neighbours of each metapath that are told, the strongest first."""


@dataclass(frozen=True)
class Moved:
    """A thing that moved the log odds, and by how much."""

    what: str
    moved: float


@dataclass(frozen=True)
class Metapath:
    """What a metapath (or a declared category) says to the network.

    Attributes:
        what: in words.
        moved: by how much it moved the log odds away from those of the ordinary shipment.
        neighbours: the traders that it reaches, and what each contributed; empty where it does not go over traders.
        others: how many more there are.
        rest: what belongs to none of those told.
    """

    what: str
    moved: float
    neighbours: tuple[Moved, ...]
    others: int
    rest: float


@dataclass(frozen=True)
class Explanation:
    """Why a shipment has its score.

    Attributes:
        shipment: its key.
        as_of: the day before which everything used was known.
        model: id of the model.
        reasons: parts of the score that raise it.
        gnn: what the graph neural network says, a probability.
        metapaths: parts of that.
    """

    shipment: Ref
    as_of: date
    model: str
    reasons: tuple[Moved, ...]
    gnn: float
    metapaths: tuple[Metapath, ...]


def explained(
    store: GraphStore, models: Path, shipment: Ref, progress: Callable[[str], None] = lambda _: None
) -> Explanation:
    """Explain the published score of a shipment.

    Args:
        store: where the network and the published set are.
        models: folder of the registry.
        shipment: which.
        progress: is told what is being done.

    Raises:
        TargetingError: no scores of the network as it is are published, their model is not there, nothing was declared
            of the shipment, or it has no score, since the model has learnt from its outcome.
    """
    with store.reading() as view:
        published, model = published_scores(view, models, current=True)
        if np.isin(digests(np.array([shipment.key], dtype=object)), model.trained).any():
            raise TargetingError(f"{shipment} has no score: the model has learnt from its outcome.")
        progress("reading the network")
        whole = snapshot(view)
    day = day_number(published.as_of)
    here = network_of(model, whole, day, progress=progress)
    node = pc.index(whole.things["Shipment"].keys, pa.scalar(shipment.key)).as_py()
    first = whole.declarations.first
    row = first[whole.declarations.shipment[first] == node] if node >= 0 else first[:0]
    if not len(row):
        raise TargetingError(f"Nothing was declared of {shipment}; name a shipment of the queue.")
    return _explain(model, published.model, here, shipment, int(row[0]))


def _explain(model: Model, name: str, here: Network, shipment: Ref, row: int) -> Explanation:
    from gnn.explain import contributions, phrase
    from gnn.metapaths import CIRCLES
    from gnn.model import predict

    rows = np.array([row])
    days = capped_days(here.snapshot, rows, int(here.cutoffs[-1]))
    inputs = read(here, model.vocabulary, model.plan, rows, days)
    gnn = predict(model.gnn, inputs.tokens)
    top = on_top(components(model, inputs, gnn), inputs.network)
    place = np.zeros(1, dtype=np.int64)
    found = strengths(model, inputs, top, place, MOST)
    words = Words(model, here, inputs, gnn)
    order = [int(at) for at in np.argsort(-found.values[0], kind="stable")[:MOST] if found.values[0, at] > 0]
    reasons = tuple(
        Moved(words.say(found.groups[at], place, found.best[:, at])[0], float(found.values[0, at])) for at in order
    )
    moved = {token: float(values[0]) for token, values in contributions(model.gnn, inputs.tokens).items()}
    circles = {path.name: path for path in CIRCLES}
    metapaths = []
    for token in sorted(moved, key=lambda one: -abs(moved[one]))[:MOST]:
        traders: list[Moved] = []
        if token in circles:
            traders = _traders(model, here, inputs.tokens, int(days[0]), row, circles[token])
        told = tuple(traders[:MOST])
        rest = moved[token] - sum(one.moved for one in told)
        metapaths.append(Metapath(phrase(token), moved[token], told, len(traders) - len(told), rest))
    as_of = date.fromordinal(date(1970, 1, 1).toordinal() + int(days[0]))
    return Explanation(shipment, as_of, name, reasons, float(gnn[0]), tuple(metapaths))


def _traders(model: Model, here: Network, tokens: "Tokens", day: int, row: int, path: "Circle") -> list[Moved]:
    """Return what each trader on a circle contributed, the greatest first."""
    from gnn.hetero import declared_logs, last_cutoffs
    from gnn.known import Known
    from gnn.neighbours import neighbours

    cutoff = int(last_cutoffs(np.array([day], dtype=np.int32), int(here.cutoffs[-1]))[0])
    known = Known(here.snapshot, cutoff, declared_logs(here.snapshot))
    found = neighbours(model.gnn, tokens, here.snapshot, known, row, path)
    order = np.argsort(-np.abs(found.moved), kind="stable")
    keys = here.snapshot.things["Trader"].keys.take(pa.array(found.traders[order])).to_pylist()
    return [Moved(str(Ref("Trader", key)), float(moved)) for key, moved in zip(keys, found.moved[order], strict=True)]
