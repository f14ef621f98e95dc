"""Declarations that come as rows and not as a file: checked and mapped by the same rules, and not stored."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from graph.statements import Statements
from graph.store.batches import Quarantined
from ingest.checking import check
from ingest.errors import InputError
from ingest.mapping import SourceMapping, check_source, load_mapping
from ingest.parties import Keys
from ingest.reading import SHOWN, Piece, SourceFile, fillable, find_files, numbers_of, pieces
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
        good: number of each good row: its position, from 0, or its number in a file.
        refused: the other rows, by their number, with the rule that they break.
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
    main = next((file for file in of.files if file.kind.name == _KIND), None)
    if main is None:
        raise InputError(f"Mapping {of.name} reads no declarations; choose another.")
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
    return _read(Piece(table, numbers, refused), file, of, keys)


def read_file(path: Path, *, source: str | None = None, mapping: str = "native", at_a_time: int) -> Iterator[Rows]:
    """Yield what became of the rows of a file of declarations, so many at a time.

    Rows are numbered as in quarantine: the first below the header is 2.

    Args:
        path: the file.
        source: who keeps the numbering; by default the mapping's name.
        mapping: name of a built-in mapping, or path of one in TOML.
        at_a_time: the most rows in each of what is yielded.

    Raises:
        InputError: the file, the mapping or the source cannot be used.
    """
    of = load_mapping(mapping)
    keys = Keys(check_source(of.name if source is None else source))
    files = find_files(path, of)
    declared = [file for file in files if file.mapping.kind.name == _KIND]
    if not declared:
        raise InputError(f"{path} holds {files[0].mapping.kind.name} and no declarations; give a file of these.")
    for file in declared:
        for piece in pieces(file, of):
            for start in range(0, max(len(piece.table), 1), at_a_time):
                part = slice(start, start + at_a_time)
                refused = piece.refused if not start else []
                yield _read(Piece(piece.table.slice(start, at_a_time), piece.numbers[part], refused), file, of, keys)


def _read(piece: Piece, file: SourceFile, of: SourceMapping, keys: Keys) -> Rows:
    checked = check(piece, file, of)
    good = piece.numbers[checked.good]
    said = statements(file.mapping.kind.name, checked.columns, len(good), keys, of.outcome_delay_days)
    return Rows(
        Statements(description=said.description, declaration=said.declaration),
        tuple(good.tolist()),
        sorted([*piece.refused, *checked.refused], key=lambda row: row.row),
        tuple(sorted(file.unknown)),
    )


def _is_value(value: object) -> bool:
    if isinstance(value, bool):
        return False
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        # JSON can name half a character, which no text in UTF-8 can hold.
        return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)
    return value is None or isinstance(value, int)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
