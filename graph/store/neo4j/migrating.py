"""Bringing a database of an older layout forward."""

from graph.store.layouts import Migrated, check_version, in_words
from graph.store.neo4j.connect import Login, connect, layout, no_store, refusals
from graph.store.neo4j.constraints import constrain
from graph.store.neo4j.layout import VERSION
from graph.store.neo4j.migrations import MIGRATIONS, OBSOLETE
from graph.store.neo4j.writer import alone, read


def migrate(address: str, login: Login) -> Migrated:
    """Bring a store to the layout of this code, and make constraints and indexes that are missing.

    Raises StoreError where there is no store, or where it is of a layout that cannot be brought forward.
    """
    with connect(address, login) as driver, refusals(address), driver.session(database=login.database) as session:
        before = read(session, layout)
        if not before:
            raise no_store(address)
        if before not in MIGRATIONS:
            check_version(address, before, VERSION, MIGRATIONS)
        with alone(driver, login.database) as writer:
            # Somebody else may have done it meanwhile.
            while step := MIGRATIONS.get(read(session, layout)):
                step(writer)
        if before != VERSION:
            for name in OBSOLETE:
                session.run(f"DROP INDEX {name} IF EXISTS").consume()
        # Not while the lock is held: its holder's transaction keeps a constraint of its label from being made.
        constrain(session, 3_600)
    return Migrated(in_words(before), in_words(VERSION))
