"""What a check of a store found."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Finding(NamedTuple):
    """One thing that was looked at: whether it is as it should be, and in words what there is or what is wrong."""

    name: str
    ok: bool
    text: str


def counted(counts: Mapping[str, int]) -> str:
    """Return how many there are of each name that there is any of."""
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if count) or "none"


def found(name: str, faults: Iterable[str], else_text: str) -> Finding:
    """Return the finding of what has these faults, or none."""
    listed = list(faults)
    return Finding(name, not listed, "; ".join(listed) or else_text)
