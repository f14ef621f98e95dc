"""All that the score reads of shipments, by component."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from graph.cutoffs import last_cutoff
from graph.snapshot import Int, Long, Real, Snapshot, labels
from targeting import TargetingError
from targeting.boosting import FOLDS
from targeting.declared import Vocabulary, declared
from targeting.features import Block
from targeting.network import Network
from targeting.profiles import Matrix, Plan, Profiles, profiles

if TYPE_CHECKING:
    from gnn.tokens import Tokens

CHUNK = 40_000
"""Shipments that are scored at a time by a thread, which bounds the memory."""


@dataclass(frozen=True)
class Inputs:
    """What is read of n rows: see `targeting.declared`, `targeting.profiles`, `targeting.network`, `gnn.features`."""

    rows: Long
    days: Int
    declared: Block
    profiles: Profiles
    profile: Block
    network: Block
    linked: Real
    tokens: "Tokens"


def profile_block(plan: Plan, rates: Matrix) -> Block:
    """Return the features of a plan's profiles as a block."""
    return Block(plan.names, (False,) * len(plan.names), rates)


class Around(NamedTuple):
    """What is read of the network around n rows: the features of the score, their linked risk, and the tokens."""

    network: Block
    linked: Real
    tokens: "Tokens"

    def take(self, rows: Long) -> "Around":
        """Return what is read around some of the rows."""
        return Around(self.network.take(rows), self.linked[rows], self.tokens.take(rows))


def read(network: Network, vocabulary: Vocabulary, plan: Plan, rows: Long, days: Int) -> Inputs:
    """Return what is read of rows, with what was known before each row's day."""
    from gnn.features import tokens

    linked = network.linked(rows, days)
    found = tokens(network.snapshot, rows, days, int(network.cutoffs[-1]), ground=network.ground, known=network.known)
    around = Around(network.features(rows, days, linked), linked, found)
    return read_beside(network, vocabulary, plan, rows, days, around)


def read_beside(network: Network, vocabulary: Vocabulary, plan: Plan, rows: Long, days: Int, around: Around) -> Inputs:
    """Return what is read of rows around which the network was read before."""
    found = profiles(network.snapshot, rows, days, plan, network.ground)
    own = declared(network.snapshot, rows, vocabulary)
    return Inputs(rows, days, own, found, profile_block(plan, found.rates), *around)


def chunks(days: Int, cutoffs: Int) -> Iterator[Long]:
    """Yield positions in pieces, by day, each of which needs but one of the cutoffs."""
    order = np.argsort(days, kind="stable")
    at = last_cutoff(cutoffs, days[order])
    for part in np.split(order, np.flatnonzero(np.diff(at)) + 1):
        if len(part):
            yield from np.array_split(part, -(-len(part) // CHUNK))


def shipment_keys(snapshot: Snapshot, rows: Long) -> pa.StringArray:
    """Return the key of the shipment of each row."""
    return snapshot.things["Shipment"].keys.take(pa.array(snapshot.declarations.shipment[rows]))


def capped_days(snapshot: Snapshot, rows: Long, as_of: int) -> Int:
    """Return the day of each row: that of its acceptance, or the as-of day where that is earlier."""
    return np.minimum(snapshot.declarations.accepted_on[rows], np.int32(as_of)).astype(np.int32)


def waiting_rows(snapshot: Snapshot, as_of: int) -> Long:
    """Return rows of the shipments accepted before a day whose outcome was not known before it."""
    rows, label = _accepted(snapshot, as_of)
    waiting: Long = rows[label < 0]
    return waiting


def _accepted(snapshot: Snapshot, as_of: int) -> tuple[Long, npt.NDArray[np.int8]]:
    """Return rows of the shipments accepted before a day, and what was known of them before it (-1: nothing)."""
    declarations = snapshot.declarations
    rows = declarations.first
    rows = rows[(declarations.known_on[rows] < as_of) & (declarations.accepted_on[rows] < as_of)]
    return rows, labels(snapshot, declarations.shipment[rows], np.full(len(rows), as_of, dtype=np.int32))


def training_rows(snapshot: Snapshot, as_of: int) -> tuple[Long, Int, Long]:
    """Return rows, days and labels of the shipments accepted before a day whose outcome was known before it.

    Raises:
        TargetingError: there is no declaration or no outcome, or too few of one kind.
    """
    declarations = snapshot.declarations
    if not len(declarations):
        raise TargetingError("The store holds no declaration; load some with `tidewaiter ingest` first.")
    rows, label = _accepted(snapshot, as_of)
    known: Long = np.flatnonzero(label >= 0)
    rows, found = rows[known], label[known].astype(np.int64)
    day = np.datetime64(int(as_of), "D")
    if not len(rows):
        raise TargetingError(
            f"No outcome of an inspection was known before {day}, so there is nothing to learn from; load outcomes, or "
            "train until a later date."
        )
    if found.all() or not found.any():
        kind = "infractions" if found.all() else "clean"
        raise TargetingError(
            f"All {len(rows):,} outcomes known before {day} are {kind}; training needs both kinds: load more outcomes, "
            "or train until a later date."
        )
    infractions = int(found.sum())
    if min(infractions, len(found) - infractions) < FOLDS:
        raise TargetingError(
            f"Of the outcomes known before {day}, {infractions:,} are infractions and {len(found) - infractions:,} are "
            f"clean; training needs at least {FOLDS} of each: load more outcomes, or train until a later date."
        )
    return rows, capped_days(snapshot, rows, as_of), found
