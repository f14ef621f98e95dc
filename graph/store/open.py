"""From the address of a store to the store."""

from graph.store.base import AddressError, GraphStore
from graph.store.reference import ReferenceStore
from graph.store.sqlite import SqliteStore

_HOW = "write sqlite:///folder/file.db, with four slashes for an absolute path"


def open_store(address: str, *, create: bool = True) -> GraphStore:
    """Open the store at an address: `sqlite:///relative.db`, `sqlite:////absolute.db`, or `memory:` (kept nowhere).

    Raises AddressError where the address is of no kind that is known, StoreError where what is there is no store of
    this version, or nothing is there and `create` is false.
    """
    scheme, _, rest = address.partition(":")
    if scheme == "sqlite":
        path = rest.removeprefix("///")
        if path == rest or not path:
            raise AddressError(f"The store address {address!r} names no file; {_HOW}.")
        return SqliteStore(path, create=create)
    if address == "memory:":
        return ReferenceStore()
    if scheme in ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc"):
        raise AddressError(f"Neo4j ({address}) is not available in this version; {_HOW}.")
    raise AddressError(f"The store address {address!r} is of no known kind; {_HOW}.")
