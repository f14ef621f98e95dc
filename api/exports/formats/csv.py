"""CSV: things and links as two tables for spreadsheets and whatever reads nothing else."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from api.exports.columns import EDGE_COLUMNS, NODE_COLUMNS, NUMBERS, Value, edge_values, node_values
from api.exports.portion import Heading, Portion
from api.exports.text import csv_safe


def write(portion: Portion, folder: Path, heading: Heading) -> list[Path]:
    """Write `nodes.csv` and `links.csv`, in UTF-8 with the byte order mark that spreadsheets need to see it.

    Text that a spreadsheet would take for a formula has an apostrophe before it (`api.exports.text.csv_safe`). What
    stands above the portion is in the manifest, since tables have no place for it.
    """
    del heading
    links = (edge_values(edge, number) for number, edge in enumerate(portion.edges(), start=1))
    return [
        _table(folder / "nodes.csv", NODE_COLUMNS, map(node_values, portion.nodes())),
        _table(folder / "links.csv", EDGE_COLUMNS, links),
    ]


def _table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Value]]) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_cell(name, row.get(name)) for name in columns])
    return path


def _cell(name: str, value: Value) -> Value:
    return value if value is None or name in NUMBERS else csv_safe(str(value))
