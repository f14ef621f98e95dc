"""Hand-overs over HTTP, on a socket."""

import json
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.exports import endpoints
from api.exports.register import HandOver, Register, Stale
from graph.store.base import GraphStore
from tests.api.commands import declaration, run, write
from tests.api.jobs.following import over
from tests.api.serving import problem, scored_store, serving

TERMS = {"recipient": "Customs of Y", "purpose": "case 7", "expires_on": "2999-01-01", "formats": ["csv"]}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return scored_store(tmp_path)


@pytest.fixture
def client(store: Path) -> Iterator[httpx.Client]:
    with serving(store) as client:
        yield client


def export(client: httpx.Client, **asked: object) -> Any:
    """Have something exported, and return the job when it is over."""
    answer = client.post("/v1/exports", json={**TERMS, **asked})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['id']}"
    return over(client, answer.json())


def test_a_package_is_written_listed_fetched_and_verified(client: httpx.Client, store: Path, tmp_path: Path) -> None:
    around = {"starts": ["I1"], "limit": 5, "links": ["IMPORTED_BY"], "order": "riskiest"}
    path = {"sources": ["trader:I1"], "targets": ["I2"], "limit": 1}
    done = export(client, things=["D3/1"], around=around, path=path, community="c1", behind="D2/1")
    assert (done["state"], done["error"], done["kind"]) == ("done", None, "export")
    assert done["asked"]["things"] == ["shipment:native/D3/1"]
    made = done["result"]
    [line] = client.get("/v1/exports").json()["items"]
    assert (line["manifest_sha256"], line["package"], line["tlp"]) == (made["manifest_sha256"], True, "TLP:AMBER")
    assert line["things"] == made["manifest"]["counts"]["things"]
    fetched = client.get(f"/v1/exports/{line['manifest_sha256']}/package")
    assert fetched.headers["content-type"] == "application/zip"
    assert "attachment" in fetched.headers["content-disposition"]
    with zipfile.ZipFile(BytesIO(fetched.content)) as archive:
        assert json.loads(archive.read("manifest.json")) == made["manifest"]
        rows = archive.read("nodes.csv").decode()
    for key in ("native/D3/1", "native/D2/1", "native/I1", "native/I2"):
        assert key in rows
    kept = tmp_path / "fetched.zip"
    kept.write_bytes(fetched.content)
    assert run("export", "verify", kept).status == 0
    # Both ways to hand over share one register.
    assert len(run("export", "list", "--json", store=store).json) == 1
    [package] = (tmp_path / "scored.db.handovers" / "packages").iterdir()
    assert package.stat().st_mode & 0o077 == 0


def test_the_register_is_searched_in_pages(client: httpx.Client) -> None:
    for number in range(3):
        export(client, things=[f"D{number}/1"], recipient=f"Agency {number}")
    first = client.get("/v1/exports?limit=2").json()
    rest = client.get("/v1/exports", params={"limit": 2, "after": first["next"]}).json()
    told = [line["recipient"] for line in first["items"] + rest["items"]]
    assert told == ["Agency 2", "Agency 1", "Agency 0"]
    assert (first["total"], rest["total"], rest["next"]) == (3, 3, None)
    names = ("D1/1", "native/D1/1", "shipment:D1/1", "shipment:native/D1/1")
    for query in (*({"thing": name} for name in names), {"recipient": "agency 1"}):
        found = client.get("/v1/exports", params=query).json()
        assert ([line["recipient"] for line in found["items"]], found["total"]) == (["Agency 1"], 1)
    gone = client.get("/v1/exports", params={"thing": "shipment:native/gone"}).json()
    assert gone == {"items": [], "total": 0, "next": None}
    problem(client.get("/v1/exports?thing=nobody"), 404, "not-found")


def test_what_has_changed_since_is_told(client: httpx.Client, store: Path, tmp_path: Path) -> None:
    export(client, things=["D1/1"])
    export(client, things=["D2/1"], recipient="Agency B")
    unchanged = {"items": [], "too_large": [], "looked_through": 2, "registered": 2, "next": None}
    assert client.get("/v1/exports/stale").json() == unchanged
    amend(store, tmp_path, 2)
    told = client.get("/v1/exports/stale").json()
    [one] = told["items"]
    assert (one["export"]["recipient"], one["changed"]) == ("Agency B", ["shipment:native/D2/1"])
    assert (one["changed_count"], one["gone"], one["gone_count"]) == (1, [], 0)


def amend(store: Path, folder: Path, number: int) -> None:
    path = write(folder / "amended.csv", [declaration(number, "I3", accepted_on="2024-12-01", customs_value=9)])
    assert run("ingest", path, "--mapping", "native", store=store).status == 0


def test_a_page_compares_only_what_it_looks_through(
    client: httpx.Client, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        export(client, things=[f"D{number}/1"], recipient=f"Agency {number}")
    amend(store, tmp_path, 1)
    compared: list[str] = []
    changes = Register.changes

    def counted(register: Register, view: GraphStore, line: HandOver) -> Stale | None:
        compared.append(line.recipient)
        return changes(register, view, line)

    monkeypatch.setattr(Register, "changes", counted)
    found, after, pages = [], None, 0
    while pages == 0 or after is not None:
        page = client.get("/v1/exports/stale", params={"limit": 2, **({"after": after} if after else {})}).json()
        found += [one["export"]["recipient"] for one in page["items"]]
        assert (page["looked_through"], page["registered"]) == (2 if pages < 2 else 1, 5)
        after, pages = page["next"], pages + 1
    assert (found, pages) == (["Agency 1"], 3)
    assert compared == [f"Agency {number}" for number in (4, 3, 2, 1, 0)]


def test_a_page_compares_no_more_things_than_it_may(
    client: httpx.Client, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for things in (["D1/1"], ["D1/1", "D2/1", "D3/1"], ["D1/1", "D2/1"], ["D1/1"]):
        export(client, things=things)
    amend(store, tmp_path, 1)
    monkeypatch.setattr(endpoints, "COMPARED", 2)
    pages: list[Any] = [client.get("/v1/exports/stale").json()]
    while pages[-1]["next"]:
        pages.append(client.get("/v1/exports/stale", params={"after": pages[-1]["next"]}).json())
    assert [[one["export"]["things"] for one in page["items"]] for page in pages] == [[1], [2], [1]]
    assert [[one["things"] for one in page["too_large"]] for page in pages] == [[], [3], []]


def test_without_names_the_package_and_its_manifest_have_none(client: httpx.Client) -> None:
    made = export(client, around={"starts": ["I1"], "limit": 3}, non_nominal=True)["result"]
    fetched = client.get(f"/v1/exports/{made['manifest_sha256']}/package")
    with zipfile.ZipFile(BytesIO(fetched.content)) as archive:
        for name in ("manifest.json", "nodes.csv", "links.csv"):
            assert "native/I1" not in archive.read(name).decode()


@pytest.mark.parametrize(
    ("asked", "status", "kind"),
    [
        ({}, 422, "invalid"),
        ({"things": ["D1/1"], "expires_on": "2001-01-01"}, 422, "invalid"),
        ({"things": ["D1/1"], "formats": ["exe"]}, 422, "invalid"),
        ({"things": ["D1/1"], "recipient": "  "}, 422, "invalid"),
        ({"things": ["D1/1"], "tlp": "PURPLE"}, 422, "invalid"),
        ({"things": ["D1/1"], "output": "/etc/passwd"}, 422, "invalid"),
        ({"path": {"sources": ["I1"], "targets": ["I2"], "hops": 7}}, 422, "invalid"),
        ({"around": {"starts": ["I1"], "limit": 1_000_000}}, 422, "invalid"),
        ({"things": ["'}) DETACH DELETE n //"]}, 404, "not-found"),
        ({"behind": "trader:I1"}, 404, "not-found"),
        ({"community": "c9"}, 404, "not-found"),
    ],
)
def test_what_cannot_be_handed_over_is_refused(
    service: httpx.Client, asked: dict[str, object], status: int, kind: str
) -> None:
    problem(service.post("/v1/exports", json={**TERMS, **asked}), status, kind)


def test_a_job_that_fails_says_why_and_leaves_nothing(client: httpx.Client, tmp_path: Path) -> None:
    failed = export(client, path={"sources": ["I1"], "targets": ["I2"], "links": ["OWNED_BY"]})
    assert (failed["state"], failed["result"]) == ("failed", None)
    assert "no path" in failed["error"]
    assert not [*(tmp_path / "scored.db.handovers" / "packages").iterdir()]
    export(client, things=["D1/1"])
    (tmp_path / "scored.db.handovers" / "signing.key").chmod(0o644)
    unsafe = export(client, things=["D1/1"])
    assert "chmod 600" in unsafe["error"]
    assert str(tmp_path) not in unsafe["error"]
    assert client.get("/v1/exports").json()["total"] == 1


@pytest.mark.parametrize(
    ("name", "status"),
    [("0" * 64, 404), ("..%2f..%2fsigning.key", 404), ("signing.key", 422), ("%2e%2e", 422)],
)
def test_a_package_that_is_not_kept_is_not_found(service: httpx.Client, name: str, status: int) -> None:
    problem(service.get(f"/v1/exports/{name}/package"), status, "not-found" if status == 404 else "invalid")


def test_what_an_ended_job_left_is_removed(client: httpx.Client, tmp_path: Path) -> None:
    packages = tmp_path / "scored.db.handovers" / "packages"
    packages.mkdir(parents=True)
    (packages / f".{'a' * 32}.zip.partial").write_bytes(b"PK")
    (packages / f"{'a' * 32}.zip").write_bytes(b"PK")
    made = export(client, things=["D1/1"])["result"]
    assert [path.name for path in packages.iterdir()] == [f"{made['manifest_sha256']}.zip"]


def expire(register: Path, manifest: str) -> None:
    """Set the last day of use of a hand-over to one that is over."""
    with closing(sqlite3.connect(register)) as database, database:
        database.execute("UPDATE handover SET expires_on = '2001-01-01' WHERE manifest = ?", (manifest,))


def test_an_expired_package_is_kept_no_more_and_its_line_is(client: httpx.Client, store: Path) -> None:
    handovers = Path(f"{store}.handovers")
    old, young = (export(client, things=[thing])["result"]["manifest_sha256"] for thing in ("D1/1", "D2/1"))
    expire(handovers / "register.db", old)
    told = problem(client.get(f"/v1/exports/{old}/package"), 410, "expired")
    assert "2001-01-01" in told["detail"]
    assert client.get(f"/v1/exports/{young}/package").status_code == 200
    lines = {line["manifest_sha256"]: line["package"] for line in client.get("/v1/exports").json()["items"]}
    assert lines == {old: False, young: True}
    assert [path.stem for path in (handovers / "packages").iterdir()] == [young]


@pytest.mark.parametrize("when", ["start", "export", "list"])
def test_expired_packages_are_removed(store: Path, when: str) -> None:
    packages = Path(f"{store}.handovers") / "packages"
    with serving(store) as client:
        old = export(client, things=["D1/1"])["result"]["manifest_sha256"]
        expire(packages.parent / "register.db", old)
        assert [path.stem for path in packages.iterdir()] == [old]
        if when == "export":
            young = export(client, things=["D2/1"])["result"]["manifest_sha256"]
            assert [path.stem for path in packages.iterdir()] == [young]
        elif when == "list":
            assert client.get("/v1/exports").json()["total"] == 1
            assert not [*packages.iterdir()]
    if when == "start":
        with serving(store):
            assert not [*packages.iterdir()]


def test_the_service_starts_where_its_register_cannot_be_read(store: Path) -> None:
    with serving(store) as client:
        export(client, things=["D1/1"])
    Path(f"{store}.handovers/register.db").write_bytes(b"damaged " * 1_000)
    with serving(store) as client:
        assert client.get("/livez").status_code == 200
