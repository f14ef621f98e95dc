"""What lies around things, and the paths between them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.errors import UsageError
from api.commands.opening import opened, resolved
from api.commands.options import JsonOption, StoreOption, day, settings
from api.commands.output import numbered, print_json, say, table
from api.commands.published import as_heading, in_words

if TYPE_CHECKING:
    from api.around import Around, Leg, Ways
    from graph.store.neighbourhood import Direction, Order

LinkOption = Annotated[
    list[str] | None, typer.Option("--link", metavar="TYPE", help="Only links of this type; may be repeated.")
]
ExcludeOption = Annotated[
    list[str] | None, typer.Option("--exclude", metavar="ID", help="Leave this thing out; may be repeated.")
]


def expand(
    ctx: typer.Context,
    things: Annotated[list[str], typer.Argument(metavar="ID...", help="Where to start from.")],
    link: LinkOption = None,
    direction: Annotated[str | None, typer.Option(help="out: links that leave the starts; in: that arrive.")] = None,
    to: Annotated[
        list[str] | None, typer.Option("--to", metavar="TYPE", help="Only things of this type; may be repeated.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DAY", help="Only links still said on this day or later.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="DAY", help="Only links first said before this day.")] = None,
    order: Annotated[str, typer.Option(help="newest, riskiest, most-connected or least-connected first.")] = "newest",
    limit: Annotated[int, typer.Option(min=0, max=1_000, help="How many things to list.")] = 50,
    exclude: ExcludeOption = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """List what things are linked to, the newest or riskiest first, and say how many there are in truth."""
    from api.around import around
    from graph.store.neighbourhood import Expansion

    chosen = settings(ctx, store)
    with opened(chosen) as held:
        starts, hidden = ([resolved(held, text) for text in texts or ()] for texts in (things, exclude))
        days = day(since), day(until)
        asked = Expansion(
            starts, link, direction_named(direction), types_named(to), *days, order_named(order), limit, hidden
        )
        found = around(held, asked)
    print_json({**asdict(found), "published": as_heading(found.published)}) if json else _show(found)


def path(
    ctx: typer.Context,
    first: Annotated[str, typer.Argument(metavar="FROM", help="Where paths begin.")],
    last: Annotated[str, typer.Argument(metavar="TO", help="Where they end.")],
    also_from: Annotated[
        list[str] | None, typer.Option("--from", metavar="ID", help="Where they may begin, too; may be repeated.")
    ] = None,
    also_to: Annotated[
        list[str] | None, typer.Option("--to", metavar="ID", help="Where they may end, too; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-k", min=1, max=20, help="How many paths.")] = 5,
    hops: Annotated[int, typer.Option(min=1, max=6, help="Of how many links at most.")] = 4,
    link: LinkOption = None,
    exclude: ExcludeOption = None,
    through_hubs: Annotated[
        bool, typer.Option("--through-hubs", help="Also through goods, places, carriers and others with many links.")
    ] = False,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """List the most telling paths between two things, or between two sets of things, with the records of each step."""
    from api.around import ways
    from graph.paths import PathQuery, check
    from graph.store.errors import StoreError

    chosen = settings(ctx, store)
    with opened(chosen) as held:
        sources, targets, hidden = (
            [resolved(held, text) for text in texts]
            for texts in ([first, *(also_from or ())], [last, *(also_to or ())], exclude or ())
        )
        asked = PathQuery(sources, targets, limit, hops, link, exclude=hidden, through_hubs=through_hubs)
        try:
            check(asked)
        except StoreError as error:
            raise UsageError(str(error)) from error
        found = ways(held, asked)
    print_json(asdict(found)) if json else _show_paths(found, hops)


def direction_named(text: str | None) -> "Direction | None":
    """Return a direction as it is typed. Raises UsageError where it is none."""
    if text is None or text == "out" or text == "in":
        return text  # type: ignore[return-value]
    raise UsageError(f"'{text}' is no direction: it is out or in.")


def order_named(text: str) -> "Order":
    """Return an order as it is typed. Raises UsageError where it is none."""
    from graph.store.neighbourhood import Order

    if text not in list(Order):
        raise UsageError(f"'{text}' is no order: it is {', '.join(Order)}.")
    return Order(text)


def types_named(texts: Sequence[str] | None) -> list[str] | None:
    """Return types as the schema writes them, whatever their case."""
    from graph.schema import NODE

    named = {name.lower(): name for name in NODE}
    return None if texts is None else [named.get(text.lower(), text) for text in texts]


def _show(found: "Around") -> None:
    rows = [(one.link, one.direction, one.end, one.count) for one in found.counts]
    table(("link", "direction", "to", "count"), rows, title=f"Links of {', '.join(found.starts)}", right=("count",))
    leading: dict[str, list[str]] = {}
    for link in found.links:
        for end in {link.start, link.end} - set(found.starts):
            leading.setdefault(end, []).append(link.link)
    if found.things:
        say("")
        listed = [
            (one.thing, one.name, ", ".join(dict.fromkeys(leading[one.thing])), one.last_on, one.risk, one.degree)
            for one in found.things
        ]
        table(("thing", "name", "over", "last", "risk", "links"), listed, right=("risk", "links"))
    say("")
    left = f"; --exclude or a higher --limit brings the other {found.left:,}" if found.left else ""
    matching, things = numbered(found.matching, "link", "links"), numbered(len(found.things), "thing", "things")
    say(f"{len(found.links):,} of {matching} that match, to {things}{left}.")
    if found.published is not None:
        say(f"Risk is that of {in_words(found.published)}.")


def _show_paths(found: "Ways", hops: int) -> None:
    for number, way in enumerate(found.paths, start=1):
        say(f"{number}. {way.start} {way.name}".rstrip() + f"  (cost {way.cost:.2f})")
        for leg in way.legs:
            say(f"     {_step(leg)}")
    if not found.paths:
        say(f"No path of at most {numbered(hops, 'link', 'links')} was found.")
    if not found.complete:
        say("There was more than could be looked at, so there may be others: narrow it by --link or --exclude.")
    hubs = ", ".join(f"{thing} ({degree:,})" for thing, degree in found.hubs[:10])
    more = f" and {len(found.hubs) - 10:,} others" if len(found.hubs) > 10 else ""
    what = "goods, places, carriers and what has" if found.hub_degree == 1_000 else "what has"
    say(f"Not gone through: {what} more than {found.hub_degree:,} links" + (f": {hubs}{more}" if hubs else "") + ".")


def _step(leg: "Leg") -> str:
    arrow = f"-{leg.link.link}->" if leg.to == leg.link.end else f"<-{leg.link.link}-"
    shared = f", 1 of {leg.shared_by:,}" if leg.shared_by > 1 else ""
    days = leg.link.first_on if leg.link.first_on == leg.link.last_on else f"{leg.link.first_on} to {leg.link.last_on}"
    records = "; ".join(f"{one.source} batch {', '.join(one.batches)}" for one in leg.records[:1])
    return f"{arrow} {leg.to} {leg.name}".rstrip() + f"  [{days}{shared}; {records}]"
