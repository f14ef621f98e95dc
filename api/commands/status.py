"""What the store holds, what was published from it, and what to do next."""

from collections.abc import Mapping, Sequence
from json import loads
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.ledger import as_row
from api.commands.opening import missing, opened
from api.commands.options import JsonOption, StoreOption, command, settings
from api.commands.output import numbered, print_json, say, table
from api.commands.progress import progress
from api.commands.published import as_heading, in_words, last_week

if TYPE_CHECKING:
    import pyarrow as pa

    from api.settings import Settings
    from graph.store.base import GraphStore
    from graph.store.results import PublishedSet


def status(
    ctx: typer.Context,
    with_hash: Annotated[
        bool,
        typer.Option("--hash", help="Also compute the graph hash: stores with the same one hold the same network."),
    ] = False,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Show what the store holds, what was published from it, and what to do next."""
    chosen = settings(ctx, store)
    if missing(chosen.store):
        following = [command(chosen, "ingest", "FILE", "--mapping", "native"), "tidewaiter demo"]
        if json:
            print_json({"store": chosen.store, "exists": False, "next": following})
            return
        say(f"Store {chosen.store}: not made yet; loading makes it")
        _advise(following)
        return
    from graph.hash import store_hash

    with opened(chosen) as held, held.reading() as view:
        with progress("Counting", silent=json):
            counted = counts(view)
        version, ledger, published = view.version(), view.batches(), view.published()
        with progress("Hashing", silent=json or not with_hash):
            hashed = store_hash(view) if with_hash else None
    models = _models(chosen.models_folder)
    following = _next(chosen, bool(ledger), version, published, models)
    if json:
        print_json(
            {
                "store": chosen.store,
                "exists": True,
                "version": version,
                "graph_hash": hashed,
                "counts": counted,
                "batches": [as_row(batch) for batch in ledger],
                "published": as_heading(published),
                "models": models,
                "next": following,
            }
        )
        return
    say(f"Store {chosen.store}, version {version}")
    if hashed:
        say(f"Graph hash {hashed}")
    if ledger:
        last = ledger[-1]
        loads = numbered(len(ledger), "batch", "batches")
        rows = numbered(sum(batch.rows_loaded for batch in ledger), "row", "rows")
        refused = numbered(sum(batch.rows_quarantined for batch in ledger), "row", "rows")
        say(f"{loads} with {rows}, the last {last.name} from {last.source}; {refused} refused")
        table(("type", "count"), list(counted.items()), right=("count",))
    say(f"Published: {in_words(published)}" if published else "Published: nothing yet")
    if published and published.store_version != version:
        say(f"The store has changed since: it is at version {version}.")
    for model in models:
        marked = ", the latest" if model["latest"] else ""
        say(
            f"Model {model['id']}: learnt what was known before {model['as_of']}, at version {model['version']}{marked}"
        )
    _advise(following)


def _advise(following: list[str]) -> None:
    say("Next:")
    for line in following:
        say(f"  {line}")


def _models(folder: Path) -> list[dict[str, Any]]:
    """Return the trained models, from their cards alone: reading a model takes seconds."""
    try:
        latest = (folder / "latest").read_text(encoding="utf-8").strip()
    except OSError:
        return []
    models = []
    for path in sorted(folder.glob("*/model.json")):
        name = path.parent.name
        try:
            card = loads(path.read_text(encoding="utf-8"))
            told = {"as_of": card["as_of"], "version": card["snapshot_version"]}
        except (ValueError, KeyError):
            continue  # `score` says what is wrong with it
        models.append({"id": name, **told, "latest": name == latest})
    return models


def _next(
    chosen: "Settings",
    loaded: bool,
    version: int,
    published: "PublishedSet | None",
    models: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Return the commands that make sense now."""
    if not loaded:
        return [command(chosen, "ingest", "FILE", "--mapping", "native")]
    learnt = any(model["latest"] and model["version"] == version for model in models)
    if published is None or published.store_version != version:
        steps = ("analyse", "score") if learnt else ("analyse", "train", "score")
        return [command(chosen, step) for step in steps]
    if not published.model:
        return [command(chosen, step) for step in (("score",) if learnt else ("train", "score"))]
    first, last = last_week(published)
    return [command(chosen, "queue", "--from", first, "--to", last)]


def counts(view: "GraphStore") -> dict[str, int]:
    """Return how many there are of the types that can be counted without folding anything."""
    import pyarrow.compute as pc

    counted: dict[str, int] = {}
    for node, shape, column in (
        ("Shipment", "declaration", "shipment"),
        ("Inspection", "inspection", "inspection"),
        ("ListEntry", "listing", "entry"),
    ):
        counted[node] = pc.count_distinct(_read(view, shape, column)[column]).as_py()
    described = _read(view, "description", "type", "key", "address_key", "email_key", "phone_key")
    for pair in described.group_by("type").aggregate([("key", "count_distinct")]).to_pylist():
        counted[pair["type"]] = pair["key_count_distinct"]
    counted["Address"] = pc.count_distinct(described["address_key"]).as_py()
    contacts = {*described["email_key"].unique().to_pylist(), *described["phone_key"].unique().to_pylist()}
    counted["Contact"] = len(contacts - {None})
    return {node: count for node, count in sorted(counted.items()) if count}


def _read(view: "GraphStore", shape: str, *columns: str) -> "pa.Table":
    import pyarrow as pa

    from graph.columns import plain
    from graph.statements import SHAPES

    schema = pa.schema([SHAPES[shape].field(name) for name in columns])
    pieces = list(view.scan(shape, columns))
    return plain(pa.Table.from_batches(pieces)) if pieces else schema.empty_table()
