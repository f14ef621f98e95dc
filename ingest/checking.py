"""Which rows of a piece can be loaded, and of each other row the first rule that it breaks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from graph.store.batches import Quarantined
from ingest.columns import Column, Flags, constant, encode, json_values, translate, typed
from ingest.forms import EXTRA, IMO
from ingest.mapping import EXTRA_PREFIX, SourceMapping
from ingest.reading import SHOWN, Piece, SourceFile

_SAID = ("selected_by", "outcome", "infraction_type", "revenue_recovered", "severity")


@dataclass(frozen=True)
class Checked:
    """The rows that break no rule: their fields in the type that each holds, and which rows of the piece they are."""

    columns: Mapping[str, Column]
    good: Flags
    refused: list[Quarantined]


class _Verdict:
    """Keeps the first rule that each row breaks."""

    def __init__(self, rows: int) -> None:
        self.rules: list[tuple[str, str]] = []
        self.broken = np.full(rows, -1, dtype=np.int32)

    def refuse(self, rows: Flags, rule: str, column: str) -> None:
        if rows.any():
            self.broken[rows & (self.broken < 0)] = len(self.rules)
            self.rules.append((rule, column))

    def quarantined(self, piece: Piece, file: SourceFile) -> list[Quarantined]:
        refused = []
        for at in np.flatnonzero(self.broken >= 0).tolist():
            rule, column = self.rules[self.broken[at]]
            value = (piece.table[column][at].as_py() or "") if column in piece.table.column_names else ""
            refused.append(Quarantined(file.path.name, int(piece.numbers[at]), rule, column, value[:SHOWN]))
        return refused


def check(piece: Piece, file: SourceFile, mapping: SourceMapping) -> Checked:
    """Check every field of every row of a piece."""
    rows = len(piece.table)
    verdict = _Verdict(rows)
    raw: dict[str, Column] = {}
    for name in file.used:
        raw[name] = encode(piece.table[name])
        if name in file.mapping.required:
            verdict.refuse(~raw[name].filled(), "required", name)
    columns: dict[str, Column] = {}
    for field, parts in file.columns.items():
        column = raw[parts[0]] if len(parts) == 1 else _joined(piece.table, raw, parts, verdict)
        form = file.mapping.form(field)
        table = file.mapping.values.get(field)
        if table is not None:
            column, missing = translate(column, table)
            verdict.refuse(column.of_rows(missing), "value table: one of " + ", ".join(table), parts[0])
        column, bad = typed(column, form, mapping.dates, mapping.decimal)
        if bad.any():
            verdict.refuse(column.of_rows(bad), form.rule, parts[0])
        if field.startswith(EXTRA_PREFIX):
            column = json_values(column, by_text=form is EXTRA)
        columns[field] = column
    for field, value in file.mapping.constants.items():
        column = constant(value, rows)
        columns[field] = json_values(column, by_text=False) if field.startswith(EXTRA_PREFIX) else column
    for rule, field, broken in _ACROSS.get(file.mapping.kind.name, ()):
        verdict.refuse(broken(columns, rows), rule, _column_of(field, file))
    good = verdict.broken < 0
    if good.all():
        return Checked(columns, good, [])
    return Checked(
        {field: column.where(good) for field, column in columns.items()}, good, verdict.quarantined(piece, file)
    )


def _column_of(field: str, file: SourceFile) -> str:
    """Return the column to name where a rule about a field is broken, or the field where the file has none."""
    return file.columns.get(field, (field,))[0]


def _joined(table: pa.Table, raw: Mapping[str, Column], parts: tuple[str, ...], verdict: _Verdict) -> Column:
    """Return several columns joined by `/`; only the first may hold one, so that the parts can be told apart."""
    for part in parts[1:]:
        held = pc.match_substring(raw[part].values, "/").to_numpy(zero_copy_only=False)
        verdict.refuse(raw[part].of_rows(held), "text without /", part)
    blank = np.any([~raw[part].filled() for part in parts], axis=0)
    column = encode(pc.binary_join_element_wise(*(table[part] for part in parts), "/"))
    return Column(column.values, np.where(blank, np.int32(-1), column.codes))


def _days(columns: Mapping[str, Column], field: str, rows: int, blank: int) -> npt.NDArray[np.int32]:
    column = columns.get(field)
    if column is None:
        return np.full(rows, blank, dtype=np.int32)
    return np.asarray(pc.fill_null(column.rows().cast(pa.int32()), blank).to_numpy(), dtype=np.int32)


_LATE = np.iinfo(np.int32).max
_EARLY = np.iinfo(np.int32).min


def _amended_early(columns: Mapping[str, Column], rows: int) -> Flags:
    early: Flags = _days(columns, "amended_on", rows, _LATE) < _days(columns, "accepted_on", rows, _EARLY)
    return early


def _without_day(columns: Mapping[str, Column], rows: int) -> Flags:
    said = np.zeros(rows, dtype=bool)
    for field in _SAID:
        if field in columns:
            said |= columns[field].filled()
    for field in ("outcome_known_on", "inspected_on"):
        if field in columns:
            said &= ~columns[field].filled()
    return said


def _vessel_number(columns: Mapping[str, Column], rows: int) -> Flags:
    vessels = pc.fill_null(pc.equal(columns["entity_type"].rows(), "vessel"), False)
    formed = pc.fill_null(pc.match_substring_regex(columns["entity_id"].rows(), f"^(?:{IMO.pattern})$"), True)
    wrong: Flags = pc.and_not(vessels, formed).to_numpy(zero_copy_only=False)
    return wrong


# Rules about more than one field, by kind of file: what is said, of which field, of which rows.
_ACROSS: Mapping[str, tuple[tuple[str, str, Callable[[Mapping[str, Column], int], Flags]], ...]] = {
    "declarations": (("not before the day of acceptance", "amended_on", _amended_early),),
    "outcomes": (("this or inspected_on needed: the file has no day of acceptance", "outcome_known_on", _without_day),),
    "entities": ((IMO.rule, "entity_id", _vessel_number),),
}
