"""Emptying a database: Community Edition has one, so tests use it one after the other."""

from tests.neo4j.server import Server

ROWS = 20_000


def empty(server: Server) -> None:
    """Drop all constraints, indexes, nodes and relationships; the two indexes that every database has stay."""
    with server.driver() as driver, driver.session(database=server.database) as session:
        constraints = session.run("SHOW CONSTRAINTS YIELD name").value()
        # Those of constraints go with them. First of all, since without them there is less to keep up to date.
        indexes = session.run(
            "SHOW INDEXES YIELD name, type, owningConstraint WHERE type <> 'LOOKUP' AND owningConstraint IS NULL "
            "RETURN name"
        ).value()
        with session.begin_transaction() as transaction:
            for kind, names in (("CONSTRAINT", constraints), ("INDEX", indexes)):
                for name in names:
                    transaction.run(f"DROP {kind} {quoted(name)}").consume()
            transaction.commit()
    clear(server)


def clear(server: Server) -> None:
    """Delete all nodes and relationships, however many another test has left; constraints and indexes stay."""
    with server.driver() as driver, driver.session(database=server.database) as session:
        # Links by themselves first: a thing that everything is linked to would take more memory than there is.
        for pattern in ("()-[x]->()", "(x)"):
            session.run(f"MATCH {pattern} CALL (x) {{ DELETE x }} IN TRANSACTIONS OF $rows ROWS", rows=ROWS).consume()


def quoted(name: str) -> str:
    """Return a name as Cypher takes it, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"
