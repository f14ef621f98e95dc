"""Mappings: which column of a source fills which field, written in TOML and checked before a row is read."""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from graph.normalise import NORMALISER_VERSION
from ingest.errors import InputError
from ingest.forms import EXTRA, KINDS, NUMBER, TEXT, Form, Kind

EXTRA_PREFIX = "extra."
_BUILT_IN = resources.files("ingest") / "mappings"
_SOURCE = re.compile(r"[^\s/]+")
_TOP = {"name": str, "version": str, "about": str, "outcome_delay_days": int, "file": list}
_TOP_OPTIONAL = {"dates": str, "decimal": str, "delimiter": str}
_FILE = {"kind": str, "match": str, "required": list, "columns": dict}
_FILE_OPTIONAL = {"values": dict, "constants": dict, "numbers": list, "extra_prefix": str}


@dataclass(frozen=True)
class FileMapping:
    """How the rows of one kind of file are read.

    Attributes:
        kind: what the rows are.
        match: name of the file, or a pattern such as `*.csv`.
        required: columns that the file must have, and each row must fill.
        columns: by field, the column that fills it; several are joined by `/`.
        values: by field, what each value of the source stands for; another value is refused.
        constants: by field, a value that holds for all rows.
        numbers: fields among the extras that hold numbers; other extras hold text.
        extra_prefix: columns headed so are extras under the rest of their name; empty: none are.
    """

    kind: Kind
    match: str
    required: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    values: Mapping[str, Mapping[str, str]]
    constants: Mapping[str, str]
    numbers: frozenset[str]
    extra_prefix: str

    def extras(self, header: Iterable[str]) -> dict[str, str]:
        """Return the columns that the source itself heads as extras, by field."""
        if not self.extra_prefix:
            return {}
        return {
            EXTRA_PREFIX + column.removeprefix(self.extra_prefix): column
            for column in header
            if column.startswith(self.extra_prefix) and column != self.extra_prefix
        }

    def form(self, field: str) -> Form:
        """Return the form that values of the field must have."""
        if not field.startswith(EXTRA_PREFIX):
            return self.kind.fields[field]
        if field not in self.columns and field not in self.constants:
            return EXTRA
        return NUMBER if field in self.numbers else TEXT


@dataclass(frozen=True)
class SourceMapping:
    """How the files of a source are read.

    Attributes:
        name: also the source, unless the load says otherwise.
        version: as its author counts it, followed by a digest of all that bears on the result.
        about: what the source is, in one line.
        outcome_delay_days: days from acceptance until an outcome without dates is known.
        dates: form of dates, as in `datetime.strptime`; empty: ISO 8601.
        decimal: decimal sign.
        delimiter: sign between fields.
        files: kinds of file, the main one first.
    """

    name: str
    version: str
    about: str
    outcome_delay_days: int
    dates: str
    decimal: str
    delimiter: str
    files: tuple[FileMapping, ...]


def built_in() -> list[str]:
    """Return the names of the mappings that come with the system."""
    return sorted(Path(item.name).stem for item in _BUILT_IN.iterdir() if item.name.endswith(".toml"))


def load_mapping(name_or_path: str) -> SourceMapping:
    """Return a built-in mapping by its name, or one from a TOML file by its path.

    Raises:
        InputError: there is none of that name, or it is not in order.
    """
    if name_or_path in built_in():
        return _parsed((_BUILT_IN / f"{name_or_path}.toml").read_text(encoding="utf-8"), name_or_path)
    if not name_or_path.endswith(".toml"):
        raise InputError(
            f"There is no mapping {name_or_path!r}; there are {_listed(built_in())}, "
            "and a mapping of your own is given as a path that ends in .toml."
        )
    try:
        text = Path(name_or_path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(f"The mapping {name_or_path} cannot be read ({reason}); check the path.") from error
    return _parsed(text, name_or_path)


def check_source(source: str) -> str:
    """Return the source if it can stand before the `/` of a key; raises InputError otherwise."""
    if not _SOURCE.fullmatch(source):
        raise InputError(f"The source {source!r} cannot be used; give a name without spaces and without /.")
    return source


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _parsed(text: str, where: str) -> SourceMapping:
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"The mapping {where} is not valid TOML ({error}); correct it.") from error
    try:
        return _checked(written)
    except _MappingError as error:
        raise InputError(f"The mapping {where} is not in order: {error}.") from error


class _MappingError(Exception):
    """What is wrong with a mapping, without its name."""


def _check_keys(table: Mapping[str, Any], needed: Mapping[str, type], optional: Mapping[str, type], where: str) -> None:
    for key, value in table.items():
        kind = needed.get(key) or optional.get(key)
        if kind is None:
            raise _MappingError(f"{where} has an unknown entry {key!r}; known are {_listed([*needed, *optional])}")
        if not isinstance(value, kind) or isinstance(value, bool):
            raise _MappingError(f"{key!r} in {where} must be {_TYPES[kind]}")
    for key in needed:
        if key not in table:
            raise _MappingError(f"{where} lacks {key!r}")


_TYPES = {str: "a text in quotes", int: "a whole number", list: "a list", dict: "a table"}


def _checked(written: dict[str, Any]) -> SourceMapping:
    _check_keys(written, _TOP, _TOP_OPTIONAL, "the mapping")
    if not _SOURCE.fullmatch(written["name"]):
        raise _MappingError("the name must not be empty nor hold spaces or /")
    if written["outcome_delay_days"] < 0:
        raise _MappingError("outcome_delay_days must not be negative")
    delimiter, decimal = written.get("delimiter", ","), written.get("decimal", ".")
    if len(delimiter.encode()) != 1 or delimiter in '"\r\n':
        raise _MappingError("delimiter must be one ASCII sign")
    if decimal not in (".", ","):
        raise _MappingError('decimal must be "." or ","')
    dates = written.get("dates", "")
    if dates and not {"%d", "%m"} <= set(re.findall("%.", dates)):
        raise _MappingError('dates must name day, month and year, for example "%d.%m.%Y"')
    files = written["file"]
    if not files or not all(isinstance(file, dict) for file in files):
        raise _MappingError("it has no [[file]]")
    bearing = json.dumps([{**written, "about": ""}, NORMALISER_VERSION], sort_keys=True)
    return SourceMapping(
        name=written["name"],
        version=f"{written['version']}-{hashlib.sha256(bearing.encode()).hexdigest()[:8]}",
        about=written["about"],
        outcome_delay_days=written["outcome_delay_days"],
        dates=dates,
        decimal=decimal,
        delimiter=delimiter,
        files=tuple(_file(file, f"[[file]] number {number}") for number, file in enumerate(files, start=1)),
    )


def _file(written: dict[str, Any], where: str) -> FileMapping:
    _check_keys(written, _FILE, _FILE_OPTIONAL, where)
    kind = KINDS.get(written["kind"])
    if kind is None:
        raise _MappingError(f"{where} is of an unknown kind {written['kind']!r}; known are {_listed(KINDS)}")
    where = f"{where} ({kind.name})"
    columns: dict[str, tuple[str, ...]] = {}
    for field, column in written["columns"].items():
        _check_field(field, kind, where)
        parts = column if isinstance(column, list) else [column]
        if not parts or not all(isinstance(part, str) and part for part in parts):
            raise _MappingError(f"columns.{field} in {where} must be the name of a column, or a list of such names")
        columns[field] = tuple(parts)
    required = tuple(written["required"])
    mapped = {column for parts in columns.values() for column in parts}
    for column in required:
        if column not in mapped:
            raise _MappingError(f"{where} requires the column {column!r}, which fills no field")
    mapping = FileMapping(
        kind=kind,
        match=written["match"],
        required=required,
        columns=columns,
        values=written.get("values", {}),
        constants=written.get("constants", {}),
        numbers=frozenset(written.get("numbers", ())),
        extra_prefix=written.get("extra_prefix", ""),
    )
    for field in kind.always:
        if field not in columns or not set(columns[field]) <= set(required):
            raise _MappingError(f"{where} must fill {field} from a required column")
    if mapping.extra_prefix and not kind.extras:
        raise _MappingError(f"{where} cannot have extras")
    for field in mapping.numbers:
        if not field.startswith(EXTRA_PREFIX) or field not in columns:
            raise _MappingError(f"numbers in {where} names {field!r}, which is no extra in its columns")
    _check_values(mapping, where)
    return mapping


def _check_field(field: str, kind: Kind, where: str) -> None:
    if field not in kind.fields and not (kind.extras and field.startswith(EXTRA_PREFIX) and field != EXTRA_PREFIX):
        raise _MappingError(f"{where} fills an unknown field {field!r}; docs/mappings.md lists those there are")


def _check_values(mapping: FileMapping, where: str) -> None:
    """Check what the mapping itself puts into fields: value tables and constants."""
    said: list[tuple[str, str, str]] = []
    for field, table in mapping.values.items():
        if field not in mapping.columns or len(mapping.columns[field]) != 1:
            raise _MappingError(f"values.{field} in {where} is a table for a field that no column fills")
        if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
            raise _MappingError(f"values.{field} in {where} must give a text in quotes for each value")
        if any(not value.strip() for value in table):
            raise _MappingError(f"values.{field} in {where} must not give blank a meaning: blank says nothing")
        said.extend((f"values.{field}", field, value) for value in table.values())
    for field, value in mapping.constants.items():
        _check_field(field, mapping.kind, where)
        if field in mapping.columns:
            raise _MappingError(f"{where} fills {field} by a column and by a constant")
        if not isinstance(value, str):
            raise _MappingError(f"constants.{field} in {where} must be a text in quotes")
        said.append((f"constants.{field}", field, value))
    for entry, field, value in said:
        form = mapping.form(field)
        if form.holds != "text":
            raise _MappingError(f"{entry} in {where} is for a field that holds no plain text")
        if not value.strip() or (form.pattern and not re.fullmatch(form.pattern, value)):
            raise _MappingError(f"{entry} in {where} gives {value!r}, which is not: {form.rule}")
