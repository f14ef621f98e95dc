"""What the service costs to import: nobody who asks pays for learning, and nothing is opened."""

import json
import subprocess
import sys
from pathlib import Path

from tests.api.test_process import HEAVY


def test_the_service_is_there_without_learning_and_opens_nothing(tmp_path: Path) -> None:
    code = (
        "import json, sys\nfrom api.app import create_app\nfrom api.settings import Settings\n"
        f"create_app(Settings(store='sqlite:///{tmp_path}/store.db'))\n"
        f"print(json.dumps(sorted({HEAVY!r} & set(sys.modules))))"
    )
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert json.loads(ran.stdout) == []
    assert list(tmp_path.iterdir()) == []
