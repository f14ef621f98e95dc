"""The kinds of links that the schema has, and the keys of things, as questions to the server name them."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from graph.records import Ref
from graph.schema import LINKS
from graph.store.neighbourhood import Direction
from graph.store.neo4j.layout import bounded

KEY = "coalesce({0}._whole_key, {0}.key)"
"""The whole key of a node; one that is too long is indexed in a shorter form."""


class Kind(NamedTuple):
    """Links of one type and direction between things of one type and those of another."""

    start: str
    link: str
    direction: Direction
    end: str

    def pattern(self) -> str:
        """Return the links `r` from `s` to `e`.

        Where the schema leaves but one type of end, it is not asked for: the server counts such links without looking
        at them.
        """
        before, after = ("-", "->") if self.direction == "out" else ("<-", "-")
        several = _ENDS[self.start, self.link, self.direction] > 1
        return f"(s){before}[r:{self.link}]{after}(e{f':{self.end}' if several else ''})"


KINDS = tuple(
    kind
    for link in LINKS
    for kind in (
        *(Kind(start, link.name, "out", end) for start, end in link.ends),
        *(Kind(end, link.name, "in", start) for start, end in link.ends),
    )
)
_ENDS = Counter((kind.start, kind.link, kind.direction) for kind in KINDS)
"""How many types of end there are."""


def keys_of(refs: Iterable[Ref], kind: str) -> list[str]:
    """Return the keys of the things of one type, as they are indexed."""
    return sorted(bounded(ref.key) for ref in refs if ref.type == kind)
