"""The jars of Neo4j, which Maven fetches once, and the Java that runs them."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.neo4j.locking import locked

FOLDER = Path(__file__).parents[2] / ".neo4j"
"""What is Neo4j's in a checkout, and ignored by git: the jars, and the server of `make neo4j`."""

POM = Path(__file__).with_name("pom.xml")
OLDEST_JAVA = 17


class Neo4jMissingError(RuntimeError):
    """What a Neo4j server needs is not on this machine; the text is one sentence that says how to have it."""


def java() -> str:
    """Find Java: where JAVA_HOME says, else on the PATH.

    Raises:
        Neo4jMissingError: there is none, or it is too old.
    """
    home = os.environ.get("JAVA_HOME")
    path = shutil.which(str(Path(home, "bin", "java")) if home else "java")
    said = subprocess.run([path, "-version"], capture_output=True, text=True, check=False).stderr if path else ""
    version = re.search(r'version "(\d+)', said)
    if path and version and int(version[1]) >= OLDEST_JAVA:
        return path
    found = f"Java {version[1]}" if version else "none"
    raise Neo4jMissingError(
        f"Neo4j needs Java {OLDEST_JAVA} or newer, and {found} was found: install default-jre-headless (Debian, "
        "Ubuntu) or openjdk (Homebrew), or set JAVA_HOME to the folder of one."
    )


def jars(folder: Path = FOLDER / "jars") -> Path:
    """Return the folder with the jars that `pom.xml` names; Maven fetches them if they are not there yet.

    Raises:
        Neo4jMissingError: there is no Maven, or it could not fetch them.
    """
    with locked(folder.with_name("jars.lock")):
        stamp = folder / POM.name
        if stamp.exists() and stamp.read_bytes() == POM.read_bytes():
            return folder
        maven = shutil.which("mvn")
        if not maven:
            raise Neo4jMissingError(
                "Neo4j's jars are fetched by Maven, which was not found: install maven (apt-get, brew) and repeat."
            )
        shutil.rmtree(folder, ignore_errors=True)
        goal = ["dependency:copy-dependencies", f"-DoutputDirectory={folder.absolute()}"]
        command = [maven, "--quiet", "--batch-mode", "--file", str(POM), *goal]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        except subprocess.TimeoutExpired:
            raise Neo4jMissingError(
                "Maven did not fetch Neo4j's jars within ten minutes: repeat, it goes on."
            ) from None
        if done.returncode:
            said = (done.stdout + done.stderr).strip().splitlines()
            raise Neo4jMissingError(f"Maven could not fetch Neo4j's jars: {said[0] if said else 'it does not say why'}")
        # Written last, so that what was interrupted is fetched again.
        stamp.write_bytes(POM.read_bytes())
    return folder
