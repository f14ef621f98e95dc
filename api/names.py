"""The names of things, as a reader is to see them beside keys."""

from collections.abc import Iterable, Mapping

from graph.records import Ref
from graph.search import name_of
from graph.store.base import GraphStore


def names(view: GraphStore, refs: Iterable[Ref]) -> dict[Ref, str]:
    """Return what says most about each thing in a few words; empty where nothing does."""
    asked = list(dict.fromkeys(refs))
    shown = view.shown(asked)
    return {ref: _name(shown.get(ref, {})) for ref in asked}


def _name(shown: Mapping[str, str]) -> str:
    return name_of(shown) or shown.get("accepted_on") or shown.get("outcome") or ""
