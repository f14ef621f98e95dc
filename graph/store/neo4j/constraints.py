"""Making the constraints and indexes of a store, in a database that may have others."""

import time
from typing import Any, NamedTuple

from neo4j import Session
from neo4j.exceptions import ClientError

from graph.store.errors import StoreError
from graph.store.neo4j.layout import CONSTRAINTS, FULL_TEXT, INDEXES, LABELS, SEARCHED, UNIQUE

_Place = tuple[str, tuple[str, ...]]
"""Label and properties."""


class _There(NamedTuple):
    """What a database has: the places of uniqueness and of indexes, what holds each name and each indexed place.

    `full_text` are the names of the full-text indexes of what is searched.
    """

    unique: frozenset[_Place]
    indexes: dict[_Place, str]
    names: dict[str, str]
    full_text: frozenset[str]


def constrain(session: Session, seconds: int) -> None:
    """Make the constraints and indexes, and wait until they are there.

    Raises StoreError where others have something of the same name or in the same place, with nothing written.
    """
    _refuse_taken(session)
    for statement in CONSTRAINTS:
        try:
            session.run(statement).consume()
        except ClientError as error:
            # Somebody else, who opens the database for the first time, too, made it just now.
            if not (error.code or "").endswith("AlreadyExists"):
                raise
    deadline = time.monotonic() + seconds
    text = "SHOW INDEXES YIELD state, labelsOrTypes WHERE state = 'POPULATING' RETURN labelsOrTypes[0]"
    while {*LABELS} & {*session.run(text).value()}:
        if time.monotonic() > deadline:
            raise StoreError("The database has not built its indexes yet; repeat the command later.")
        time.sleep(0.1)
    # A name that was taken meanwhile is passed over by IF NOT EXISTS.
    _refuse_taken(session)


def _refuse_taken(session: Session) -> None:
    there, taken = _there(session), []
    for label, item in UNIQUE:
        name, place = f"{label}_{item}", (label, (item,))
        if place not in there.unique and (holder := there.indexes.get(place) or there.names.get(name)):
            taken.append(f"constraint {name}: {holder}")
    for name, where in INDEXES.items():
        if where not in there.indexes and (holder := there.names.get(name)):
            taken.append(f"index {name}: {holder}")
    others = {name: there.names[name] for name in FULL_TEXT if name in there.names and name not in there.full_text}
    taken += [f"full-text index {name}: {holder}" for name, holder in others.items()]
    if taken:
        raise StoreError(
            "Constraints or indexes of others keep Tidewaiter from making its own in the database"
            f" ({'; '.join(taken)}); drop them, or choose another database."
        )


def _there(session: Session) -> _There:
    columns = "name, type, entityType, labelsOrTypes, properties"
    # Somebody else may be making the store: the index of a constraint comes first, and is being built until the
    # constraint is there.
    text = f"SHOW INDEXES YIELD {columns}, state WHERE state <> 'POPULATING'"
    indexes = [row.data() for row in session.run(text)]
    constraints = [row.data() for row in session.run(f"SHOW CONSTRAINTS YIELD {columns}")]
    return _There(
        frozenset(_place(row) for row in constraints if row["type"].endswith("UNIQUENESS") and _of_nodes(row)),
        {_place(row): _in_words(row) for row in indexes if row["type"] == "RANGE" and _of_nodes(row)},
        {row["name"]: _in_words(row) for row in [*indexes, *constraints]},
        frozenset(row["name"] for row in indexes if row["type"] == "FULLTEXT" and row["properties"] == [SEARCHED]),
    )


def _of_nodes(row: dict[str, Any]) -> bool:
    # A full-text index is of several labels, and a lookup index of none.
    return row["entityType"] == "NODE" and len(row["labelsOrTypes"] or ()) == 1


def _place(row: dict[str, Any]) -> _Place:
    return row["labelsOrTypes"][0], tuple(row["properties"])


def _in_words(row: dict[str, Any]) -> str:
    return f"{row['name']} is of {', '.join(row['labelsOrTypes'] or ())} ({', '.join(row['properties'] or ())})"
