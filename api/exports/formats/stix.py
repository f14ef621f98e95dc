"""STIX 2.1: a bundle for threat-intelligence platforms.

Parties and list entries are identities; all other things are of an object type of our own, which an extension
definition in the bundle declares, as it does the properties that are added to identities and relationships. Ids are
UUIDs of version 5 over the references, so that the same thing has the same id in every hand-over.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from api.exports.portion import Edge, Heading, Node, Portion

_NAMESPACE = UUID("5f0c0f0e-7a43-5d0b-9c56-4b8f5b4f8f6e")
_EXTENSION = f"extension-definition--{uuid5(_NAMESPACE, 'extension')}"
_MAKER = f"identity--{uuid5(_NAMESPACE, 'tidewaiter')}"
_IDENTITIES = frozenset({"Trader", "Forwarder", "Carrier", "ListEntry"})
_OWN = "x-tidewaiter-thing"

# The marking definitions of TLP 2.0 that OASIS publishes (cti-stix-common-objects), and the extension they rest on.
_TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
_TLP = {
    "TLP:CLEAR": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "TLP:GREEN": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "TLP:AMBER": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "TLP:AMBER+STRICT": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "TLP:RED": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}


def write(portion: Portion, folder: Path, heading: Heading) -> list[Path]:
    """Write `bundle.json`: a grouping of all things and relationships, each marked with the label."""
    path = folder / "bundle.json"
    bundle = f"bundle--{uuid5(_NAMESPACE, f'{heading.made_at.isoformat()} {heading.query}')}"
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f'{{"type": "bundle", "id": "{bundle}", "objects": [\n')
        for one in _declared(heading):
            file.write(f"{_json(one)},\n")
        for node in portion.nodes():
            file.write(f"{_json(_thing(node, heading))},\n")
        for edge in portion.edges():
            file.write(f"{_json(_relationship(edge, heading))},\n")
        grouping = _json(_grouping(heading)).removesuffix("}")
        file.write(f'{grouping}, "object_refs": ["{_MAKER}"')
        file.writelines(f',\n"{_id(node)}"' for node in portion.nodes())
        file.writelines(f',\n"{_link_id(edge)}"' for edge in portion.edges())
        file.write("]}\n]}\n")
    return [path]


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def _time(heading: Heading) -> str:
    return f"{heading.made_at:%Y-%m-%dT%H:%M:%S}.000Z"


def _declared(heading: Heading) -> Iterator[dict[str, Any]]:
    label = heading.tlp
    yield {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": _TLP[label],
        "created": "2022-10-01T00:00:00.000Z",
        "name": label,
        "extensions": {
            _TLP_EXTENSION: {
                "extension_type": "property-extension",
                "tlp_2_0": label.removeprefix("TLP:").lower(),
            }
        },
    }
    yield {
        "type": "identity",
        "spec_version": "2.1",
        "id": _MAKER,
        "created": _time(heading),
        "modified": _time(heading),
        "name": "Tidewaiter",
        "identity_class": "system",
    }
    yield {
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": _EXTENSION,
        "created_by_ref": _MAKER,
        "created": _time(heading),
        "modified": _time(heading),
        "name": "Tidewaiter trade network",
        "description": "Things of a trade network that STIX has no object for, and what is known of all of them.",
        "schema": f"{_OWN}: name, thing_type, reference, fields, first_on, last_on, risk, sources, grade",
        "version": "1.0.0",
        "extension_types": ["new-sdo", "property-extension"],
    }


def _common(kind: str, name: str, heading: Heading) -> dict[str, Any]:
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": name,
        "created_by_ref": _MAKER,
        "created": _time(heading),
        "modified": _time(heading),
        "object_marking_refs": [_TLP[heading.tlp]],
    }


def _id(node: Node) -> str:
    return _thing_id(node.ref.type, str(node.ref))


def _thing_id(kind: str, reference: str) -> str:
    return f"{'identity' if kind in _IDENTITIES else _OWN}--{uuid5(_NAMESPACE, reference)}"


def _link_id(edge: Edge) -> str:
    return f"relationship--{uuid5(_NAMESPACE, json.dumps([*map(str, edge.link)]))}"


def _thing(node: Node, heading: Heading) -> dict[str, Any]:
    said: dict[str, Any] = {
        "thing_type": node.ref.type,
        "reference": str(node.ref),
        **_said(node),
    }
    if node.risk is not None:
        said["risk"] = node.risk
    if node.community is not None:
        said["community"] = node.community
    name = node.name or str(node.ref)
    if node.ref.type in _IDENTITIES:
        extended = {_EXTENSION: {"extension_type": "property-extension", **said}}
        more = {"name": name, "identity_class": "organization", "extensions": extended}
    else:
        more = {"name": name, **said, "extensions": {_EXTENSION: {"extension_type": "new-sdo"}}}
    return {**_common("identity" if node.ref.type in _IDENTITIES else _OWN, _id(node), heading), **more}


def _relationship(edge: Edge, heading: Heading) -> dict[str, Any]:
    start, link, end = edge.link
    return {
        **_common("relationship", _link_id(edge), heading),
        "relationship_type": link.lower().replace("_", "-"),
        "source_ref": _thing_id(start.type, str(start)),
        "target_ref": _thing_id(end.type, str(end)),
        "extensions": {_EXTENSION: {"extension_type": "property-extension", **_said(edge)}},
    }


def _grouping(heading: Heading) -> dict[str, Any]:
    return {
        **_common("grouping", f"grouping--{uuid5(_NAMESPACE, f'{_time(heading)} {heading.query}')}", heading),
        "name": heading.title,
        "description": f"{heading.query}. {heading.caveat}",
        "context": "unspecified",
    }


def _said(item: Node | Edge) -> dict[str, Any]:
    """Return what is known of a thing or link; STIX knows no empty lists and objects."""
    grade = {name: value for name, value in item.grade._asdict().items() if value is not None}
    said: dict[str, Any] = {
        "fields": dict(item.fields),
        "first_on": _day(item.first_on),
        "last_on": _day(item.last_on),
        "sources": list(item.sources),
        "grade": grade,
    }
    return {name: value for name, value in said.items() if value}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
