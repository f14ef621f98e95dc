"""Who may ask: names of the service, and no other site for a change."""

from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.settings import Settings
from tests.api.commands import address
from tests.api.serving import problem, serving_app


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "[::1]:8000"])
def test_names_of_this_machine_are_known(service: httpx.Client, host: str) -> None:
    assert service.get("/livez", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "127.0.0.2", "", "localhost:x", "a b"]
)
def test_other_names_are_refused(service: httpx.Client, host: str) -> None:
    problem(service.get("/livez", headers={"Host": host}), 421, "other-host")


def test_further_names_are_a_setting(tmp_path: Path) -> None:
    settings = Settings(store=address(tmp_path / "none.db"), allowed_hosts="customs.example, other.example")
    with serving_app(create_app(settings)) as client:
        for host, status in (("customs.example:8000", 200), ("other.example", 200), ("third.example", 421)):
            assert client.get("/livez", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost:1"},
    ],
)
def test_another_site_changes_nothing(service: httpx.Client, headers: dict[str, str]) -> None:
    answer = service.post("/v1/jobs", json={"kind": "train"}, headers={"Host": "localhost", **headers})
    problem(answer, 403, "other-site")
    assert service.get("/v1/jobs").json()["total"] == 0


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://localhost"}],
)
def test_own_pages_and_programs_may_ask_for_changes(service: httpx.Client, headers: dict[str, str]) -> None:
    # What is wrong with it is told only to whom it may be told.
    answer = service.post("/v1/jobs", json={"kind": "nope"}, headers={"Host": "localhost", **headers})
    problem(answer, 422, "invalid")


def test_reading_across_sites_is_left_to_the_browser(service: httpx.Client) -> None:
    answer = service.get("/v1/status", headers={"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


def test_every_answer_has_the_headers(service: httpx.Client) -> None:
    for answer in (service.get("/livez"), service.get("/nope"), service.get("/docs"), service.put("/v1/jobs")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "server" not in answer.headers
