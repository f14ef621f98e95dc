"""Things as a store gives them, with the records behind them, and how a text means one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from graph import normalise
from graph.fold import Link, Thing
from graph.schema import NODES
from graph.search import MOST, Asked, asked
from graph.store.errors import StoreError


class RecordGroup(NamedTuple):
    """Records of one source that say the same and differ only in their day, packed.

    `role` says in which place of its row the thing was named: a column of a declaration (`importer`, `route`,
    `container`), a stop (`departure`, `arrival`, `office`, `transit`), what a description gives (`importer_address`,
    `entity_phone`), an end of an ownership (`owned`, `owner`), or the row itself (`shipment`, `inspection`, `entity`,
    `listing`). `fields` is empty where the thing was only named. `first_on` and `last_on` are null where no row had a
    day; `batches` are those that brought the records, oldest first.
    """

    role: str
    source: str
    fields: Mapping[str, str]
    first_on: date | None
    last_on: date | None
    batches: Sequence[str]


@dataclass(frozen=True)
class ThingWithRecords:
    """A folded thing with a bounded list of the packed records behind it; `record_count` is their true number."""

    thing: Thing
    records: Sequence[RecordGroup]
    record_count: int
    links: Sequence[Link] = ()


# A number without a country code is its digits, as are many that are no telephone number.
_TELEPHONE = re.compile(r"(\+|00)[\d\W]+|[\d\s().-]+")


def meanings(text: str) -> list[tuple[str | None, str]]:
    """Return the ways to read a reference: type (None: any) and complete key or bare id.

    A key may itself hold a colon (`1:CNSHA>KR016`), so what looks like a type may be part of it. Telephone numbers and
    e-mail addresses name a contact however they are written.
    """
    found: list[tuple[str | None, str]] = [(None, text)]
    kind, colon, rest = text.partition(":")
    named = {node.name.lower(): node.name for node in NODES}
    if colon and kind.strip().lower() in named:
        found.append((named[kind.strip().lower()], rest.strip()))
    return [*found, *(("Contact", key) for kind, name in found if kind in (None, "Contact") for key in _contact(name))]


def _contact(text: str) -> list[str]:
    """Return the key that a text has as a contact; none where it is neither telephone number nor e-mail address."""
    if "@" in text:
        return [normalise.email(text)]
    return [normalise.telephone(text, None)] if _TELEPHONE.fullmatch(text.strip()) else []


def check_search(text: str, types: Sequence[str] | None, limit: int) -> Asked:
    """Return what a search asks for; raise StoreError where there is no such type, or the limit is out of bounds."""
    if not 1 <= limit <= MOST:
        raise StoreError(f"A search brings 1 to {MOST} answers, not {limit}.")
    try:
        return asked(text, types)
    except ValueError as error:
        raise StoreError(str(error)) from error
