"""The customs authority: whom it examines and why, what it finds, and when that is known.

Rules look at what is declared, scores at what is known of the importer, tips at the truth, and a random share at
nothing at all. Outcomes come late, some infractions are missed and a few clean consignments blamed.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ingest.synthetic.consignments import Consignments
from ingest.synthetic.infractions import Temptation, Truth
from ingest.synthetic.period import LAST_QUARTER, NEVER
from ingest.synthetic.world import COLLUSION, REBORN, SHELL_RING, World

REASONS = ("", "random", "rule", "score", "tip")
"""Why something was examined, as the native format names it; the first is for what was not."""
_RANDOM, _RULE, _SCORE, _TIP = 1, 2, 3, 4

_RANDOM_SHARE = 0.01
_RULE_SHARE = 0.052
_SCORE_SHARE = 0.018
_USUAL_HITS, _PRIOR = 0.06, 8.0
"""An importer's rate of hits is drawn towards the usual one with the weight of so many examinations."""
_TIP_TRUE, _TIP_FALSE = 0.035, 0.0015
_DETECTION, _DETECTION_COLLUSIVE, _FALSE_POSITIVE = 0.85, 0.35, 0.005
_LONGEST_DELAY = 60
_NEW = 90


@dataclass(frozen=True)
class Outcomes:
    """Examinations, row by row; `row` is the goods item's in its week, `found` whether an infraction was."""

    row: NDArray[np.int64]
    importer: NDArray[np.int64]
    ring: NDArray[np.int64]
    reason: NDArray[np.int64]
    inspected: NDArray[np.int64]
    known: NDArray[np.int64]
    found: NDArray[np.bool_]
    kind: NDArray[np.int64]

    def where(self, chosen: NDArray[np.bool_]) -> "Outcomes":
        """Return only the chosen rows."""
        return Outcomes(**{entry.name: getattr(self, entry.name)[chosen] for entry in fields(self)})


class Authority:
    """The authority with what it knows: first appearances and past infractions of importers."""

    def __init__(self, rng: np.random.Generator, world: World, temptation: Temptation) -> None:
        self._rng = rng
        self._world = world
        self._temptation = temptation
        self._first_seen = np.full(len(world.importers), NEVER)
        self._caught = np.zeros(len(world.importers))
        self._examined = np.zeros(len(world.importers))
        self._exposed = np.zeros(len(world.rings), dtype=bool)
        self._called = np.zeros(len(world.importers), dtype=bool)
        self._waiting: list[Outcomes] = []

    def learn(self, before: int) -> None:
        """Take in the outcomes that are known before the day; who was caught may stop, or stop and come back."""
        still = []
        for outcomes in self._waiting:
            due = outcomes.known < before
            caught = outcomes.where(due & outcomes.found)
            np.add.at(self._examined, outcomes.importer[due], 1.0)
            np.add.at(self._caught, caught.importer, 1.0)
            for importer, known in zip(caught.importer, caught.known, strict=True):
                if self._world.importers.winds_up[importer]:
                    self._wind_up(int(importer), int(known))
            if not due.all():
                still.append(outcomes.where(~due))
        self._waiting = still
        # What lies long back counts for less.
        self._caught *= 0.985
        self._examined *= 0.985

    def _wind_up(self, importer: int, known: int) -> None:
        world, rng = self._world, self._rng
        importers, lanes = world.importers, world.lanes
        importers.winds_up[importer] = False
        stop = known + int(rng.integers(3, 30))
        own = np.flatnonzero(lanes.importer == importer)
        lanes.end[own] = np.minimum(lanes.end[own], stop)
        heir = int(importers.successor[importer])
        if heir < 0:
            return
        start = known + int(rng.integers(12, 45))
        importers.born[heir] = start
        importers.caught_on[heir] = start + int(rng.integers(50, 160))
        importers.registered[heir] = known + int(rng.integers(2, 11))
        lanes.start[lanes.importer == heir] = start

    def examine(self, items: Consignments, truth: Truth) -> Outcomes:
        """Choose among the items of a week, examine, and note the outcomes, which are learnt when they are known.

        Args:
            items: The items.
            truth: The truth about them, which tips and the examination itself draw on.

        Returns:
            The outcomes, in the order of the items.
        """
        reason = self._select(items, truth)
        rng = self._rng
        row = np.flatnonzero(reason)
        ring = truth.ring[row]
        inspected = items.day[row] + rng.choice(5, len(row), p=[0.45, 0.3, 0.12, 0.08, 0.05])
        infraction = truth.infraction[row]
        detection = np.where(truth.pattern[row] == COLLUSION, _DETECTION_COLLUSIVE, _DETECTION)
        found = rng.random(len(row)) < np.where(infraction, detection, _FALSE_POSITIVE)
        forced = reason[row] < 0
        found |= forced & infraction
        delay = np.rint(rng.lognormal(np.log(np.where(found, 17, 8)), 0.7)).astype(np.int64)
        known = inspected + np.clip(delay, 1, _LONGEST_DELAY)
        known = self._time(ring, inspected, known, forced)
        kind = np.where(infraction, truth.kind[row], rng.choice([1, 7], len(row)))
        outcomes = Outcomes(
            row=row,
            importer=items.importer[row],
            ring=ring,
            reason=np.abs(reason[row]),
            inspected=inspected,
            known=known,
            found=found,
            kind=np.where(found, kind, -1),
        )
        self._waiting.append(outcomes)
        return outcomes

    def _time(
        self,
        ring: NDArray[np.int64],
        inspected: NDArray[np.int64],
        known: NDArray[np.int64],
        forced: NDArray[np.bool_],
    ) -> NDArray[np.int64]:
        """Hold back what would betray a hidden ring too early, hurry what gives a tipped one away."""
        rings = self._world.rings
        inside = ring >= 0
        hidden = inside & rings.hidden[ring] & (inspected < LAST_QUARTER)
        late = LAST_QUARTER + self._rng.integers(0, 9, len(ring))
        known = np.where(hidden, np.minimum(np.maximum(known, late), inspected + _LONGEST_DELAY), known)
        in_time = forced & (inspected < LAST_QUARTER - 2) & ~hidden
        known = np.where(in_time, np.minimum(known, LAST_QUARTER - 1), known)
        self._exposed[ring[inside & (known < LAST_QUARTER)]] = True
        return known

    def _select(self, items: Consignments, truth: Truth) -> NDArray[np.int64]:
        """Return why each item is examined; 0 where it is not, and a negative reason where the plan demands it."""
        world, rng, count = self._world, self._rng, len(items)
        importer = items.importer
        np.minimum.at(self._first_seen, importer, items.day)
        new = items.day - self._first_seen[importer] < _NEW
        aeo = world.importers.aeo[importer] > 0
        tainted = truth.pattern == COLLUSION
        reason = np.where(rng.random(count) < _RANDOM_SHARE, _RANDOM, 0)

        # Rings that are hidden or left to chance have nobody who talks before the last quarter.
        silent = (truth.pattern == SHELL_RING) & ~world.rings.tipped[truth.ring] & (items.day < LAST_QUARTER)
        silent |= (truth.pattern == REBORN) & world.rings.hidden[truth.ring] & (items.day < LAST_QUARTER)
        tip = rng.random(count) < np.where(truth.infraction, _TIP_TRUE, _TIP_FALSE)
        reason = np.where((reason == 0) & tip & ~silent & ~tainted, _TIP, reason)

        profile = np.log(self._temptation.profile[items.commodity, world.lanes.origin[items.lane]])
        points = 0.9 * profile - 1.6 * items.price + 0.5 * new - 2.0 * aeo - 2.0 * tainted + rng.gumbel(0, 1.0, count)
        points = np.where(reason == 0, points, -np.inf)
        hits = np.argsort(-points, kind="stable")[: rng.binomial(count, _RULE_SHARE)]
        reason[hits[points[hits] > -np.inf]] = _RULE

        rate = (self._caught + _PRIOR * _USUAL_HITS) / (self._examined + _PRIOR)
        chance = np.clip(3.0 * (rate[importer] - 1.3 * _USUAL_HITS), 0, 0.6)
        marked = np.flatnonzero((reason == 0) & (rng.random(count) < chance * ~aeo))
        most = int(rng.binomial(count, _SCORE_SHARE))
        reason[rng.permutation(marked)[:most]] = _SCORE
        self._force(items, truth, reason)
        return reason

    def _force(self, items: Consignments, truth: Truth, reason: NDArray[np.int64]) -> None:
        """See to what is planned: tipped rings are examined once in time, and who is to be caught is.

        A tipped ring's first shipment from its day on is called in, if chance has brought no outcome until then; of
        importers to be caught it is the first infraction.
        """
        rings, importers = self._world.rings, self._world.importers
        member = np.flatnonzero(truth.pattern == SHELL_RING)
        ring = truth.ring[member]
        due = rings.tipped[ring] & (rings.tip_on[ring] <= items.day[member]) & ~self._exposed[ring]
        _, rows = np.unique(np.where(due, ring, -1), return_index=True)
        called = member[rows[due[rows]]]
        member = np.flatnonzero((truth.pattern == REBORN) & truth.infraction)
        buyer = items.importer[member]
        due = (importers.caught_on[buyer] <= items.day[member]) & importers.winds_up[buyer] & ~self._called[buyer]
        _, rows = np.unique(np.where(due, buyer, -1), return_index=True)
        caught = member[rows[due[rows]]]
        self._called[items.importer[caught]] = True
        called = np.concatenate([called, caught])
        reason[called] = -np.where(reason[called] > 0, reason[called], _TIP)
