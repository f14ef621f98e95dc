"""What importing costs and says, in a process of its own."""

import subprocess
import sys

import pytest


def run(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, check=False)


def test_no_module_that_other_layers_import_at_their_top_loads_torch() -> None:
    modules = ("gnn", "gnn.registry", "gnn.tokens", "gnn.features", "gnn.train", "gnn.explain", "gnn.model")
    code = f"import sys, {', '.join(modules)}; print(sorted(m for m in sys.modules if m.partition('.')[0] == 'torch'))"
    done = run(code)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


@pytest.mark.slow
def test_torch_geometric_comes_in_without_a_warning() -> None:
    done = run(
        "import gnn.runtime, sys; gnn.runtime.quiet_import(); print('torch_geometric' in sys.modules)", "-Werror"
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "True", "")
