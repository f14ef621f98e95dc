"""The notebooks: stored without outputs, and every one of them runs."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
# In a process of its own, where the warnings of Jupyter's own libraries are no errors.
RUN = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""


def cells(path: Path) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return listed


def test_there_are_the_three() -> None:
    names = [path.stem for path in NOTEBOOKS]
    assert names == ["compare_with_baselines", "explore_a_network", "from_file_to_score"]
    page = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    assert all(f"({path.name})" in page for path in NOTEBOOKS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_they_are_stored_without_outputs(path: Path) -> None:
    for cell in cells(path):
        assert cell.get("outputs", []) == [] and cell.get("execution_count") is None, "clear all outputs before storing"


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_they_run_to_their_end(path: Path, tmp_path: Path) -> None:
    folders = {
        name: str(tmp_path / name) for name in ("HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR", "TMPDIR")
    }
    for folder in folders.values():
        Path(folder).mkdir()
    environment = {**os.environ, **folders, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"}
    done = tmp_path / "done.ipynb"
    ran = subprocess.run(
        [sys.executable, "-c", RUN, str(path), str(done)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    outputs = [output for cell in cells(done) for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert any("text/html" in output.get("data", {}) for output in outputs)
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert not list((tmp_path / "TMPDIR").glob("tmp*/world.db")), "the notebook leaves its world behind"
