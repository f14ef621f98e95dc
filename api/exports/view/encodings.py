"""What is drawn for what, written once: hue, glyph and shape of a type, the ring of a risk, widths and sizes.

Hues are those of Okabe and Ito's palette, which people with colour blindness tell apart; no type is told by its hue
alone, so each has a glyph, and its class a shape. The risk scale runs from light to dark and stays in order in grey
print. A thing without a score has a hatched ring, which is never that of a low one.
"""

from dataclasses import dataclass
from math import log2
from typing import Literal

Shape = Literal["circle", "square", "diamond", "triangle", "hexagon"]


@dataclass(frozen=True)
class TypeMark:
    """How things of a type are drawn: `hue` fills the shape, `ink` writes the glyph on it; `words` names the type."""

    hue: str
    ink: str
    glyph: str
    shape: Shape
    words: str


@dataclass(frozen=True)
class Step:
    """A step of risk: from this value (included) up to that of the next."""

    number: int
    least: float
    colour: str


BLACK, WHITE = "#000000", "#ffffff"
ORANGE, SKY, GREEN, YELLOW = "#e69f00", "#56b4e9", "#009e73", "#f0e442"
BLUE, VERMILLION, PURPLE = "#0072b2", "#d55e00", "#cc79a7"

TYPES = {
    "Trader": TypeMark(BLUE, WHITE, "T", "circle", "trader"),
    "Carrier": TypeMark(SKY, BLACK, "C", "circle", "carrier"),
    "Forwarder": TypeMark(GREEN, BLACK, "F", "circle", "forwarder"),
    "ListEntry": TypeMark(BLACK, WHITE, "L", "circle", "list entry"),
    "Shipment": TypeMark(ORANGE, BLACK, "S", "square", "shipment"),
    "Inspection": TypeMark(VERMILLION, BLACK, "I", "square", "inspection"),
    "TransportDocument": TypeMark(YELLOW, BLACK, "D", "square", "transport document"),
    "Commodity": TypeMark(PURPLE, BLACK, "G", "square", "commodity"),
    "Address": TypeMark(PURPLE, BLACK, "A", "diamond", "address"),
    "Contact": TypeMark(YELLOW, BLACK, "@", "diamond", "contact"),
    "Place": TypeMark(GREEN, BLACK, "P", "diamond", "place"),
    "Vessel": TypeMark(BLUE, WHITE, "V", "triangle", "vessel"),
    "Container": TypeMark(SKY, BLACK, "X", "triangle", "container"),
    "Route": TypeMark(ORANGE, BLACK, "R", "triangle", "route"),
}
"""The mark of each type of the schema."""

SHAPES: dict[Shape, str] = {
    "circle": "organisation",
    "square": "consignment",
    "diamond": "place or address",
    "triangle": "transport",
    "hexagon": "community",
}
"""What class of things a shape stands for."""

STEPS = (
    Step(1, 0.0, "#fff3c4"),
    Step(2, 0.05, "#fec44f"),
    Step(3, 0.1, "#ec7014"),
    Step(4, 0.25, "#b03c02"),
    Step(5, 0.5, "#5c1d04"),
)
"""The five steps of risk. Half of all things lie below 0.05 and one in a hundred above 0.5, in scores and in linked
risks alike, so equal steps would put nearly everything into the first."""

OUTLINE = "#222222"
"""The line of one pixel round every shape and ring."""

_SIZES = ((1, 10), (5, 13), (20, 17))
_LARGEST = 22


def risk_step(risk: float | None) -> Step | None:
    """Return the step that a score or a linked risk falls in; None where there is none, which is not a low one."""
    if risk is None:
        return None
    return next((step for step in reversed(STEPS) if risk >= step.least), STEPS[0])


def size(links: int) -> int:
    """Return the radius in pixels of a thing with so many links, in four steps: up to 1, 5, 20, and more."""
    return next((radius for most, radius in _SIZES if links <= most), _LARGEST)


def width(count: int) -> float:
    """Return the width in pixels of a link that so many sources state: one more at each doubling."""
    return 1 + log2(max(count, 1))


PATHS: dict[Shape, str] = {
    "circle": "M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z",
    "square": "M-.9-.9H.9V.9H-.9Z",
    "diamond": "M0-1.25L1.25 0L0 1.25L-1.25 0Z",
    "triangle": "M0-1.3L1.2.8H-1.2Z",
    "hexagon": "M1.1 0L.55.95H-.55L-1.1 0L-.55-.95H.55Z",
}
"""Each shape as an SVG path round the origin, all of about the same area, for a radius of 1."""
