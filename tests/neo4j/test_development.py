import stat
import subprocess
from pathlib import Path

import pytest

from tests.neo4j.development import start_for_development
from tests.neo4j.server import kill


@pytest.mark.slow
def test_sourcing_the_file_is_all_there_is_to_do(neo4j_needed: None, tmp_path: Path) -> None:
    try:
        server = start_for_development(tmp_path, port=20_687)
        assert start_for_development(tmp_path, port=20_687) == server
    finally:
        kill(tmp_path / "home")
    assert server.address == "neo4j://127.0.0.1:20687"
    assert stat.S_IMODE((tmp_path / "env").stat().st_mode) == 0o600
    tell = '. ./env; printf "%s\\n" "$TIDEWAITER_STORE" "$TIDEWAITER_NEO4J_PASSWORD"'
    told = subprocess.run(["sh", "-c", tell], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert told.splitlines() == [server.address, server.password]
