"""The version of what stands in a store: the schema's version and the number of the store's layout, as one number."""

from collections.abc import Container
from typing import NamedTuple

from graph.store.errors import StoreError


class Migrated(NamedTuple):
    """The layout that a store had, and the one that it has now, in words."""

    before: str
    after: str


def in_words(version: int) -> str:
    """Return a version as people read it."""
    return f"{version // 1000}.{version % 1000}"


def check_version(place: object, found: int, ours: int, migrations: Container[int]) -> None:
    """Raise StoreError where a store is of another version than this code's.

    Args:
        place: where it is.
        found: its version.
        ours: that of the code.
        migrations: the older versions that can be brought forward.
    """
    if found == ours:
        return
    said = f"layout {in_words(found)}, this is {in_words(ours)}"
    if found > ours:
        raise StoreError(f"The store at {place} was written by a newer Tidewaiter ({said}); upgrade Tidewaiter.")
    if found in migrations:
        raise StoreError(
            f"The store at {place} was written by an older Tidewaiter ({said}); bring it forward with"
            " `tidewaiter store migrate`."
        )
    raise StoreError(
        f"The store at {place} was written by an older Tidewaiter ({said}), and cannot be brought forward; load the"
        " files into a new store."
    )
