"""Copying a store into another of any kind, batch by batch, so that it can be interrupted and repeated."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from graph.hash import store_hash
from graph.store.base import GraphStore
from graph.store.batches import Batch, LoadChunk
from graph.store.errors import StoreError
from graph.store.results import RESULTS, PublishedSet


class Copied(NamedTuple):
    """What a copy came to: batches written now and held before, the set that went along, the hash of both."""

    written: int
    held: int
    published: PublishedSet | None
    graph_hash: str


def copy_store(
    source: GraphStore, target: GraphStore, doing: Callable[[str], None], rows: Callable[[int], None]
) -> Copied:
    """Bring to a target all that a source holds at its present version, and prove it by the graph hash of both.

    Args:
        source: where from.
        target: where to; what an earlier copy brought there is not copied again.
        doing: is told what is being done now.
        rows: is told the number of rows copied so far.

    Raises:
        StoreError: the target holds something else (nothing was written), or has not come to the same network.
    """
    with source.reading() as view:
        wanted, held = view.batches(), target.batches()
        for at, batch in enumerate(held):
            if at >= len(wanted) or _identity(batch) != _identity(wanted[at]):
                raise StoreError(
                    f"The target holds batch {batch.id!r} ({batch.name}), which is not in the same place of the source;"
                    " copy into an empty store, or one that an earlier copy was interrupted in."
                )
        done = 0

        def counted(batch: Batch) -> Iterator[LoadChunk]:
            nonlocal done
            for chunk in view.contents(batch.id):
                yield chunk
                done += sum(len(table) for shape, table in chunk.statements.items() if shape != "description")
                rows(done)

        for at, batch in enumerate(wanted[len(held) :], start=len(held) + 1):
            doing(f"batch {at} of {len(wanted)}, {batch.name}")
            target.add_batch(batch, counted(batch))
        doing("results")
        published = _publish(view, target)
        doing("comparing")
        expected, found = store_hash(view), store_hash(target)
    if found != expected:
        raise StoreError(
            f"The copy is not the same network (graph hash {found}, of the source {expected}): somebody else wrote into"
            " it, or it is damaged; copy into an empty store."
        )
    return Copied(len(wanted) - len(held), len(held), published, expected)


def _identity(batch: Batch) -> tuple[str, ...]:
    return batch.id, batch.content_hash, batch.source, batch.mapping, batch.mapping_version


def _publish(view: GraphStore, target: GraphStore) -> PublishedSet | None:
    """Publish the source's set if it is of the present version, where it is not yet; return its heading there."""
    heading = view.published()
    if heading is None or heading.store_version != view.version():
        return None
    heading = replace(heading, store_version=target.version())
    if target.published() != heading:
        target.publish(heading, {table: view.results(table) for table in RESULTS})
    return heading
