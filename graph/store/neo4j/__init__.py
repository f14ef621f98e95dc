"""The store of a team, on a Neo4j server."""

from graph.store.neo4j.connect import Login, check_empty
from graph.store.neo4j.import_files import ARGUMENTS
from graph.store.neo4j.importing import ImportFolder
from graph.store.neo4j.migrating import migrate
from graph.store.neo4j.store import Neo4jStore

__all__ = ["ARGUMENTS", "ImportFolder", "Login", "Neo4jStore", "check_empty", "migrate"]
