"""Small random networks for the tests of the signals, built as real ones are: statements, then a snapshot."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np

from graph.build import from_statements
from graph.columns import date_undated, known_before
from graph.snapshot import Long, Snapshot
from graph.statements import SHAPES, Statements
from tests.statements import table

FIRST = date(2023, 1, 1)


def day_number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


@dataclass
class Rows:
    """Collects rows of statements; parties are described by the address and contacts given for them."""

    descriptions: dict[tuple[Any, ...], int]
    rows: dict[str, list[dict[str, Any]]]

    @classmethod
    def new(cls) -> "Rows":
        return cls({}, {shape: [] for shape in SHAPES})

    def party(self, kind: str, key: str, address: str | None, email: str | None, phone: str | None) -> int:
        said = (kind, key, address, email, phone)
        if said not in self.descriptions:
            self.descriptions[said] = len(self.descriptions)
            self.rows["description"].append(
                {
                    "id": self.descriptions[said],
                    "type": kind,
                    "key": key,
                    "address": address,
                    "address_key": address,
                    "email": email,
                    "email_key": email,
                    "phone": phone,
                    "phone_key": phone,
                }
            )
        return self.descriptions[said]

    def declare(
        self,
        shipment: str,
        on: int,
        importer: str,
        exporter: str = "E",
        declarant: str | None = "F",
        *,
        address: str | None = None,
        email: str | None = None,
        phone: str | None = None,
        accepted: int | None = None,
        commodity: str = "847130",
        vessel: str | None = None,
    ) -> None:
        """Add a version of a shipment, known `on` days after FIRST."""
        row = {
            "source": "s",
            "shipment": shipment,
            "known_on": FIRST + timedelta(days=on),
            "accepted_on": FIRST + timedelta(days=on if accepted is None else accepted),
            "importer": self.party("Trader", importer, address, email, phone),
            "exporter": self.party("Trader", exporter, None, None, None),
            "commodity": commodity,
            "origin": "CN",
        }
        if declarant is not None:
            row["declarant"] = self.party("Forwarder", declarant, None, None, None)
        if vessel is not None:
            row["vessel"] = self.party("Vessel", vessel, None, None, None)
        self.rows["declaration"].append(row)

    def find(self, shipment: str, on: int, outcome: str, inspection: str = "1") -> None:
        """Add the outcome of an inspection, known `on` days after FIRST."""
        day = FIRST + timedelta(days=on)
        self.rows["inspection"].append(
            {
                "source": "s",
                "inspection": f"{shipment}/{inspection}",
                "shipment": shipment,
                "known_on": day,
                "inspected_on": day,
                "outcome": outcome,
            }
        )

    def register(self, kind: str, key: str, on: int | None, **contacts: str | None) -> None:
        """Add what an entity file says of a party."""
        given = {"address": None, "email": None, "phone": None, **contacts}
        thing = self.party(kind, key, given["address"], given["email"], given["phone"])
        known = None if on is None else FIRST + timedelta(days=on)
        self.rows["entity"].append({"source": "s", "thing": thing, "known_on": known})

    def own(
        self, owned: str, owner: str, on: int | None, valid_from: int | None = None, valid_to: int | None = None
    ) -> None:
        """Add an ownership; all days are counted from FIRST."""
        known, first, last = (
            None if day is None else FIRST + timedelta(days=day) for day in (on, valid_from, valid_to)
        )
        row = {"owned": owned, "owner": owner, "known_on": known, "valid_from": first, "valid_to": last}
        self.rows["ownership"].append({"source": "s", **row})

    def statements(self) -> Statements:
        return Statements(**{shape: table(shape, rows) for shape, rows in self.rows.items()})

    def snapshot(self) -> Snapshot:
        return snapshot(self.statements())


def snapshot(statements: Statements, until: date | None = None) -> Snapshot:
    dated = date_undated(statements)
    return from_statements(dated if until is None else known_before(dated, until))


def world(seed: int, shipments: int = 60, days: int = 240) -> Statements:
    """Return a small dense network: shared addresses and contacts, amendments, outcomes that change, ownership."""
    rng = np.random.default_rng(seed)
    rows = Rows.new()
    traders = [f"s/T{at}" for at in range(12)]

    def pick(values: list[Any], blank: float = 0.0) -> Any:
        return None if rng.random() < blank else values[int(rng.integers(len(values)))]

    for at in range(shipments):
        shipment, on = f"s/D{at}/1", int(rng.integers(days))
        for version in range(1 + int(rng.random() < 0.25)):
            importer = pick(traders)
            number = int(importer[3:])
            rows.declare(
                shipment,
                on + version * int(rng.integers(1, 60)),
                importer,
                pick(["s/E1", "s/E2", "s/E3", traders[0]]),
                pick(["s/F1", "s/F2"], 0.1),
                address=f"a{number // 3}" if rng.random() < 0.8 else pick(["a0", "a9"], 0.5),
                email=pick([f"m{number // 2}@x", "info@x"], 0.4),
                phone=pick([f"+{number // 4}"], 0.4),
                accepted=on,
                commodity=pick(["847130", "850440"]),
                vessel=pick(["9300001"], 0.8),
            )
        for inspection in range(int(rng.integers(3)) if rng.random() < 0.6 else 0):
            rows.find(shipment, on + int(rng.integers(-5, 90)), pick(["clean", "infraction"]), str(inspection))
    for trader in traders:
        if rng.random() < 0.4:
            rows.register("Trader", trader, pick([int(rng.integers(days))], 0.3), address=pick(["a0", "a1"]))
    for _ in range(3):
        owned, owner = pick(traders), pick(traders)
        if owned != owner:
            ends = (pick([int(rng.integers(days))], 0.5) for _ in range(2))
            rows.own(owned, owner, pick([int(rng.integers(days))], 0.3), *ends)
    rows.register("Forwarder", "s/F1", 10, address="a1", phone="+0")
    return rows.statements()


def shuffled(statements: Statements, seed: int) -> Statements:
    """Return the same statements in another order."""
    rng = np.random.default_rng(seed)
    return replace(
        statements,
        **{
            name: part.take(rng.permutation(len(part)))
            for name, part in statements.items()
            if name != "description" and len(part)
        },
    )


def matched(early: Snapshot, late: Snapshot) -> tuple[Long, Long]:
    """Return the rows of the versions that both snapshots hold."""
    places = []
    for view in (early, late):
        keys = view.things["Shipment"].keys.to_pylist()
        held = view.declarations
        places.append(
            {(keys[s], int(day)): row for row, (s, day) in enumerate(zip(held.shipment, held.known_on, strict=True))}
        )
    both = sorted(set(places[0]) & set(places[1]))
    return tuple(np.array([place[version] for version in both], dtype=np.int64) for place in places)  # type: ignore[return-value]
