"""The snapshot for a data scientist, as files."""

from pathlib import Path
from typing import Annotated

import typer

from api.commands.opening import opened
from api.commands.options import JsonOption, StoreOption, day, settings
from api.commands.output import numbered, print_json, say
from api.commands.progress import progress
from api.snapshots import check_new_folder, write_snapshot


def snapshot(
    ctx: typer.Context,
    output: Annotated[Path, typer.Option(help="The folder to make.", show_default=False)],
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DAY", help="Only what was known before this day; default: everything."),
    ] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Write the network as files: Parquet tables, and the graph for torch-geometric."""
    chosen = settings(ctx, store)
    until = day(as_of)
    check_new_folder(output)
    with opened(chosen) as held, progress(f"Writing {output}", silent=json) as bar:
        told = write_snapshot(held, output, until, bar.doing)
    if json:
        print_json({"folder": str(output), **told})
        return
    count = numbered(len(told["tables"]), "table", "tables")
    rows = numbered(told["tables"]["declarations"]["rows"], "version of a declaration", "versions of declarations")
    say(f"{count} in {output}, with {rows}, of store version {told['store_version']}, as of {told['as_of']}")
    say(f"What each file and column is: {output / 'README.json'}")
