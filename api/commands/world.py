"""Inventing a trade world."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.errors import UsageError
from api.commands.options import JsonOption, command, settings
from api.commands.output import numbered, print_json, say
from api.commands.progress import progress

if TYPE_CHECKING:
    from ingest.synthetic import SimulationSummary


def simulate(
    ctx: typer.Context,
    out: Annotated[Path, typer.Argument(help="Folder for the files; it is made where it is missing.")],
    shipments: Annotated[int, typer.Option(min=1_000, max=10_000_000, help="How many shipments.")] = 50_000,
    seed: Annotated[int | None, typer.Option(min=0, max=2**31 - 1, help="Default: TIDEWAITER_SEED.")] = None,
    json: JsonOption = False,
) -> None:
    """Invent a trade world with hidden rings, in the native format, with the truth beside it."""
    chosen = settings(ctx, None)
    seed = chosen.seed if seed is None else seed
    made = invent(out, shipments, seed, silent=json)
    if json:
        print_json({"seed": seed, **asdict(made), "out": str(out)})
        return
    say(told(made))
    say(f"Load it: {command(chosen, 'ingest', out, '--mapping', 'native')}")


def invent(out: Path, shipments: int, seed: int, *, silent: bool) -> "SimulationSummary":
    """Write a world into a new folder."""
    from ingest.synthetic import simulate

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} exists and is not an empty folder: name a new one.")
    with progress(f"Inventing {shipments:,} shipments", silent=silent) as bar:
        return simulate(out, shipments=shipments, seed=seed, progress=bar.part)


def told(made: "SimulationSummary") -> str:
    """Return what a world came to."""
    return (
        f"{made.shipments:,} shipments of {made.importers:,} importers from {made.first_day} to {made.last_day} in "
        f"{made.out}; {made.infractions:,} are infractions, {made.ring_infractions:,} of them by "
        f"{numbered(made.rings, 'ring', 'rings')}, "
        f"and inspections have found {made.infractions_found:,}"
    )
