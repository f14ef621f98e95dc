"""The inspection queue: which shipments to examine first, and why."""

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from api.commands.errors import CommandError
from api.commands.opening import opened
from api.commands.options import FromOption, JsonOption, StoreOption, ToOption, command, period, settings
from api.commands.output import numbered, print_json, remark, say, table
from api.commands.progress import progress
from api.commands.published import as_heading, in_words
from api.files import check_output, written
from api.text import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LISTED = 50
LANES = {"red": "bold red", "yellow": "yellow", "green": "green"}
"""How each lane is printed."""


def queue(
    ctx: typer.Context,
    first: FromOption,
    last: ToOption,
    capacity: Annotated[
        int | None, typer.Option(min=1, help="How many inspections can be done: the list is cut there.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every shipment, those with an outcome too.")] = False,
    output: Annotated[Path | None, typer.Option(help="Write a CSV file instead of a table.")] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """List the shipments to examine first, highest score first, each with its reasons."""
    from targeting.queue import rows, write

    chosen = settings(ctx, store)
    begin, end = period(first, last)
    if output is not None:
        check_output(output)
    with opened(chosen) as held, held.reading() as view:
        published = view.published()
        if published is None or not published.model:
            steps = "'tidewaiter train' and 'tidewaiter score'"
            raise CommandError(f"Nothing is scored yet: run {steps} first.")
        if published.store_version != view.version():
            again = command(chosen, "score")
            remark(f"The store has changed since it was scored, and the list is as it was then: '{again}' renews it.")
        if output is not None:
            with progress(f"Writing {output}", silent=json), written(output) as file:
                count = write(view, begin, end, file, everything=everything, capacity=capacity)
            if json:
                print_json({"published": as_heading(published), "file": str(output), "shipments": count})
            else:
                say(f"{numbered(count, 'shipment', 'shipments')} in {output}, from {in_words(published)}")
            return
        found = rows(view, begin, end, everything=everything, capacity=capacity)
        listed = list(found if json else islice(found, capacity or _LISTED))
        more = next(found, None) is not None
    if json:
        print_json({"published": as_heading(published), "from": begin, "to": end, "shipments": listed})
        return
    say(f"Shipments accepted from {begin} to {end}, from {in_words(published)}")
    if not listed:
        say("None is waiting: there is none in this period, or each has an outcome.")
        return
    print_queue(listed)
    if more:
        say(f"Only the first {len(listed):,} are listed: --capacity lists more, --output writes all to a file.")
    say(f"All about one of them: {command(chosen, 'show', key(listed[0]))}")


def key(row: "Mapping[str, Any]") -> str:
    """Return the complete key of a shipment of the queue."""
    return f"{row['source']}/{row['shipment_id']}"


def print_queue(listed: "Sequence[Mapping[str, Any]]") -> None:
    """Print shipments in the order of the queue."""
    table(
        ("#", "score", "lane", "shipment", "accepted", "reasons"),
        [
            (
                at,
                row["score"],
                Text(row["lane"] or "", LANES.get(row["lane"], "")),
                row["shipment_id"],
                row["accepted_on"],
                Text("\n").join(Text(f"- {visible(reason)}") for reason in row["reasons"]),
            )
            for at, row in enumerate(listed, start=1)
        ],
        right=("#", "score"),
    )
