"""Declarations as they arrive: scored against the published model and the network as it stands, and not stored.

A declaration is scored exactly as it would be had it been loaded, with the same model and as-of day. What else arrives
with it changes nothing: none of that was known before its day (where it was accepted before the as-of day, it is
scored as if it alone had come).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from graph.beside import beside
from graph.build import snapshot
from graph.cutoffs import last_cutoff
from graph.linked_risk import Path as RiskPath
from graph.records import Ref
from graph.snapshot import Flag, Long, Snapshot
from graph.statements import Statements
from graph.store.base import GraphStore
from graph.store.results import PublishedSet
from targeting import TargetingError
from targeting.days import day_number
from targeting.lanes import lanes_of
from targeting.model import Model
from targeting.network import Network
from targeting.published import published_scores
from targeting.scoring import Scores, network_of, score
from targeting.standing import Beside, standing_beside

MOST = 1_000
"""Declarations that are scored at a time."""

ROLES = {"importer": "Trader", "exporter": "Trader", "declarant": "Forwarder", "carrier": "Carrier"}
"""The parties of a declaration, and their types."""


@dataclass(frozen=True)
class Warm:
    """All that scoring of arrivals needs, found once.

    Attributes:
        model: what scores.
        published: the set whose model, as-of day and lanes are used.
        standing: the network; its snapshot may be of a later version of the store than the set.
    """

    model: Model
    published: PublishedSet
    standing: Network

    @property
    def version(self) -> int:
        """Return the version of the store that the network is of."""
        return self.standing.snapshot.version


@dataclass(frozen=True)
class Arrival:
    """What is said of one declaration that has arrived.

    Attributes:
        shipment: its complete key.
        accepted_on: day of acceptance.
        as_of: what was known before this day was used: the day of acceptance or, where that is earlier, the set's.
        score: probability that an examination finds an infraction; None where the model learnt from the shipment's own
            outcome.
        declared, profile, linked, gnn: the components.
        lane: red, yellow or green by the set's thresholds; None without a score.
        reasons: strongest first.
        path: the strongest path of its linked risk; None without any.
        community: id of the importer's community; None where it has none.
        parties: who was declared, by role.
        unknown: the roles of those whom the network did not know before that day.
        in_store: whether the store holds a shipment of this key; what is known of that says nothing about itself.
        repeats: position of the first declaration of the same shipment among those scored together, None for that.
    """

    shipment: str
    accepted_on: date
    as_of: date
    score: float | None
    declared: float
    profile: float
    linked: float
    gnn: float
    lane: str | None
    reasons: tuple[str, ...]
    path: RiskPath | None
    community: str | None
    parties: Mapping[str, Ref]
    unknown: tuple[str, ...]
    in_store: bool
    repeats: int | None


def warm(store: GraphStore, models: Path, progress: Callable[[str], None] = lambda _: None) -> Warm:
    """Read the published model and the network, and find all that does not depend on what arrives.

    Args:
        store: where the network and the published set are.
        models: folder of the registry.
        progress: is told what is being done.

    Raises:
        TargetingError: no scores are published, or their model is not there.
    """
    published, model = published_scores(store, models, current=False)
    progress("reading the network")
    return warmed(published, model, snapshot(store), progress)


def warmed(
    published: PublishedSet, model: Model, whole: Snapshot, progress: Callable[[str], None] = lambda _: None
) -> Warm:
    """Find all that does not depend on what arrives, from a network that has been read.

    Args:
        published: the set.
        model: its model.
        whole: the network.
        progress: is told what is being done.
    """
    day = day_number(published.as_of)
    standing = network_of(model, whole, day, progress=progress)
    progress("finding what does not depend on what arrives")
    # Scoring a few of its own declarations finds all of it.
    few = whole.declarations.first[:1]
    score(model, standing_beside(standing, _of_rows(whole, few, day)), np.arange(len(few)))
    return Warm(model, published, standing)


def score_arrivals(warm: Warm, statements: Statements, *, reasons: int = 3) -> list[Arrival]:
    """Score declarations that have arrived, in their order; nothing is stored.

    Args:
        warm: what was found before.
        statements: declarations and descriptions, as `ingest.rows` gives them; at most `MOST`.
        reasons: how many reasons to give at most.

    Raises:
        TargetingError: there are too many, or the model does not fit the data.
    """
    count = len(statements.declaration)
    if count > MOST:
        raise TargetingError(f"{count:,} declarations came at once; send at most {MOST:,} at a time.")
    if not count:
        return []
    here = standing_beside(warm.standing, beside(warm.standing.snapshot, statements))
    found = score(warm.model, here, np.arange(count), reasons=reasons)
    return _arrivals(warm, here, found)


def _of_rows(whole: Snapshot, rows: Long, day: int) -> Snapshot:
    """Return some declarations of a network beside it, as if accepted on a day."""
    taken = whole.declarations.take(rows)
    return replace(whole, declarations=replace(taken, accepted_on=np.full(len(rows), day, dtype=np.int32)))


def _arrivals(warm: Warm, here: Beside, found: Scores) -> list[Arrival]:
    declarations, things = here.snapshot.declarations, here.snapshot.things
    shipments = things["Shipment"].keys.take(declarations.shipment).to_pylist()
    communities = here.community_of(found.rows, found.days)
    lanes = lanes_of(found.score, warm.published.thresholds)
    parties = _parties(here)
    unknown = {role: _unknown(here, role, found) for role in ROLES}
    cutoff = last_cutoff(here.cutoffs, found.days)
    paths: list[RiskPath | None] = [None] * len(shipments)
    for position in np.unique(cutoff[cutoff >= 0]):
        mine = np.flatnonzero(cutoff == position)
        for row, path in zip(mine.tolist(), here.risk(int(position)).strongest(mine), strict=True):
            paths[row] = path
    known = len(here.behind.things["Shipment"])
    first: dict[str, int] = {}
    arrivals = []
    for at, shipment in enumerate(shipments):
        earliest = first.setdefault(shipment, at)
        blank = bool(np.isnan(found.score[at]))
        arrivals.append(
            Arrival(
                shipment=shipment,
                accepted_on=_date(declarations.accepted_on[at]),
                as_of=_date(found.days[at]),
                score=None if blank else float(found.score[at]),
                declared=float(found.declared[at]),
                profile=float(found.profile[at]),
                linked=float(found.linked[at]),
                gnn=float(found.gnn[at]),
                lane=lanes[at],
                reasons=found.reasons[at],
                path=paths[at],
                community=communities[at],
                parties=parties[at],
                unknown=tuple(role for role in parties[at] if unknown[role][at]),
                in_store=bool(declarations.shipment[at] < known),
                repeats=None if earliest == at else earliest,
            )
        )
    return arrivals


def _parties(here: Beside) -> list[dict[str, Ref]]:
    """Return who was declared in each row, by role."""
    declarations, things = here.snapshot.declarations, here.snapshot.things
    named: list[dict[str, Ref]] = [{} for _ in range(len(declarations))]
    for role, kind in ROLES.items():
        at = np.flatnonzero(declarations.keys[role] >= 0)
        for row, key in zip(at, things[kind].keys.take(declarations.keys[role][at]).to_pylist(), strict=True):
            named[row][role] = Ref(kind, key)
    return named


def _unknown(here: Beside, role: str, found: Scores) -> Flag:
    """Return whether a row names a party that was not known before its day."""
    numbers = here.snapshot.declarations.keys[role]
    first_on = np.append(here.snapshot.things[ROLES[role]].first_on, -1)
    unknown: Flag = first_on[numbers] >= found.days
    return unknown


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=int(day))
