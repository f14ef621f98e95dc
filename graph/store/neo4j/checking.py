"""What a database holds, and what is wrong with it."""

from collections.abc import Iterator, Mapping, Sequence

from neo4j import ManagedTransaction, Transaction

from graph.schema import LINKS, NODES, SCHEMA_VERSION
from graph.store.errors import StoreError
from graph.store.findings import Finding, counted, found
from graph.store.neo4j.layout import (
    BATCH,
    CHUNK,
    FULL_TEXT,
    INDEXES,
    LABELS,
    LAYOUT,
    PUBLISHED,
    RESULT,
    STORE,
    UNIQUE,
    VERSION,
)
from graph.store.neo4j.ledger import Ledger, held
from graph.whole import Whole

_Transaction = ManagedTransaction | Transaction

_MADE = "which `tidewaiter store migrate` makes good"
_SWEPT = "left by a load that runs now, or was interrupted and is swept away by the next"


def check(tx: _Transaction, ledger: Ledger, whole: Whole | None) -> list[Finding]:
    """Look at everything.

    Args:
        tx: a transaction that reads.
        ledger: of the version that is looked at.
        whole: what its statements say; None where the network does not show this version.
    """
    [layout] = tx.run(f"MATCH (s:{STORE}) RETURN s.layout").value()
    written = found(
        "layout",
        [f"{layout}, not {VERSION}"] if layout != VERSION else [],
        f"schema {SCHEMA_VERSION}, layout {LAYOUT}",
    )
    findings = [written, _constraints(tx), _indexes(tx), _network(ledger)]
    if whole is not None:
        findings += [_things(tx, whole), _links(tx, whole)]
    return [*findings, _pieces(tx, ledger), _results(tx), _beside(tx)]


def failed_indexes(tx: _Transaction) -> list[str]:
    """Return in words the indexes of the store that the server has given up, which it says nowhere else."""
    rows = tx.run(
        "SHOW INDEXES YIELD name, state, labelsOrTypes, failureMessage WHERE state = 'FAILED' "
        "RETURN name, labelsOrTypes[0] AS label, failureMessage AS why"
    )
    # The first sentence says why, the others speak to the server's makers.
    whys = {row["name"]: " ".join(row["why"].split()).partition(". ")[0] for row in rows if row["label"] in LABELS}
    return [f"index {name} has failed ({why})" for name, why in whys.items()]


def refuse_failed_indexes(tx: _Transaction) -> None:
    """Raise StoreError where an index of the store has failed."""
    failed = failed_indexes(tx)
    if failed:
        raise StoreError(
            f"Nothing is loaded while the database's {' and '.join(failed)}, since questions would take long or fail;"
            " drop it, and make it anew with `tidewaiter store migrate`."
        )


def _constraints(tx: _Transaction) -> Finding:
    rows = tx.run("SHOW CONSTRAINTS YIELD type, labelsOrTypes, properties WHERE type = 'UNIQUENESS' RETURN *")
    there = {(*row["labelsOrTypes"], *row["properties"]) for row in rows}
    missing = (f"{label}.{name} need not be unique, {_MADE}" for label, name in UNIQUE if (label, name) not in there)
    return found("constraints", missing, f"all {len(UNIQUE)} there")


def _indexes(tx: _Transaction) -> Finding:
    rows = tx.run(
        "SHOW INDEXES YIELD state, type, labelsOrTypes, properties WHERE type = 'RANGE' "
        "RETURN labelsOrTypes[0] AS label, properties, state"
    )
    states = {(row["label"], tuple(row["properties"])): row["state"] for row in rows}
    wanted = {**{f"{label}_{name}": (label, (name,)) for label, name in UNIQUE}, **INDEXES}
    faults = failed_indexes(tx)
    for name, at in wanted.items():
        if (state := states.get(at)) is None:
            faults.append(f"index {name} is missing, {_MADE}")
        elif state not in ("ONLINE", "FAILED"):
            faults.append(f"index {name} is {state.lower()}")
    texts = dict(tx.run("SHOW INDEXES YIELD name, type, state WHERE type = 'FULLTEXT' RETURN name, state").values())
    for name in FULL_TEXT:
        if (state := texts.get(name)) is None:
            faults.append(f"full-text index {name} is missing, {_MADE}")
        elif state not in ("ONLINE", "FAILED"):
            faults.append(f"full-text index {name} is {state.lower()}")
    return found("indexes", faults, f"all {len(wanted) + len(FULL_TEXT)} online")


def _network(ledger: Ledger) -> Finding:
    behind = f"shows version {ledger.folded} and not {ledger.version}; whoever opens the store next completes it"
    return found("network", [behind] if ledger.folded != ledger.version else [], f"shows version {ledger.version}")


def _things(tx: _Transaction, whole: Whole) -> Finding:
    said = {node.name: len(whole.things.get(node.name, ())) for node in NODES}
    there = {kind: _count(tx, kind) for kind in said}
    return found("things", _differing(there, said), counted(there))


def _links(tx: _Transaction, whole: Whole) -> Finding:
    said, there = {}, {}
    for link in LINKS:
        said[link.name] = sum(len(whole.links.get((start, link.name, end), ())) for start, end in link.ends)
        there[link.name] = sum(
            tx.run(f"MATCH (:{start})-[r:{link.name}]->(:{end}) RETURN count(r)").value()[0] for start, end in link.ends
        )
    return found("links", _differing(there, said), counted(there))


def _differing(there: Mapping[str, int], said: Mapping[str, int]) -> Iterator[str]:
    for name, count in there.items():
        if count != said[name]:
            yield f"{name} {count:,}, by the statements {said[name]:,}"


def _pieces(tx: _Transaction, ledger: Ledger) -> Finding:
    loads = dict(tx.run(f"MATCH (c:{CHUNK}) RETURN c.load, count(c)").values())
    kept = set(held(tx))
    stray = sum(count for load, count in loads.items() if load not in kept)
    faults = [f"{stray:,} of no load, {_SWEPT}"] if stray else []
    for batch, load in ledger.entries:
        if batch.rows_in > batch.rows_duplicate and load not in loads:
            faults.append(f"those of batch {batch.id} are missing: remove the batch, and load it again")
    return found("pieces", faults, counted({BATCH: len(ledger.entries), CHUNK: sum(loads.values())}))


def _results(tx: _Transaction) -> Finding:
    sets = tx.run(f"MATCH (p:{PUBLISHED}) RETURN p.`set`").value()
    faults, there = [], {}
    for label in RESULT.values():
        stray = tx.run(f"MATCH (n:{label}) WHERE NOT n.`set` IN $sets RETURN count(n)", sets=sets).value()[0]
        if stray:
            faults.append(f"{stray:,} {label} of no set, left by a publishing that runs now or was interrupted")
        there[label] = _count(tx, label)
    return found("results", faults, counted(there))


def _beside(tx: _Transaction) -> Finding:
    """Return how many there are of the other labels: the store's own, and those of others in the same database."""
    shown: Sequence[str] = (*(node.name for node in NODES), *RESULT.values())
    own = {label: _count(tx, label) for label in LABELS if label not in shown}
    [everything] = tx.run("MATCH (n) RETURN count(n)").value()
    foreign = everything - sum(_count(tx, label) for label in shown) - sum(own.values())
    return Finding("beside", True, counted({**own, "nodes of others": foreign}))


def _count(tx: _Transaction, label: str) -> int:
    [count] = tx.run(f"MATCH (n:{label}) RETURN count(n)").value()
    assert isinstance(count, int)
    return count
