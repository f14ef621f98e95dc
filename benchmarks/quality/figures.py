"""Figures with their intervals, as JSON and as the rows of a table."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

RESAMPLES = 2000


class Figure(NamedTuple):
    """A mean with its 95 % bootstrap interval over what was repeated (splits or seeds)."""

    value: float
    low: float
    high: float


def figure(values: Sequence[float], seed: int) -> Figure:
    """Return the mean of repetitions with its interval."""
    drawn = np.random.default_rng(seed).choice(np.array(values, dtype=np.float64), (RESAMPLES, len(values)))
    low, high = np.quantile(drawn.mean(axis=1), (0.025, 0.975))
    return Figure(float(np.mean(values)), float(low), float(high))


def said(value: Figure) -> str:
    """Return a figure as the tables have it."""
    return f"{value.value:.3f} [{value.low:.3f}, {value.high:.3f}]"


def table(rows: Mapping[str, Mapping[str, Figure]], columns: Mapping[str, str]) -> str:
    """Return a table in Markdown: a line for each row, a column for each heading with the key of its figure."""
    lines = [f"| | {' | '.join(columns)} |", f"|---|{'--:|' * len(columns)}"]
    lines += [f"| {name} | {' | '.join(said(row[key]) for key in columns.values())} |" for name, row in rows.items()]
    return "\n".join(lines)


def write_json(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report, figures as objects."""
    path.write_text(json.dumps(_plain(report), indent=1) + "\n")


def _plain(value: Any) -> Any:
    if isinstance(value, Figure):
        return value._asdict()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
