"""Loading files into the store, the ledger of what was loaded, and what was refused."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.errors import UsageError
from api.commands.opening import import_command, import_folder, is_embedded, missing, opened
from api.commands.options import AdoptOption, JsonOption, StoreOption, command, settings
from api.commands.output import numbered, print_json, remark, say, table
from api.commands.progress import progress

if TYPE_CHECKING:
    from api.settings import Settings
    from graph.store.batches import Batch
    from ingest.load import LoadResult

batches = typer.Typer(invoke_without_command=True, help="List what was loaded, or remove a batch exactly.")


def ingest(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(help="A file, or a folder whose files belong together.")],
    mapping: Annotated[str, typer.Option(help="native, kcs, or a TOML file with a mapping of your own.")],
    source: Annotated[
        str | None, typer.Option(help="Who keeps the numbering of the identifiers; default: the mapping's name.")
    ] = None,
    bulk: Annotated[
        Path | None,
        typer.Option(
            help="Write files for neo4j-admin, which fills an empty Neo4j database fastest, into this new folder."
        ),
    ] = None,
    adopt: AdoptOption = False,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Load declarations into the store; bad rows go to quarantine with their reason."""
    chosen = settings(ctx, store)
    result = load_files(chosen, path, mapping, source, bulk=bulk, adopt=adopt, silent=json)
    batch = result.batch
    if json:
        unknown = [{"file": file, "column": column} for file, column in result.unknown_columns]
        found = {"already_loaded": result.already_loaded, "unknown_columns": unknown, "zero_values": result.zero_values}
        following = {} if bulk is None else {"import_command": import_command(chosen, bulk)}
        print_json({**as_row(batch), **found, **following})
        return
    if result.unknown_columns:
        named = ", ".join(f"{column} ({file})" for file, column in result.unknown_columns)
        remark(f"Columns that the mapping does not name were kept out: {named}.", "yellow")
    if result.already_loaded:
        say(f"Already loaded as batch {batch.id}; nothing changed.")
        return
    say(accounting(batch))
    if result.zero_values:
        declare = numbered(result.zero_values, "row declares", "rows declare")
        remark(f"{declare} a customs value of 0; show marks such a value.", "yellow")
    say(f"Batch {batch.id}")
    if bulk is not None:
        say("It is in the store when you have stopped the server, run this as its user, and started it again:")
        say(import_command(chosen, bulk))
    elif batch.rows_quarantined:
        say(f"See why rows were refused: {command(chosen, 'quarantine', batch.id)}")


def load_files(
    chosen: "Settings",
    path: Path,
    mapping: str,
    source: str | None,
    *,
    bulk: Path | None = None,
    adopt: bool = False,
    silent: bool,
) -> "LoadResult":
    """Load what stands at a path into the store of the settings, or with `bulk` into a folder for an import there."""
    from ingest.load import load

    if bulk is not None and adopt:
        raise UsageError("--bulk fills an empty database, and --adopt spares what one holds: leave one out.")
    # Whether a server has a store is told by opening it, which makes one.
    if missing(chosen.store) or not is_embedded(chosen.store):
        _look_at(path, mapping, source)
    if bulk is not None:
        with progress(f"Writing {bulk}", silent=silent) as bar:
            return load(import_folder(chosen, bulk), path, mapping=mapping, source=source, progress=bar.rows)
    with opened(chosen, create=True, adopt=adopt) as target, progress(f"Loading {path}", silent=silent) as bar:
        return load(target, path, mapping=mapping, source=source, progress=bar.rows)


def _look_at(path: Path, mapping: str, source: str | None) -> None:
    """Read the first rows, so that input that cannot be used does not leave an empty store behind."""
    from ingest.load import chunks
    from ingest.mapping import check_source, load_mapping
    from ingest.reading import find_files

    of = load_mapping(mapping)
    next(chunks(find_files(path, of), of, check_source(of.name if source is None else source)))


def accounting(batch: "Batch") -> str:
    """Return the line that accounts for every row of a load."""
    return (
        f"{numbered(batch.rows_in, 'row', 'rows')} in = {batch.rows_loaded:,} loaded "
        f"+ {batch.rows_quarantined:,} quarantined "
        f"+ {numbered(batch.rows_duplicate, 'exact duplicate', 'exact duplicates')}"
    )


def as_row(batch: "Batch") -> dict[str, Any]:
    """Return the ledger row of a batch for machines."""
    return {
        "batch": batch.id,
        "name": batch.name,
        "source": batch.source,
        "mapping": batch.mapping,
        "mapping_version": batch.mapping_version,
        "content_hash": batch.content_hash,
        "rows_in": batch.rows_in,
        "rows_loaded": batch.rows_loaded,
        "rows_quarantined": batch.rows_quarantined,
        "rows_duplicate": batch.rows_duplicate,
        "loaded_at": batch.loaded_at,
        "version": batch.version,
    }


@batches.callback()
def listing(ctx: typer.Context, store: StoreOption = None, json: JsonOption = False) -> None:
    """List what was loaded, or remove a batch exactly."""
    if ctx.invoked_subcommand is not None:
        ctx.obj = ctx.obj if store is None else store
        return
    with opened(settings(ctx, store)) as held:
        found = held.batches()
    if json:
        print_json([as_row(batch) for batch in found])
        return
    if not found:
        say("Nothing is loaded.")
        return
    counts = ("rows in", "loaded", "quarantined", "duplicates")
    table(
        ("batch", "name", "source", "mapping", *counts, "loaded at (UTC)"),
        (
            (
                *(batch.id, batch.name, batch.source, batch.mapping),
                *(batch.rows_in, batch.rows_loaded, batch.rows_quarantined, batch.rows_duplicate),
                f"{batch.loaded_at:%Y-%m-%d %H:%M}" if batch.loaded_at else "",
            )
            for batch in found
        ),
        right=counts,
    )


@batches.command()
def remove(
    ctx: typer.Context,
    batch: Annotated[str, typer.Argument(metavar="ID", help="The batch, as `tidewaiter batches` lists it.")],
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Remove one batch exactly: what no other batch brought is gone."""
    with opened(settings(ctx, store)) as held:
        _known(batch, held.batches())
        with progress(f"Removing batch {batch}", silent=json):
            removed = held.remove_batch(batch)
    if json:
        print_json({**as_row(removed), "removed": True})
    else:
        say(f"Removed batch {removed.id} ({removed.name}, {numbered(removed.rows_loaded, 'row', 'rows')} loaded).")


def quarantine(
    ctx: typer.Context,
    batch: Annotated[str | None, typer.Argument(help="Only this batch.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="How many rows to list.")] = 100,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """List the rows that were refused: where they stand, which rule they broke, and by what."""
    with opened(settings(ctx, store)) as held, held.reading() as view:
        ledger = view.batches()
        if batch is not None:
            _known(batch, ledger)
        found = view.quarantined(batch)
        if json:
            print_json([{"batch": of, **row._asdict()} for of, row in found])
            return
        rows = [(of, *row) for of, row in islice(found, limit)]
    total = sum(row.rows_quarantined for row in ledger if batch in (None, row.id))
    if not rows and not total:
        say("No row is in quarantine.")
        return
    table(("batch", "file", "row", "rule", "column", "value"), rows, right=("row",))
    if total > len(rows):
        say(f"{len(rows):,} of {total:,} rows are shown; --limit shows more, --json all.")


def _known(batch: str, ledger: "list[Batch]") -> None:
    if batch not in {row.id for row in ledger}:
        raise UsageError(f"There is no batch '{batch}': 'tidewaiter batches' lists them.")
