"""The call itself: the same seed the same bytes, whole or not at all, and clear refusals."""

from pathlib import Path

import pytest

from ingest.synthetic import FEWEST, MOST, simulate
from ingest.synthetic.output import Writer
from tests.ingest.synthetic.conftest import read


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_same_seed_same_bytes_other_seed_other_world(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("other", 4)):
        simulate(tmp_path / name, shipments=1_200, seed=seed)
    one, two, other = (contents(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two
    assert all(one[name] != other[name] for name in one)


@pytest.mark.parametrize("seed", range(3))
def test_the_smallest_world_has_a_ring_and_lookalikes(tmp_path: Path, seed: int) -> None:
    summary = simulate(tmp_path / "tiny", shipments=FEWEST, seed=seed)
    truth = read(tmp_path / "tiny", "truth")
    guilty = truth[(truth["pattern"] == "shell_ring") & (truth["infraction"] == "1")]
    assert len(guilty) >= 3
    assert summary.infractions_by_pattern["shell_ring"] == len(guilty)
    entities = read(tmp_path / "tiny", "truth_entities")
    assert (entities["role"] == "shell_importer").sum() >= 4
    assert (entities["innocent_lookalike"] == "1").sum() >= 10


def test_progress_reaches_the_end_and_never_falls(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    simulate(tmp_path / "world", shipments=1_000, seed=1, progress=lambda done, total: seen.append((done, total)))
    assert len(seen) > 10
    assert seen == sorted(seen)
    assert seen[-1] == (1_000, 1_000)


@pytest.mark.parametrize("shipments", [0, -5, FEWEST - 1, MOST + 1])
def test_too_few_or_too_many_shipments_are_refused(tmp_path: Path, shipments: int) -> None:
    with pytest.raises(ValueError, match="from 1,000 to 10,000,000 shipments"):
        simulate(tmp_path / "world", shipments=shipments, seed=1)
    assert not list(tmp_path.iterdir())


def test_a_negative_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="seed"):
        simulate(tmp_path / "world", shipments=1_000, seed=-1)
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    full = tmp_path / "full"
    full.mkdir()
    (full / "declarations.csv").write_text("mine")
    file = tmp_path / "file"
    file.write_text("mine")
    for out in (full, file):
        with pytest.raises(ValueError, match="not an empty folder"):
            simulate(out, shipments=1_000, seed=1)
    assert (full / "declarations.csv").read_text() == "mine"
    assert file.read_text() == "mine"


def test_an_empty_folder_and_missing_parents_will_do(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    simulate(empty, shipments=1_000, seed=1)
    simulate(tmp_path / "a" / "b", shipments=1_000, seed=1)
    assert contents(empty) == contents(tmp_path / "a" / "b")
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_nothing_half_written_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Writer.write_week
    weeks = 0

    def fails_in_the_third_week(self: Writer, *args: object) -> None:
        nonlocal weeks
        weeks += 1
        if weeks == 3:
            raise OSError(28, "No space left on device")
        real(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Writer, "write_week", fails_in_the_third_week)
    with pytest.raises(OSError, match="No space left"):
        simulate(tmp_path / "world", shipments=1_000, seed=1)
    assert not list(tmp_path.iterdir())
