"""The process in which one job runs: `python -m api.jobs.child`, started by the service alone.

It reads one line of JSON with settings and job from standard input, and writes lines of JSON with its progress, and at
the end its result or error, to standard output. Standard input stays open as long as the service lives: when it ends,
however that comes about, so does this process.
"""

import json
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ORPHANED = 3
"""Exit status of a job whose service is gone."""


def main() -> None:
    """Run the job that standard input describes."""
    told = json.loads(sys.stdin.readline())
    # What libraries print must not come between the lines.
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    threading.Thread(target=_end_with_the_service, daemon=True).start()
    lock = threading.Lock()

    def tell(**said: Any) -> None:
        from api.text import plain

        with lock:
            output.write(json.dumps(plain(said)) + "\n")
            output.flush()

    def report(**said: Any) -> None:
        tell(progress={name: value for name, value in said.items() if value is not None})

    try:
        tell(result=_done(told, report))
    except Exception as error:
        from api.commands.errors import ending

        expected = ending(error)
        if expected is None:
            tell(error=f"The job made a mistake ({type(error).__name__}); its cause is in the log of the service.")
            raise
        tell(error=expected.message.replace(f"{told['folder']}/", ""))


def _done(told: Mapping[str, Any], report: Any) -> Mapping[str, Any]:
    from api.jobs.work import WORK
    from api.settings import Settings

    settings = Settings(**told["settings"])
    return WORK[told["kind"]](settings, told["asked"], Path(told["folder"]), report)


def _end_with_the_service() -> None:
    while sys.stdin.readline():
        pass
    os._exit(ORPHANED)


if __name__ == "__main__":
    main()
