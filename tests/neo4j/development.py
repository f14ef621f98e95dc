"""The server of `make neo4j` and `make neo4j-stop`, for development."""

import os
import sys
from pathlib import Path

from tests.neo4j.jars import FOLDER, Neo4jMissingError
from tests.neo4j.server import Server, ServerError, start, stop

PORT = 7687


def start_for_development(folder: Path = FOLDER, port: int = PORT) -> Server:
    """Start the server, or find it running, and write beside it what a shell needs to point Tidewaiter at it.

    Raises:
        Neo4jMissingError: Java, Maven or the jars are not there.
        ServerError: the port is taken, or the server did not come up.
    """
    server = start(folder / "home", port=port)
    with open(folder / "env", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(f"export TIDEWAITER_STORE={server.address}\n")
        file.write(f"export TIDEWAITER_NEO4J_PASSWORD={server.password}\n")
    return server


def shown(path: Path) -> str:
    """Return a path as it is shortest from here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def main() -> None:
    """Do what the one argument says: `start` or `stop`."""
    try:
        if sys.argv[1:] == ["stop"]:
            print("Neo4j has stopped." if stop(FOLDER / "home") else "No Neo4j was running.")
            return
        server = start_for_development()
    except (Neo4jMissingError, ServerError) as error:
        sys.exit(str(error))
    print(f"Neo4j answers at {server.address}; its data are in {shown(server.home)}.")
    print(f"To point Tidewaiter at it:  . {shown(FOLDER / 'env')}")
    print("To stop it:                 make neo4j-stop")


if __name__ == "__main__":
    main()
