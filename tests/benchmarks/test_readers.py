import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import pyarrow as pa
import pytest

from api.commands.opening import opened
from api.settings import Settings
from benchmarks import readers
from benchmarks.questions import Question
from benchmarks.service import quantile
from graph.store.base import GraphStore
from graph.store.results import ENTITY_RESULT, SHIPMENT_RESULT, PublishedSet

ASKED = [Question("GET", "/worst"), Question("POST", "/worst", b"{}")]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    chosen = Settings(store=f"sqlite:///{tmp_path / 'store.db'}")
    rows = [{"shipment": f"s/{at}", "source": "s", "score": at / 10, "decided": False} for at in range(1, 6)]
    with opened(chosen, create=True) as store:
        store.publish(
            PublishedSet("first", 0, date(2024, 4, 1)),
            {"shipment": [pa.RecordBatch.from_pylist(rows, schema=SHIPMENT_RESULT)]},
        )
    return chosen


def worst(view: GraphStore) -> list[object]:
    return [row for batch in view.results("shipment", limit=1) for row in batch.to_pylist()]


@contextmanager
def answering(store: GraphStore, *, whole: bool) -> Iterator[int]:
    """Answer with the name of the set and its worst shipment, read at once or one after the other."""

    turn = count()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if whole:
                with store.reading() as view:
                    told = [getattr(view.published(), "id", None), worst(view)]
            else:
                told = [getattr(store.published(), "id", None)]
                # Of different length, so that readers do not all come to be between two answers at the switch.
                time.sleep(0.05 + 0.05 * (next(turn) % 7))
                told.append(worst(store))
            body = json.dumps(told, default=str).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the library calls it so

        def log_message(self, *said: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.slow
@pytest.mark.parametrize("whole", [True, False])
def test_readers_tell_an_answer_that_mixes_two_sets(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    monkeypatch.setattr(readers, "SECONDS", 0.3)
    with opened(settings) as store, answering(store, whole=whole) as port:
        before = worst(store)
        met = readers.switch(settings, port, ASKED, tmp_path, readers=6, seed=1)
        assert met.failed == 0
        assert met.of_old > 0
        assert met.of_new > 0
        assert (met.unlike == 0) is whole
        assert met.answers == len(met.seconds) == met.of_old + met.of_new + met.unlike
        heading = store.published()
        assert heading is not None
        assert (heading.id, worst(store)) == ("first", before)


def test_a_changed_set_has_other_figures_in_another_order() -> None:
    batch = pa.RecordBatch.from_pylist(
        [{"type": "Trader", "key": str(at), "linked": value} for at, value in enumerate((1.5, 0.5, None))],
        schema=ENTITY_RESULT,
    )
    found = readers.turned(batch, ["linked"])
    assert found.schema == batch.schema
    assert found["linked"].to_pylist() == pytest.approx([0.4, 1 / 1.5, None])


def test_quantiles_are_values_that_occurred() -> None:
    values = [float(at) for at in range(100, 0, -1)]
    assert [quantile(values, share) for share in (0.01, 0.5, 0.99, 1.0)] == [1.0, 50.0, 99.0, 100.0]
    assert quantile([7.0], 0.5) == 7.0
