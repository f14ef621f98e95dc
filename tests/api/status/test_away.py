"""The store goes away, is replaced, comes back; the service lives on."""

import threading
from pathlib import Path

import httpx

from tests.api.commands import small
from tests.api.serving import problem, publish, scored_store, serving
from tests.api.shipments.test_queue import YEAR


def test_a_healthy_service_says_what_it_holds(service: httpx.Client) -> None:
    assert service.get("/livez").json() == service.get("/readyz").json() == {"status": "ok"}
    status = service.get("/v1/status").json()
    assert status["store_version"] == 1
    assert (status["batches"], status["rows_loaded"], status["rows_quarantined"]) == (1, 40, 1)
    assert (status["published"]["id"], status["changed_since"], status["running"]) == ("set1", False, None)


def test_a_store_may_be_away_at_the_start_and_later(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    kept = scored_store(elsewhere)
    store = tmp_path / "store.db"
    with serving(store) as client:
        for _ in range(2):
            assert client.get("/livez").status_code == 200
            problem(client.get("/readyz"), 503, "unavailable")
            problem(client.get("/v1/shipments", params=YEAR), 503, "unavailable")
            kept.rename(store)
            wait_until_ready(client)
            assert client.get("/v1/shipments", params=YEAR).json()["total"] == 30
            store.rename(kept)
            for left in tmp_path.glob("store.db-*"):
                left.unlink()


def test_a_store_that_is_replaced_is_the_new_one(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    store, new = scored_store(tmp_path), scored_store(other)
    publish(new, "new")
    with serving(store) as client:
        assert client.get("/v1/status").json()["published"]["id"] == "set1"
        for left in tmp_path.glob("scored.db-*"):
            left.unlink()
        new.replace(store)
        assert client.get("/v1/status").json()["published"]["id"] == "new"


def test_what_is_no_store_is_not_ready(tmp_path: Path) -> None:
    store = small(tmp_path)
    with serving(store) as client:
        problem(client.get("/readyz"), 503, "unavailable")
        assert client.get("/livez").status_code == 200


def wait_until_ready(client: httpx.Client) -> None:
    for _ in range(100):
        if client.get("/readyz").status_code == 200:
            return
        threading.Event().wait(0.05)
    raise AssertionError("it did not recover")


def test_readers_see_one_set_or_the_other_while_sets_are_published(tmp_path: Path) -> None:
    store = scored_store(tmp_path)
    wrong: list[object] = []
    ended = threading.Event()
    with serving(store) as client:

        def read() -> None:
            with httpx.Client(base_url=client.base_url, timeout=30) as own:
                while not ended.is_set():
                    answer = own.get("/v1/shipments", params={**YEAR, "limit": 1})
                    said = answer.json()
                    name = said.get("published", {}).get("id", "")
                    # The score tells which set a row is of.
                    if (
                        answer.status_code != 200
                        or abs(said["items"][0]["score"] - float(name[3:]) / 100 - 0.88) > 1e-9
                    ):
                        wrong.append(said)

        readers = [threading.Thread(target=read) for _ in range(8)]
        publish(store, "set1", 0.0)
        for reader in readers:
            reader.start()
        for number in range(2, 9):
            publish(store, f"set{number}", number / 100 - 0.01)
        ended.set()
        for reader in readers:
            reader.join()
    assert wrong == []
