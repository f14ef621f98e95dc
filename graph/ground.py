"""The ground on which the figures of rows are counted: what follows from a network alone, whoever asks.

Sorting a million declarations by party takes longer than counting for a thousand rows. Where rows are asked for again
and again (declarations as they arrive), everything that does not depend on them is found once, at first use, and kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import RLock
from typing import Any, TypeVar, cast

import numpy as np
import pyarrow.compute as pc

from graph.rates import Counts, Events, Tally, declaration_events, outcome_events, sums
from graph.snapshot import NEVER, Int, Long, Snapshot

Found = TypeVar("Found")


@dataclass(frozen=True)
class Ties:
    """Distinct pairs (a, b) with the first day of each, sorted by a, then b; `width` is above every b."""

    a: Long
    b: Long
    first_on: Int
    width: int

    def since(self, a: Long, b: Long) -> Int:
        """Return the first day of each pair asked for, NEVER where there is none."""
        first = np.full(len(a), NEVER, dtype=np.int32)
        if len(self.a):
            asked = paired(a, b, self.width)
            at = np.minimum(np.searchsorted(self._code, asked), len(self._code) - 1)
            found = self._code[at] == asked
            first[found] = self.first_on[at[found]]
        return first

    @cached_property
    def _code(self) -> Long:
        return self.a * self.width + self.b


def paired(a: Long, b: Long, width: int) -> Long:
    """Return one code for each two numbers, -1 where one is none or b is not below the width."""
    return np.where((a < 0) | (b < 0) | (b >= width), -1, a * width + b)


def ties(a: Int | Long, b: Int | Long, days: Int) -> Ties:
    """Return the distinct pairs of which neither is none and that have a day."""
    kept = np.flatnonzero((a >= 0) & (b >= 0) & (days < NEVER))
    left, right, when = a[kept].astype(np.int64), b[kept].astype(np.int64), days[kept]
    width = int(right.max(initial=0)) + 1
    code = left * width + right
    order = np.lexsort((when, code))
    first = order[np.flatnonzero(np.diff(code[order], prepend=-1))]
    return Ties(left[first], right[first], when[first], width)


def joined(left: Long, tied: Ties) -> tuple[Long, Long]:
    """Return (position in `left`, position in `tied`) of every meeting of left[i] with a tie's a."""
    start = np.searchsorted(tied.a, left, side="left")
    size = np.searchsorted(tied.a, left, side="right") - start
    at = np.repeat(np.arange(len(left)), size)
    return at, np.repeat(start - (np.cumsum(size) - size), size) + np.arange(len(at))


class Ground:
    """What the figures are counted from. With `keep`, nothing is found twice; else only what is small is kept.

    Several threads may ask: what is kept is found by the first of them, while the others wait.

    Attributes:
        snapshot: the network.
    """

    def __init__(self, snapshot: Snapshot, *, keep: bool = False) -> None:
        """Find nothing yet."""
        self.snapshot, self._keep = snapshot, keep
        self._kept: dict[str, Any] = {}
        self._finding = RLock()

    def once(self, name: str, find: Callable[[], Found]) -> Found:
        """Return what is found under a name, from before where it is kept."""
        return self._once(name, find) if self._keep else find()

    def _once(self, name: str, find: Callable[[], Found]) -> Found:
        # Several things are found by way of others.
        with self._finding:
            if name not in self._kept:
                self._kept[name] = find()
            return cast("Found", self._kept[name])

    @property
    def outcomes(self) -> Events:
        """Return how the outcomes came to be known."""
        return self._once("events of outcomes", lambda: outcome_events(self.snapshot))

    @property
    def declared(self) -> Events:
        """Return how the shipments came to be declared."""
        return self._once("events of declarations", lambda: declaration_events(self.snapshot.declarations))

    def codes(self, *names: str) -> Long:
        """Return the code of every version in one or two columns of keys, -1 for none."""
        return self.once(" x ".join(names), lambda: self.asked(self.snapshot.declarations.keys, *names))

    def asked(self, keys: Mapping[str, Int | Long], *names: str) -> Long:
        """Return the code of rows in one or two columns of keys, as `codes` gives it; -1 for what it does not have."""
        code = keys[names[0]].astype(np.int64)
        for name in names[1:]:
            width = int(self.snapshot.declarations.keys[name].max(initial=0)) + 1
            code = paired(code, keys[name].astype(np.int64), width)
        return code

    def tally(self, name: str, events: Events, keys: Long) -> Tally:
        """Return events in order by a key of each."""
        return self.once(f"tally {name}", lambda: Tally(keys, events.days, events.changes))

    def distinct(self, name: str, find: Callable[[], tuple[Long, Int]], asked: Long, before: Int) -> Long:
        """Count what has a key and was known before a day; `find` gives the key and the day of each."""

        def sorted_by_key() -> Tally:
            keys, days = find()
            return Tally(keys, days, [np.ones(len(keys), dtype=np.int64)])

        return self.once(f"distinct {name}", sorted_by_key).before(asked, before)[0]

    def beside_events(
        self, columns: str, find: Callable[[Snapshot, Long], Mapping[str, Long]], here: Snapshot, rows: Long
    ) -> dict[str, Long]:
        """Return the codes of the outcome events, then those of rows, by column.

        Args:
            columns: the name of what is found.
            find: gives the code of rows by column; the same value must have the same code in both snapshots.
            here: the network, or one beside it that has the rows.
            rows: [n] versions of declarations.
        """
        behind = self.once(columns, lambda: find(self.snapshot, self.outcomes.rows))
        blank = np.full(len(self.outcomes.rows), -1, dtype=np.int64)
        return {name: np.concatenate([behind.get(name, blank), codes]) for name, codes in find(here, rows).items()}

    def counts(self, codes: Long, shipments: Int, days: Int) -> Counts:
        """Return the other inspected shipments with a row's code before its day, and the infractions among them.

        Args:
            codes: the code of the outcome events, then of the n rows, -1 for none.
            shipments: [n] the shipment of each row.
            days: [n] the day of each.
        """
        events = len(self.outcomes.rows)
        return Counts(*sums(self.outcomes, codes[:events], codes[events:], shipments, days))

    def partners(self, *names: str) -> Ties:
        """Return the ties of importers to what they declared in one or two columns."""
        declarations = self.snapshot.declarations
        return self.once(
            "partners " + " x ".join(names),
            lambda: ties(declarations.keys["importer"], self.codes(*names), declarations.known_on),
        )

    def given(self, kind: str) -> Ties:
        """Return the ties of traders to what they gave: `address`, `contact`, or the contacts by `email`, `phone`."""
        return self.once(f"given by {kind}", lambda: self._given(kind))

    def _given(self, kind: str) -> Ties:
        if kind in ("email", "phone"):
            return self._contacts(self.given("contact"), email=kind == "email")
        link, end = {"address": ("AT_ADDRESS", "Address"), "contact": ("HAS_CONTACT", "Contact")}[kind]
        adjacency = self.snapshot.links.get(("Trader", link, end))
        if adjacency is None:
            empty = np.empty(0, dtype=np.int32)
            return ties(empty, empty, empty)
        return ties(adjacency.starts, adjacency.indices, adjacency.first_on)

    def _contacts(self, given: Ties, *, email: bool) -> Ties:
        """Keep the contacts that are e-mail addresses, or those that are not."""
        if not len(given.a):
            return given
        is_email = pc.match_substring(self.snapshot.things["Contact"].keys, "@").to_numpy(zero_copy_only=False)
        kept = is_email[given.b] == email
        return Ties(given.a[kept], given.b[kept], given.first_on[kept], given.width)
