"""The state of a synthetic world: its parties, its lanes, and the schemes hidden in it."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ingest.synthetic.columns import Columns, Filled
from ingest.synthetic.facts import Facts
from ingest.synthetic.fleet import Fleet
from ingest.synthetic.parties import PREMISES, Importers, Parties
from ingest.synthetic.period import NEVER, weeks_between

PATTERNS = (
    "",
    "shell_ring",
    "reborn",
    "origin_laundering",
    "undervaluation_seller",
    "misclassification_seller",
    "office_collusion",
    "contraband_line",
    "opportunist",
)
"""Names of the patterns as they stand in the truth files; the first is for shipments that belong to none."""
NONE, SHELL_RING, REBORN, ORIGIN_LAUNDERING, UNDERVALUATION, MISCLASSIFICATION, COLLUSION, CONTRABAND, OPPORTUNIST = (
    range(len(PATTERNS))
)
_RING_PREFIXES = ("", "SR", "RB", "OL", "US", "MS", "OC", "CL", "")


@dataclass
class Lanes(Columns):
    """One importer buying one kind of goods from one exporter over one route, row by row.

    `departure_country` is where the goods leave, though a landlocked country's leave from its neighbour's port.
    `rate` is the shipments expected in a week, `guilt` the probability that a declaration on the lane is an infraction
    of its `pattern`; `price` is the lane's constant deviation from the usual price, as a logarithm.
    """

    importer: NDArray[np.int32] = field(default_factory=Filled(np.int32, -1))
    exporter: NDArray[np.int32] = field(default_factory=Filled(np.int32, -1))
    commodity: NDArray[np.int16] = field(default_factory=Filled(np.int16, 0))
    origin: NDArray[np.int16] = field(default_factory=Filled(np.int16, 0))
    departure_country: NDArray[np.int16] = field(default_factory=Filled(np.int16, 0))
    departure: NDArray[np.int16] = field(default_factory=Filled(np.int16, -1))
    hub: NDArray[np.int16] = field(default_factory=Filled(np.int16, -1))
    mode: NDArray[np.int8] = field(default_factory=Filled(np.int8, 1))
    office: NDArray[np.int8] = field(default_factory=Filled(np.int8, 0))
    declarant: NDArray[np.int32] = field(default_factory=Filled(np.int32, -1))
    carrier: NDArray[np.int32] = field(default_factory=Filled(np.int32, 0))
    service: NDArray[np.int32] = field(default_factory=Filled(np.int32, -1))
    procedure: NDArray[np.int8] = field(default_factory=Filled(np.int8, 0))
    rate: NDArray[np.float64] = field(default_factory=Filled(np.float64, 0.0))
    start: NDArray[np.int32] = field(default_factory=Filled(np.int32, -NEVER))
    end: NDArray[np.int32] = field(default_factory=Filled(np.int32, NEVER))
    price: NDArray[np.float32] = field(default_factory=Filled(np.float32, 0.0))
    mass: NDArray[np.float32] = field(default_factory=Filled(np.float32, 1.0))
    preferential: NDArray[np.bool_] = field(default_factory=Filled(np.bool_, False))
    pattern: NDArray[np.int8] = field(default_factory=Filled(np.int8, NONE))
    ring: NDArray[np.int32] = field(default_factory=Filled(np.int32, -1))
    guilt: NDArray[np.float32] = field(default_factory=Filled(np.float32, 0.0))

    def expected(self) -> NDArray[np.float64]:
        """Return the shipments expected of each lane over the whole time."""
        return self.rate * weeks_between(self.start, self.end)


@dataclass
class Rings(Columns):
    """The schemes, one row each: what they are, and how far the authorities may come to know of them.

    `hidden` rings have no outcome known before the last quarter; `tipped` ones are given away by a tip on or after
    `tip_on`, and get one such outcome for certain; of the others, chance decides.
    """

    pattern: NDArray[np.int8] = field(default_factory=Filled(np.int8, NONE))
    number: NDArray[np.int32] = field(default_factory=Filled(np.int32, 0))
    hidden: NDArray[np.bool_] = field(default_factory=Filled(np.bool_, False))
    tipped: NDArray[np.bool_] = field(default_factory=Filled(np.bool_, False))
    tip_on: NDArray[np.int32] = field(default_factory=Filled(np.int32, NEVER))

    def open(self, pattern: int, count: int, **values: NDArray[np.generic] | bool) -> NDArray[np.int64]:
        """Add schemes of one pattern, numbered on from those there are, and return their row numbers."""
        present = int((self.pattern == pattern).sum())
        return self.append(count, pattern=pattern, number=present + 1 + np.arange(count), **values)

    def ids(self) -> list[str]:
        """Return the ring identifiers as they stand in the truth files."""
        return [
            f"{_RING_PREFIXES[pattern]}{number:05d}" for pattern, number in zip(self.pattern, self.number, strict=True)
        ]


@dataclass(frozen=True)
class Role:
    """What some entities are in truth: members of a scheme, or innocent ones that look like it."""

    entity_type: str
    rows: NDArray[np.int64]
    name: str
    rings: NDArray[np.int64] | None = None
    lookalike: bool = False


@dataclass
class World:
    """Everything that is fixed before the first shipment moves."""

    facts: Facts
    shipments: int
    fleet: Fleet
    importers: Importers = field(default_factory=Importers)
    exporters: Parties = field(default_factory=Parties)
    forwarders: Parties = field(default_factory=Parties)
    lanes: Lanes = field(default_factory=Lanes)
    rings: Rings = field(default_factory=Rings)
    roles: list[Role] = field(default_factory=list)
    premises: int = 0
    centres: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    collusion: dict[tuple[int, int], tuple[float, int]] = field(default_factory=dict)
    tainted_vessels: dict[int, tuple[float, int]] = field(default_factory=dict)

    def open_premises(self, count: int) -> NDArray[np.int64]:
        """Add premises that belong to no party and return references to them."""
        first = self.premises
        self.premises += count
        return PREMISES + np.arange(first, first + count)
