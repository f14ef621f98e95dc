"""The network as it stands in the database, and as the statements have it."""

from typing import Any

from graph.fold import Network, fold
from graph.records import LinkRef, Ref, canonical, records
from graph.schema import NODE
from graph.store.base import GraphStore
from tests.conformance.loads import everything
from tests.neo4j.server import Server

Shown = tuple[dict[Ref, dict[str, str]], dict[LinkRef, dict[str, str]]]


def shown(server: Server) -> Shown:
    """Return what people see of things and links in the database: fields and days in their canonical text."""
    with server.driver() as driver:
        things = [
            (Ref(label, dict(node).get("_whole_key", node["key"])), _texts(node))
            for label in NODE
            for (node,) in driver.execute_query(f"MATCH (n:{label}) RETURN n").records
        ]
        links = [
            (LinkRef(_ref(link.start_node), link.type, _ref(link.end_node)), _texts(link))
            for _, link, _ in driver.execute_query("MATCH (a)-[r]->(b) RETURN a, r, b").records
        ]
    assert len({ref for ref, _ in things}) == len(things)
    assert len({ref for ref, _ in links}) == len(links)
    return dict(things), dict(links)


def _ref(node: Any) -> Ref:
    [label] = node.labels
    return Ref(label, dict(node).get("_whole_key", node["key"]))


def _texts(held: Any) -> dict[str, str]:
    return {
        name: canonical(value.to_native() if hasattr(value, "to_native") else value)
        for name, value in dict(held).items()
        if name != "key" and not name.startswith("_")
    }


def expected(store: GraphStore) -> Shown:
    """Return what people should see, by the definition of the fold."""
    network: Network = fold(records(everything(store)))
    things = {ref: {**thing.shown(), **_days(thing)} for ref, thing in network.things.items()}
    links = {ref: {**link.shown(), **_days(link)} for ref, link in network.links.items()}
    return things, links


def _days(folded: Any) -> dict[str, str]:
    days = {"first_on": folded.first_on, "last_on": folded.last_on}
    return {name: canonical(day) for name, day in days.items() if day is not None}
