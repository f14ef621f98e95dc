"""The simulation: plan a world, then let it trade week by week, and write what the authorities would have on file."""

import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ingest.synthetic import economy, lettering, lookalikes
from ingest.synthetic.consignments import draw_week
from ingest.synthetic.facts import load_facts, words
from ingest.synthetic.fleet import build_fleet
from ingest.synthetic.identifiers import unique_numbers
from ingest.synthetic.infractions import Temptation, commit
from ingest.synthetic.inspection import Authority
from ingest.synthetic.output import Texts, Writer
from ingest.synthetic.parties import write_parties
from ingest.synthetic.period import DAYS, LAST_QUARTER, START, weeks
from ingest.synthetic.schemes import SHARES, plan_schemes
from ingest.synthetic.world import PATTERNS, REBORN, SHELL_RING, World

FEWEST, MOST = 1_000, 10_000_000
"""How small and how large a world may be, in shipments."""


@dataclass(frozen=True)
class SimulationSummary:
    """What a simulated world came to, in counts."""

    out: Path
    shipments: int
    declarations: int
    amendments: int
    importers: int
    exporters: int
    outcomes_with_declarations: int
    outcomes_later: int
    infractions: int
    infractions_found: int
    ring_infractions: int
    shipments_by_pattern: dict[str, int] = field(default_factory=dict)
    infractions_by_pattern: dict[str, int] = field(default_factory=dict)
    rings: int = 0
    rings_without_early_outcome: int = 0
    first_day: str = str(START)
    last_day: str = str(START + np.timedelta64(DAYS - 1, "D"))
    last_quarter_from: str = str(START + np.timedelta64(LAST_QUARTER, "D"))


def simulate(
    out: Path,
    *,
    shipments: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> SimulationSummary:
    """Write a synthetic trade world of the native format, with its truth files, into a new folder.

    The same shipments and seed give the same bytes. Nothing is left behind where it fails.

    Args:
        out: The folder; it must not exist yet, or be empty.
        shipments: How many shipments (declared goods items) there are, from 1,000 to 10,000,000.
        seed: The seed, not negative.
        progress: Called with shipments done and shipments in all, now and then.

    Returns:
        The counts of what was written.

    Raises:
        ValueError: An argument is wrong; the message says which and what would be right.
    """
    if not FEWEST <= shipments <= MOST:
        raise ValueError(f"A world has from {FEWEST:,} to {MOST:,} shipments, not {shipments:,}.")
    if seed < 0:
        raise ValueError(f"The seed is a whole number from 0 on, not {seed}.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"{out} exists and is not an empty folder; name a new one.")
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.{secrets.token_hex(4)}.partial")
    partial.mkdir()
    try:
        summary = _run(partial, out, shipments, seed, progress)
        if out.exists():
            out.rmdir()
        partial.rename(out)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return summary


def _plan(seed: int, shipments: int) -> tuple[World, lookalikes.Ownership, list[np.random.Generator]]:
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(12)]
    facts = load_facts()
    world = World(facts, shipments, build_fleet(streams[0], facts, shipments))
    economy.build_parties(streams[1], world)
    ownership = lookalikes.add_lookalikes(streams[2], world)
    economy.build_lanes(streams[3], world, shipments * (1 - SHARES.shell_ring - SHARES.reborn))
    lookalikes.add_successors(streams[4], world)
    plan_schemes(streams[5], world)
    lookalikes.add_large_brokers(world)
    return world, ownership, streams[6:]


def _write_texts(rng: np.random.Generator, world: World) -> Texts:
    importers, exporters, forwarders = world.importers, world.exporters, world.forwarders
    eori = lettering.join("GB", lettering.number_text(unique_numbers(rng, len(importers), 10**8, 10**9)), "000")
    seller = lettering.join("X", lettering.number_text(unique_numbers(rng, len(exporters), 10**7, 10**8)))
    agent = lettering.join("F", lettering.number_text(unique_numbers(rng, len(forwarders), 10**5, 10**6)))
    return Texts(
        importers=write_parties(rng, world.facts, importers, eori, premises=world.premises),
        exporters=write_parties(rng, world.facts, exporters, seller),
        forwarders=write_parties(rng, world.facts, forwarders, agent, nouns=words("forwarding_noun")),
    )


def _run(
    folder: Path, out: Path, shipments: int, seed: int, progress: Callable[[int, int], None] | None
) -> SimulationSummary:
    world, ownership, streams = _plan(seed, shipments)
    texts = _write_texts(streams[0], world)
    temptation = Temptation(streams[1], world)
    authority = Authority(streams[2], world, temptation)
    writer = Writer(folder, streams[3], world, texts)
    moved = np.zeros(len(PATTERNS), dtype=np.int64)
    guilty_of = np.zeros(len(PATTERNS), dtype=np.int64)
    traded = np.zeros(len(world.importers), dtype=bool)
    sold = np.zeros(len(world.exporters), dtype=bool)
    guilty = np.zeros(len(world.importers), dtype=bool)
    active = np.zeros(len(world.rings), dtype=bool)
    early = np.zeros(len(world.rings), dtype=bool)
    declarations = done = found = 0
    try:
        for week in weeks(shipments):
            authority.learn(week.start)
            items = draw_week(streams[4], world, week, declarations)
            if not len(items):
                continue
            truth = commit(streams[5], world, temptation, items)
            outcomes = authority.examine(items, truth)
            writer.write_week(week, items, truth, outcomes)
            declarations = int(items.declaration[-1]) + 1
            done += len(items)
            found += int((outcomes.found & (outcomes.known < DAYS)).sum())
            moved += np.bincount(truth.pattern, minlength=len(PATTERNS))
            guilty_of += np.bincount(truth.pattern[truth.infraction], minlength=len(PATTERNS))
            traded[items.importer] = True
            sold[world.lanes.exporter[items.lane]] = True
            guilty[items.importer[truth.infraction]] = True
            active[truth.ring[truth.ring >= 0]] = True
            early[outcomes.ring[(outcomes.ring >= 0) & (outcomes.known < LAST_QUARTER)]] = True
            if progress is not None:
                progress(done, shipments)
        unborn = np.isin(np.arange(len(world.importers)), world.importers.successor) & ~traded
        columns = {name: np.array(values, dtype=np.float64) for name, values in vars(ownership).items()}
        writer.write_registers(~unborn, sold, columns, guilty)
    finally:
        writer.close()
    rings = active & np.isin(world.rings.pattern, (SHELL_RING, REBORN))
    return SimulationSummary(
        out=out,
        shipments=done,
        declarations=declarations,
        amendments=writer.amendments,
        importers=int(traded.sum()),
        exporters=int(sold.sum()),
        outcomes_with_declarations=writer.outcomes_at_once,
        outcomes_later=writer.outcomes.rows,
        infractions=int(guilty_of.sum()),
        infractions_found=found,
        ring_infractions=int(guilty_of[[SHELL_RING, REBORN]].sum()),
        shipments_by_pattern=dict(zip(PATTERNS[1:], moved[1:].tolist(), strict=True)),
        infractions_by_pattern=dict(zip(PATTERNS[1:], guilty_of[1:].tolist(), strict=True)),
        rings=int(rings.sum()),
        rings_without_early_outcome=int((rings & ~early).sum()),
    )
