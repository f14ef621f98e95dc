"""Emptying a database: Community Edition has one, so tests use it one after the other."""

from collections.abc import Collection

from tests.neo4j.server import Server

ROWS = 20_000


def empty(server: Server, keep: Collection[str] = ()) -> None:
    """Drop all nodes, relationships, constraints and indexes; the two indexes that every database has stay.

    So do sound constraints and indexes that are made by a statement to keep.
    """
    with server.driver() as driver, driver.session(database=server.database) as session:
        text = "SHOW CONSTRAINTS YIELD name, createStatement WHERE NOT createStatement IN $keep RETURN name"
        constraints = session.run(text, keep=[*keep]).value()
        # Those of constraints go with them. First of all, since without them there is less to keep up to date.
        indexes = session.run(
            "SHOW INDEXES YIELD name, type, state, owningConstraint, createStatement "
            "WHERE type <> 'LOOKUP' AND owningConstraint IS NULL "
            "AND NOT (state = 'ONLINE' AND createStatement IN $keep) RETURN name",
            keep=[*keep],
        ).value()
        with session.begin_transaction() as transaction:
            for kind, names in (("CONSTRAINT", constraints), ("INDEX", indexes)):
                for name in names:
                    transaction.run(f"DROP {kind} {quoted(name)}").consume()
            transaction.commit()
    clear(server)


def schema(server: Server) -> frozenset[str]:
    """Return the statements that make the constraints and indexes that are there."""
    with server.driver() as driver, driver.session(database=server.database) as session:
        constraints = session.run("SHOW CONSTRAINTS YIELD createStatement").value()
        indexes = session.run("SHOW INDEXES YIELD type, createStatement WHERE type <> 'LOOKUP' RETURN createStatement")
        return frozenset([*constraints, *indexes.value()])


def clear(server: Server) -> None:
    """Delete all nodes and relationships, however many another test has left; constraints and indexes stay."""
    with server.driver() as driver, driver.session(database=server.database) as session:
        # Links by themselves first: a thing that everything is linked to would take more memory than there is.
        for pattern in ("()-[x]->()", "(x)"):
            session.run(f"MATCH {pattern} CALL (x) {{ DELETE x }} IN TRANSACTIONS OF $rows ROWS", rows=ROWS).consume()


def quoted(name: str) -> str:
    """Return a name as Cypher takes it, whatever is in it."""
    return "`" + name.replace("`", "``") + "`"
