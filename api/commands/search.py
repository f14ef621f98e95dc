"""Finding things by what is known of them: a name, an identifier, an address, or a list of identifiers."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.errors import UsageError
from api.commands.opening import opened
from api.commands.options import JsonOption, StoreOption, command, settings
from api.commands.output import print_json, say, table

if TYPE_CHECKING:
    from graph.search import Hit
    from graph.store.base import GraphStore

# Entries of a pasted list that are answered at once.
_MOST_ENTRIES = 1_000


def search(
    ctx: typer.Context,
    text: Annotated[
        list[str],
        typer.Argument(
            metavar="TEXT...",
            help="A name, address, contact, goods description or identifier; trader:acme looks among traders. Several"
            " lines, or - for standard input, are a list of identifiers, telephone numbers or e-mail addresses, each"
            " answered by itself.",
        ),
    ],
    types: Annotated[
        list[str] | None, typer.Option("--type", help="Only things of this type; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many things to list, for each entry of a list.")] = 20,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Find things by name, alias, identifier, address, contact or goods description, however misspelt."""
    from graph.search import identifiers

    asked = sys.stdin.read() if text == ["-"] else " ".join(text)
    chosen = settings(ctx, store)
    entries = identifiers(asked) if text == ["-"] or len(asked.strip().splitlines()) > 1 else None
    if not asked.strip() or entries == []:
        raise UsageError("Nothing to search for: name a text, or a list on standard input with -.")
    if entries is not None and len(entries) > _MOST_ENTRIES:
        raise UsageError(f"The list has {len(entries):,} entries: ask for at most {_MOST_ENTRIES:,} at once.")
    with opened(chosen) as held, held.reading() as view:
        if entries is not None:
            _answer_list(view, entries, types, limit, json=json)
            return
        hits = view.search(asked, types=types, limit=limit)
    if json:
        print_json({"text": asked, "hits": [as_row(one) for one in hits]})
    elif not hits:
        say("Nothing fits. Fewer or other words may; identifiers are found as a whole or by their beginning.")
    else:
        table(("thing", "name", "found in", "text", "fit"), map(_line, hits))
        say(f"More about one of them: {command(chosen, 'show', str(hits[0].ref))}")


def _answer_list(view: "GraphStore", entries: list[str], types: list[str] | None, limit: int, *, json: bool) -> None:
    """Answer each identifier of a list by itself."""
    found = {entry: _identified(view, entry, types, limit) for entry in entries}
    if json:
        print_json([{"text": entry, "hits": [as_row(one) for one in hits]} for entry, hits in found.items()])
        return
    rows = [(entry, *_line(one)) for entry, hits in found.items() for one in hits]
    unknown = [entry for entry, hits in found.items() if not hits]
    table(("asked", "thing", "name", "found in", "text", "fit"), rows)
    if unknown:
        say(f"Not found: {', '.join(unknown)}")


def _identified(view: "GraphStore", entry: str, types: list[str] | None, limit: int) -> "list[Hit]":
    hits = view.search(entry, types=types, limit=limit)
    return [one for one in hits if one.identified]


def as_row(found: "Hit") -> dict[str, Any]:
    """Return an answer for machines."""
    return {
        "id": str(found.ref),
        "type": found.ref.type,
        "key": found.ref.key,
        "name": found.name,
        "field": found.field,
        "text": found.text,
        "score": found.score,
    }


def _line(found: "Hit") -> tuple[object, ...]:
    text = "" if found.text in (found.name, found.ref.key) else found.text
    return str(found.ref), found.name, found.field, text, f"{found.score:.2f}"
