"""From the address of a store to the store, and to the layout that this code knows."""

from pathlib import Path

from graph.store.base import GraphStore
from graph.store.errors import AddressError
from graph.store.layouts import Migrated, in_words
from graph.store.reference import ReferenceStore
from graph.store.sqlite import SqliteStore
from graph.store.sqlite.connect import migrate as migrate_file
from graph.store.sqlite.layout import USER_VERSION

NEO4J = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
_HOW = "write sqlite:///folder/file.db, with four slashes for an absolute path, or neo4j://host:7687"


def check_address(address: str) -> None:
    """Raise AddressError where an address names a user, whose password would be shown wherever the address is.

    The address is not repeated. No host, port or database has an @, and a password may hold whatever ends a host.
    """
    scheme, _, rest = address.partition(":")
    if "@" in rest and (scheme in NEO4J or (rest.startswith("//") and scheme != "sqlite")):
        raise AddressError(
            "The store address names a user; write user and password into TIDEWAITER_NEO4J_USER and"
            " TIDEWAITER_NEO4J_PASSWORD."
        )


def open_store(
    address: str,
    *,
    create: bool = True,
    adopt: bool = False,
    user: str = "neo4j",
    password: str = "",
    database: str = "neo4j",
) -> GraphStore:
    """Open the store at an address.

    `sqlite:///relative.db` and `sqlite:////absolute.db` are files, `neo4j://host:7687` (also `neo4j+s`, `bolt`, ...) is
    a server, and `memory:` is kept nowhere.

    Args:
        address: which store.
        create: make it where there is none.
        adopt: make it even in a server's database that holds nodes of others, beside them.
        user: as whom a server is reached.
        password: of that user.
        database: which of the server's databases is meant.

    Raises:
        AddressError: the address is of no kind that is known, or names a user.
        StoreError: what is there is no store of this version, or nothing is there and `create` is false.
    """
    check_address(address)
    scheme, _, rest = address.partition(":")
    if scheme == "sqlite":
        path = rest.removeprefix("///")
        if path == rest or not path:
            raise AddressError(f"The store address {address!r} names no file; {_HOW}.")
        return SqliteStore(path, create=create)
    if address == "memory:":
        return ReferenceStore()
    if scheme in NEO4J:
        # Its driver takes a while to import, which nobody with an embedded store should pay for.
        from graph.store.neo4j import Login, Neo4jStore

        return Neo4jStore(address, Login(user, password, database), create=create, adopt=adopt)
    raise AddressError(f"The store address {address!r} is of no known kind; {_HOW}.")


def migrate_store(address: str, *, user: str = "neo4j", password: str = "", database: str = "neo4j") -> Migrated:
    """Bring the store at an address forward to the layout of this code; it must be there.

    Args:
        address: which store.
        user: as whom a server is reached.
        password: of that user.
        database: which of the server's databases is meant.

    Raises:
        AddressError: the address is of no kind that is known, or names a user.
        StoreError: there is no store, or its layout cannot be brought forward.
    """
    check_address(address)
    if address.partition(":")[0] in NEO4J:
        from graph.store.neo4j import Login, migrate

        return migrate(address, Login(user, password, database))
    scheme, _, rest = address.partition(":")
    path = rest.removeprefix("///")
    if scheme == "sqlite" and path != rest and path:
        before, after = migrate_file(Path(path))
        return Migrated(in_words(before), in_words(after))
    # What is kept nowhere is of this layout, and no other address is known.
    open_store(address, create=False).close()
    return Migrated(in_words(USER_VERSION), in_words(USER_VERSION))
