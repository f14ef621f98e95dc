"""Where the paths of risk end: at parties, from which it goes on to a shipment, an address or a contact."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.evidence import PARTIES, ROLES, Parameters, row_parties
from graph.records import Ref
from graph.risk_flow import Flow
from graph.snapshot import Long, Real, Snapshot
from graph.ties import SHARED, runs

_GIVEN = {"importer_address": "Address", "importer_email": "Contact", "importer_phone": "Contact"}


class Step(NamedTuple):
    """The next thing on a path, the type of the link that leads to it, and by how many the link's share is divided."""

    ref: Ref
    link: str
    shared_by: int


class End(NamedTuple):
    """Where paths end: at a party, with what is kept from there on and the steps that follow.

    `thing` is the address or contact that follows (-1: none), `hops` how many may come before, `then` the party that
    follows the thing (-1: none), of whose shipments nothing may come.
    """

    party: int
    weight: float
    hops: int
    steps: tuple[Step, ...]
    thing: int = -1
    then: int = -1


class RowEnds(NamedTuple):
    """Ends of the paths of several rows, one each: those of `End`, whose (position in the rows) and of which column."""

    row: Long
    party: Long
    weight: Real
    hops: Long
    thing: Long
    then: Long
    column: Long


class Ends:
    """The ends of paths in a flow, for the things and declarations of a snapshot."""

    def __init__(self, snapshot: Snapshot, flow: Flow, parameters: Parameters) -> None:
        self._snapshot, self._flow, self._parameters = snapshot, flow, parameters

    def named(self, rows: Long) -> tuple[dict[str, Long], dict[str, Long]]:
        """Return the numbers of the rows' parties, and of what they are the first to give for their importer."""
        flow = self._flow
        roles = row_parties(self._snapshot, flow.parties, rows)
        importer = roles["importer"]
        given: dict[str, Long] = {}
        for column, node in _GIVEN.items():
            thing = flow.things.of(node, self._snapshot.declarations.keys[column][rows])
            given[column] = np.where((importer >= 0) & flow.is_given(thing, importer), -1, thing)
        return roles, given

    def of_thing(self, ref: Ref) -> list[End]:
        """Return the ends at a thing. Raises ValueError where it can have no risk, or is not in the snapshot."""
        types = (*PARTIES, *SHARED)
        if ref.type not in types:
            raise ValueError(f"Linked risk is of {', '.join(types)}, not of {ref.type}.")
        node = pc.index(self._snapshot.things[ref.type].keys, pa.scalar(ref.key)).as_py()
        if node < 0:
            raise ValueError(f"{ref} is not in the network; check its key.")
        numbering = self._flow.parties if ref.type in PARTIES else self._flow.things
        number = int(numbering.of(ref.type, np.array([node]))[0])
        if number < 0:
            return []
        return [End(number, 1.0, 2, ())] if ref.type in PARTIES else self._of_shared(number)

    def _of_shared(self, thing: int) -> list[End]:
        """Return an end for everybody who gave an address or contact; it carries nothing where too many did."""
        gave = self._flow.gave
        here = slice(*gave.start[thing : thing + 2])
        ref = self._flow.things.ref(thing)
        leading = Step(ref, SHARED[ref.type], int(self._flow.shared_by[thing]))
        return [
            End(int(party), float(kept), 1, (leading,), thing)
            for party, kept in zip(gave.column[here], gave.value[here], strict=True)
            if kept > 0
        ]

    def of_rows(self, rows: Long) -> tuple[RowEnds, tuple[str, ...]]:
        """Return where the paths of declarations end, in the order of roles and of what they are the first to give."""
        parameters, gave = self._parameters, self._flow.gave
        roles, given = self.named(rows)
        parts = []
        for column, role in enumerate(ROLES):
            kept = getattr(parameters, role)
            at = np.flatnonzero((roles[role] >= 0) & (kept > 0))
            none, two = np.full(len(at), -1), np.full(len(at), 2)
            parts.append((at, roles[role][at], np.full(len(at), kept), two, none, none, none + 1 + column))
        for column, name in enumerate(_GIVEN, start=len(ROLES)):
            first = np.flatnonzero(given[name] >= 0)
            thing = given[name][first]
            of, place = runs(gave.start[thing], gave.start[thing + 1] - gave.start[thing])
            weight = gave.value[place] * (parameters.shared * parameters.importer)
            of, place, weight = of[weight > 0], place[weight > 0], weight[weight > 0]
            at, one = first[of], np.ones(len(of), dtype=np.int64)
            parts.append((at, gave.column[place], weight, one, thing[of], roles["importer"][at], one * column))
        return RowEnds(*(np.concatenate(part) for part in zip(*parts, strict=True))), (*ROLES, *_GIVEN)

    def one(self, row: int, column: str, ends: RowEnds, at: int) -> End:
        """Return one of the ends of a declaration, with the steps that follow."""
        things, declarations = self._snapshot.things, self._snapshot.declarations
        shipment = Ref("Shipment", things["Shipment"].keys[int(declarations.shipment[row])].as_py())
        party, thing, then = int(ends.party[at]), int(ends.thing[at]), int(ends.then[at])
        if column in ROLES:
            return End(party, float(ends.weight[at]), 2, (Step(shipment, ROLES[column][1], 1),))
        importer = Ref("Trader", things["Trader"].keys[int(declarations.keys["importer"][row])].as_py())
        link = SHARED[_GIVEN[column]]
        steps = (
            Step(self._flow.things.ref(thing), link, 1),
            Step(importer, link, int(self._flow.shared_by[thing])),
            Step(shipment, "IMPORTED_BY", 1),
        )
        return End(party, float(ends.weight[at]), 1, steps, thing, then)

    def of_row(self, row: int) -> list[End]:
        """Return the ends of one declaration."""
        ends, columns = self.of_rows(np.array([row]))
        return [self.one(row, columns[int(column)], ends, at) for at, column in enumerate(ends.column)]
