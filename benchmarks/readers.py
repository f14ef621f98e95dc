"""Many readers at once while another set is published: what fails, and what mixes the two sets.

Each reader sends the same few questions again and again. The answers to each are taken down whole before the switch
and after it; what a reader gets meanwhile has to be one of these two, byte for byte. The other set is the published one
with all its figures changed, and is published by a process of its own, as a command beside the service would.
"""

import multiprocessing
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from http.client import HTTPConnection, HTTPException
from multiprocessing.connection import Connection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from api.commands.opening import opened
from api.settings import Settings
from benchmarks.questions import Question
from graph.store.results import RESULTS, PublishedSet

SECONDS = 2.0
"""How long is read before the switch, and at least after it."""
_PATIENCE = 60.0
"""How long is read after it at most."""

_FIGURES = {
    "shipment": ("score", "declared", "profile", "linked", "gnn"),
    "entity": ("linked",),
    "community": ("linked",),
}


@dataclass(frozen=True)
class Switched:
    """What the readers met. `unlike` counts answers that are neither of the one set nor of the other."""

    readers: int
    answers: int
    failed: int
    unlike: int
    of_old: int
    of_new: int
    publishing_seconds: float
    seconds: Sequence[float]


class Client:
    """A connection that is kept; made again where it broke."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, question: Question) -> tuple[int, bytes]:
        """Return status and body; status 0 and the error's words where there was no answer."""
        headers = {"Content-Type": "application/json"} if question.body is not None else {}
        try:
            self._connection.request(question.method, question.address, question.body, headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (HTTPException, OSError) as error:
            self._connection.close()
            return 0, repr(error).encode()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def switch(settings: Settings, port: int, asked: Sequence[Question], folder: Path, readers: int, seed: int) -> Switched:
    """Read with many readers while another set is published, and put the published set back at the end.

    Raises:
        RuntimeError: a question is refused though nothing happens, both sets give it the same answer (so it would
            tell nothing), or the other set was not published.
    """
    heading = kept(settings, folder)
    old = _answers(port, asked)
    seen: list[tuple[int, float, int, str]] = []
    over = threading.Event()
    threads = [
        threading.Thread(target=_read, args=(port, asked, random.Random(seed + number), over, seen))
        for number in range(readers)
    ]
    for thread in threads:
        thread.start()
    try:
        time.sleep(SECONDS)
        publishing_seconds = _published(settings, heading, folder, changed=True)
        # Also where answers are slow, most readers are to ask once more after the switch.
        enough, until = len(seen) + 2 * readers, time.monotonic() + _PATIENCE
        time.sleep(SECONDS)
        while len(seen) < enough and time.monotonic() < until:
            time.sleep(0.1)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    try:
        new = _answers(port, asked)
    finally:
        _published(settings, heading, folder, changed=False)
    same = [asked[at].address for at in range(len(asked)) if old[at] == new[at]]
    if len(same) > len(asked) / 2:
        raise RuntimeError(f"Both sets give the same answers to {len(same)} of {len(asked)} questions: {same[0]}")
    tally: Counter[str] = Counter()
    for at, _, status, digest in seen:
        if status != 200:
            tally["failed"] += 1
        elif old[at] == new[at] == digest:
            tally["either"] += 1
        else:
            tally["old" if digest == old[at] else "new" if digest == new[at] else "unlike"] += 1
    seconds = [took for _, took, _, _ in seen]
    return Switched(
        readers,
        len(seen),
        tally["failed"],
        tally["unlike"],
        tally["old"],
        tally["new"],
        publishing_seconds,
        seconds,
    )


def _read(
    port: int,
    asked: Sequence[Question],
    chance: random.Random,
    over: threading.Event,
    seen: list[tuple[int, float, int, str]],
) -> None:
    client = Client(port)
    while not over.is_set():
        at = chance.randrange(len(asked))
        before = time.perf_counter()
        status, body = client.ask(asked[at])
        seen.append((at, time.perf_counter() - before, status, sha256(body).hexdigest()))
    client.close()


def _answers(port: int, asked: Sequence[Question]) -> list[str]:
    client = Client(port)
    found = []
    for question in asked:
        status, body = client.ask(question)
        if status != 200:
            raise RuntimeError(f"{question.address} is answered by {status}: {body.decode(errors='replace')}")
        found.append(sha256(body).hexdigest())
    client.close()
    return found


def kept(settings: Settings, folder: Path) -> PublishedSet:
    """Write the published set to a folder and return its heading; RuntimeError where there is none."""
    with opened(settings) as store, store.reading() as view:
        heading = view.published()
        if heading is None:
            raise RuntimeError("Nothing is published in the store.")
        for table, schema in RESULTS.items():
            with ipc.new_file(folder / f"{table}.arrow", schema) as file:
                for batch in view.results(table):
                    file.write_batch(batch)
    return heading


def _published(settings: Settings, heading: PublishedSet, folder: Path, *, changed: bool) -> float:
    """Publish what is in the folder in a process of its own; return the seconds that this process took to do so."""
    # Spawned, since this process has threads.
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    with receiving:
        process = context.Process(target=publish, args=(settings, heading, folder, changed, sending))
        process.start()
        sending.close()
        try:
            seconds: float = receiving.recv()
        except EOFError:
            raise RuntimeError(
                "The set was not published; the process that should have done it says why above."
            ) from None
        finally:
            process.join()
    return seconds


def publish(settings: Settings, heading: PublishedSet, folder: Path, changed: bool, told: Connection) -> None:
    """Publish what is in the folder, `changed` or as it is, and send the seconds it took."""
    before = time.perf_counter()
    with opened(settings) as store:
        named = replace(heading, id=f"{heading.id}-changed") if changed else heading
        store.publish(named, {table: _pieces(folder, table, changed) for table in RESULTS})
    told.send(time.perf_counter() - before)


def _pieces(folder: Path, table: str, changed: bool) -> Iterator[pa.RecordBatch]:
    with ipc.open_file(folder / f"{table}.arrow") as file:
        for at in range(file.num_record_batches):
            batch = file.get_batch(at)
            yield turned(batch, _FIGURES[table]) if changed else batch


def turned(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    """Return rows whose figures all differ and fall where they rose: what came first in its list comes last."""
    for name in columns:
        at = batch.schema.get_field_index(name)
        batch = batch.set_column(at, batch.schema.field(at), pc.divide(1.0, pc.add(batch.column(at), 1.0)))
    return batch
