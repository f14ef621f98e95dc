"""Writing files that a user named."""

import os
import threading
from pathlib import Path

import pytest

from api.commands.errors import UsageError
from api.files import check_output, written


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "scores.csv"
    with written(target) as file:
        file.write("é\r\n")
        assert not target.exists()
    assert target.read_bytes() == "é\r\n".encode()
    with pytest.raises(OSError, match="No space"), written(target) as file:
        file.write("half")
        raise OSError(28, "No space left on device")
    assert target.read_bytes() == "é\r\n".encode()
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv"]


def test_a_link_stays_one_and_what_it_names_is_written(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "real" / "scores.csv")
    for text in ("first", "second"):
        with written(link) as file:
            file.write(text)
        assert link.is_symlink()
        assert (tmp_path / "real" / "scores.csv").read_text(encoding="utf-8") == text
    assert [path.name for path in (tmp_path / "real").iterdir()] == ["scores.csv"]


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[str] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()
    with written(pipe) as file:
        file.write("through")
    reader.join(10)
    assert got == ["through"]
    assert pipe.is_fifo()


def test_where_no_file_can_be_is_told_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder: name a file in it"):
        check_output(tmp_path)
    with pytest.raises(UsageError, match=r"none does not exist: create it first, or write elsewhere"):
        check_output(tmp_path / "none" / "scores.csv")
    check_output(tmp_path / "scores.csv")


def test_a_link_into_a_folder_that_is_not_there_is_told_too(tmp_path: Path) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "none" / "scores.csv")
    with pytest.raises(UsageError, match=r"none does not exist: create it first, or write elsewhere"):
        check_output(link)


def test_links_that_go_round_in_a_circle_are_no_fault_of_the_program(tmp_path: Path) -> None:
    link = tmp_path / "link.csv"
    link.symlink_to(link)
    check_output(link)
    with written(link) as file:
        file.write("text")
    assert link.read_text(encoding="utf-8") == "text"


def test_a_pipe_that_only_a_descriptor_leads_to_is_written_to() -> None:
    reading, writing = os.pipe()
    # As `/dev/stdout` does in front of a pipe, it leads to something that no other path names.
    path = Path(f"/dev/fd/{writing}")
    check_output(path)
    with written(path) as file:
        file.write("through")
    assert os.read(reading, 100) == b"through"
    os.close(reading)
    os.close(writing)
