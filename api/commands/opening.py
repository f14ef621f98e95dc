"""Opening the store that a command names, and finding the thing that a bare identifier means."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from api.commands.errors import UsageError

if TYPE_CHECKING:
    from api.settings import Settings
    from graph.records import Ref
    from graph.store.base import GraphStore
    from graph.store.layouts import Migrated
    from graph.store.neo4j import ImportFolder

_CANDIDATES = 20


def is_embedded(address: str) -> bool:
    """Tell whether a store is a file of this machine, not a server."""
    from api.settings import SQLITE

    return address.startswith(SQLITE)


def missing(address: str) -> bool:
    """Tell whether an embedded store has not been made yet."""
    from api.settings import SQLITE

    return is_embedded(address) and not Path(address.removeprefix(SQLITE)).exists()


def opened(chosen: "Settings", *, create: bool = False, adopt: bool = False) -> "GraphStore":
    """Open the store of the settings, which is there already unless it may be made; `adopt` even beside others' nodes.

    Raises:
        StoreError: there is none, or it cannot be opened.
    """
    from graph.store.open import open_store

    return open_store(chosen.store, create=create, adopt=adopt, **_login(chosen))


def migrated(chosen: "Settings") -> "Migrated":
    """Bring the store of the settings forward to the layout of this program.

    Raises:
        StoreError: there is none, or its layout cannot be brought forward.
    """
    from graph.store.open import migrate_store

    return migrate_store(chosen.store, **_login(chosen))


def _login(chosen: "Settings") -> dict[str, str]:
    """Return how a server is reached."""
    password = chosen.neo4j_password.get_secret_value() if chosen.neo4j_password else ""
    return {"user": chosen.neo4j_user, "password": password, "database": chosen.neo4j_database}


def import_folder(chosen: "Settings", folder: Path) -> "ImportFolder":
    """Return the folder where a first load is written for the import tool of the settings' Neo4j server.

    Raises:
        UsageError: the store is on no Neo4j server.
        StoreError: the database is not empty, or cannot be asked.
    """
    from graph.store.open import NEO4J, check_address

    check_address(chosen.store)
    if chosen.store.partition(":")[0] not in NEO4J:
        raise UsageError(f"--bulk writes files for a Neo4j server, and the store is {chosen.store}; leave it out.")
    from graph.store.neo4j import ImportFolder, Login, check_empty

    check_empty(chosen.store, Login(**_login(chosen)))
    return ImportFolder(folder)


def import_command(chosen: "Settings", folder: Path) -> str:
    """Return the command line that imports what was written to a folder."""
    from graph.store.neo4j import ARGUMENTS

    words = [
        "neo4j-admin",
        "database",
        "import",
        "full",
        "--overwrite-destination",
        f"@{folder.absolute() / ARGUMENTS}",
    ]
    return shlex.join([*words, chosen.neo4j_database])


def resolved(store: "GraphStore", text: str) -> "Ref":
    """Return the one thing that an identifier means.

    Raises:
        UsageError: it means none, or more than one; the candidates are listed.
    """
    found = store.resolve(text, limit=_CANDIDATES + 1)
    if not found:
        raise UsageError(
            f"Nothing is known as '{text}': give the identifier as it was declared, complete (source/id) or with its "
            "type (trader:source/id)."
        )
    if len(found) > 1:
        choices = [*map(str, found[:_CANDIDATES]), *(["..."] if len(found) > _CANDIDATES else [])]
        raise UsageError(f"'{text}' means more than one thing; name one of these:", choices)
    return found[0]
