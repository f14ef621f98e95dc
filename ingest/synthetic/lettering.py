"""Text columns without a loop over rows: templates with random digits and letters, fixed-width bytes, CSV lines."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_LETTERS = np.frombuffer(b"ABDEFGHJLNPQRSTUWXYZ", dtype=np.uint8)


def fixed_width(rows: NDArray[np.uint8], lengths: NDArray[np.int64] | None = None) -> pa.Array:
    """Return rows of bytes as text; with `lengths`, only so many bytes of each row, and null where that is none."""
    count, width = rows.shape
    if lengths is None:
        offsets = np.arange(count + 1, dtype=np.int32) * width
        return pa.StringArray.from_buffers(count, pa.py_buffer(offsets.astype("<i4")), pa.py_buffer(rows.tobytes()))
    kept = rows[np.arange(width)[None, :] < lengths[:, None]]
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype("<i4")
    text = pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(kept.tobytes()))
    return pc.if_else(pa.array(lengths > 0), text, pa.scalar(None, pa.string()))


def fill(rng: np.random.Generator, templates: Sequence[str], choice: NDArray[np.int64]) -> pa.Array:
    """Write one text per row from the template it chose.

    `#` becomes any digit, `%` a digit other than zero, `@` a capital letter as in a British postcode.

    Args:
        rng: The source of randomness.
        templates: The templates.
        choice: For each row the number of its template.

    Returns:
        The texts, in the order of the rows.
    """
    order = np.argsort(choice, kind="stable")
    pieces = []
    for number, count in zip(*np.unique(choice, return_counts=True), strict=True):
        template = np.frombuffer(templates[number].encode(), dtype=np.uint8)
        rows = np.tile(template, (count, 1))
        for sign, low in ((b"#", 0), (b"%", 1)):
            at = np.flatnonzero(template == sign[0])
            rows[:, at] = rng.integers(low, 10, (count, len(at)), dtype=np.uint8) + ord("0")
        at = np.flatnonzero(template == ord("@"))
        rows[:, at] = _LETTERS[rng.integers(0, len(_LETTERS), (count, len(at)))]
        pieces.append(fixed_width(rows))
    back = np.empty(len(choice), dtype=np.int64)
    back[order] = np.arange(len(choice))
    return pa.concat_arrays(pieces or [pa.array([], pa.string())]).take(pa.array(back))


def join(*parts: pa.Array | str) -> pa.Array:
    """Put texts side by side, row by row."""
    return pc.binary_join_element_wise(*parts, "")


def number_text(values: NDArray[np.int64], width: int = 0) -> pa.Array:
    """Return whole numbers as text, filled up with zeros to `width`."""
    text = pc.cast(pa.array(values), pa.string())
    return pc.utf8_lpad(text, width, "0") if width else text


def decimal_text(hundredths: NDArray[np.int64]) -> pa.Array:
    """Return amounts given in hundredths as text with two decimals, never in scientific notation."""
    words = np.zeros((len(hundredths), 2), dtype="<i8")
    words[:, 0] = hundredths
    words[:, 1] = np.where(hundredths < 0, -1, 0)
    amounts = pa.Array.from_buffers(pa.decimal128(18, 2), len(hundredths), [None, pa.py_buffer(words.tobytes())])
    return pc.cast(amounts, pa.string())


def date_text(days: NDArray[np.datetime64]) -> pa.Array:
    """Return days as ISO 8601 text, null where there is none (NaT)."""
    return pc.cast(pa.array(days.astype("datetime64[D]"), pa.date32()), pa.string())


def quoted(text: pa.Array) -> pa.Array:
    """Return the text as a CSV field: in quotes where it holds a comma, a quote or a line end."""
    needs = pc.match_substring_regex(text, '[,"\r\n]')
    doubled = pc.replace_substring(text, '"', '""')
    return pc.if_else(needs, join('"', doubled, '"'), text)


def csv_lines(columns: Sequence[pa.Array]) -> pa.Array:
    """Return one CSV line per row, line end included, from fields that are already quoted; null is an empty field."""
    filled = [pc.fill_null(column, "") for column in columns]
    return join(pc.binary_join_element_wise(*filled, ","), "\n")
