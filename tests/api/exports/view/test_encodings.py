import math
import re

import pytest

from api.exports.view.encodings import PATHS, SHAPES, STEPS, TYPES, risk_step, size, width
from graph.schema import NODE

OKABE_ITO = {"#000000", "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"}


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_each_type_of_the_schema_has_a_mark_of_its_own() -> None:
    assert set(TYPES) == set(NODE)
    assert len({mark.glyph for mark in TYPES.values()}) == len(TYPES)
    assert len({(mark.hue, mark.shape) for mark in TYPES.values()}) == len(TYPES)
    assert {mark.hue for mark in TYPES.values()} <= OKABE_ITO


def test_each_glyph_can_be_read_on_its_hue() -> None:
    for mark in TYPES.values():
        light, dark = sorted((luminance(mark.hue), luminance(mark.ink)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, mark


def test_each_shape_is_a_path_and_has_a_meaning() -> None:
    assert set(PATHS) == set(SHAPES) >= {mark.shape for mark in TYPES.values()}
    assert all(re.fullmatch(r"M[-0-9. A-Z]+Z", path) for path in PATHS.values())


@pytest.mark.parametrize(
    ("risk", "step"),
    [(-0.0, 1), (0.0, 1), (0.049, 1), (0.05, 2), (0.1, 3), (0.2499, 3), (0.25, 4), (0.5, 5), (1.0, 5), (2.3, 5)],
)
def test_a_risk_falls_in_its_step(risk: float, step: int) -> None:
    found = risk_step(risk)
    assert found is not None
    assert found.number == step


def test_no_score_is_no_low_one() -> None:
    assert risk_step(None) is None


def test_the_steps_darken() -> None:
    shades = [luminance(step.colour) for step in STEPS]
    assert shades == sorted(shades, reverse=True)
    assert [step.number for step in STEPS] == [1, 2, 3, 4, 5]


def test_size_has_four_steps_and_width_grows_at_each_doubling() -> None:
    assert len({size(links) for links in range(200)}) == 4
    assert [width(count) for count in (0, 1, 2, 4, 1024)] == [1, 1, 2, 3, 11]
    assert math.isfinite(width(10**9))
