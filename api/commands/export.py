"""Handing a part of the network over: `export` with all its commands, and the writing of packages."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from api.commands import handovers, verification
from api.commands.around import ExcludeOption, LinkOption, direction_named, order_named, types_named
from api.commands.community import community_named
from api.commands.errors import UsageError
from api.commands.opening import opened, resolved
from api.commands.options import JsonOption, StoreOption, day, settings
from api.commands.output import numbered, print_json, say


class _Writing(TyperGroup):
    """A group that takes what is no command of its own for the things to write."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `write` before the arguments, unless a command stands there already."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["write", *args]
        return super().parse_args(ctx, args)


export = typer.Typer(
    cls=_Writing,
    no_args_is_help=True,
    help="Hand a part of the network over as one signed zip: `export THING...`, which is short for `export write`.",
)


@export.command()
def write(
    ctx: typer.Context,
    output: Annotated[Path, typer.Option(help="The zip file to write.")],
    recipient: Annotated[str, typer.Option(help="To whom it is handed over.")],
    purpose: Annotated[str, typer.Option(help="What it may be used for.")],
    expires: Annotated[str, typer.Option(metavar="DAY", help="Last day of use, as 2030-12-31.")],
    things: Annotated[
        list[str] | None, typer.Argument(metavar="[THING]...", help="Shipments, parties or whatever else there is.")
    ] = None,
    around: Annotated[
        int | None, typer.Option(help="Add so many of the things that they are linked with, first those of --order.")
    ] = None,
    order: Annotated[
        str | None, typer.Option(help="Around: newest (the default), riskiest, most-connected, least-connected first.")
    ] = None,
    direction: Annotated[
        str | None, typer.Option(help="Around: out, over links that leave the things; in, over those that arrive.")
    ] = None,
    to: Annotated[
        list[str] | None, typer.Option("--to", metavar="TYPE", help="Around: only things of this type; repeatable.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DAY", help="Around: only over links still said on this day or later.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DAY", help="Around: only over links first said before this day.")
    ] = None,
    path: Annotated[
        tuple[str, str] | None, typer.Option("--path", metavar="FROM TO", help="The paths between two things.")
    ] = None,
    paths: Annotated[int | None, typer.Option(help="Paths: how many, 5 by default.")] = None,
    hops: Annotated[int | None, typer.Option(help="Paths: of how many links at most, 4 by default.")] = None,
    through_hubs: Annotated[
        bool, typer.Option("--through-hubs", help="Paths: also through goods, places, carriers and other hubs.")
    ] = False,
    link: LinkOption = None,
    exclude: ExcludeOption = None,
    community: Annotated[
        str | None, typer.Option(help="A community of the published set: its id, or a thing that is in it.")
    ] = None,
    behind: Annotated[
        str | None, typer.Option(metavar="SHIPMENT", help="What the score of a shipment rests on.")
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option("--format", help="A format; repeat it for several. Default: brief, graphml, csv."),
    ] = None,
    tlp: Annotated[str, typer.Option(help="clear, green, amber, amber+strict or red.")] = "amber",
    non_nominal: Annotated[
        bool, typer.Option("--non-nominal", help="Pseudonyms for names, addresses, contacts, identifiers of parties.")
    ] = False,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Write things with the links between them as one signed zip, and enter it in the register."""
    from api.exports.formats import USUAL
    from api.exports.handing import hand_over
    from api.exports.manifest import Terms
    from api.exports.question import Asked
    from api.files import check_output
    from graph.paths import PathQuery
    from graph.store.neighbourhood import Expansion

    _check_options(
        around,
        path,
        {"--order": order, "--direction": direction, "--to": to, "--since": since, "--until": until},
        {"--paths": paths, "--hops": hops, "--through-hubs": through_hubs},
        {"--link": link, "--exclude": exclude},
    )
    chosen = settings(ctx, store)
    check_output(output)
    last = day(expires)
    assert last is not None
    terms = Terms(recipient, purpose, tlp.upper(), last)
    with opened(chosen) as source:
        named, hidden = ([resolved(source, text) for text in texts or ()] for texts in (things, exclude))
        asked = Asked(
            () if around is not None else named,
            None
            if around is None
            else Expansion(
                named,
                link,
                direction_named(direction),
                types_named(to),
                day(since),
                day(until),
                order_named(order or "newest"),
                around,
                hidden,
            ),
            None if community is None else community_named(source, community),
            None if behind is None else resolved(source, behind),
            None
            if path is None
            else PathQuery(
                [resolved(source, path[0])],
                [resolved(source, path[1])],
                limit=5 if paths is None else paths,
                hops=4 if hops is None else hops,
                links=link,
                exclude=hidden,
                through_hubs=through_hubs,
            ),
        )
        made = hand_over(
            source,
            asked,
            formats or USUAL,
            terms,
            output,
            chosen.handovers_folder,
            datetime.now(UTC).replace(microsecond=0),
            non_nominal=non_nominal,
        )
    if json:
        print_json({"file": str(output), "manifest_sha256": made.manifest_sha256, "manifest": made.manifest})
        return
    counts = made.manifest["counts"]
    held = f"{numbered(counts['things'], 'thing', 'things')} and {numbered(counts['links'], 'link', 'links')}"
    say(f"{output}: {held} for {recipient}, {made.manifest['tlp']}, to be used until {last}.")
    for left in made.manifest["left_out"]:
        number = f" ({sum(left['counts'].values()):,})" if "counts" in left else ""
        say(f"Left out: {left['what']}{number}, {left['why']}.")
    say(f"Manifest {made.manifest_sha256}")


def _check_options(
    around: int | None,
    path: tuple[str, str] | None,
    of_around: Mapping[str, object],
    of_path: Mapping[str, object],
    of_both: Mapping[str, object],
) -> None:
    """Raise UsageError where an option narrows what is not asked for."""
    for options, needed, there in (
        (of_around, "--around", around is not None),
        (of_path, "--path", path is not None),
        (of_both, "--around or --path", around is not None or path is not None),
    ):
        idle = [name for name, value in options.items() if value]
        if idle and not there:
            raise UsageError(f"{idle[0]} says nothing without {needed}.")


export.command("list")(handovers.list_)
export.command()(handovers.stale)
export.command()(verification.verify)
export.command()(verification.key)
