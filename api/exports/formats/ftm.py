"""FollowTheMoney: entities as JSON lines, for OpenAleph and OpenSanctions tools.

The model has no shipments: what it has no schema for is an `Asset`, and a link that it has no schema for is an
`UnknownLink` whose role says what it is.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from api.exports.portion import Edge, Heading, Node, Portion

_SCHEMA = {
    "Trader": "Company",
    "Forwarder": "Company",
    "Carrier": "Company",
    "Vessel": "Vessel",
    "Address": "Address",
    "Place": "Address",
    "ListEntry": "LegalEntity",
}
# Our field, and the property it is in the schemas that have it.
_PROPERTY = {
    "country": "country",
    "tax_id": "taxNumber",
    "registered_on": "incorporationDate",
    "address": "full",
}
_HAVING = {
    "taxNumber": frozenset({"Company", "LegalEntity"}),
    "incorporationDate": frozenset({"Company", "LegalEntity"}),
    "full": frozenset({"Address"}),
}


def write(portion: Portion, folder: Path, heading: Heading) -> list[Path]:
    """Write `entities.ftm.json`, one entity a line."""
    path = folder / "entities.ftm.json"
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for entity in _entities(portion, heading):
            file.write(json.dumps(entity, ensure_ascii=True, allow_nan=False) + "\n")
    return [path]


def _entities(portion: Portion, heading: Heading) -> Iterator[dict[str, Any]]:
    for node in portion.nodes():
        yield _entity(_id(str(node.ref)), _schema(node.ref.type), _thing(node, heading))
    for edge in portion.edges():
        start, link, end = edge.link
        name = _id(json.dumps([str(start), link, str(end)]))
        yield _entity(name, "Ownership" if link == "OWNED_BY" else "UnknownLink", _link(edge))


def _entity(name: str, schema: str, properties: dict[str, list[str]]) -> dict[str, Any]:
    return {"id": name, "schema": schema, "properties": {key: values for key, values in properties.items() if values}}


def _id(text: str) -> str:
    return f"tidewaiter-{hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()}"


def _schema(kind: str) -> str:
    return _SCHEMA.get(kind, "Asset")


def _thing(node: Node, heading: Heading) -> dict[str, list[str]]:
    schema = _schema(node.ref.type)
    properties: dict[str, list[str]] = {"name": [node.name or str(node.ref)]}
    rest = []
    for name, value in sorted(node.fields.items()):
        held = _PROPERTY.get(name)
        if held is not None and schema in _HAVING.get(held, {schema}):
            properties[held] = [value]
        elif name != "name":
            rest.append(f"{name}: {value}")
    if node.ref.type == "Place":
        properties["full"] = [node.ref.key]
    properties["notes"] = [str(node.ref), *rest, heading.tlp]
    return properties


def _link(edge: Edge) -> dict[str, list[str]]:
    start, link, end = edge.link
    ends = ("asset", "owner") if link == "OWNED_BY" else ("subject", "object")
    properties = {ends[0]: [_id(str(start))], ends[1]: [_id(str(end))], "role": [link.lower().replace("_", " ")]}
    share = edge.fields.get("share")
    if link == "OWNED_BY" and share is not None:
        properties["percentage"] = [f"{100 * float(share):g}"]
    first, last = edge.fields.get("valid_from"), edge.fields.get("valid_to")
    properties["startDate"] = [first or (edge.first_on.isoformat() if edge.first_on else "")]
    properties["endDate"] = [last or ""]
    return {name: [value for value in values if value] for name, values in properties.items()}
