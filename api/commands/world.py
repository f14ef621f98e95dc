"""Inventing a trade world."""

from pathlib import Path
from typing import Annotated

import typer

from api.commands.errors import UsageError
from api.commands.options import JsonOption, command, settings
from api.commands.output import print_json, say
from api.commands.progress import progress


def simulate(
    ctx: typer.Context,
    out: Annotated[Path, typer.Argument(help="Folder for the files; it is made where it is missing.")],
    shipments: Annotated[int, typer.Option(min=1_000, max=10_000_000, help="How many shipments.")] = 50_000,
    seed: Annotated[int | None, typer.Option(min=0, max=2**31 - 1, help="Default: TIDEWAITER_SEED.")] = None,
    json: JsonOption = False,
) -> None:
    """Invent a trade world with hidden rings, in the native format, with the truth beside it."""
    from ingest.synthetic import simulate as invent

    chosen = settings(ctx, None)
    seed = chosen.seed if seed is None else seed
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} exists and is not an empty folder: name a new one.")
    with progress(f"Inventing {shipments:,} shipments", silent=json) as bar:
        invent(out, shipments=shipments, seed=seed, progress=bar.part)
    files = sorted(path.name for path in out.iterdir())
    if json:
        print_json({"folder": str(out), "shipments": shipments, "seed": seed, "files": files})
        return
    say(f"{shipments:,} shipments (seed {seed}) in {out}: {', '.join(files)}")
    say(f"Load them: {command(chosen, 'ingest', out, '--mapping', 'native')}")
