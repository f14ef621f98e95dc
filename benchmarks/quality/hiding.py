"""How well a trader who was caught hides: under a new number, or behind links to trusted traders.

A known-bad importer is one of whom an infraction was known before the quarter, and who commits another in it. What it
can do:

- *clone*: it trades under a new number, name, tax number, e-mail address and telephone, from the same address, through
  the same declarants, with the same suppliers;
- *links*: before the quarter it gains fifty links to trusted traders (holders of an AEO status), all of one of `KINDS`.

What counts is the percentile of its median shipment among all of the quarter, afterwards as part of before. The model
is trained once, on the world as it was before either. Clones are declared in the quarter and change nothing that was
known before it; behind links each trader is hidden by itself, so that no two meet at those behind whom they hide.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.quality.figures import RESAMPLES, Figure, figure
from benchmarks.quality.invented import FIRST, SHIPMENTS, invented
from graph.build import snapshot
from graph.snapshot import Real, Snapshot
from graph.store.sqlite import SqliteStore
from ingest.load import load
from targeting.days import day_number
from targeting.model import Model
from targeting.scoring import network_of, score
from targeting.training import train

SEEDS = (6101, 6202, 6303)

LINKS, TRADERS = 50, 12
"""How many links each trader gains, and how many traders of a world do so with each kind of link."""

CLONE = "clone"
KINDS = ("addresses", "e-mail addresses", "owners", "trade")
"""Whose links: addresses and e-mail addresses of trusted traders, which the register gives as its own, too; trusted
traders as its owners; shipments like theirs, from their suppliers and through their declarants."""

GOALS = {CLONE: 0.8, **dict.fromkeys(KINDS, 0.9)}
"""What part of the percentile is to be left at least."""

WAYS = {
    CLONE: "another number at the same place",
    "addresses": "fifty addresses of trusted traders",
    "e-mail addresses": "fifty e-mail addresses of trusted traders",
    "owners": "fifty trusted owners",
    "trade": "fifty shipments like trusted traders'",
}
"""The ways of hiding, as the page has them."""

_NEW = ("importer_email", "importer_phone", "importer_tax_id", "importer_aeo")
_OUTCOME = ("selected_by", "inspected_on", "outcome_known_on", "outcome", "infraction_type", "revenue_recovered")


@dataclass(frozen=True)
class World:
    """A world with the model of it.

    Attributes:
        store: the world.
        model: trained on what was known before the quarter.
        declared: the declarations as first lodged, by id of the shipment.
        bad: ids of the known-bad importers.
        scores: of all shipments of the quarter, sorted.
        seed: of all that is drawn.
    """

    store: SqliteStore
    model: Model
    declared: pd.DataFrame
    bad: list[str]
    scores: Real
    seed: int


def measure(data: Path, folder: Path, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Invent each world, train, hide, and score; `data` is not read."""
    worlds = {}
    for number in SEEDS:
        with invented(folder, number, say) as (files, store):
            worlds[str(number)] = hidden(learnt(store, files, seed, say), folder / f"{number} hidden", say)
    return {"seed": seed, "shipments": SHIPMENTS, "worlds": worlds, "mean": means(worlds, seed)}


def means(worlds: Mapping[str, Any], seed: int) -> dict[str, dict[str, Figure]]:
    """Return by way of hiding what is left of the percentiles of all worlds' traders, and how many of them reach it."""
    found = {}
    for way, goal in GOALS.items():
        before, after = np.array([pair for world in worlds.values() for pair in world[way]]).T
        drawn = np.random.default_rng(seed).integers(0, len(before), (RESAMPLES, len(before)))
        low, high = np.quantile(after[drawn].mean(axis=1) / before[drawn].mean(axis=1), (0.025, 0.975))
        found[way] = {
            "before": figure(before.tolist(), seed),
            "after": figure(after.tolist(), seed),
            "left": Figure(float(after.mean() / before.mean()), float(low), float(high)),
            "reached": figure((after >= goal * before).astype(float).tolist(), seed),
        }
    return found


def learnt(store: SqliteStore, folder: Path, seed: int, say: Callable[[str], None]) -> World:
    """Train on what was known of a world before the quarter, and find who was caught in it and goes on."""
    every, outcomes, truth = (
        pd.read_csv(folder / name, dtype=str, keep_default_na=False)
        for name in ("declarations.csv", "outcomes.csv", "truth.csv")
    )
    for table in (every, outcomes):
        table.index = table["declaration_id"] + "/" + table["line_no"]
    declared = every[every["amended_on"] == ""]
    told = pd.concat([every, outcomes])
    told = told[(told["outcome"] == "infraction") & (told["outcome_known_on"] < FIRST.isoformat())]
    guilty = declared.loc[truth.loc[truth["infraction"] == "1", "shipment_id"]]
    again = guilty.loc[guilty["accepted_on"] >= FIRST.isoformat(), "importer_id"]
    bad = sorted(set(declared.loc[told.index, "importer_id"]) & set(again))
    whole = snapshot(store)
    model = train(whole, FIRST, seed=seed, progress=say)
    scores = np.sort(np.concatenate(list(_scores(model, whole, None).values())))
    return World(store, model, declared, bad, scores, seed)


def _scores(model: Model, whole: Snapshot, importers: Sequence[str] | None) -> dict[str, Real]:
    """Return the scores of the quarter's shipments by importer, of all or some, by what was known before it."""
    declarations = whole.declarations
    rows = declarations.first[declarations.accepted_on[declarations.first] >= day_number(FIRST)]
    keys = whole.things["Trader"].keys.take(declarations.keys["importer"][rows]).to_numpy(zero_copy_only=False)
    if importers is not None:
        wanted = np.isin(keys, [f"native/{importer}" for importer in importers])
        rows, keys = rows[wanted], keys[wanted]
    around = network_of(model, whole, day_number(FIRST))
    said = score(model, around, rows, reasons=0).score
    return {key.removeprefix("native/"): said[keys == key] for key in np.unique(keys)}


def hidden(world: World, folder: Path, say: Callable[[str], None]) -> dict[str, list[tuple[float, float]]]:
    """Return by way of hiding each trader's percentile before and after."""
    before = percentiles(world, world.bad)
    clones = [f"CLONE-{importer}" for importer in world.bad]
    with added(world, folder / CLONE, {"declarations": cloned(world)}):
        after = percentiles(world, clones)
    found = {CLONE: [(before[one], after[clone]) for one, clone in zip(world.bad, clones, strict=True)]}
    rng = np.random.default_rng(world.seed)
    chosen = rng.permutation(world.bad)[:TRADERS].tolist()
    for kind in KINDS:
        say(f"hiding {len(chosen)} traders behind fifty {kind}")
        found[kind] = []
        for number, importer in enumerate(chosen):
            with added(world, folder / f"{kind} {number}", linked(world, importer, kind, rng)):
                found[kind].append((before[importer], percentiles(world, [importer])[importer]))
    return found


def percentiles(world: World, importers: Sequence[str]) -> dict[str, float]:
    """Return where the median shipment of each importer stands among all of the quarter, by the store as it is."""
    said = _scores(world.model, snapshot(world.store), importers)
    return {
        importer: float(np.searchsorted(world.scores, np.median(scores)) / len(world.scores))
        for importer, scores in said.items()
    }


@contextmanager
def added(world: World, folder: Path, tables: Mapping[str, pd.DataFrame]) -> Iterator[None]:
    """Have some more in the store for a while."""
    folder.mkdir(parents=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    batch = load(world.store, folder, mapping="native").batch
    try:
        yield
    finally:
        world.store.remove_batch(batch.id)


def cloned(world: World) -> pd.DataFrame:
    """Return the known-bad importers' declarations of the quarter as those of others who have nothing but their place.

    What the row itself says of goods, value and route stays.
    """
    declared = world.declared
    theirs = declared[declared["importer_id"].isin(world.bad) & (declared["accepted_on"] >= FIRST.isoformat())]
    return theirs.assign(
        declaration_id="CLONE" + theirs["declaration_id"],
        importer_id="CLONE-" + theirs["importer_id"],
        importer_name="Clone of " + theirs["importer_id"],
        **dict.fromkeys((*_NEW, *_OUTCOME), ""),
    )


def linked(world: World, importer: str, kind: str, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return what gives an importer its links of a kind to trusted traders, known a month before the quarter."""
    earlier = world.declared[world.declared["accepted_on"] < FIRST.isoformat()]
    trusted = earlier[(earlier["importer_aeo"] != "") & (earlier["exporter_id"] != "")].sample(frac=1, random_state=rng)
    trusted = trusted.drop_duplicates("importer_id")
    own = world.declared[world.declared["importer_id"] == importer].iloc[0]
    known = (FIRST - timedelta(days=30)).isoformat()
    if kind == "trade":
        itself = {name: own[name] for name in trusted.columns if name.startswith("importer_")}
        shipments = trusted.head(LINKS)
        return {
            "declarations": shipments.assign(
                declaration_id="TRADE" + shipments["declaration_id"],
                accepted_on=known,
                **itself,
                **dict.fromkeys(_OUTCOME, ""),
            )
        }
    if kind == "owners":
        owners = trusted["importer_id"].head(LINKS)
        return {"ownership": pd.DataFrame({"owner_id": owners, "owned_id": importer, "known_on": known})}
    column = {"addresses": "address", "e-mail addresses": "email"}[kind]
    theirs = trusted[f"importer_{column}"]
    theirs = theirs[theirs != ""].drop_duplicates().head(LINKS)
    register = {"entity_type": "trader", "entity_id": importer, "name": own["importer_name"], "known_on": known}
    return {"entities": pd.DataFrame({column: theirs, "country": own["importer_country"], **register})}
