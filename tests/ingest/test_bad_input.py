"""What a user can get wrong gets one clear sentence, and nothing is written."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest import reading
from ingest.load import InputError, chunks
from ingest.mapping import load_mapping
from tests.ingest.loading import DECLARATION, OUTCOME, Sink, load_all, write

HEADER = ",".join(DECLARATION)
ROW = ",".join(DECLARATION.values())


def _file(content: bytes | str, name: str = "declarations.csv") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return make


def _other_folder(folder: Path) -> Path:
    (folder / "notes.txt").write_text("nothing")
    return folder


def _device(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.csv")
    return folder / "pipe.csv"


CASES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing file": (lambda folder: folder / "absent.csv", "does not exist; check the path"),
    "too long a name": (lambda folder: folder / ("x" * 300), "cannot be reached (File name too long)"),
    "no file": (_device, "neither a file nor a folder"),
    "empty file": (_file(""), "is empty; give a file with a header and rows"),
    "blank file": (_file(b"\xef\xbb\xbf \n\n"), "is empty"),
    "header only": (_file(HEADER + "\n"), "has a header and no rows"),
    "header only, no line end": (_file(HEADER), "has a header and no rows"),
    "missing columns": (
        _file("declaration_id,line_no,office\n1,1,1\n"),
        "lacks 'accepted_on', 'importer_id', 'origin_country', 'hs_code', 'customs_value', which mapping native",
    ),
    "other delimiter": (_file(HEADER.replace(",", ";") + "\n"), "its header begins with 'declaration_id;line_no"),
    "column twice": (_file(f"{HEADER},office\n{ROW},1\n"), "more than one column 'office'"),
    "compressed": (_file(gzip.compress(HEADER.encode())), "is not a text file in UTF-8"),
    "zero bytes": (_file(HEADER + "\n" + ROW + "\0\n"), f"near byte {len(HEADER) + 1 + len(ROW) + 1}"),
    "Latin 1": (_file((HEADER + "\nMüller").encode("latin-1")), "export it as CSV in UTF-8"),
    "UTF-16": (_file((HEADER + "\n" + ROW).encode("utf-16")), "export it as CSV in UTF-8"),
    "cut within a character": (_file((HEADER + "\n" + ROW + "é").encode()[:-1]), "is not a text file in UTF-8"),
    "open quote": (_file(f'{HEADER}\n{ROW}\n"{ROW}\n{ROW}\n'), "opens a quote in row 3 that is never closed"),
    "empty folder": (lambda folder: folder, "has none of the files of mapping native (declarations.csv, outcomes.csv"),
    "folder of other files": (_other_folder, "has none of the files of mapping native"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input(tmp_path: Path, case: str) -> None:
    make, said = CASES[case]
    sink = Sink()
    with pytest.raises(InputError) as raised:
        load_all(make(tmp_path), sink=sink)
    message = str(raised.value)
    assert said in message
    assert message.endswith(".")
    assert "\n" not in message
    assert not sink.batches
    assert not sink.chunks


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "declarations.csv", [DECLARATION])

    opened = Path.open

    def fail(self: Path, *how: Any, **options: Any) -> Any:
        if self == path:
            raise PermissionError(13, "Permission denied")
        return opened(self, *how, **options)

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(InputError, match=r"cannot be read \(Permission denied\); check the path"):
        load_all(path)


@pytest.mark.parametrize("source", ["", " ", "a b", "a/b", "a\n"])
def test_a_source_that_cannot_stand_in_a_key(tmp_path: Path, source: str) -> None:
    path = write(tmp_path / "declarations.csv", [DECLARATION])
    with pytest.raises(InputError, match="give a name without spaces and without /"):
        load_all(path, source=source)


def test_an_optional_file_may_have_no_rows_beside_declarations(tmp_path: Path) -> None:
    write(tmp_path / "declarations.csv", [DECLARATION])
    write(tmp_path / "outcomes.csv", [], list(OUTCOME))
    assert load_all(tmp_path).counts == (1, 1, 0, 0)


def test_a_load_of_refused_rows_alone_is_a_batch_that_says_so(tmp_path: Path) -> None:
    loaded = load_all(write(tmp_path / "declarations.csv", [{**DECLARATION, "hs_code": "x"}]))
    assert loaded.counts == (1, 0, 1, 0)


def test_a_file_that_vanishes_before_its_rows_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "declarations.csv", [DECLARATION])
    found = reading.find_files(path, load_mapping("native"))
    path.unlink()
    with pytest.raises(InputError, match="could not be read to its end"):
        list(chunks(found, load_mapping("native"), "native"))
