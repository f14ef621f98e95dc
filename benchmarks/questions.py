"""The requests that the benchmark of the service sends: chosen by seed from what a scored store holds."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import urlencode

from api.names import names
from graph.records import Ref
from graph.store.base import GraphStore
from graph.store.errors import StoreError
from graph.store.neighbourhood import STARTS, Expansion, Order

LIMIT = 100
"""Things that an expansion shows."""

_HOPS = 4
_DAYS = 30
"""Days that a page of the queue looks at."""
_GROUPS = 5
"""Groups of `STARTS` shipments that are asked for their largest hub."""
_PARTIES = ("Trader", "Carrier", "Forwarder")


class Question(NamedTuple):
    """One request: its method, address and body."""

    method: str
    address: str
    body: bytes | None = None


@dataclass(frozen=True)
class Chosen:
    """What is asked about: shipments, parties, pairs of parties, communities, names, periods, and the largest hub."""

    shipments: Sequence[str]
    parties: Sequence[Ref]
    pairs: Sequence[tuple[Ref, Ref]]
    communities: Sequence[str]
    names: Sequence[str]
    periods: Sequence[tuple[date, date]]
    hub: Ref
    hub_degree: int


def choose(store: GraphStore, number: int, seed: int) -> Chosen:
    """Choose what is asked about; half of the pairs are of one community, so that they are linked.

    Raises:
        StoreError: nothing is scored in the store.
    """
    chance = random.Random(seed)
    with store.reading() as view:
        shipments, days = [], []
        for row in _rows(view, "shipment", ("shipment", "accepted_on")):
            shipments.append(row["shipment"])
            days.append(row["accepted_on"])
        known = [one for one in days if one is not None]
        members: dict[str | None, list[Ref]] = {}
        for row in _rows(view, "entity", ("type", "key", "community")):
            if row["type"] in _PARTIES:
                members.setdefault(row["community"], []).append(Ref(row["type"], row["key"]))
        all_parties = [ref for of_one in members.values() for ref in of_one]
        if not known or len(all_parties) < 2:
            raise StoreError("Nothing is scored in the store: have it analysed, a model trained and shipments scored.")
        communities = [row["community"] for row in _rows(view, "community", ("community",))]
        close = [found for name, found in members.items() if name is not None and len(found) > 1] or [all_parties]
        pairs = [chance.sample(chance.choice(close) if at % 2 else all_parties, 2) for at in range(number)]
        parties = chance.choices(all_parties, k=number)
        first, last = min(known), max(known)
        starts = [first + timedelta(chance.randrange((last - first).days + 1)) for _ in range(number)]
        named = [name for name in names(view, parties).values() if name]
        hub, degree = _largest(view, chance.sample(shipments, min(len(shipments), _GROUPS * STARTS)))
    return Chosen(
        chance.choices(shipments, k=number),
        parties,
        [(one, other) for one, other in pairs],
        chance.choices(communities, k=number),
        [_typed(name, at, chance) for at, name in enumerate(named)],
        [(day, day + timedelta(_DAYS - 1)) for day in starts],
        hub,
        degree,
    )


def questions(chosen: Chosen) -> Mapping[str, Sequence[Question]]:
    """Return the requests of each row of the table."""
    found = {
        "livez": [Question("GET", "/livez")],
        "queue page": [
            _get("/v1/shipments", {"from": first, "to": last, "limit": 50}) for first, last in chosen.periods
        ],
        "shipment portrait": [_get("/v1/shipments/portrait", {"id": key}) for key in chosen.shipments],
        "shipment evidence": [_get("/v1/shipments/evidence", {"id": key}) for key in chosen.shipments],
        "search": [_post("/v1/entities/search", {"text": name, "limit": 20}) for name in chosen.names],
    }
    for order in Order:
        found[f"expand, {order}"] = [_expand(ref, order) for ref in chosen.parties]
    for order in Order:
        found[f"expand the largest hub, {order}"] = [_expand(chosen.hub, order)]
    found["paths"] = [
        _post("/v1/paths", {"sources": [str(one)], "targets": [str(other)], "hops": _HOPS})
        for one, other in chosen.pairs
    ]
    found["entity evidence"] = [_get("/v1/entities/evidence", {"id": str(ref)}) for ref in chosen.parties]
    found["communities"] = [Question("GET", "/v1/communities?limit=50")]
    found["community page"] = [_get("/v1/communities/portrait", {"id": name}) for name in chosen.communities]
    return found


def of_published(asked: Mapping[str, Sequence[Question]], each: int) -> list[Question]:
    """Return a few of the requests whose answers come from the published set."""
    rows = (
        "queue page",
        "shipment portrait",
        "shipment evidence",
        f"expand, {Order.RISKIEST}",
        "entity evidence",
        "communities",
        "community page",
    )
    return [question for row in rows for question in islice(asked[row], each)]


def _rows(view: GraphStore, table: str, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    for batch in view.results(table):
        yield from batch.select(columns).to_pylist()


def _largest(view: GraphStore, shipments: Sequence[str]) -> tuple[Ref, int]:
    """Return what has the most links of all that lies around these shipments, or around the largest of that."""
    refs = [Ref("Shipment", key) for key in shipments]
    degrees: dict[Ref, int] = {}
    for at in range(0, len(refs), STARTS):
        degrees |= _degrees(view, refs[at : at + STARTS])
    most = sorted(degrees, key=lambda ref: (-degrees[ref], ref))
    degrees |= _degrees(view, most[:STARTS])
    hub = min(degrees, key=lambda ref: (-degrees[ref], ref))
    return hub, degrees[hub]


def _degrees(view: GraphStore, starts: Sequence[Ref]) -> dict[Ref, int]:
    found = view.expand(Expansion(starts, order=Order.MOST_CONNECTED, limit=STARTS))
    return {one.ref: one.degree for one in found.things}


def _typed(name: str, at: int, chance: random.Random) -> str:
    """Return a name as somebody types it: whole, with a letter left out, or only its first half."""
    if at % 3 == 0 or len(name) < 6:
        return name
    if at % 3 == 1:
        gap = chance.randrange(1, len(name) - 1)
        return name[:gap] + name[gap + 1 :]
    return name[: len(name) // 2 + 1]


def _expand(ref: Ref, order: Order) -> Question:
    return _post("/v1/entities/expand", {"starts": [str(ref)], "limit": LIMIT, "order": order})


def _get(path: str, parameters: Mapping[str, object]) -> Question:
    return Question("GET", f"{path}?{urlencode(parameters)}")


def _post(path: str, body: Mapping[str, object]) -> Question:
    return Question("POST", path, json.dumps(body).encode())
