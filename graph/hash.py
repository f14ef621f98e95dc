"""The graph hash: SHA-256 over all folded things and links.

Independent of batches, load times, results and stores. The encoding is one line per thing, link and value, sorted in
byte order within its section; parts of a line are separated by U+001F, lines end with U+001E, and both characters (and
the backslash) are escaped where they occur in a value. Days are ISO dates, blank where no dated record names the thing.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from graph.columns import UNDATED_FIRST, date_undated
from graph.fold import Link, Network, Span, Thing
from graph.schema import LINKS, NODES
from graph.store.base import GraphStore
from graph.whole import Whole, fold_whole, read

_ESCAPES = (("\\", "\\\\"), ("\x1f", "\\u"), ("\x1e", "\\r"))


def network_hash(network: Network) -> str:
    """Return the hash of a network folded thing by thing."""
    digest = hashlib.sha256()

    def section(name: str, lines: Iterable[tuple[str, ...]]) -> None:
        encoded = sorted("\x1f".join(map(_escape, line)).encode() for line in lines)
        if encoded:
            digest.update(name.encode() + b"\x1e")
            digest.update(b"".join(line + b"\x1e" for line in encoded))

    for node in NODES:
        things = [thing for ref, thing in network.things.items() if ref.type == node.name]
        section(f"thing {node.name}", ((*_subject(t), *_days(t)) for t in things))
        for item in sorted(field.name for field in node.fields):
            section(f"value {node.name} {item}", _values(things, item))
    for link_type in LINKS:
        for start, end in link_type.ends:
            links = [
                link
                for ref, link in network.links.items()
                if (ref.start.type, ref.type, ref.end.type) == (start, link_type.name, end)
            ]
            name = f"{start} {link_type.name} {end}"
            section(f"link {name}", ((*_subject(k), *_days(k)) for k in links))
            for item in sorted(field.name for field in link_type.fields):
                section(f"value {name} {item}", _values(links, item))
    return digest.hexdigest()


def _days(folded: Thing | Link | Span) -> tuple[str, str]:
    return _day(folded.first_on), _day(folded.last_on)


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _values(folded: Iterable[Thing | Link], item: str) -> Iterator[tuple[str, ...]]:
    for one in folded:
        for span in one.spans:
            if span.field == item:
                yield (*_subject(one), span.value, *_days(span))


def _subject(folded: Thing | Link) -> tuple[str, ...]:
    return (folded.ref.key,) if isinstance(folded, Thing) else (folded.ref.start.key, folded.ref.end.key)


def _escape(text: str) -> str:
    for character, escaped in _ESCAPES:
        text = text.replace(character, escaped)
    return text


def store_hash(store: GraphStore) -> str:
    """Return the hash of all that a store holds."""
    return whole_hash(fold_whole(date_undated(read(store))))


def whole_hash(whole: Whole) -> str:
    """Return the hash of a network folded in tables."""
    digest = hashlib.sha256()

    def section(name: str, table: pa.Table | None) -> None:
        if table is None or not len(table):
            return
        parts = [_escape_column(table[column]) for column in table.column_names if column not in ("first", "last")]
        undated = pc.equal(table["first"], UNDATED_FIRST)
        for column in ("first", "last"):
            days = pc.if_else(undated, pa.scalar(None, pa.int32()), table[column]).cast(pa.date32())
            parts.append(pc.fill_null(days.cast(pa.string()), ""))
        lines = pc.binary_join_element_wise(*parts, "\x1f")
        lines = pc.binary_join_element_wise(lines.take(pc.sort_indices(lines)), "", "\x1e")
        digest.update(name.encode() + b"\x1e")
        for piece in lines.chunks if isinstance(lines, pa.ChunkedArray) else [lines]:
            offsets = memoryview(piece.buffers()[1]).cast("i")
            digest.update(memoryview(piece.buffers()[2])[offsets[piece.offset] : offsets[piece.offset + len(piece)]])

    for node in NODES:
        section(f"thing {node.name}", whole.things.get(node.name))
        for item in sorted(field.name for field in node.fields):
            section(f"value {node.name} {item}", _of_field(whole.spans.get(node.name), item))
    for link_type in LINKS:
        for start, end in link_type.ends:
            triple = (start, link_type.name, end)
            name = " ".join(triple)
            section(f"link {name}", whole.links.get(triple))
            for item in sorted(field.name for field in link_type.fields):
                section(f"value {name} {item}", _of_field(whole.link_spans.get(triple), item))
    return digest.hexdigest()


def _of_field(spans: pa.Table | None, item: str) -> pa.Table | None:
    return None if spans is None else spans.filter(pc.equal(spans["field"], item)).drop_columns(["field"])


def _escape_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    for character, escaped in _ESCAPES:
        if pc.any(pc.match_substring(column, character)).as_py():
            column = pc.replace_substring(column, character, escaped)
    return column
