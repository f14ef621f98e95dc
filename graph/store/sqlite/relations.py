"""What says each kind of link, as queries: from things of one type to those at the other end.

What names what follows from the schema, so that `RELATIONS` covers every link that statements can make but those of
codes to the wider and narrower ones, which are read off the codes (`graph/store/sqlite/codes.py`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from graph.schema import LINK, ROLES, Role
from graph.store.neighbourhood import Direction
from graph.store.sqlite.layout import DESCRIBED, STOPS

_LATEST = "i.known_on = (SELECT max(known_on) FROM inspection WHERE inspection = i.inspection)"
_CONTACTS = {"AT_ADDRESS": ("address",), "HAS_CONTACT": ("email", "phone")}


@dataclass(frozen=True)
class Relation:
    """One kind of link, seen from one of its ends.

    Attributes:
        end: expression for the type of the other end.
        key: expression for its key.
        days: expressions for the first and the last day of the link.
        tables: tables with the condition of each, in the order in which they are to be read. In the first condition
            `{at}` stands for where the start is: its key, or what `anchor` gives for it.
        anchor: table, condition on `{at}` and column of what the start is known by in the first table, where that is
            not its key; there may be several, none of which shares a link with another.
        grouped: whether several rows say one link.
        also: further tables that say the same links, of one that is grouped.
    """

    end: str
    key: str
    days: tuple[str, str]
    tables: tuple[tuple[str, str], ...]
    anchor: tuple[str, str, str] | None = None
    grouped: bool = False
    also: tuple[tuple[str, str], ...] = ()

    def of_one(self) -> str:
        """Return the query for type, key, first and last day of the links of one start, or anchor, `:at`."""
        return self._query("", (self._from(way, ":at") for way in self._ways()))

    def of_many(self) -> str:
        """Return the query for start, type, key, first and last day of the links of the starts in `:keys`, as JSON."""
        starts = ("json_each(:keys) f", "TRUE")
        if self.anchor is None:
            return self._query("f.value", (self._from((starts, *_at(way, "f.value")), "") for way in self._ways()))
        table, condition, column = self.anchor
        anchors = (table, condition.format(at="f.value"))
        return self._query("f.value", (self._from((starts, anchors, *_at(way, column)), "") for way in self._ways()))

    def anchors(self) -> str | None:
        """Return the query for the anchors of the start `:at`; None where it is its own."""
        if self.anchor is None:
            return None
        table, condition, column = self.anchor
        return f"SELECT {column} FROM {table} WHERE {condition.format(at=':at')}"

    def _ways(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        return (self.tables, self.also) if self.also else (self.tables,)

    @staticmethod
    def _from(tables: tuple[tuple[str, str], ...], at: str) -> str:
        # The order is prescribed: the planner does not know how many links a thing has.
        (table, condition), *others = tables
        joined = "".join(f" CROSS JOIN {name} ON {on}" for name, on in others)
        return f"{table}{joined} WHERE {condition.format(at=at)}"

    def _query(self, start: str, sources: Iterable[str]) -> str:
        first = f"{start} AS start, " if start else ""
        low, high = self.days
        said = (
            f"SELECT {first}{self.end} AS type, {self.key} AS key, {low} AS first, {high} AS last FROM {source}"
            for source in sources
        )
        if not self.grouped:
            return " UNION ALL ".join(said)
        ends = f"{'start, ' if start else ''}type, key"
        return (
            f"SELECT {ends}, min(first) AS first, max(last) AS last FROM ({' UNION ALL '.join(said)}) GROUP BY {ends}"
        )


def _at(tables: tuple[tuple[str, str], ...], at: str) -> tuple[tuple[str, str], ...]:
    """Return tables whose first condition says where the start is."""
    (table, condition), *others = tables
    return ((table, condition.format(at=at)), *others)


def _named_by_shipment(role: Role) -> Relation:
    declared, days = ("declaration d", "d.shipment = {at} AND d.shown"), ("d.known_on", "d.known_on")
    if role.described:
        named: tuple[tuple[str, str], ...] = (declared, ("description p", f"p.id = d.{role.column}"))
        return Relation(f"'{role.node}'", "p.key", days, named)
    if role.column == "route":
        named = (declared, ("way w", "w.id = d.way AND w.route IS NOT NULL"))
        return Relation(f"'{role.node}'", "w.route", days, named)
    named = ((declared[0], f"{declared[1]} AND d.{role.column} IS NOT NULL"),)
    return Relation(f"'{role.node}'", f"d.{role.column}", days, named)


def _shipments_naming(role: Role) -> Relation:
    column, anchor = role.column, None
    if role.described:
        anchor = ("description p", f"p.type = '{role.node}' AND p.key = {{at}}", "p.id")
    elif column == "route":
        column, anchor = "way", ("way w", "w.route = {at}", "w.id")
    naming = (("declaration d", f"d.{column} = {{at}} AND d.shown"),)
    return Relation("'Shipment'", "d.shipment", ("d.known_on", "d.known_on"), naming, anchor)


def used(extreme: str) -> str:
    """Return the first or the last day on which a row refers to a description, blank where none has a day."""
    days = [f"(SELECT {extreme}(known_on) FROM declaration WHERE {role} = p.id)" for role in DESCRIBED]
    days.append(f"(SELECT {extreme}(day) FROM entity WHERE thing = p.id)")
    # Of several values, `min` and `max` are blank where one is.
    blank = "9e999" if extreme == "min" else "-9e999"
    return f"nullif({extreme}({', '.join(f'coalesce({day}, {blank})' for day in days)}), {blank})"


def _gave(kind: str, link: str, end: str) -> Relation:
    """What a party gave."""
    keys = ", ".join(f"p.{column}_key" for column in _CONTACTS[link])
    party = ("description p", f"p.type = '{kind}' AND p.key = {{at}}")
    given = (f"json_each(json_array({keys})) c", "c.value IS NOT NULL")
    return Relation(f"'{end}'", "c.value", (used("min"), used("max")), (party, given), grouped=True)


def _givers(link: str) -> Relation:
    """Who gave an address or contact."""
    ways = [(("description p", f"p.{column}_key = {{at}}"),) for column in _CONTACTS[link]]
    days = (used("min"), used("max"))
    # As expressions, so that nobody reads all descriptions in the order of an index to spare the grouping.
    return Relation("+p.type", "+p.key", days, ways[0], grouped=True, also=ways[1] if len(ways) > 1 else ())


def _owned(here: str, there: str) -> Relation:
    return Relation(
        "'Trader'", f"o.{there}", ("o.day", "o.day"), (("ownership o", f"o.{here} = {{at}}"),), grouped=True
    )


def _relations() -> dict[tuple[str, str, Direction], Relation]:
    found: dict[tuple[str, str, Direction], Relation] = {}
    for role in ROLES:
        found["Shipment", role.link, "out"] = _named_by_shipment(role)
        found[role.node, role.link, "in"] = _shipments_naming(role)
    declared, inspected = ("d.known_on", "d.known_on"), ("i.known_on", "i.known_on")
    shown = ("declaration d", "d.shipment = {at} AND d.shown")
    found["Shipment", "IN_CONTAINER", "out"] = Relation(
        "'Container'", "h.container", declared, (shown, ("held h", "h.declaration = d.id"))
    )
    found["Container", "IN_CONTAINER", "in"] = Relation(
        "'Shipment'",
        "d.shipment",
        declared,
        (("held h", "h.container = {at}"), ("declaration d", "d.id = h.declaration AND d.shown")),
    )
    for start, end, direction in (("inspection", "shipment", "out"), ("shipment", "inspection", "in")):
        said = (("inspection i", f"i.{start} = {{at}} AND {_LATEST}"),)
        relation = Relation(f"'{end.capitalize()}'", f"i.{end}", inspected, said, grouped=True)
        found[start.capitalize(), "FOUND_IN", "out" if direction == "out" else "in"] = relation
    for link in _CONTACTS:
        for kind, end in LINK[link].ends:
            found[kind, link, "out"] = _gave(kind, link, end)
            found[end, link, "in"] = _givers(link)
    found["Trader", "OWNED_BY", "out"] = _owned("owned", "owner")
    found["Trader", "OWNED_BY", "in"] = _owned("owner", "owned")
    days = tuple(f"(SELECT {extreme}(known_on) FROM declaration WHERE way = w.id)" for extreme in ("min", "max"))
    for name, link in STOPS.items():
        stops = (("way w", "w.route = {at}"), ("stop s", f"s.way = w.id AND s.role = '{name}'"))
        found["Route", link, "out"] = Relation("'Place'", "s.place", (days[0], days[1]), stops, grouped=True)
        ways = (("stop s", f"s.place = {{at}} AND s.role = '{name}'"), ("way w", "w.id = s.way"))
        found["Place", link, "in"] = Relation("'Route'", "w.route", (days[0], days[1]), ways, grouped=True)
    return found


RELATIONS: Mapping[tuple[str, str, Direction], Relation] = _relations()
"""By type of the start, type of the link and direction."""
