"""How soon the HTML view can be used: from the asking for the file to the picture with everything in it.

    python -m benchmarks.view                      # 2,000 things, as many as a view may have
    python -m benchmarks.view --things 500

Chromium is needed. A made-up portion is written as a view and opened again and again, each time in a fresh window and
after an empty page, whose time tells how busy the machine is: the ratio of the two says more than the seconds.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, sync_playwright

from api.exports.formats.html import write
from tests.api.exports.view.portions import HEADING, many
from tests.browser.plugin import NAMES, find

_EMPTY = "<!DOCTYPE html><title>Empty</title><p id='picture' data-drawn>Nothing</p>"
_DRAWN = "#picture[data-drawn]"
# A first window pays for what all others find ready.
_WARM = 1


class Opening(NamedTuple):
    """Milliseconds to open an empty page and the view, one after the other, and the load average then."""

    empty: float
    view: float
    load: float


def opening(browser: Browser, path: Path) -> float:
    """Return the milliseconds until a page in a fresh window has been drawn."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        start = time.perf_counter()
        page.goto(path.as_uri())
        page.wait_for_selector(_DRAWN)
        return 1000 * (time.perf_counter() - start)


def measure(view: Path, chromium: str, rounds: int) -> Iterator[Opening]:
    """Open an empty page and the view so many times."""
    empty = view.with_name("empty.html")
    empty.write_text(_EMPTY, encoding="utf-8")
    with sync_playwright() as playwright:
        # Chromium's sandbox does not work for root.
        browser = playwright.chromium.launch(executable_path=chromium, chromium_sandbox=os.geteuid() != 0)
        for at in range(_WARM + rounds):
            opened = Opening(opening(browser, empty), opening(browser, view), os.getloadavg()[0])
            if at >= _WARM:
                yield opened
        browser.close()


def row(things: int, links: int, openings: Sequence[Opening]) -> str:
    """Return the medians, the extremes and the ratio as Markdown."""
    view, empty = ([each[at] for each in openings] for at in (1, 0))
    loads = [each.load for each in openings]
    ratio = statistics.median(view) / statistics.median(empty)
    head = (
        "| things | links | view ms | least | most | empty page ms | ratio | load |\n|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    return (
        f"{head}\n| {things:,} | {links:,} | {statistics.median(view):,.0f} | {min(view):,.0f} | {max(view):,.0f} | "
        f"{statistics.median(empty):,.0f} | {ratio:.1f} | {min(loads):.1f} to {max(loads):.1f} |"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--things", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args(arguments)
    chromium = find()
    if chromium is None:
        sys.exit(f"None of {', '.join(NAMES)} is on the PATH: install chromium.")
    portion = many(options.things)
    with tempfile.TemporaryDirectory() as folder:
        [view] = write(portion, Path(folder), HEADING)
        openings = list(measure(view, chromium, options.rounds))
    print(row(portion.node_count, portion.edge_count, openings))


if __name__ == "__main__":
    main()
