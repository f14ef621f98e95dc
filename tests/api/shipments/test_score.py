"""Declarations scored over HTTP as they arrive."""

import csv
import json
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import create_app
from api.settings import Settings
from api.shipments import warm as warming
from api.shipments.schemas import MOST
from graph.records import Ref
from graph.store.open import open_store
from graph.store.results import PublishedSet
from targeting import arrivals
from targeting.paths import paths_now
from tests.api.commands import Invented, address, run
from tests.api.jobs.following import over
from tests.api.serving import problem, scored_store, serving, serving_app

ROUTE = "/v1/shipments:score"


@pytest.fixture(scope="module")
def store(invented: Invented, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scored world, with its models; not to be changed."""
    return invented.copy(tmp_path_factory.mktemp("score"))


@pytest.fixture(scope="module")
def file(invented: Invented, store: Path) -> Path:
    """Declarations of its last days: as new ones, one of a new importer, one again, one known, one refused."""
    [found] = invented.folder.rglob("declarations.csv")
    with found.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if not row["selected_by"] and not row["outcome"]][-8:]
    for at, row in enumerate(rows[:6]):
        row.update(declaration_id=f"NEW{at}", accepted_on="2024-04-02")
    rows[1]["importer_id"] = "NOBODY"
    rows += [rows[0], {**rows[2], "hs_code": "12"}]
    path = store.parent / "today.csv"
    with path.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def rows(file: Path) -> list[dict[str, Any]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return [dict(row) for row in csv.DictReader(lines)]


@pytest.fixture(scope="module")
def client(store: Path) -> Iterator[httpx.Client]:
    """A client of a service that is ready to score."""
    with serving(store) as client:
        ready(client)
        yield client


def ask(client: httpx.Client, declarations: Any, **fields: Any) -> httpx.Response:
    return posted(client, json.dumps({"declarations": declarations, **fields}))


def posted(client: httpx.Client, body: str) -> httpx.Response:
    return client.post(ROUTE, content=body, headers={"Content-Type": "application/json"})


def ready(client: httpx.Client, of: str | None = None) -> Any:
    """Wait until a service scores, with the set named; return what it answers."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        answer = ask(client, [])
        if answer.status_code == 200 and of in (None, answer.json()["published"]["id"]):
            return answer.json()
        if answer.status_code != 200:
            assert answer.headers["retry-after"] == "5"
            said = problem(answer, 503, "warming")
            assert "reading the network" in said["detail"]
        time.sleep(0.05)
    raise AssertionError("The service did not become ready.")


def test_the_service_says_what_the_command_says(
    client: httpx.Client, rows: list[dict[str, Any]], file: Path, store: Path
) -> None:
    before = store.read_bytes()
    answer = ask(client, rows)
    assert answer.status_code == 200, answer.text
    told, said = answer.json(), run("arrivals", file, "--json", store=store).json
    # Rows of a file are numbered from 2, those of a request from 0.
    for row in (*told["arrivals"], *told["refused"]):
        row["row"] += 2
        if row.get("repeats") is not None:
            row["repeats"] += 2
    assert said.pop("unknown_columns") == []
    assert told == said
    assert [row["row"] for row in told["arrivals"]] == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert told["arrivals"][1]["unknown"] == ["importer"]
    assert told["arrivals"][8]["repeats"] == 2
    assert told["arrivals"][7]["in_store"]
    assert told["refused"] == [{"row": 11, "rule": "HS code of 6 to 10 digits", "column": "hs_code", "value": "12"}]
    assert store.read_bytes() == before


def test_a_declaration_may_say_no_more_than_it_must(client: httpx.Client, rows: list[dict[str, Any]]) -> None:
    needed = ("declaration_id", "line_no", "accepted_on", "office", "importer_id", "origin_country", "hs_code")
    answer = ask(client, [{name: rows[0][name] for name in (*needed, "customs_value")}])
    assert answer.status_code == 200, answer.text
    [told] = answer.json()["arrivals"]
    assert told["score"] is not None and list(told["parties"]) == ["importer"]


def test_the_source_is_whose_numbering_it_is(client: httpx.Client, rows: list[dict[str, Any]]) -> None:
    [told] = ask(client, rows[:1], source="elsewhere").json()["arrivals"]
    assert told["shipment"].startswith("shipment:elsewhere/NEW0/")
    assert "importer" in told["unknown"]
    for source in ("a b", "a/b", "", "x" * 201):
        problem(ask(client, rows[:1], source=source), 422, "invalid")


def test_numbers_are_taken_and_what_is_none_is_refused(client: httpx.Client, rows: list[dict[str, Any]]) -> None:
    def value(text: str) -> Any:
        body = json.dumps({"declarations": [{**rows[0], "customs_value": "VALUE"}]}).replace('"VALUE"', text)
        answer = posted(client, body)
        assert answer.status_code == 200, answer.text
        assert "NaN" not in answer.text
        return answer.json()

    assert len(value("1234.5")["arrivals"]) == 1
    for text in ("NaN", "Infinity", "-1e999", "true", "[1]", "{}", '"\\ud800"'):
        told = value(text)
        assert told["arrivals"] == []
        [refused] = told["refused"]
        assert (refused["row"], refused["rule"], refused["column"]) == (0, "text or number", "customs_value")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["2024-02-30", "9999-12-31"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_a_column_holds_the_row_is_scored_or_refused(
    client: httpx.Client, rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    columns = st.sampled_from([column for column in rows[0] if column not in ("outcome", "infraction_type")])
    changes = data.draw(st.lists(st.dictionaries(columns, JSON, min_size=1, max_size=3), min_size=1, max_size=3))
    answer = ask(client, [{**rows[0], **change} for change in changes])
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert sorted(row["row"] for row in (*told["arrivals"], *told["refused"])) == list(range(len(changes)))


def test_columns_that_the_format_does_not_name_are_an_error(client: httpx.Client, rows: list[dict[str, Any]]) -> None:
    said = problem(ask(client, [rows[0], {**rows[2], "colour": "red", "\ud800": 1}]), 422, "invalid")
    assert said["errors"][0] == {"where": "body.declarations.colour", "what": "the native format has no such column"}
    assert len(said["errors"]) == 2
    many = {f"x{number:03}": 1 for number in range(500)}
    assert len(problem(ask(client, [many]), 422, "invalid")["errors"]) == 20
    problem(client.post(ROUTE, json={"declarations": [], "mapping": "kcs"}), 422, "invalid")
    problem(client.post(ROUTE, json={"declarations": [], "source": "a"}, params={"reasons": 9}), 422, "invalid")


def test_a_thousand_are_scored_at_once_and_no_more(client: httpx.Client, rows: list[dict[str, Any]]) -> None:
    assert MOST == arrivals.MOST
    many = [{**rows[0], "declaration_id": f"M{number}"} for number in range(MOST)]
    told = ask(client, many).json()
    assert len(told["arrivals"]) == MOST
    assert len({row["score"] for row in told["arrivals"]}) == 1
    problem(ask(client, [*many, rows[0]]), 422, "invalid")
    large = problem(ask(client, [{"goods_description": "x" * 11_000_000}]), 413, "too-large")
    assert "10,485,760" in large["detail"]


def test_many_ask_at_once_and_all_are_told_the_same(client: httpx.Client, rows: list[dict[str, Any]]) -> None:
    told: list[Any] = []

    def one() -> None:
        told.append(httpx.post(f"{client.base_url}{ROUTE}", json={"declarations": rows}, timeout=30).json())

    threads = [threading.Thread(target=one) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [told[0]] * 6
    assert len(told[0]["arrivals"]) == 9


def test_before_anything_is_scored_it_says_what_to_do(loaded: Path) -> None:
    with serving(loaded) as client:
        assert "trained" in problem(ask(client, []), 409, "not-ready")["detail"]


def test_a_new_set_is_used_once_it_is_ready_and_named(store: Path, rows: list[dict[str, Any]], tmp_path: Path) -> None:
    own = Invented(store.parent).copy(tmp_path)
    with serving(own) as client:
        first = ready(client)["published"]
        assert run("score", "--as-of", "2024-03-01", store=own).status == 0
        # The old one goes on answering, by its name, until the new one is there.
        answer = ask(client, rows)
        assert answer.status_code == 200
        with open_store(address(own)) as held:
            published = held.published()
        assert published is not None
        assert published.id != first["id"]
        told = ready(client, published.id)
        assert told["published"]["as_of"] == "2024-03-01"
        assert ask(client, rows).json()["published"]["id"] == published.id
        # The store changes: the set stays, the network is that of now.
        assert run("ingest", store.parent / "today.csv", "--mapping", "native", store=own).status == 0
        until = time.monotonic() + 60
        while ask(client, []).json()["store_version"] == told["store_version"]:
            assert time.monotonic() < until
            time.sleep(0.05)
        assert all(row["in_store"] for row in ask(client, rows).json()["arrivals"])


def test_a_job_that_publishes_makes_it_ready_before_anybody_asks(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Invented(store.parent).copy(tmp_path)
    made: list[str] = []
    warmed = arrivals.warmed

    def noted(published: PublishedSet, *others: Any) -> arrivals.Warm:
        made.append(published.id)
        return warmed(published, *others)

    monkeypatch.setattr(arrivals, "warmed", noted)
    with serving(own) as client:
        ready(client)
        done = over(client, client.post("/v1/jobs", json={"kind": "score", "as_of": "2024-03-01"}).json())
        assert done["state"] == "done", done["error"]
        until = time.monotonic() + 60
        while done["result"]["published"]["id"] not in made:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_a_model_that_is_not_there_is_a_problem_and_tried_again(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warming, "TRY_AGAIN", 0.2)
    own = Invented(store.parent).copy(tmp_path)
    models, away = Path(f"{own}.models"), tmp_path / "away"
    models.rename(away)
    with serving(own) as client:
        until = time.monotonic() + 20
        while (answer := ask(client, [])).status_code == 503:
            assert time.monotonic() < until
            time.sleep(0.05)
        said = problem(answer, 409, "not-ready")
        assert "in the log" in said["detail"]
        assert str(tmp_path) not in answer.text
        assert client.get("/livez").status_code == 200
        shutil.copytree(away, models)
        while (answer := ask(client, [])).status_code != 200:
            assert time.monotonic() < until + 40
            time.sleep(0.05)


def test_a_fault_while_it_is_made_is_a_problem_and_tried_again(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warming, "TRY_AGAIN", 0.2)
    whole, tries = arrivals.warmed, []

    def faulty(*given: Any) -> Any:
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise MemoryError("secret")
        return whole(*given)

    monkeypatch.setattr(arrivals, "warmed", faulty)
    with serving(store) as client:
        told = set()
        until = time.monotonic() + 60
        while (answer := ask(client, [])).status_code != 200:
            told.add(problem(answer, 503, "warming")["detail"])
            assert "secret" not in answer.text
            assert time.monotonic() < until
            time.sleep(0.02)
    assert len(tries) == 2
    assert tries[1] - tries[0] >= 0.2
    assert any("could not be made ready" in detail for detail in told)


def test_the_store_goes_away_and_comes_back(store: Path, tmp_path: Path) -> None:
    own = Invented(store.parent).copy(tmp_path)
    with serving(own) as client:
        ready(client)
        own.rename(tmp_path / "away.db")
        problem(ask(client, []), 503, "unavailable")
        (tmp_path / "away.db").rename(own)
        until = time.monotonic() + 20
        while ask(client, []).status_code != 200:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_a_service_ends_while_it_reads_the_network(store: Path) -> None:
    begun = time.monotonic()
    with serving(store) as client:
        ask(client, [])
    assert time.monotonic() - begun < 15


def test_paths_are_found_in_the_network_that_is_ready(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(Settings(store=address(store)))
    with serving_app(app) as client, open_store(address(store)) as held, held.reading() as view:
        ready(client)
        published = view.published()
        assert published is not None
        refs = [Ref("Trader", "native/nobody"), Ref("Address", "x")]
        for table in ("entity", "shipment"):
            found = [row for batch in view.results(table, limit=2_000) for row in batch.to_pylist() if row["linked"]]
            assert found
            refs += [
                Ref(row["type"], row["key"]) if table == "entity" else Ref("Shipment", row["shipment"])
                for row in (*found[:3], *found[-3:])
            ]
        wanted = [paths_now(view, ref, published.as_of) for ref in refs]
        assert sum(told is not None and bool(told["paths"]) for told in wanted) >= 10
        find = warming.find_paths(app)
        with monkeypatch.context() as patched:
            patched.setattr("targeting.paths.snapshot", lambda store: pytest.fail("the store was read"))
            assert [find(view, ref, published.as_of) for ref in refs] == wanted
    scored = scored_store(store.parent, "other.db")
    other = create_app(Settings(store=address(scored)))
    with open_store(address(scored)) as held, held.reading() as view:
        published = view.published()
        assert published is not None
        trader = Ref("Trader", "native/I1")
        # Nothing is ready here, and reading the whole network is no matter of a request.
        assert paths_now(view, trader, published.as_of) is not None
        assert warming.find_paths(other)(view, trader, published.as_of) is None
