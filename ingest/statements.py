"""From the checked fields of rows to statements, by the kind of file that the rows come from."""

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from graph.schema import ROLES
from graph.statements import DECLARATION, ENTITY, INSPECTION, LISTING, OWNERSHIP, Statements
from ingest.columns import Column, constant, joined, json_objects
from ingest.forms import PARTY
from ingest.mapping import EXTRA_PREFIX
from ingest.parties import Keys, Named, describe

Fields = Mapping[str, Column]

# Fields whose statement column has another name.
_RENAMED = {"hs_code": "commodity", "origin_country": "origin", "container_ids": "containers"}
_SAYS_INSPECTION = ("selected_by", "inspected_on", "outcome", "infraction_type", "revenue_recovered", "severity")
_NODE_OF_ENTITY = {"trader": "Trader", "forwarder": "Forwarder", "carrier": "Carrier", "vessel": "Vessel"}


def statements(kind: str, fields: Fields, rows: int, keys: Keys, outcome_delay_days: int) -> Statements:
    """Return what the rows of a file of this kind say.

    Args:
        kind: name of the kind of file.
        fields: the rows' fields, in their types.
        rows: how many rows there are.
        keys: the keys of the source.
        outcome_delay_days: days from acceptance until an outcome without dates is known.
    """
    return _KINDS[kind](fields, rows, keys, outcome_delay_days)


def _declarations(fields: Fields, rows: int, keys: Keys, outcome_delay_days: int) -> Statements:
    roles = [role for role in ROLES if role.described]
    description, references = describe([_named(role.column, role.node, fields, rows) for role in roles], rows, keys)
    accepted_on = _column(fields, "accepted_on", pa.date32(), rows)
    shipment = keys.within(_column(fields, "shipment_id", pa.string(), rows))
    columns: dict[str, pa.Array] = {
        "source": constant(keys.source, rows).rows(),
        "shipment": shipment,
        "known_on": pc.coalesce(_column(fields, "amended_on", pa.date32(), rows), accepted_on),
        "route": _routes(fields, rows, keys),
        "extra": _extras(fields, rows),
        **{role.column: reference for role, reference in zip(roles, references, strict=True)},
    }
    for field, name in (("office", "office"), ("transport_document", "document")):
        if field in fields:
            columns[name] = fields[field].mapped(keys.within).rows()
    if "container_ids" in fields:
        columns["containers"] = fields["container_ids"].mapped(_without_repeats).rows()
    for field, column in fields.items():
        name = _RENAMED.get(field, field)
        if name in DECLARATION.names and name not in columns:
            columns[name] = column.rows()
    late = pc.cast(pc.add(accepted_on.cast(pa.int32()), pa.scalar(outcome_delay_days, pa.int32())), pa.date32())
    return Statements(
        description=description,
        declaration=_shaped(columns, DECLARATION, rows),
        inspection=_inspections(fields, rows, keys, shipment, late),
    )


def _outcomes(fields: Fields, rows: int, keys: Keys, _: int) -> Statements:
    shipment = keys.within(_column(fields, "shipment_id", pa.string(), rows))
    return Statements(inspection=_inspections(fields, rows, keys, shipment, pa.nulls(rows, pa.date32())))


def _inspections(fields: Fields, rows: int, keys: Keys, shipment: pa.Array, late: pa.Array) -> pa.Table:
    """Return a row for each row that says anything of an inspection; `late` is the day where it gives none."""
    said = np.zeros(rows, dtype=bool)
    for field in _SAYS_INSPECTION:
        if field in fields:
            said |= fields[field].filled()
    inspected_on = _column(fields, "inspected_on", pa.date32(), rows)
    known_on = pc.coalesce(_column(fields, "outcome_known_on", pa.date32(), rows), inspected_on, late)
    day = pc.coalesce(inspected_on, known_on).cast(pa.string())
    columns = {
        "source": constant(keys.source, rows).rows(),
        "inspection": pc.binary_join_element_wise(shipment, day, "/"),
        "shipment": shipment,
        "known_on": known_on,
        **{field: fields[field].rows() for field in _SAYS_INSPECTION if field in fields},
    }
    return _shaped(columns, INSPECTION, rows).filter(pa.array(said))


def _entities(fields: Fields, rows: int, keys: Keys, _: int) -> Statements:
    parts = {part: fields[part] for part in (*PARTY, "registered_on") if part in fields}
    node = fields["entity_type"].mapped(lambda values: _looked_up(values, _NODE_OF_ENTITY))
    description, (thing,) = describe([Named(node, {"id": fields["entity_id"], **parts})], rows, keys)
    columns = {
        "source": constant(keys.source, rows).rows(),
        "thing": thing,
        "known_on": _known_on(fields, "registered_on", rows),
    }
    return Statements(description=description, entity=_shaped(columns, ENTITY, rows))


def _ownership(fields: Fields, rows: int, keys: Keys, _: int) -> Statements:
    columns = {
        "source": constant(keys.source, rows).rows(),
        "owned": fields["owned_id"].mapped(keys.within).rows(),
        "owner": fields["owner_id"].mapped(keys.within).rows(),
        "known_on": _known_on(fields, "valid_from", rows),
        **{name: fields[name].rows() for name in ("share", "valid_from", "valid_to") if name in fields},
    }
    return Statements(ownership=_shaped(columns, OWNERSHIP, rows))


def _listings(fields: Fields, rows: int, keys: Keys, _: int) -> Statements:
    columns = {
        "source": constant(keys.source, rows).rows(),
        "entry": pc.binary_join_element_wise(fields["list_id"].rows(), fields["entry_id"].rows(), "/"),
        "known_on": _column(fields, "listed_on", pa.date32(), rows),
        **{name: column.rows() for name, column in fields.items() if name in LISTING.names},
    }
    return Statements(listing=_shaped(columns, LISTING, rows))


_KINDS: Mapping[str, Callable[[Fields, int, Keys, int], Statements]] = {
    "declarations": _declarations,
    "outcomes": _outcomes,
    "entities": _entities,
    "ownership": _ownership,
    "listings": _listings,
}


def _column(fields: Fields, name: str, kind: pa.DataType, rows: int) -> pa.Array:
    return fields[name].rows() if name in fields else pa.nulls(rows, kind)


def _known_on(fields: Fields, otherwise: str, rows: int) -> pa.Array:
    return pc.coalesce(_column(fields, "known_on", pa.date32(), rows), _column(fields, otherwise, pa.date32(), rows))


def _shaped(columns: Mapping[str, pa.Array], shape: pa.Schema, rows: int) -> pa.Table:
    """Return the columns in the order of a shape, with null where there is none."""
    return pa.table({item.name: columns.get(item.name, pa.nulls(rows, item.type)) for item in shape}).cast(shape)


def _looked_up(values: pa.Array, table: Mapping[str, str]) -> pa.Array:
    return pa.array([table.get(value) for value in values.to_pylist()], pa.string())


def _without_repeats(lists: pa.Array) -> pa.Array:
    return pa.array([value and list(dict.fromkeys(value)) for value in lists.to_pylist()], lists.type)


def _named(role: str, node: str, fields: Fields, rows: int) -> Named:
    parts = {part: f"{role}_{part}" for part in PARTY}
    if role == "vessel":
        parts = {"id": "vessel_imo", "name": "vessel_name"}
    return Named(constant(node, rows), {part: fields[field] for part, field in parts.items() if field in fields})


def _routes(fields: Fields, rows: int, keys: Keys) -> pa.Array:
    """Return `{mode}:{departure place, else country}>{transit places}>{office}`, empty parts left out."""
    text = pa.string()
    departure = pc.coalesce(
        _column(fields, "departure_place", text, rows), _column(fields, "departure_country", text, rows)
    )
    transit = pa.nulls(rows, text)
    if "transit_places" in fields:
        transit = fields["transit_places"].mapped(lambda places: pc.binary_join(places, ">")).rows()
    stops = joined([departure, transit, _column(fields, "office", text, rows)], ">")
    mode = pc.binary_join_element_wise(_column(fields, "transport_mode", text, rows), ":", "")
    return keys.within(joined([mode, stops], ""))


def _extras(fields: Fields, rows: int) -> pa.Array:
    extras = {
        name.removeprefix(EXTRA_PREFIX): column for name, column in fields.items() if name.startswith(EXTRA_PREFIX)
    }
    return json_objects(extras, rows)
