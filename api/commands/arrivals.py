"""Declarations as they arrive: scored, and not stored."""

from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from api.arrivals import arrival_as_data, refused_as_data
from api.commands.opening import opened
from api.commands.options import JsonOption, StoreOption, command, settings
from api.commands.output import numbered, print_json, remark, say, table
from api.commands.progress import progress
from api.commands.published import as_heading, in_words
from api.commands.queue import LANES
from api.text import visible

if TYPE_CHECKING:
    from ingest.rows import Rows
    from targeting.arrivals import Arrival


def arrivals(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file of declarations, as `ingest` reads it.", show_default=False)],
    mapping: Annotated[str, typer.Option(help="A built-in mapping, or the path of one in TOML.")] = "native",
    source: Annotated[
        str | None, typer.Option(help="Who keeps the numbering; default: the mapping's name.", show_default=False)
    ] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Score declarations as they arrive, against the published model, without storing them."""
    from ingest.rows import read_file
    from targeting.arrivals import MOST, score_arrivals, warm

    chosen = settings(ctx, store)
    found: list[tuple[Rows, list[Arrival]]] = []
    with progress("Scoring arrivals", silent=json) as bar:
        # A file that cannot be read is told before the network is read, which takes longest.
        read = read_file(file, source=source, mapping=mapping, at_a_time=MOST)
        first = list(islice(read, 1))
        with opened(chosen) as held:
            ready = warm(held, chosen.models_folder, bar.doing)
        for rows in chain(first, read):
            found.append((rows, score_arrivals(ready, rows.statements)))
            bar.doing(f"{sum(len(said) for _, said in found):,} scored")
    refused = [row for rows, _ in found for row in rows.refused]
    unknown = sorted({column for rows, _ in found for column in rows.unknown})
    if ready.version != ready.published.store_version:
        again = command(chosen, "score")
        remark(
            f"The store has changed since its scores were published; the network is that of now: '{again}' renews it."
        )
    if json:
        print_json(
            {
                "published": as_heading(ready.published),
                "store_version": ready.version,
                "arrivals": [data for rows, said in found for data in _as_data(rows, said)],
                "refused": [refused_as_data(row) for row in refused],
                "unknown_columns": unknown,
            }
        )
        return
    numbered_arrivals = [pair for rows, said in found for pair in zip(rows.good, said, strict=True)]
    say(f"{numbered(len(numbered_arrivals), 'declaration', 'declarations')} scored, from {in_words(ready.published)}")
    _print(numbered_arrivals)
    for row in refused:
        remark(f"Row {row.row} was refused: {row.column} '{row.value}' (rule: {row.rule})", "yellow")
    if unknown:
        remark(f"Columns that the mapping does not name were left out: {', '.join(unknown)}")


def _as_data(rows: "Rows", said: "list[Arrival]") -> list[dict[str, Any]]:
    return [arrival_as_data(row, arrival, rows.good) for row, arrival in zip(rows.good, said, strict=True)]


def _print(found: "list[tuple[int, Arrival]]") -> None:
    """Print what is said of declarations, the highest score first."""
    found = sorted(found, key=lambda pair: (pair[1].score is None, -(pair[1].score or 0.0), pair[0]))
    table(
        ("row", "score", "lane", "shipment", "remarks", "reasons"),
        [
            (
                row,
                arrival.score,
                Text(arrival.lane or "", LANES.get(arrival.lane or "", "")),
                arrival.shipment,
                ", ".join(_remarks(arrival)),
                Text("\n").join(Text(f"- {visible(reason)}") for reason in arrival.reasons),
            )
            for row, arrival in found
        ],
        right=("row", "score"),
    )


def _remarks(arrival: "Arrival") -> list[str]:
    said = [f"{role} not known before" for role in arrival.unknown]
    if arrival.repeats is not None:
        said.append("comes again")
    if arrival.in_store:
        said.append("in the store already")
    if arrival.score is None:
        said.append("no score: the model learnt from its outcome")
    return said
