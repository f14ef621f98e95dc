"""Text of others made safe to show: a name may hold terminal escapes, and must be seen as it is all the same."""

import json
import math
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

# Line and paragraph separators break lines; the others change the direction of all text after them.
_UNSEEN = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def _harmful(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") or character in _UNSEEN


def visible(text: str) -> str:
    r"""Return the text with control characters written out (`\x1b`, `\u202e`), all else as it is."""
    if text.isprintable():
        return text
    return "".join(ascii(character)[1:-1] if _harmful(character) else character for character in text)


def plain(value: Any) -> Any:
    """Return a value in the form that JSON knows: days in ISO form, what is no number as null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, str | bytes):
        return [plain(item) for item in value]
    return value


def as_json(value: Any) -> str:
    """Return a value as JSON: characters that a terminal would act on are escaped, other scripts are left readable."""
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, indent=2)
    return "".join(
        f"\\u{ord(character):04x}" if character != "\n" and _harmful(character) else character for character in text
    )
