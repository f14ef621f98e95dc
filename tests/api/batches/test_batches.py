"""The ledger and what was refused, over HTTP."""

from pathlib import Path

import httpx
import pytest

from tests.api.commands import declaration, run, write
from tests.api.serving import problem, serving


def test_the_ledger_accounts_for_every_row(service: httpx.Client) -> None:
    listed = service.get("/v1/batches").json()
    [batch] = listed["items"]
    assert listed["total"] == 1
    assert batch["rows_in"] == batch["rows_loaded"] + batch["rows_quarantined"] + batch["rows_duplicate"] == 42
    assert service.get(f"/v1/batches/{batch['id']}").json() == batch
    refused = service.get(f"/v1/batches/{batch['id']}/quarantine").json()
    assert refused["total"] == len(refused["items"]) == batch["rows_quarantined"] == 1
    assert (refused["items"][0]["column"], refused["items"][0]["value"]) == ("hs_code", "84")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_batch_is_not_found(service: httpx.Client, method: str) -> None:
    problem(service.request(method, "/v1/batches/nope"), 404, "not-found")
    problem(service.request(method, "/v1/batches/%27%7D)%20DETACH%20DELETE%20n"), 422, "invalid")
    problem(service.get("/v1/batches/nope/quarantine"), 404, "not-found")


def test_pages_of_refused_rows_and_of_batches(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    for source in ("a", "b", "c"):
        rows = [declaration(number, hs_code="84" if number % 2 else "847130") for number in range(20)]
        path = write(tmp_path / f"{source}.csv", rows)
        assert run("ingest", path, "--mapping", "native", "--source", source, store=store).status == 0
    with serving(store) as client:
        first = client.get("/v1/batches?limit=2").json()
        rest = client.get("/v1/batches", params={"limit": 2, "after": first["next"]}).json()
        assert [batch["source"] for batch in first["items"] + rest["items"]] == ["c", "b", "a"]
        assert (first["total"], rest["total"], rest["next"]) == (3, 3, None)
        quarantine = f"/v1/batches/{rest['items'][0]['id']}/quarantine"
        whole = client.get(quarantine).json()["items"]
        found = []
        query: dict[str, str | int] = {"limit": 3}
        while True:
            page = client.get(quarantine, params=query).json()
            assert page["total"] == 10
            found += page["items"]
            if page["next"] is None:
                break
            query["after"] = page["next"]
        assert found == whole
        assert len(found) == 10
