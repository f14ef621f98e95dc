"""The snapshot: an immutable, columnar view of the network at one store version, which all analysis reads.

Nodes are numbered by sorted key within their type. Days are int32 counts since 1970-01-01. Built from any store it is
the same, bit for bit.

The as-of rule rests on the days kept here. A fact may be used on day D where it was known *before* D: `first_on < D`
for things and links, `known_on < D <= until` for the version of a declaration that counted on D, `known_on < D` for
outcomes. `UNDATED` is greater than every day, so that a fact without a day is in no as-of view.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Int = npt.NDArray[np.int32]
Long = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
Flag = npt.NDArray[np.bool_]

UNDATED = np.int32(2**31 - 1)
NEVER = UNDATED
NONE = np.int32(-1)


@dataclass(frozen=True)
class Things:
    """All things of one node type; row i is node i.

    Attributes:
        keys: sorted keys, [n] text.
        first_on: first day on which a record named the thing, [n]; UNDATED where none did.
        last_on: last such day, [n].
        shown: a text column per field of the schema, the value shown (canonical text), null where blank. Shipments,
            inspections and list entries have their values in the versions instead, and blanks here.
    """

    keys: pa.StringArray
    first_on: Int
    last_on: Int
    shown: pa.Table

    def __len__(self) -> int:
        """Return the number of things."""
        return len(self.first_on)


@dataclass(frozen=True)
class Adjacency:
    """Links of one type between two node types, as compressed sparse rows; the ends of a row are sorted.

    Attributes:
        start, link, end: the triple of types, as in torch-geometric's edge types.
        indptr: [n_start + 1]; the links of node i stand at indptr[i]:indptr[i + 1].
        indices: [n_links] numbers of the end nodes.
        first_on, last_on: [n_links] first and last day of the link; UNDATED where no dated record says it.
    """

    start: str
    link: str
    end: str
    indptr: Long
    indices: Int
    first_on: Int
    last_on: Int

    @cached_property
    def starts(self) -> Int:
        """Return the number of the start node of each link, [n_links]."""
        return np.repeat(np.arange(len(self.indptr) - 1, dtype=np.int32), np.diff(self.indptr))


@dataclass(frozen=True)
class Declarations:
    """Every version of every shipment, sorted by shipment and day; versions of one day are merged.

    Attributes:
        shipment: [v] node number of the Shipment.
        known_on: [v] day on which the version became known.
        until: [v] day on which the next version became known; the version counts on days D with
            known_on < D <= until. NEVER where it is the last.
        accepted_on: [v] day of acceptance.
        keys: node number by column, [v] each, -1 where blank. Columns and their node types are in `key_types`:
            `importer`, `exporter` (Trader), `declarant` (Forwarder), `carrier`, `vessel`, `route`, `commodity`,
            `origin`, `office`, `departure` (place, else country), `arrival` (Place), `document`, and
            `{importer,exporter,declarant}_{address,email,phone}` as this row declared them (Address, Contact).
        key_types: node type by column of `keys`.
        texts: dictionary-encoded text by column (null where blank): `procedure`, `transport_mode`,
            `departure_country`, `destination_country`, `quantity_unit`, `currency`, `importer_country`,
            `importer_aeo`, `exporter_country`, `exporter_aeo`, `declarant_country`, and `extra.<name>` (its texts).
        numbers: number by column (NaN where blank): `quantity`, `net_mass_kg`, `gross_mass_kg`, `packages`,
            `customs_value`, `duty_rate`, `duty_amount`, and `extra.<name>` (its numbers).
        containers: node numbers of the containers, rows `container_ptr[i]:container_ptr[i + 1]` for version i.
    """

    shipment: Int
    known_on: Int
    until: Int
    accepted_on: Int
    keys: Mapping[str, Int]
    key_types: Mapping[str, str]
    texts: Mapping[str, pa.DictionaryArray]
    numbers: Mapping[str, Real]
    containers: Int
    container_ptr: Long

    def __len__(self) -> int:
        """Return the number of versions."""
        return len(self.shipment)

    def take(self, rows: Long) -> "Declarations":
        """Return some of the versions, in the order asked for."""
        sizes = np.diff(self.container_ptr)[rows]
        pointer = np.append(0, np.cumsum(sizes)).astype(np.int64)
        at = np.repeat(self.container_ptr[rows] - pointer[:-1], sizes) + np.arange(pointer[-1])
        return Declarations(
            self.shipment[rows],
            self.known_on[rows],
            self.until[rows],
            self.accepted_on[rows],
            {name: column[rows] for name, column in self.keys.items()},
            self.key_types,
            {name: column.take(pa.array(rows)) for name, column in self.texts.items()},
            {name: column[rows] for name, column in self.numbers.items()},
            self.containers[at],
            pointer,
        )

    @cached_property
    def first(self) -> Long:
        """Return the row of each declared shipment's first version, in order of shipment."""
        return np.flatnonzero(np.diff(self.shipment, prepend=NONE) != 0)

    @cached_property
    def last(self) -> Long:
        """Return the row of each declared shipment's latest version, in order of shipment."""
        return np.flatnonzero(np.diff(self.shipment, append=NONE) != 0)


@dataclass(frozen=True)
class Outcomes:
    """How the label of each inspected shipment came about: its change points, sorted by shipment and day.

    On day D a shipment's label is that of its last change point with known_on < D; none where there is none.

    Attributes:
        shipment: [m] node number of the Shipment.
        known_on: [m] day on which the label became known.
        infraction: [m] the label: True infraction, False clean.
        random: [m] whether a random selection was among the inspections behind the label.
        tip: [m] whether one that followed a tip was.
        revenue: [m] greatest revenue recovered that an inspection known then states (0 where not said): an outcome
            that comes again, with another day of inspection, says the same revenue once more.
    """

    shipment: Int
    known_on: Int
    infraction: Flag
    random: Flag
    tip: Flag
    revenue: Real


@dataclass(frozen=True)
class Ownership:
    """Who owned whom, and when, as far as was known: sorted by owned, owner and day.

    Attributes:
        owned, owner: [n] node numbers of Traders.
        since, until: [n] the ownership counts on days D with since < D <= until: from the day after it became known,
            and within its first and last day where these were said.
    """

    owned: Int
    owner: Int
    since: Int
    until: Int


@dataclass(frozen=True)
class Snapshot:
    """The network at one version.

    Attributes:
        version: the store's version.
        things: by node type, all types of the schema.
        links: by (start type, link type, end type), all triples that occur.
        declarations: versions of the shipments.
        outcomes: labels of the shipments.
        ownership: what `OWNED_BY` links mean on a day.
    """

    version: int
    things: Mapping[str, Things]
    links: Mapping[tuple[str, str, str], Adjacency]
    declarations: Declarations
    outcomes: Outcomes
    ownership: Ownership


def labels(snapshot: Snapshot, shipments: Int, days: Int) -> npt.NDArray[np.int8]:
    """Return the label of each shipment as known before its day: 1 infraction, 0 clean, -1 none, [n]."""
    at = last_outcome(snapshot, shipments, days)
    label = np.full(len(shipments), -1, dtype=np.int8)
    label[at >= 0] = snapshot.outcomes.infraction[at[at >= 0]]
    return label


def last_outcome(snapshot: Snapshot, shipments: Int, days: Int) -> Long:
    """Return the place in `outcomes` of each shipment's last change point known before its day, -1 for none, [n]."""
    outcomes = snapshot.outcomes
    known = outcomes.shipment.astype(np.int64) << 32 | outcomes.known_on.astype(np.int64)
    at = np.searchsorted(known, shipments.astype(np.int64) << 32 | days.astype(np.int64), side="left") - 1
    found = (at >= 0) & (outcomes.shipment[np.maximum(at, 0)] == shipments) if len(known) else np.zeros(len(at), bool)
    return np.where(found, at, -1)
