"""A network as somebody supposes it to be: with an outcome cleared, a link taken away, or one added.

Nothing is stored, and no thing comes or goes, so that every number of the network means the same in what is supposed of
it. What is supposed holds for all days: a cleared outcome was clean from the day on which it became known, a link that
was taken away never was, and one that was added was known since both its ends were.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.records import LinkRef, Ref
from graph.schema import LINK
from graph.snapshot import NEVER, NONE, UNDATED, Adjacency, Declarations, Flag, Int, Ownership, Snapshot

_DECLARED = {"AT_ADDRESS": ("address",), "HAS_CONTACT": ("email", "phone")}
_ROLES = {"IMPORTED_BY": "importer", "EXPORTED_BY": "exporter", "DECLARED_BY": "declarant", "ABOARD": "vessel"}
_DESCRIBED = {"importer": "Trader", "exporter": "Trader", "declarant": "Forwarder"}
REMOVABLE = (*_DECLARED, "OWNED_BY", "SAME_AS", *_ROLES)
"""Types of links that can be taken away: those that risk flows over."""

ADDABLE = (*_DECLARED, "OWNED_BY", "SAME_AS")
"""Types of links that can be added as an assessment."""


@dataclass(frozen=True)
class Supposition:
    """What is supposed of a network.

    Attributes:
        cleared: shipments, or inspections of them, whose outcome is taken to be clean. The outcomes of all inspections
            of a shipment are one label, and are cleared together.
        removed: links that are taken not to be. Which end comes first does not matter. Between an importer and its
            exporter or declarant, the link is what all their shipments say: none of these names the exporter or
            declarant then.
        added: links that are taken to be.
    """

    cleared: Sequence[Ref] = ()
    removed: Sequence[LinkRef] = ()
    added: Sequence[LinkRef] = ()


@dataclass(frozen=True)
class Supposed:
    """What a supposition makes of a network.

    Attributes:
        snapshot: the network without what was cleared and removed, with what was added.
        shares: the network with what was added alone: how many share a link is counted there, so that what is taken
            away is missing by exactly what came over it (`graph.linked_risk.linked_risk`).
    """

    snapshot: Snapshot
    shares: Snapshot


def suppose(snapshot: Snapshot, supposition: Supposition) -> Supposed:
    """Return the network as it is supposed to be.

    Raises:
        ValueError: what is supposed does not fit the network; the message says why.
    """
    shares = snapshot
    for link in dict.fromkeys(supposition.added):
        shares = _with(shares, link)
    supposed = shares
    for link in supposition.removed:
        supposed = _without(supposed, link, shares)
    for ref in supposition.cleared:
        supposed = _cleared(supposed, ref, snapshot)
    return Supposed(supposed, shares)


def _number(snapshot: Snapshot, ref: Ref) -> int:
    number: int = pc.index(snapshot.things[ref.type].keys, pa.scalar(ref.key)).as_py()
    if number < 0:
        raise ValueError(f"{ref} is not in the network; check its key.")
    return number


def _cleared(snapshot: Snapshot, ref: Ref, whole: Snapshot) -> Snapshot:
    """Return the network with an outcome cleared, which in the whole network is an infraction."""
    if ref.type not in ("Shipment", "Inspection"):
        raise ValueError(f"{ref} is no source of linked risk: name a shipment or inspection with an infraction.")
    shipment = _number(snapshot, ref)
    if ref.type == "Inspection":
        found = snapshot.links[("Inspection", "FOUND_IN", "Shipment")]
        shipment = int(found.indices[found.indptr[shipment]])
    outcomes = snapshot.outcomes
    mine = outcomes.shipment == shipment
    # Cleared it may be already, by another of its inspections.
    if not (mine & whole.outcomes.infraction).any():
        raise ValueError(f"No infraction was found in {ref}, so there is nothing to clear.")
    cleared = replace(outcomes, infraction=outcomes.infraction & ~mine, revenue=np.where(mine, 0.0, outcomes.revenue))
    return replace(snapshot, outcomes=cleared)


def _with(snapshot: Snapshot, link: LinkRef) -> Snapshot:
    if link.type not in ADDABLE:
        raise ValueError(f"A link {link.type} cannot be supposed: it can be {', '.join(ADDABLE)}.")
    kinds = (link.start.type, link.type, link.end.type)
    if (link.start.type, link.end.type) not in LINK[link.type].ends:
        raise ValueError(f"There is no link {link.type} from a {link.start.type} to a {link.end.type}.")
    start, end = _number(snapshot, link.start), _number(snapshot, link.end)
    if link.start == link.end:
        raise ValueError(f"{link.start} cannot be linked to itself.")
    held = snapshot.links.get(kinds)
    # Who is the same as another is so whichever of them is named first.
    either = ((start, end), (end, start)) if link.type == "SAME_AS" else ((start, end),)
    if held is not None and any((held.indices[slice(*held.indptr[[a, a + 1]])] == b).any() for a, b in either):
        raise ValueError(f"{link.start} {link.type} {link.end} is in the network already.")
    first_on = max(int(snapshot.things[one.type].first_on[at]) for one, at in ((link.start, start), (link.end, end)))
    if first_on == UNDATED:
        raise ValueError(f"{link.start} and {link.end} have no day from which on they are known, and carry no risk.")
    empty = np.empty(0, dtype=np.int32)
    columns = (empty,) * 4 if held is None else (held.starts, held.indices, held.first_on, held.last_on)
    links = {
        **snapshot.links,
        kinds: _adjacency(
            kinds, _longer(columns, (start, end, first_on, first_on)), len(snapshot.things[link.start.type])
        ),
    }
    if link.type != "OWNED_BY":
        return replace(snapshot, links=links)
    owned = snapshot.ownership
    rows = _longer((owned.owned, owned.owner, owned.since, owned.until), (start, end, first_on, int(NEVER)))
    order = np.lexsort((rows[2], rows[1], rows[0]))
    return replace(snapshot, links=links, ownership=Ownership(*(column[order] for column in rows)))


def _longer(columns: Sequence[Int], row: Sequence[int]) -> list[Int]:
    """Return columns with a further row at their end."""
    return [np.append(column, np.int32(value)) for column, value in zip(columns, row, strict=True)]


def _adjacency(kinds: tuple[str, str, str], columns: Sequence[Int], size: int) -> Adjacency:
    starts, ends, first_on, last_on = columns
    order = np.lexsort((ends, starts))
    indptr = np.zeros(size + 1, dtype=np.int64)
    np.cumsum(np.bincount(starts, minlength=size), out=indptr[1:])
    return Adjacency(*kinds, indptr, ends[order], first_on[order], last_on[order])


def _without(snapshot: Snapshot, link: LinkRef, whole: Snapshot) -> Snapshot:
    """Return the network without a link, which is in the whole network."""
    if link.type not in REMOVABLE:
        raise ValueError(f"A link {link.type} carries no risk; one that can be left out is {', '.join(REMOVABLE)}.")
    supposed = _without_either(snapshot, link)
    # It may be gone already, with another that was named before it.
    if supposed is snapshot and _without_either(whole, link) is whole:
        raise ValueError(f"There is no link {link.type} between {link.start} and {link.end}.")
    return supposed


def _without_either(snapshot: Snapshot, link: LinkRef) -> Snapshot:
    """Return the network without a link, whichever of its ends comes first; the very same one where there is none."""
    supposed = snapshot
    for start, end in ((link.start, link.end), (link.end, link.start)):
        supposed = _without_directed(supposed, LinkRef(start, link.type, end))
    return supposed


def _without_directed(snapshot: Snapshot, link: LinkRef) -> Snapshot:
    """Return the network without a link, the very same one where there is none in this direction."""
    role = _ROLES.get(link.type)
    if role is not None:
        return _without_role(snapshot, link, role)
    kinds = (link.start.type, link.type, link.end.type)
    held = snapshot.links.get(kinds)
    if held is None:
        return snapshot
    start, end = _number(snapshot, link.start), _number(snapshot, link.end)
    here = (held.starts == start) & (held.indices == end)
    if not here.any():
        return snapshot
    supposed = replace(snapshot, links={**snapshot.links, kinds: _kept(held, ~here)})
    if link.type == "OWNED_BY":
        owned = snapshot.ownership
        kept = (owned.owned != start) | (owned.owner != end)
        left = Ownership(owned.owned[kept], owned.owner[kept], owned.since[kept], owned.until[kept])
        return replace(supposed, ownership=left)
    if link.type in _DECLARED:
        return replace(supposed, declarations=_not_given(snapshot.declarations, link, start, end))
    return supposed


def _kept(held: Adjacency, kept: Flag) -> Adjacency:
    columns = (held.starts[kept], held.indices[kept], held.first_on[kept], held.last_on[kept])
    return _adjacency((held.start, held.link, held.end), columns, len(held.indptr) - 1)


def _not_given(declarations: Declarations, link: LinkRef, party: int, thing: int) -> Declarations:
    """Return the declarations as if no row had given the address or contact for the party."""
    keys = dict(declarations.keys)
    for role, kind in _DESCRIBED.items():
        for given in _DECLARED[link.type]:
            column = keys[f"{role}_{given}"]
            if kind == link.start.type:
                keys[f"{role}_{given}"] = np.where((keys[role] == party) & (column == thing), NONE, column)
    return replace(declarations, keys=keys)


def _without_role(snapshot: Snapshot, link: LinkRef, role: str) -> Snapshot:
    """Leave a party out of a shipment, or out of all shipments of an importer; what else they declare stays."""
    declarations = snapshot.declarations
    if link.start.type == "Shipment":
        mine = declarations.shipment == _number(snapshot, link.start)
    elif link.start.type == "Trader" and role in ("exporter", "declarant"):
        mine = declarations.keys["importer"] == _number(snapshot, link.start)
    else:
        return snapshot
    if link.end.type != declarations.key_types[role]:
        return snapshot
    here = mine & (declarations.keys[role] == _number(snapshot, link.end))
    if not here.any():
        return snapshot
    blank = [name for name in declarations.keys if name == role or name.startswith(f"{role}_")]
    keys = {
        name: np.where(here, NONE, column) if name in blank else column for name, column in declarations.keys.items()
    }
    links = dict(snapshot.links)
    kinds = ("Shipment", link.type, link.end.type)
    if kinds in links:
        held = links[kinds]
        shipments = np.isin(held.starts, declarations.shipment[here])
        links[kinds] = _kept(held, ~(shipments & (held.indices == _number(snapshot, link.end))))
    return replace(snapshot, declarations=replace(declarations, keys=keys), links=links)
