"""The ledger, read beside somebody who changes it."""

from collections.abc import Mapping
from typing import Any

import pytest

from graph.store.batches import Batch
from graph.store.errors import StoreError
from graph.store.neo4j import ledger
from tests.conformance.loads import batch


class Row:
    """The one row of an answer."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        self._row = row

    def single(self, *, strict: bool) -> Mapping[str, Any]:
        assert strict
        return self._row


class Changing:
    """A transaction beside which the batch is removed while the ledger is read for the first time, or always."""

    def __init__(self, held: Batch, *, always: bool) -> None:
        self._held, self._always, self._asked = held, always, 0

    def run(self, text: str) -> Row:
        """Answer as of another version each time it is asked, up to the third."""
        self._asked += 1
        version = self._asked if self._always else min(self._asked, 3)
        found: dict[str, Any] = {"version": version, "folded": version}
        if "batches" in text:
            # Found before it was deleted, and read afterwards.
            found["batches"] = [{}] if self._asked == 1 else [ledger.properties(self._held, "load")]
        return Row(found)


def test_a_ledger_that_changes_while_it_is_read_is_read_again() -> None:
    found = ledger.read(Changing(batch("one"), always=False))  # type: ignore[arg-type]
    assert found.version == 3
    assert [entry.batch.id for entry in found.entries] == ["one"]


def test_a_ledger_that_never_rests_is_given_up() -> None:
    with pytest.raises(StoreError, match="changed too often"):
        ledger.read(Changing(batch("one"), always=True))  # type: ignore[arg-type]
