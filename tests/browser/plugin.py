"""The browser of a test: Debian's Chromium, as people have it, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.opened import Opened
from tests.required import missing

# `chromium` is Debian's and Fedora's name, the others are those of Arch, of Ubuntu and of Google's own package.
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find() -> str | None:
    """Return the path of the first Chromium there is."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="module")
def browser(pytestconfig: pytest.Config) -> Iterator[Browser]:
    """A browser for the tests of one file: while Playwright is there, its event loop keeps out all others."""
    path = find()
    if path is None:
        missing(
            pytestconfig,
            "chromium",
            f"none of {', '.join(NAMES)} is on the PATH: install chromium (Debian, Ubuntu: `apt-get install chromium`; "
            "macOS: `brew install chromium`).",
        )
    # Chromium's sandbox does not work for root, which is what a container of CI runs as.
    sandboxed = os.geteuid() != 0
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, chromium_sandbox=sandboxed)
        yield started
        started.close()


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opened]:
    """A fresh window that notes what its page asks for, complains of, and says."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield Opened(context.new_page())
    context.close()
