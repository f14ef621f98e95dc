"""The network that people see: things with their folded fields, and links, brought to what the statements say.

The statements are folded as for the graph hash (`graph/whole.py`); what differs from the database is written in bounded
transactions. So a fold that was broken off is completed by the next one, from whatever state.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from neo4j import Driver, Session

from graph.columns import UNDATED_FIRST, Triple, date_undated
from graph.schema import LINK, NODES, Kind
from graph.schema import Field as SchemaField
from graph.statements import Statements
from graph.store.neo4j.layout import STORE, bounded
from graph.whole import fold_whole

ROWS = 5_000
"""Things or links that one transaction writes."""

_DIGEST, _CHUNKS, _BARE, _WHOLE = "_digest", "_chunks", "_bare", "_whole_key"


class _Row(NamedTuple):
    """A thing (key) or link (start, end) as it is to be in the database."""

    at: tuple[str, ...]
    properties: dict[str, Any]


def settle(driver: Driver, database: str, statements: Statements, named: pa.Table, version: int) -> None:
    """Make the network that of the statements.

    Args:
        driver: to the server.
        database: which of its databases.
        statements: all live statements.
        named: type, key and chunk of everything that a chunk names.
        version: of the store that these are.
    """
    whole = fold_whole(date_undated(statements))
    chunks = _chunks_of(named)
    with driver.session(database=database) as session:
        # Links first, so that a thing that goes has none left.
        staying: dict[Triple, Mapping[tuple[str, ...], str]] = {}
        for link_type in LINK.values():
            for start, end in link_type.ends:
                triple = (start, link_type.name, end)
                wanted = _links(whole.links.get(triple), whole.link_spans.get(triple), link_type.fields)
                staying[triple] = _remove(session, _LinkText(triple), wanted)
        for node in NODES:
            thing = _ThingText(node.name)
            table, spans = whole.things.get(node.name), whole.spans.get(node.name)
            known = _remove(session, thing, _things(table, spans, node.fields, chunks.get(node.name, {})))
            _write(session, thing, _things(table, spans, node.fields, chunks.get(node.name, {})), known)
        for link_type in LINK.values():
            for start, end in link_type.ends:
                triple = (start, link_type.name, end)
                links, spans = whole.links.get(triple), whole.link_spans.get(triple)
                text = _LinkText(triple)
                _write(session, text, _links(links, spans, link_type.fields), staying[triple])
        session.execute_write(
            lambda tx: tx.run(f"MATCH (s:{STORE}) SET s.folded = $version", version=version).consume()
        )


def _chunks_of(named: pa.Table) -> Mapping[str, Mapping[str, list[int]]]:
    """Return by type and key the numbers of the chunks that name a thing."""
    found: dict[str, dict[str, list[int]]] = {}
    grouped = named.group_by(["type", "key"]).aggregate([("chunk", "list")])
    for kind, key, numbers in zip(*(grouped[name].to_pylist() for name in ("type", "key", "chunk_list")), strict=True):
        found.setdefault(kind, {})[key] = sorted(numbers)
    return found


def _things(
    table: pa.Table | None, spans: pa.Table | None, fields: Iterable[SchemaField], chunks: Mapping[str, list[int]]
) -> Iterator[_Row]:
    if table is None:
        return
    shown = _shown(spans, ("key",), fields)
    for key, first, last in _rows(table, ("key",)):
        properties = {**shown.get((key,), {}), **_days(first, last), _CHUNKS: chunks.get(key, [])}
        bare = key.partition("/")[2]
        if bare:
            properties[_BARE] = bounded(bare)
        if bounded(key) != key:
            properties[_WHOLE] = key
        yield _finished((bounded(key),), {"key": bounded(key), **properties})


def _links(table: pa.Table | None, spans: pa.Table | None, fields: Iterable[SchemaField]) -> Iterator[_Row]:
    if table is None:
        return
    shown = _shown(spans, ("start", "end"), fields)
    for start, end, first, last in _rows(table, ("start", "end")):
        properties = {**shown.get((start, end), {}), **_days(first, last)}
        yield _finished((bounded(start), bounded(end)), properties)


def _finished(at: tuple[str, ...], properties: dict[str, Any]) -> _Row:
    said = repr((at, sorted(properties.items(), key=lambda item: item[0])))
    properties[_DIGEST] = hashlib.blake2b(said.encode(), digest_size=8).hexdigest()
    return _Row(at, properties)


def _rows(table: pa.Table, subject: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    undated = pc.equal(table["first"], UNDATED_FIRST)
    days = [
        pc.if_else(undated, pa.scalar(None, pa.int32()), table[name]).cast(pa.date32()).to_pylist()
        for name in ("first", "last")
    ]
    return zip(*(table[name].to_pylist() for name in subject), *days, strict=True)


def _days(first: Any, last: Any) -> dict[str, Any]:
    return {} if first is None else {"first_on": first, "last_on": last}


def _shown(
    spans: pa.Table | None, subject: tuple[str, ...], fields: Iterable[SchemaField]
) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return the shown value of each field of each subject: the one last seen, then the greatest in byte order."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    if spans is None:
        return found
    for item in fields:
        said = spans.filter(pc.equal(spans["field"], item.name))
        # Spans are sorted by subject and value, so with a stable sort the last of a subject is the one last seen.
        order = np.argsort(said["last"].to_numpy(), kind="stable")
        said = said.take(pa.array(order))
        columns = (said[name].to_pylist() for name in (*subject, "value"))
        latest = {tuple(row[:-1]): row[-1] for row in zip(*columns, strict=True)}
        for at, value in latest.items():
            found.setdefault(at, {})[item.name] = _VALUE[item.kind](value)
    return found


_VALUE: Mapping[Kind, Callable[[str], Any]] = {
    Kind.TEXT: str,
    Kind.NUMBER: float,
    Kind.DATE: date.fromisoformat,
    Kind.SET: json.loads,
    Kind.SEQUENCE: json.loads,
}


class _ThingText:
    """The statements about one type of thing; its name comes from the schema."""

    def __init__(self, kind: str) -> None:
        node = f"(n:{kind} {{key: row.at[0]}})"
        self.known = f"MATCH (n:{kind}) RETURN [n.key] AS at, n.{_DIGEST} AS digest"
        self.delete = f"UNWIND $rows AS row MATCH {node} DETACH DELETE n"
        self.create = f"UNWIND $rows AS row CREATE (n:{kind}) SET n = row.properties"
        self.change = f"UNWIND $rows AS row MATCH {node} SET n = row.properties"


class _LinkText:
    """The statements about the links of one type between two types of things; the names come from the schema."""

    def __init__(self, triple: Triple) -> None:
        start, link, end = triple
        ends = f"MATCH (a:{start} {{key: row.at[0]}}) MATCH (b:{end} {{key: row.at[1]}})"
        self.known = f"MATCH (a:{start})-[r:{link}]->(b:{end}) RETURN [a.key, b.key] AS at, r.{_DIGEST} AS digest"
        self.delete = f"UNWIND $rows AS row {ends} MATCH (a)-[r:{link}]->(b) DELETE r"
        self.create = f"UNWIND $rows AS row {ends} CREATE (a)-[r:{link}]->(b) SET r = row.properties"
        self.change = f"UNWIND $rows AS row {ends} MATCH (a)-[r:{link}]->(b) SET r = row.properties"


_Text = _ThingText | _LinkText


def _known(session: Session, text: _Text) -> dict[tuple[str, ...], str]:
    """Return the digest of everything of one type that is in the database."""
    return session.execute_read(lambda tx: {tuple(row["at"]): row["digest"] for row in tx.run(text.known)})


def _remove(session: Session, text: _Text, wanted: Iterator[_Row]) -> dict[tuple[str, ...], str]:
    """Delete what is not wanted any more; return the digest of what stays."""
    known = _known(session, text)
    if not known:
        return known
    kept = {row.at for row in wanted}
    gone = [at for at in known if at not in kept]
    _run(session, text.delete, ({"at": list(at)} for at in gone))
    return {at: digest for at, digest in known.items() if at in kept}


def _write(session: Session, text: _Text, wanted: Iterator[_Row], known: Mapping[tuple[str, ...], str]) -> None:
    """Create what is new and change what differs."""
    fresh: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for row in wanted:
        held = known.get(row.at)
        if held == row.properties[_DIGEST]:
            continue
        rows = fresh if held is None else changed
        rows.append({"at": list(row.at), "properties": row.properties})
        for statement, listed in ((text.create, fresh), (text.change, changed)):
            if len(listed) >= ROWS:
                _run(session, statement, listed)
                listed.clear()
    _run(session, text.create, fresh)
    _run(session, text.change, changed)


def _run(session: Session, statement: str, rows: Iterable[dict[str, Any]]) -> None:
    listed = iter(rows)
    work: Callable[[Any, list[dict[str, Any]]], Any] = lambda tx, piece: tx.run(statement, rows=piece).consume()  # noqa: E731
    while piece := list(islice(listed, ROWS)):
        session.execute_write(work, piece)
