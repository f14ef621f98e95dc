"""Declarations that come as rows and not as a file: checked and mapped by the same rules, and not stored."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from graph.statements import Statements
from graph.store.base import Quarantined
from ingest.checking import check
from ingest.mapping import check_source, load_mapping
from ingest.parties import Keys
from ingest.reading import SHOWN, Piece, SourceFile, fillable, numbers_of
from ingest.statements import statements

_RULE = "text or number"
_KIND = "declarations"

Value = str | int | float | None
"""What a column of a row may hold; a number stands for its shortest text."""


@dataclass(frozen=True)
class Rows:
    """What became of rows.

    Attributes:
        statements: what the good rows say, a declaration for each in their order; outcomes that they give are left out.
        good: position of each good row, from 0.
        refused: the other rows, with the rule that they break; `row` is the position, from 0.
        unknown: the columns that were kept out because the mapping does not name them, sorted.
    """

    statements: Statements
    good: tuple[int, ...]
    refused: list[Quarantined]
    unknown: tuple[str, ...]


def read_rows(rows: Sequence[Mapping[str, object]], *, source: str | None = None, mapping: str = "native") -> Rows:
    """Check declarations by the rules of a mapping, and say what they declare.

    Args:
        rows: a value by column, as JSON gives them: text, numbers, or null for blank.
        source: who keeps the numbering; by default the mapping's name.
        mapping: name of a built-in mapping, or path of one in TOML.

    Raises:
        InputError: the mapping or the source cannot be used, or the mapping reads no declarations.
    """
    of = load_mapping(mapping)
    keys = Keys(check_source(of.name if source is None else source))
    main = next((file for file in of.files if file.kind.name == _KIND), of.files[0])
    header = tuple(dict.fromkeys([*main.required, *(column for row in rows for column in row)]))
    file = SourceFile(Path(_KIND), main, header, fillable(main, header), "")
    used, positions, refused = file.used, [], []
    texts: dict[str, list[str | None]] = {column: [] for column in used}
    for position, row in enumerate(rows):
        wrong = next((column for column in used if not _is_value(row.get(column))), None)
        if wrong is not None:
            refused.append(Quarantined(file.path.name, position, _RULE, wrong, repr(row[wrong])[:SHOWN]))
            continue
        positions.append(position)
        for column, told in texts.items():
            told.append(_text(row.get(column)))
    table = pa.table({column: pa.array(told, pa.string()) for column, told in texts.items()})
    numbers = numbers_of(positions)
    checked = check(Piece(table, numbers, []), file, of)
    good = numbers[checked.good]
    said = statements(main.kind.name, checked.columns, len(good), keys, of.outcome_delay_days)
    refused = sorted([*refused, *checked.refused], key=lambda row: row.row)
    return Rows(
        Statements(description=said.description, declaration=said.declaration),
        tuple(good.tolist()),
        refused,
        tuple(sorted(file.unknown)),
    )


def _is_value(value: object) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, (str, int))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
