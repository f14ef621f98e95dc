"""Communities of the published set: the list of them, and one in full."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.errors import UsageError
from api.commands.opening import opened, resolved
from api.commands.options import JsonOption, StoreOption, command, settings
from api.commands.output import heading, numbered, print_json, say, table
from api.commands.published import as_heading, in_words

if TYPE_CHECKING:
    from api.community import CommunityPortrait
    from graph.store.base import GraphStore


def community(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="A community, or a shipment or party in it; none: list them.")
    ] = None,
    members: Annotated[int, typer.Option(min=0, max=1_000, help="How many members to list.")] = 20,
    shipments: Annotated[int, typer.Option(min=0, max=1_000, help="How many shipments still to decide to list.")] = 10,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many communities to list.")] = 20,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Show a community: members, what binds them, what they trade, what is still to decide; or list the riskiest."""
    chosen = settings(ctx, store)
    with opened(chosen) as held:
        if held.published() is None:
            raise UsageError(f"No communities have been published yet: run '{command(chosen, 'analyse')}'.")
        if name is None:
            _list(held, limit, json)
        else:
            seen = _portrait(held, name, members, shipments)
            print_json(_plain(seen)) if json else _show(seen)


def _list(held: "GraphStore", limit: int, json: bool) -> None:
    from api.community import communities

    found, total = communities(held, limit=limit)
    if json:
        print_json({"total": total, "communities": [asdict(one) for one in found]})
        return
    rows = [(one.id, one.name, one.members, one.linked, one.stability, one.undecided) for one in found]
    columns = ("community", "named after", "members", "highest linked risk", "stability", "to decide")
    table(columns, rows, title="Communities, the riskiest first", right=columns[2:])
    say(f"{len(found):,} of {numbered(total, 'community', 'communities')}.")


def _portrait(held: "GraphStore", name: str, members: int, shipments: int) -> "CommunityPortrait":
    from api.community import community as portrait

    # Within one view, so that the community that was found is not of another set a moment later.
    with held.reading() as view:
        found = portrait(view, community_named(view, name), members=members, shipments=shipments)
    assert found is not None
    return found


def community_named(held: "GraphStore", name: str) -> str:
    """Return the id of the community that a name means: its own id, or any name of a thing that is in it."""
    from api.community import community_of

    if held.count_results("community", keys=[name]):
        return name
    ref = resolved(held, name)
    home = community_of(held, ref)
    if home is None:
        raise UsageError(f"{ref} belongs to no community of the published set.")
    return home


def _plain(seen: "CommunityPortrait") -> dict[str, Any]:
    return {**asdict(seen), "published": as_heading(seen.published)}


def _show(seen: "CommunityPortrait") -> None:
    one, told = seen.summary, seen.described
    say(f"Community {one.id}" + (f" · named after {one.name}" if one.name else ""))
    roles = ", ".join(f"{role} {count:,}" for role, count in told["roles"].items())
    say(f"{numbered(one.members, 'member', 'members')} ({roles}), stability {one.stability:.2f}")
    # A set that an earlier version published lacks what the next lines tell.
    if "young" in told:
        say(
            f"{told['young']:.0%} of them became known in the last half year; "
            f"{told['density']:.0%} of their pairs share an address or contact"
        )
    say(f"Linked risk up to {one.linked:.4g}, {told['linked_mean']:.4g} on average")
    say(
        f"{numbered(told['shipments'], 'shipment', 'shipments')} of its importers, {told['inspected']:,} examined, "
        f"{numbered(told['infractions'], 'infraction', 'infractions')}"
    )
    _listed(
        "What binds them",
        ("link", "thing", "name", "members of all", "weight"),
        [(b["link"], b["thing"], b["name"], f"{b['members']:,} of {b['all']:,}", b["weight"]) for b in told["binds"]],
    )
    for part in ("commodities", "origins", "routes"):
        rows = [(item["thing"], item["shipments"], item["value"]) for item in told[part]]
        _listed(part.capitalize(), ("thing", "shipments", "customs value"), rows)
    columns = ("month", "shipments", "inspected", "infractions")
    _listed("Over time", columns, [tuple(month[name] for name in columns) for month in told["months"]])
    history, fields = told.get("history", ()), ("day", "event", "members", "joined", "left", "other")
    _listed("What became of it", fields, [tuple(event[name] for name in fields) for event in history])
    _listed(
        f"Members: {len(seen.members):,} of {one.members:,}, the riskiest first",
        ("thing", "name", "is", "linked risk", "stability", "shipments", "infractions of examined"),
        [
            (
                *(m.thing, m.name, ", ".join(m.roles), m.linked, m.stability, m.shipments),
                f"{m.infractions:,} of {m.inspected:,}",
            )
            for m in seen.members
        ],
    )
    if one.undecided is not None:
        _listed(
            f"Still to decide: {len(seen.waiting):,} of {one.undecided:,}, the highest score first",
            ("shipment", "accepted", "score", "lane", "reasons"),
            [(w.thing, w.accepted_on, w.score, w.lane, "; ".join(w.reasons)) for w in seen.waiting],
        )
    say("")
    say(f"From {in_words(seen.published)}")


_NUMBERS = frozenset(
    (
        *("weight", "shipments", "inspected", "infractions", "score", "stability", "members", "joined", "left"),
        *("members of all", "customs value", "linked risk", "infractions of examined"),
    )
)


def _listed(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    heading(title)
    table(columns, rows, right=_NUMBERS) if rows else say("none")
