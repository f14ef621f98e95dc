"""The OpenAPI document and the page that is written from it."""

import json
from html.parser import HTMLParser
from pathlib import Path

import httpx

from api.app import create_app
from api.http.document import document
from api.http.rights import RIGHTS
from api.reference.page import page
from api.settings import Settings
from api.text import as_json

ROOT = Path(__file__).parents[3]


def test_the_committed_document_is_that_of_the_service(service: httpx.Client) -> None:
    committed = (ROOT / "docs" / "openapi.json").read_text("utf-8")
    assert committed == as_json(document(create_app(Settings(store="memory:")))) + "\n", "run `make docs`"
    assert service.get("/openapi.json").json() == json.loads(committed)


def test_every_route_is_described_and_on_the_page_for_integrators() -> None:
    described = document(create_app(Settings(store="memory:")))["paths"]
    text = (ROOT / "docs" / "service.md").read_text("utf-8").partition("\n## Answers")[0]
    for (method, path), right in RIGHTS.items():
        operation = described[path][method.lower()]
        assert operation["x-right"] == right
        assert {"422", "500", "503"} <= set(operation["responses"])
        [line] = [line for line in text.splitlines() if line.startswith("| `") and f"`{method} {path}`" in line]
        assert line.endswith(f"| {right} |")


class _Loaded(HTMLParser):
    """What a page loads, runs or leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "style", "iframe", "img", "object", "form", "base")
        for name, value in attrs:
            assert not name.startswith("on")
            assert name != "style"
            if name in ("href", "src"):
                self.found.append((tag, value or ""))


def test_the_page_needs_nothing_from_elsewhere(service: httpx.Client) -> None:
    answer = service.get("/docs")
    assert answer.headers["content-type"].startswith("text/html")
    loaded = _Loaded()
    loaded.feed(answer.text)
    assert loaded.found == [("link", "/docs/style.css"), ("a", "/openapi.json")]
    for method, path in RIGHTS:
        assert f"<code>{method} {path}</code>" in answer.text
    style = service.get("/docs/style.css")
    assert style.headers["content-type"].startswith("text/css")
    assert "url(" not in style.text
    assert "@import" not in style.text


def test_text_of_the_document_stays_text() -> None:
    described = document(create_app(Settings(store="memory:")))
    hostile = json.loads(json.dumps(described).replace("Cancel a job", "<script>alert(1)</script> & Cancel"))
    shown = page(hostile)
    assert "<script" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Cancel" in shown
