"""As-of rates: outcomes and declarations counted per key, with what was known before a day, exact to the day.

A key is any integer code per version of a declaration: a node number, or several combined. Everything is counted in
integers, so that records known later cannot change an earlier count in its last bit. A shipment's outcome counts for
the key of the version of its declaration that counted on the day; a shipment never counts for itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from graph.snapshot import NEVER, Declarations, Int, Long, Real, Snapshot

_MANY = 1 << 15
"""Numbers that no longer fit the memory next to the processor."""


class Counts(NamedTuple):
    """Inspected shipments of a key and how many of them were infractions, [n] each."""

    inspected: Long
    infractions: Long


@dataclass(frozen=True)
class Events:
    """Signed changes of counts: a change on day e counts on every day D > e.

    Counting is fastest where they stand in the order of their days, as those of a snapshot do.

    Attributes:
        rows: [m] the version of the declaration whose key the change belongs to.
        days: [m] the day on which the change became known.
        changes: by what is counted, [m] signed integers.
        shipment: [m] the shipment of `rows`.
        of_version: [v] the shipment of every version.
    """

    rows: Long
    days: Int
    changes: tuple[Long, ...]
    shipment: Int
    of_version: Int

    @cached_property
    def first_day(self) -> Int:
        """Return the first day with a change by shipment; NEVER where it has none, and behind the last shipment."""
        first = np.full(int(self.of_version.max(initial=-1)) + 2, NEVER, dtype=np.int32)
        np.minimum.at(first, self.shipment, self.days)
        return first

    @cached_property
    def by_shipment(self) -> tuple[Long, Int]:
        """Return the changes in the order of their shipments, [m], and those shipments, [m]."""
        order = np.argsort(self.shipment, kind="stable")
        return order, self.shipment[order]


def outcome_events(snapshot: Snapshot) -> Events:
    """Return how the inspected shipments and the infractions among them came to be known.

    A version and a label meet on the days on which both count: the change stands on the later of the days on which
    they became known, and is taken back on the day on which the one or the other was replaced.
    """
    declarations, outcomes = snapshot.declarations, snapshot.outcomes
    replaced = np.full(len(outcomes.shipment), NEVER, dtype=np.int32)
    again = np.flatnonzero(outcomes.shipment[1:] == outcomes.shipment[:-1])
    replaced[again] = outcomes.known_on[again + 1]
    start = np.searchsorted(declarations.shipment, outcomes.shipment, side="left")
    size = np.searchsorted(declarations.shipment, outcomes.shipment, side="right") - start
    label = np.repeat(np.arange(len(size)), size)
    row = np.repeat(start - (np.cumsum(size) - size), size) + np.arange(len(label))
    begin = np.maximum(declarations.known_on[row], outcomes.known_on[label])
    end = np.minimum(declarations.until[row], replaced[label])
    met = begin < end
    label, row, begin, end = label[met], row[met], begin[met], end[met]
    ended = end < NEVER
    rows = np.concatenate([row, row[ended]])
    infraction = outcomes.infraction[label].astype(np.int64)
    one = np.ones(len(row), dtype=np.int64)
    return _sorted(
        declarations,
        rows,
        np.concatenate([begin, end[ended]]),
        np.concatenate([one, -one[ended]]),
        np.concatenate([infraction, -infraction[ended]]),
    )


def declaration_events(declarations: Declarations) -> Events:
    """Return how the shipments came to be declared: each version counts from its day to the day of the next."""
    ended = np.flatnonzero(declarations.until < NEVER)
    rows = np.concatenate([np.arange(len(declarations)), ended])
    change = np.ones(len(rows), dtype=np.int64)
    change[len(declarations) :] = -1
    return _sorted(declarations, rows, np.concatenate([declarations.known_on, declarations.until[ended]]), change)


def _sorted(declarations: Declarations, rows: Long, days: Int, *changes: Long) -> Events:
    shipment = declarations.shipment[rows]
    order = np.lexsort((shipment, days))
    return Events(
        rows[order],
        days[order].astype(np.int32),
        tuple(change[order] for change in changes),
        shipment[order],
        declarations.shipment,
    )


class Tally:
    """Signed changes by key, in the order of their days, so that what had come together before a day is looked up.

    A change is found by one number: its key, followed by its place among all changes as they became known.
    """

    def __init__(self, keys: Long, days: Int, changes: Sequence[Long]) -> None:
        """Sort the changes.

        Args:
            keys: [m] key of each event, negative for none.
            days: [m] day of each event; it counts on later days. Sorting is fastest where they are in order.
            changes: for each thing counted, [m] signed integers, whose sums have at most 31 bits.
        """
        if (days[1:] < days[:-1]).any():
            order = np.argsort(days, kind="stable")
            keys, days, changes = keys[order], days[order], [change[order] for change in changes]
        self._days, self._bits = days, len(days).bit_length()
        self._known: Long | None = None
        if int(keys.max(initial=0)) >= 2 ** (62 - self._bits):
            self._known, keys = np.unique(keys, return_inverse=True)
        self._most = int(keys.max(initial=-1))
        self._placed = np.sort(keys.astype(np.int64) << self._bits | np.arange(len(keys)))
        order = self._placed & ((1 << self._bits) - 1)
        self._totals = [_sums(change[order]) for change in changes]

    def before(self, keys: Long, days: Int) -> list[Long]:
        """Return for each thing counted the sums of the events before each day.

        Args:
            keys: [n] key asked for, negative for none.
            days: [n] day on which it is asked for.

        Returns:
            [n] sums each; 0 where the key is none or has no event before the day.
        """
        if not len(self._placed):
            return [np.zeros(len(keys), dtype=np.int64) for _ in self._totals]
        asked = keys.astype(np.int64)
        if self._known is not None:
            place = np.minimum(np.searchsorted(self._known, asked), len(self._known) - 1)
            asked = np.where((asked >= 0) & (self._known[place] == asked), place, -1)
        none = (asked < 0) | (asked > self._most)
        begin = np.where(none, 0, asked) << self._bits
        first, last = _places(self._placed, begin, begin + np.searchsorted(self._days, days))
        last[none] = first[none]
        return [(total[last] - total[first]).astype(np.int64) for total in self._totals]


def _sums(changes: Long) -> Int:
    """Return the sum of the changes before each of them, and of all."""
    total = np.zeros(len(changes) + 1, dtype=np.int32)
    np.cumsum(changes, dtype=np.int32, out=total[1:])
    return total


def _places(known: Long, begin: Long, end: Long) -> tuple[Long, Long]:
    """Return how many of the known numbers, in order, are below each begin and below each end, [n] each."""
    if len(known) < _MANY:
        return np.searchsorted(known, begin), np.searchsorted(known, end)
    # Searched in their order, neighbours are looked up next to each other.
    order = np.argsort(end)
    first, last = (np.empty(len(end), dtype=np.int64) for _ in range(2))
    first[order], last[order] = np.searchsorted(known, begin[order]), np.searchsorted(known, end[order])
    return first, last


def tally(event_keys: Long, event_days: Int, changes: Sequence[Long], keys: Long, days: Int) -> list[Long]:
    """Sum signed changes by key, with the events before each day only; the arguments are those of `Tally`."""
    return Tally(event_keys, event_days, changes).before(keys, days)


def sums(
    events: Events, event_keys: Long, keys: Long, shipments: Int, days: Int, held: Tally | None = None
) -> list[Long]:
    """Sum the changes of `events` by key before each day, leaving out those of the shipment that asks.

    Args:
        events: what changed; its rows may come several times, for several keys.
        event_keys: [m] key of each event, negative for none.
        keys: [n] key asked for, negative for none.
        shipments: [n] the shipment that asks; one above all numbers of the network is not in it.
        days: [n] the day on which it asks.
        held: the events by these keys, where they are in order already.

    Returns:
        [n] sums for each thing that the events count.
    """
    totals = (held or Tally(event_keys, events.days, events.changes)).before(keys, days)
    if not len(events.rows):
        return totals
    first_day = events.first_day
    own = np.flatnonzero((keys >= 0) & (first_day[np.minimum(shipments, len(first_day) - 1)] < days))
    if len(own):
        order, sorted_shipments = events.by_shipment
        start = np.searchsorted(sorted_shipments, shipments[own], side="left")
        size = np.searchsorted(sorted_shipments, shipments[own], side="right") - start
        query = np.repeat(own, size)
        event = order[np.repeat(start - (np.cumsum(size) - size), size) + np.arange(len(query))]
        same = (event_keys[event] == keys[query]) & (events.days[event] < days[query])
        for total, change in zip(totals, events.changes, strict=True):
            np.subtract.at(total, query[same], change[event[same]])
    return totals


def _count(events: Events, codes: Long, rows: Long, days: Int) -> list[Long]:
    return sums(events, codes[events.rows], codes[rows], events.of_version[rows], days)


def counts(events: Events, codes: Long, rows: Long, days: Int) -> Counts:
    """Return how many other shipments with a row's key had been inspected before its day, and found in infraction.

    Args:
        events: from `outcome_events`.
        codes: [v] the key of every version of a declaration, -1 for none.
        rows: [n] versions asked for.
        days: [n] the day of each; outcomes and versions known before it count.
    """
    inspected, infractions = _count(events, codes, rows, days)
    return Counts(inspected, infractions)


def volumes(events: Events, codes: Long, rows: Long, days: Int) -> Long:
    """Return how many other shipments with a row's key had been declared before its day, [n].

    Takes the events of `declaration_events`; the other arguments are those of `counts`.
    """
    return _count(events, codes, rows, days)[0]


def combine(*codes: Int | Long) -> Long:
    """Return one code per version for a combination of keys, -1 where any of them is none.

    Codes are numbers without meaning of their own; equal combinations have equal codes within one call.
    """
    combined = codes[0].astype(np.int64)
    for code in codes[1:]:
        width = int(code.max(initial=-1)) + 1
        if width and int(combined.max(initial=-1)) >= (2**62) // width:
            combined = np.unique(combined, return_inverse=True)[1] - np.int64((combined < 0).any())
        # The sign of both is the sign of either.
        combined = np.where((combined | code) < 0, -1, combined * width + code)
    return combined


def shrunk(inspected: Long, infractions: Long, parent: Real | float, strength: float) -> Real:
    """Return infraction rates drawn towards a parent's rate: (infractions + m · parent) / (inspected + m).

    The posterior mean of a rate under a beta prior with the parent's mean and the weight of m = `strength`
    inspections: an empirical-Bayes estimate (Efron and Morris, "Data Analysis Using Stein's Estimator", JASA 1975;
    for keys with many values Micci-Barreca, SIGKDD Explorations 3(1), 2001). Where nothing was inspected it is the
    parent's rate. Chained from the widest key to the narrowest it gives hierarchical rates.
    """
    return (infractions + strength * parent) / (inspected + strength)


def overall(events: Events, days: Int, prior: float, strength: float) -> Real:
    """Return the rate of infractions among all shipments inspected before each day, drawn towards `prior`, [n]."""
    every = np.zeros(len(events.rows), dtype=np.int64)
    inspected, infractions = tally(every, events.days, events.changes, np.zeros(len(days), dtype=np.int64), days)
    return shrunk(inspected, infractions, prior, strength)
