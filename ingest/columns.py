"""A column of a piece: its distinct values once, and which of them each row has.

Rules and conversions then work on the distinct values, of which most columns have few.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.forms import Form

Codes = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

_NUMBER = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
# A plain decimal number as JSON writes it, without leading zeros or exponent: 00123 and 1e5 are names, not numbers.
_PLAIN_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_PLAIN_DIGITS = 15  # more than these a float64 does not hold exactly, so the text stays


@dataclass(frozen=True)
class Column:
    """Values by row: row i has `values[codes[i]]`, or is blank where the code is -1."""

    values: pa.Array
    codes: Codes

    def rows(self) -> pa.Array:
        """Return the value of each row, null where blank."""
        return self.values.take(pa.array(self.codes, mask=self.codes < 0))

    def where(self, keep: Flags) -> "Column":
        """Return the column with only the rows that are kept."""
        return replace(self, codes=self.codes[keep])

    def filled(self) -> Flags:
        """Return whether each row has a value."""
        return self.codes >= 0

    def of_rows(self, of_values: Flags) -> Flags:
        """Return a flag of each distinct value as a flag of each row, False where blank."""
        flags: Flags = np.append(of_values, False)[self.codes]
        return flags

    def mapped(self, function: Callable[[pa.Array], pa.Array]) -> "Column":
        """Return the column with its distinct values changed one for one."""
        return replace(self, values=function(self.values))


def encode(texts: pa.Array | pa.ChunkedArray) -> Column:
    """Return a text column; a text without any character besides white space is blank."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    encoded = texts.dictionary_encode()
    codes = pc.fill_null(encoded.indices, -1).to_numpy().astype(np.int32)
    blank = pc.equal(pc.utf8_trim_whitespace(encoded.dictionary), "").to_numpy(zero_copy_only=False)
    if blank.any():
        codes[np.append(blank, False)[codes]] = -1
    return Column(encoded.dictionary, codes)


def constant(value: str, rows: int) -> Column:
    """Return a column that has the same text in every row."""
    return Column(pa.array([value], pa.string()), np.zeros(rows, dtype=np.int32))


def translate(column: Column, table: Mapping[str, str]) -> tuple[Column, Flags]:
    """Return the column in terms of a value table, and which distinct values the table lacks."""
    found = [table.get(value) for value in column.values.to_pylist()]
    return replace(column, values=pa.array(found, pa.string())), np.array([value is None for value in found], bool)


def typed(column: Column, form: Form, dates: str, decimal: str) -> tuple[Column, Flags]:
    """Return the column in the type that the form holds, and which distinct values do not have the form.

    Args:
        column: texts.
        form: what they must look like.
        dates: form of dates as in `datetime.strptime`; empty: ISO 8601.
        decimal: decimal sign.
    """
    values, bad = _TYPED[form.holds](column.values, form, dates, decimal)
    return replace(column, values=values), bad


def _texts(values: pa.Array, form: Form, *_: str) -> tuple[pa.Array, Flags]:
    if form.pattern is None:
        return values, np.zeros(len(values), dtype=bool)
    matched = pc.match_substring_regex(values, f"^(?:{form.pattern})$")
    return values, ~_flags(matched)


def _dates(values: pa.Array, form: Form, dates: str, _: str) -> tuple[pa.Array, Flags]:
    found = [_date(text, dates) for text in values.to_pylist()]
    if form.least is not None and form.most is not None:
        found = [day if day is not None and form.least <= day.year <= form.most else None for day in found]
    return pa.array(found, pa.date32()), np.array([day is None for day in found], dtype=bool)


def _date(text: str | None, dates: str) -> date | None:
    try:
        if dates:
            return datetime.strptime(text or "", dates).date()
        return date.fromisoformat(text or "") if _ISO_DATE.fullmatch(text or "") else None
    except ValueError:
        return None


_ISO_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _numbers(values: pa.Array, form: Form, _: str, decimal: str) -> tuple[pa.Array, Flags]:
    if decimal != ".":
        values = pc.replace_substring(values, decimal, ".")
    good = _flags(pc.match_substring_regex(values, _NUMBER))
    numbers = pc.cast(pc.if_else(pa.array(good), pc.utf8_ltrim(values, "+"), None), pa.float64()).to_numpy(
        zero_copy_only=False
    )
    with np.errstate(invalid="ignore"):
        good &= np.isfinite(numbers)
        if form.least is not None:
            good &= numbers >= form.least
        if form.most is not None:
            good &= numbers <= form.most
    return pa.array(numbers + 0.0, mask=~good), ~good


def _codes(values: pa.Array, form: Form, *_: str) -> tuple[pa.Array, Flags]:
    one = f"[ ]*(?:{form.pattern})[ ]*"
    good = _flags(pc.match_substring_regex(values, f"^{one}(?:;{one})*;?[ ]*$"))
    return pa.array([_parts(text) for text in values.to_pylist()], pa.list_(pa.string())), ~good


def _lists(values: pa.Array, *_: object) -> tuple[pa.Array, Flags]:
    lists = pa.array([_parts(text) for text in values.to_pylist()], pa.list_(pa.string()))
    return lists, np.zeros(len(values), dtype=bool)


def _parts(text: str | None) -> list[str] | None:
    return [part.strip() for part in (text or "").split(";") if part.strip()] or None


_TYPED: Mapping[str, Callable[..., tuple[pa.Array, Flags]]] = {
    "text": _texts,
    "date": _dates,
    "number": _numbers,
    "codes": _codes,
    "texts": _lists,
    "extra": _texts,
}


def _flags(matched: pa.BooleanArray) -> Flags:
    flags: Flags = pc.fill_null(matched, False).to_numpy(zero_copy_only=False)
    return flags.copy()


def json_values(column: Column, *, by_text: bool) -> Column:
    """Return the column with each value as JSON writes it.

    Where `by_text`, a text that is a plain decimal number of at most 15 digits becomes one. That is decided by the text
    alone, so that neither the order nor the number of the rows matters.
    """
    return column.mapped(lambda values: pa.array([_json(value, by_text) for value in values.to_pylist()], pa.string()))


def _json(value: str | float | None, by_text: bool) -> str | None:
    if value is None:
        return None
    plain = by_text and isinstance(value, str) and _PLAIN_NUMBER.fullmatch(value)
    if plain and sum(map(str.isdigit, str(value))) <= _PLAIN_DIGITS:
        value = float(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 10**_PLAIN_DIGITS else repr(value)
    return json.dumps(value, ensure_ascii=False)


def json_objects(columns: Mapping[str, Column], rows: int) -> pa.Array:
    """Return each row's filled JSON values as a JSON object with sorted names, null where it has none."""
    parts = []
    for name in sorted(columns):
        begin = json.dumps(name, ensure_ascii=False)
        column = columns[name]
        values = pc.binary_join_element_wise(pa.scalar(begin, pa.string()), column.values, ":")
        parts.append(replace(column, values=values))
    if not parts:
        return pa.nulls(rows, pa.string())
    return pc.binary_join_element_wise("{", joined([part.rows() for part in parts], ","), "}", "")


def joined(parts: Sequence[pa.Array], separator: str) -> pa.Array:
    """Return the filled ones among the parts of each row joined by a separator, null where none is filled.

    Arrow's own way to skip nulls loses rows in which all are null.
    """
    led = [pc.fill_null(pc.binary_join_element_wise(separator, part, ""), "") for part in parts]
    texts = pc.binary_join_element_wise(*led, "")
    return pc.if_else(
        pc.equal(texts, ""), pa.scalar(None, pa.string()), pc.utf8_slice_codeunits(texts, start=len(separator))
    )
