"""What would change if a source of linked risk were cleared, or a link were another one."""

import re
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from api.commands.errors import UsageError
from api.commands.opening import opened, resolved
from api.commands.options import JsonOption, StoreOption, day, settings
from api.commands.output import numbered, print_json, say, table
from api.commands.progress import progress
from api.commands.published import in_words
from api.commands.queue import LANES

if TYPE_CHECKING:
    from graph.records import LinkRef
    from graph.store.base import GraphStore
    from targeting.what_if import Rating, WhatIf


def what_if(
    ctx: typer.Context,
    clear: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="The infraction found in this shipment was none; may be repeated."),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="LINK", help="This link is none, as 'trader:A AT_ADDRESS address:B'; may be repeated."),
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option(metavar="LINK", help="This link is one, as 'trader:A SAME_AS trader:B'; may be repeated."),
    ] = None,
    first: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY", help="First day of acceptance; default: 90 days before the set's day."),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Last day of acceptance, included; default: no end.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many shipments to list.")] = 20,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """List the waiting shipments that would be rated otherwise if something were cleared, left out or added."""
    if not (clear or without or add):
        raise UsageError("Nothing is supposed: name what to --clear, what to be --without, or what to --add.")
    begin, end = day(first), day(last)
    chosen = settings(ctx, store)
    with opened(chosen) as held, progress("Supposing", silent=json) as bar:
        cleared = [resolved(held, text) for text in clear or ()]
        removed, added = ([link_named(held, text) for text in texts or ()] for texts in (without, add))
        # These take seconds to import.
        from api.what_if import what_if_as_data
        from graph.supposed import Supposition
        from targeting.what_if import what_if as suppose

        found = suppose(
            held, chosen.models_folder, Supposition(cleared, removed, added), begin, end, progress=bar.doing
        )
    print_json(what_if_as_data(found)) if json else _show(found, limit)


def link_named(held: "GraphStore", text: str) -> "LinkRef":
    """Return the link that a text means: two identifiers with the type of the link between them.

    Raises:
        UsageError: it is no link, or an identifier means nothing or more than one thing.
    """
    from graph.records import LinkRef
    from graph.schema import LINK

    parts = re.split(rf"\s+({'|'.join(LINK)})\s+", text.strip())
    if len(parts) != 3:
        raise UsageError(f"'{text}' is no link: write it as 'trader:A AT_ADDRESS address:B'.")
    return LinkRef(resolved(held, parts[0]), parts[1], resolved(held, parts[2]))


def _show(found: "WhatIf", limit: int) -> None:
    period = f"from {found.first} to {found.last}" if found.last else f"from {found.first} on"
    moved = sum(one.before.lane != one.after.lane for one in found.changes)
    say(
        f"Of {numbered(found.waiting, 'waiting shipment', 'waiting shipments')} accepted {period}, "
        f"{len(found.changes):,} would be rated otherwise, {moved:,} of them in another lane."
    )
    if found.changes:
        listed = found.changes[:limit]
        table(
            ("shipment", "accepted", "linked", "would be", "score", "would be", "lane", "would be"),
            [
                (
                    one.shipment.key,
                    one.accepted_on,
                    *(f"{part.linked:.4g}" for part in (one.before, one.after)),
                    *(f"{part.score:.4f}" for part in (one.before, one.after)),
                    *map(_lane, (one.before, one.after)),
                )
                for one in listed
            ],
            right=("linked", "would be", "score"),
        )
        if len(found.changes) > limit:
            say(f"Only the first {limit:,} are listed: --limit lists more.")
    say(f"Nothing was stored. From {in_words(found.published)}")


def _lane(rating: "Rating") -> Text:
    return Text(rating.lane, LANES.get(rating.lane, ""))
