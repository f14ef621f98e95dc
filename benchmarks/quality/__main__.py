"""The three signals in docs/quality.md, measured from the shared data and the generator, and the page itself.

    python -m benchmarks.quality                     # all parts, and the page
    python -m benchmarks.quality kcs                 # one part again, and the page with it
    python -m benchmarks.quality --page              # the page alone, of what was measured before

Each part writes its figures to FOLDER/PART.json. The data lie in `TIDEWAITER_DATA`.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from api.settings import load_settings
from benchmarks.pipeline import SEED
from benchmarks.quality import communities, control, fidelity, hiding, kcs, page, plain_graph, relational, worlds
from benchmarks.quality.figures import write_json

Say = Callable[[str], None]


def _tolokers(data: Path, folder: Path, seed: int, say: Say) -> dict[str, Any]:
    del folder
    return plain_graph.measure(plain_graph.read(data / "tolokers" / "tolokers.npz"), seed, say)[1]


PARTS: Mapping[str, Callable[[Path, Path, int, Say], dict[str, Any]]] = {
    "kcs": kcs.measure,
    "worlds": worlds.measure,
    "relational": relational.measure,
    "hiding": hiding.measure,
    "control": control.measure,
    "fidelity": fidelity.measure,
    "tolokers": _tolokers,
    "communities": communities.measure,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; by default all")
    parser.add_argument("--folder", type=Path, default=Path("build/quality"), help="of the figures")
    parser.add_argument("--output", type=Path, default=Path("docs/quality.md"), help="the page")
    parser.add_argument("--page", action="store_true", help="measure nothing")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args(arguments)
    unknown = [part for part in asked.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]!r}; there are {', '.join(PARTS)}")
    asked.folder.mkdir(parents=True, exist_ok=True)
    for part in () if asked.page else asked.parts or PARTS:
        with tempfile.TemporaryDirectory() as scratch:
            report = PARTS[part](load_settings().data, Path(scratch), asked.seed, _saying(part))
        write_json(asked.folder / f"{part}.json", report)
    missing = [part for part in PARTS if not (asked.folder / f"{part}.json").exists()]
    if missing:
        sys.exit(f"The page was not written: {', '.join(missing)} was never measured.")
    reports = {part: json.loads((asked.folder / f"{part}.json").read_text()) for part in PARTS}
    asked.output.write_text(page.written(reports), encoding="utf-8")


def _saying(part: str) -> Say:
    return lambda text: print(f"{part}: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
