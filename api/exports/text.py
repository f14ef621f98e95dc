"""Text in files: what a format forbids or its readers would act on, made harmless without losing it."""

import re
from xml.sax.saxutils import escape

# All that the Char production of XML 1.0 leaves out, and the two non-characters that it only discourages.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A parser would make one line end of two, and a space of a line end in an attribute.
_KEPT = {"\r": "&#13;"}
_KEPT_IN_ATTRIBUTE = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# A bare address of a page or a person becomes a link by its colon, its `@` or its `www.`.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()!|~&$:@]|(?<=www)\.)", re.IGNORECASE)


def xml_safe(text: str) -> str:
    r"""Return text with the characters that XML forbids written out, as `\x00`."""
    return _NOT_XML.sub(lambda found: ascii(found[0])[1:-1], text)


def xml_line(text: str) -> str:
    r"""Return text as `xml_safe` does, with tabs and line ends written out too, for writers that do not keep them."""
    return xml_safe(text).replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def xml_text(value: object) -> str:
    """Return a value as the text of an XML element."""
    return escape(xml_safe(str(value)), _KEPT)


def xml_attribute(value: object) -> str:
    """Return a value as an XML attribute, with its quotes."""
    return f'"{escape(xml_safe(str(value)), _KEPT_IN_ATTRIBUTE)}"'


def csv_safe(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: one that could be gets an apostrophe before it.

    A cell that begins with an apostrophe gets another one, so that `csv_restored` gives back what was there.
    """
    return f"'{cell}" if cell.startswith((*_FORMULA, "'")) else cell


def csv_restored(cell: str) -> str:
    """Return what `csv_safe` was given."""
    return cell.removeprefix("'")


def markdown(text: str) -> str:
    """Return text of others for one line of Markdown: nothing in it is markup, a link or HTML."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
