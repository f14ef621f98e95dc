"""The store of a team, on a Neo4j server."""

from graph.store.neo4j.connect import Login
from graph.store.neo4j.importing import ImportFolder
from graph.store.neo4j.store import Neo4jStore

__all__ = ["ImportFolder", "Login", "Neo4jStore"]
