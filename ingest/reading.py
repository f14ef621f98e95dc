"""From a path to pieces of text columns: which files are loaded, whether they are text, and their rows in order."""

import codecs
import csv
import fnmatch
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pa_csv

from graph.store.batches import Quarantined
from ingest.errors import InputError
from ingest.mapping import FileMapping, SourceMapping

_HASH_BLOCK = 1 << 20
_CSV_BLOCK = 1 << 24
_PIECE_ROWS = 1 << 16
SHOWN = 500  # characters of a refused value that are kept
_BAD_COUNT = "number of fields"


@dataclass(frozen=True)
class SourceFile:
    """A file that will be loaded: what its rows are, its header, and the digest of its bytes.

    `columns` gives the columns of each field that the file can fill.
    """

    path: Path
    mapping: FileMapping
    header: tuple[str, ...]
    columns: dict[str, tuple[str, ...]]
    digest: str

    @property
    def used(self) -> list[str]:
        """Return the columns that fill fields, in the order of the fields."""
        return list(dict.fromkeys(column for parts in self.columns.values() for column in parts))

    @property
    def unknown(self) -> list[str]:
        """Return the columns that fill no field."""
        used = set(self.used)
        return [column for column in self.header if column not in used]


@dataclass(frozen=True)
class Piece:
    """A bounded number of rows: text columns, the number of each row in its file, and rows that could not be split.

    Rows are numbered as records of the file: the header is 1, the first row of data 2, whatever line they stand on.
    """

    table: pa.Table
    numbers: npt.NDArray[np.int64]
    refused: list[Quarantined]


def find_files(path: Path, mapping: SourceMapping) -> list[SourceFile]:
    """Return the files to load, in order of their names.

    Raises:
        InputError: there is none, one cannot be read, is empty or not text, or lacks a required column.
    """
    try:
        is_there = path.exists()
    except OSError as error:
        raise InputError(f"{path} cannot be reached ({error.strerror}); check the path and its permissions.") from error
    if not is_there:
        raise InputError(f"{path} does not exist; check the path.")
    if not path.is_dir() and not path.is_file():
        raise InputError(f"{path} is neither a file nor a folder; give one of these.")
    found = _in_folder(path, mapping) if path.is_dir() else [(path, _mapping_of(path, mapping) or mapping.files[0])]
    return [_opened(file, of, mapping) for file, of in found]


def content_hash(files: list[SourceFile]) -> str:
    """Return the SHA-256 of what the files hold and are, whatever their names and order."""
    lines = sorted(f"{file.mapping.kind.name} {file.digest}\n" for file in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _mapping_of(path: Path, mapping: SourceMapping) -> FileMapping | None:
    name = path.name.casefold()
    return next((file for file in mapping.files if fnmatch.fnmatchcase(name, file.match.casefold())), None)


def _in_folder(path: Path, mapping: SourceMapping) -> list[tuple[Path, FileMapping]]:
    try:
        entries = sorted(entry for entry in path.iterdir() if entry.is_file() and not entry.name.startswith("."))
    except OSError as error:
        raise InputError(f"The folder {path} cannot be read ({error.strerror}); check its permissions.") from error
    matched = [(entry, _mapping_of(entry, mapping)) for entry in entries]
    found = [(entry, of) for entry, of in matched if of is not None]
    names = ", ".join(file.match for file in mapping.files)
    if not found:
        raise InputError(
            f"The folder {path} has none of the files of mapping {mapping.name} ({names}); check the path."
        )
    return found


def _opened(path: Path, of: FileMapping, mapping: SourceMapping) -> SourceFile:
    try:
        digest, header = _examined(path, mapping.delimiter)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the path and its permissions.") from error
    missing = [column for column in of.required if column not in header]
    if missing:
        raise InputError(
            f"{path} lacks {_quoted(missing)}, which mapping {mapping.name} requires for {of.kind.name}; "
            f"add it or choose another mapping (its header begins with {_quoted(header[:4])})."
        )
    columns = fillable(of, header)
    file = SourceFile(path, of, tuple(header), columns, digest)
    twice = [column for column in file.used if header.count(column) > 1]
    if twice:
        raise InputError(f"{path} has more than one column {_quoted(twice)}; leave one of each.")
    return file


def fillable(of: FileMapping, header: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the columns of each field that can be filled from a header, in the order of the mapping, extras last."""
    candidates = {**{field: (column,) for field, column in of.extras(header).items()}, **of.columns}
    columns = {field: parts for field, parts in candidates.items() if set(parts) <= set(header)}
    order = {field: at for at, field in enumerate(of.columns)}
    return dict(sorted(columns.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))


def _quoted(columns: list[str]) -> str:
    return ", ".join(f"'{column[:SHOWN]}'" for column in columns)


def _examined(path: Path, delimiter: str) -> tuple[str, list[str]]:
    """Return the digest of a file's bytes and its header; raises InputError where it is empty or no UTF-8 text."""
    digest = hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    read = 0
    blank = True
    with path.open("rb") as stream:
        while block := stream.read(_HASH_BLOCK):
            digest.update(block)
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError as error:
                raise _not_text(path, read + error.start) from error
            if b"\0" in block:
                raise _not_text(path, read + block.index(b"\0"))
            blank = blank and not text.strip("\ufeff \t\r\n")
            read += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _not_text(path, read) from error
    if blank:
        raise InputError(f"{path} is empty; give a file with a header and rows.")
    with path.open(encoding="utf-8-sig", newline="") as lines:
        try:
            header = next(row for row in csv.reader(lines, delimiter=delimiter) if row)
        except csv.Error as error:
            raise InputError(f"The header of {path} cannot be read ({error}); check that it is CSV.") from error
    return digest.hexdigest(), header


def _not_text(path: Path, at: int) -> InputError:
    return InputError(f"{path} is not a text file in UTF-8 (near byte {at + 1}); export it as CSV in UTF-8.")


def pieces(file: SourceFile, mapping: SourceMapping) -> Iterator[Piece]:
    """Yield the rows of a file in bounded pieces.

    Raises:
        InputError: a quote is opened and never closed, so that the rest of the file cannot be told apart.
    """
    refused: list[Quarantined] = []
    skipped: list[int] = []
    open_at: list[int] = []

    def refuse(row: pa_csv.InvalidRow) -> str:
        if "\n" in row.text and row.text.count('"') % 2:
            open_at.append(row.number)
            return "error"
        skipped.append(row.number)
        refused.append(Quarantined(file.path.name, row.number, _BAD_COUNT, "", row.text[:SHOWN]))
        return "skip"

    used = file.used
    number = 2
    try:
        reader = pa_csv.open_csv(
            file.path,
            read_options=pa_csv.ReadOptions(use_threads=False, block_size=_CSV_BLOCK),
            parse_options=pa_csv.ParseOptions(
                delimiter=mapping.delimiter, newlines_in_values=True, invalid_row_handler=refuse
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types={column: pa.string() for column in used}, include_columns=used
            ),
        )
        for batch in reader:
            numbers, number = _numbered(len(batch), number, skipped)
            for start in range(0, len(batch), _PIECE_ROWS):
                table = pa.Table.from_batches([batch.slice(start, _PIECE_ROWS)])
                yield Piece(table, numbers[start : start + _PIECE_ROWS], refused[:])
                refused.clear()
    except pa.ArrowInvalid as error:
        if open_at:
            raise _open_quote(file.path, f"row {open_at[0]}") from error
        if "Empty CSV" in str(error):
            return  # a header that no line end follows
        if "straddling" in str(error) or "out of sync" in str(error):
            raise _open_quote(file.path, f"the rows after row {number - 1}") from error
        raise InputError(f"{file.path} cannot be read as CSV ({str(error).splitlines()[0]}); correct it.") from error
    except OSError as error:
        raise InputError(f"{file.path} could not be read to its end ({error}); load it again.") from error
    if refused:
        yield Piece(pa.table({column: pa.array([], pa.string()) for column in used}), numbers_of([]), refused)


def numbers_of(rows: list[int]) -> npt.NDArray[np.int64]:
    """Return row numbers as an array."""
    return np.array(rows, dtype=np.int64)


def _numbered(rows: int, number: int, skipped: list[int]) -> tuple[npt.NDArray[np.int64], int]:
    """Return the numbers of the next rows of a file, which run on from `number` without the skipped ones."""
    at = [row for row in skipped if row >= number]
    skipped[:] = at
    candidates = np.arange(number, number + rows + len(at), dtype=np.int64)
    numbers = candidates[~np.isin(candidates, numbers_of(at))][:rows]
    return numbers, int(numbers[-1]) + 1 if rows else number


def _open_quote(path: Path, where: str) -> InputError:
    return InputError(f"{path} opens a quote in {where} that is never closed; close it or double it.")
