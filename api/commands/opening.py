"""Opening the store that a command names, and finding the thing that a bare identifier means."""

from pathlib import Path
from typing import TYPE_CHECKING

from api.commands.errors import UsageError

if TYPE_CHECKING:
    from graph.records import Ref
    from graph.store.base import GraphStore

_CANDIDATES = 20


def missing(address: str) -> bool:
    """Tell whether an embedded store has not been made yet."""
    from api.settings import SQLITE

    return address.startswith(SQLITE) and not Path(address.removeprefix(SQLITE)).exists()


def opened(address: str) -> "GraphStore":
    """Open a store that is there already.

    Raises:
        StoreError: there is none, or it cannot be opened.
    """
    from graph.store.open import open_store

    return open_store(address, create=False)


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
