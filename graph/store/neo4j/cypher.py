"""The statements that read and write things and links, one text for each type; all names come from the schema."""

from graph.columns import Triple
from graph.schema import LINKS
from graph.store.neo4j.layout import STATE


def triples_of(kind: str) -> list[Triple]:
    """Return the links that leave a type of thing."""
    return [(start, link.name, end) for link in LINKS for start, end in link.ends if start == kind]


class ThingText:
    """Statements about one type of thing. Rows are lists that begin with the key as it is indexed."""

    def __init__(self, kind: str) -> None:
        rows, node = "UNWIND $rows AS row", f"(n:{kind} {{key: row[0]}})"
        states = ", ".join(f"n.{name} AS {name}" for name in STATE)
        self.state = f"{rows} MATCH {node} RETURN [n.key] AS at, {states}"
        self.create = f"{rows} CREATE (n:{kind}) SET n = row[1]"
        self.change = f"{rows} MATCH {node} SET n = row[1]"
        self.add = f"{rows} MATCH {node} SET n += row[1]"
        self.reset = f"{rows} MATCH {node} SET n = {{key: n.key, _bare: n._bare, _whole_key: n._whole_key}}"
        self.version = (
            f"{rows} MATCH {node} RETURN n.key AS key, properties(n) AS properties, COLLECT {{ MATCH (n)-[r]->(e) "
            "RETURN [type(r), labels(e)[0], coalesce(e._whole_key, e.key), r.first_on] } AS links"
        )
        leaving = "|".join(link for _, link, _ in triples_of(kind))
        self.unlink = f"{rows} MATCH {node} MATCH (n)-[r:{leaving}]->() DELETE r"
        self.delete_unnamed = f"{rows} MATCH {node} WHERE n._chunks IS NULL DETACH DELETE n"


class LinkText:
    """Statements about the links of one type between two types of things. Rows begin with the keys of the two ends."""

    def __init__(self, triple: Triple) -> None:
        start, link, end = triple
        rows = f"UNWIND $rows AS row MATCH (a:{start} {{key: row[0]}}) MATCH (b:{end} {{key: row[1]}})"
        # In a subquery both ends are given. Without one the server may find the other end by looking through all links
        # of the first, which at a thing of many links takes as long as there are links, for each row.
        held = f"CALL (a, b) {{ MATCH (a)-[r:{link}]->(b) RETURN r }}"
        states = ", ".join(f"r.{name} AS {name}" for name in STATE)
        self.state = f"{rows} {held} RETURN [a.key, b.key] AS at, {states}"
        self.create = f"{rows} CREATE (a)-[r:{link}]->(b) SET r = row[2]"
        self.change = f"{rows} {held} SET r = row[2]"
        self.create_of_day = f"{rows} CREATE (a)-[:{link} {{first_on: row[2], last_on: row[2]}}]->(b)"
        self.delete_of_day = f"{rows} {held} WITH r, row WHERE r.first_on = row[2] DELETE r"
        self.delete = f"{rows} {held} DELETE r"
