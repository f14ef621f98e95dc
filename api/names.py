"""The names of things, as a reader is to see them beside keys."""

from collections.abc import Iterable, Mapping

from graph.records import Ref
from graph.search import NAMING as SAYING_MOST
from graph.store.base import GraphStore

NAMING = (*SAYING_MOST, "accepted_on", "outcome")
"""The fields that a thing is named by, the first that it has before the others."""


def names(view: GraphStore, refs: Iterable[Ref]) -> dict[Ref, str]:
    """Return what says most about each thing in a few words; empty where nothing does."""
    asked = list(dict.fromkeys(refs))
    shown = view.shown(asked, NAMING)
    return {ref: name_in(shown.get(ref, {})) for ref in asked}


def name_in(shown: Mapping[str, str]) -> str:
    """Return what says most about a thing of which this is shown."""
    return next((shown[field] for field in NAMING if shown.get(field)), "")
