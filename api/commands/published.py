"""The published set in words: every answer with a risk in it says which set it comes from."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graph.store.results import PublishedSet


def in_words(published: "PublishedSet") -> str:
    """Return which set of results an answer comes from."""
    model = f"model {published.model}" if published.model else "no model yet"
    return f"set {published.id}, as of {published.as_of}, {model}, store version {published.store_version}"


def as_heading(published: "PublishedSet | None") -> dict[str, Any] | None:
    """Return the heading of a set for machines."""
    if published is None:
        return None
    return {
        "id": published.id,
        "store_version": published.store_version,
        "as_of": published.as_of,
        "model": published.model or None,
        "thresholds": dict(published.thresholds),
        "about": dict(published.about),
    }


def last_week(published: "PublishedSet") -> tuple[date, date]:
    """Return the first and the last of the seven days before the set's day."""
    last = published.as_of - timedelta(days=1)
    return last - timedelta(days=6), last
