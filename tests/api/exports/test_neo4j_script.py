"""The Cypher script, run into an empty Neo4j database."""

from collections import Counter
from pathlib import Path

from api.exports.formats import cypher
from api.exports.portion import Edge, ListedPortion, Node
from graph.records import LinkRef, Ref
from tests.api.exports.portions import HEADING, HOSTILE
from tests.neo4j.server import Server


def test_the_script_makes_the_same_graph(neo4j_bare: Server, tmp_path: Path) -> None:
    nodes = [Node(Ref("Trader", text[:1_000]), text, {"name": text}) for text in HOSTILE]
    nodes.append(Node(Ref("Shipment", "kr/1"), "", {"customs_value": "1e+22"}, risk=0.5))
    edges = [Edge(LinkRef(nodes[-1].ref, "IMPORTED_BY", node.ref)) for node in nodes[:-1]]
    edges.append(Edge(LinkRef(nodes[-1].ref, "EXPORTED_BY", nodes[0].ref)))
    [path] = cypher.write(ListedPortion(nodes, edges), tmp_path, HEADING)
    script = path.read_bytes().decode()
    with neo4j_bare.driver() as driver:
        for statement in script.split("\n"):
            if statement and not statement.startswith("//"):
                driver.execute_query(statement.removesuffix(";"))
        found = driver.execute_query("MATCH (n) RETURN labels(n)[0] AS type, n.key AS key, n.name AS name").records
        expected = Counter((*node.ref, node.name or None) for node in nodes)
        assert Counter((row["type"], row["key"], row["name"]) for row in found) == expected
        found = driver.execute_query("MATCH (a)-[r]->(b) RETURN a.key AS start, type(r) AS link, b.key AS end").records
        assert Counter((row["start"], row["link"], row["end"]) for row in found) == Counter(
            (edge.link.start.key, edge.link.type, edge.link.end.key) for edge in edges
        )
        [value] = driver.execute_query("MATCH (n:Shipment) RETURN n.customs_value AS value").records
        assert value["value"] == 1e22
