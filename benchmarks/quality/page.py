"""docs/quality.md: the figures of all parts, what they are beside, and what was tried and lost."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from scipy.stats import binomtest

from benchmarks.quality.control import ARMS
from benchmarks.quality.figures import Figure, said, table
from benchmarks.quality.hiding import WAYS
from benchmarks.quality.mixed import KINDS
from benchmarks.quality.plain_graph import COLUMNS as OF_PLAIN
from benchmarks.quality.worlds import AT, MIXED, PARTS
from targeting.evaluate import CALIBRATED, COLUMNS
from targeting.metrics import LEVEL

_TEXT = Path(__file__).with_name("page.md")
_MEASURES = {
    "AUC": "auc",
    "average precision": "average_precision",
    "P@5 %": "precision_at_5%",
    "P@10 %": "precision_at_10%",
}
_TAKEN_OUT = {"strongest": "what the strongest reason names", "all": "what all three reasons name"}


def written(reports: Mapping[str, Any]) -> str:
    """Return the page with the figures of all parts."""
    kcs, worlds, tolokers, communities = (reports[part] for part in ("kcs", "worlds", "tolokers", "communities"))
    relational, hiding, fidelity = (reports[part] for part in ("relational", "hiding", "fidelity"))
    control = reports["control"]
    return Template(_TEXT.read_text(encoding="utf-8")).substitute(
        seed=kcs["seed"],
        kcs_counts=_counts(kcs["report"]),
        kcs=_evaluated(kcs["report"]),
        kcs_unseen=_unseen(kcs["report"]),
        kcs_calibration=_calibration(kcs["report"]),
        world_shipments=f"{worlds['shipments']:,}",
        world_seeds=", ".join(worlds["worlds"]),
        worlds=table(
            {f"`{name}`": _figures(worlds["mean"][name]) for name in COLUMNS},
            {title: title for title in (*PARTS, "AUC", "average precision")},
        ),
        against_declared=said(Figure(**worlds["mean"]["rings, score against base_declared"])),
        against_tabular=said(Figure(**worlds["mean"]["rings, score against base_tabular"])),
        by_world=_by_world(worlds["worlds"]),
        random_arm=_random_arm(list(worlds["worlds"].values())),
        mixed_seed=MIXED,
        mixed=_mixed(worlds["worlds"][str(MIXED)]),
        relational_seeds=", ".join(relational["worlds"]),
        relational=table(
            {name: _figures(row) for name, row in relational["mean"].items()},
            {title: title for title in (*PARTS, "AUC", "average precision")},
        ),
        hiding_seeds=", ".join(hiding["worlds"]),
        hiding=table(
            {WAYS[way]: _figures(row) for way, row in hiding["mean"].items()},
            {"before": "before", "after": "after", "left": "left", "of traders": "reached"},
        ),
        control_seed=control["world"],
        control=_controlled(control["data"]),
        fidelity_seeds=", ".join(fidelity["worlds"]),
        fidelity=table(
            {_TAKEN_OUT[which]: _figures(row) for which, row in fidelity["mean"].items()},
            {"those named": "named", "as many others": "random", "falls by more": "more"},
        ),
        tolokers=table(
            {name: _figures(tolokers["test"][name]) for name in OF_PLAIN},
            {"AUC": "auc", "average precision": "average_precision"},
        ),
        tolokers_weights=", ".join(f"{name} {part:.2f}" for name, part in tolokers["weights"].items()),
        planted=_planted(communities["planted"]),
        confidence=_confidence(communities["planted"]),
        rings=table(
            {name: _figures(row) for name, row in communities["rings"].items()},
            {title: title for title in ("F1", "precision", "recall", "look-alikes")},
        ),
        ring_resolutions=", ".join(f"{name}: {row['γ']['value']:.0f}" for name, row in communities["rings"].items()),
        members_stability=said(Figure(**communities["rings"]["ours"]["stability of members"])),
        others_stability=said(Figure(**communities["rings"]["ours"]["stability of others"])),
    )


def _figures(row: Mapping[str, Any]) -> dict[str, Figure]:
    return {key: Figure(**value) for key, value in row.items()}


def _counts(report: Mapping[str, Any]) -> str:
    return f"{report['shipments']:,} shipments, {report['infractions']:,} infractions"


def _calibration(report: Mapping[str, Any]) -> str:
    found = report["calibration"]
    return ", ".join(f"`{name}` {found[name]['expected_calibration_error']:.3f}" for name in CALIBRATED)


def _evaluated(report: Mapping[str, Any]) -> str:
    rows = {
        f"`{name}`": {key: Figure(measured[key]["value"], *measured[key]["interval"]) for key in _MEASURES.values()}
        for name, measured in report["measures"].items()
    }
    return table(rows, _MEASURES)


def _unseen(report: Mapping[str, Any]) -> str:
    part = report["unseen_importers"]
    auc = part["measures"]["score"]["auc"]
    found = said(Figure(auc["value"], *auc["interval"]))
    return f"{_counts(part)}: AUC of `score` {found}"


def _controlled(data: Mapping[str, Any]) -> str:
    rows = {
        f"{name}, {title}": _figures(report[key])
        for name, report in data.items()
        for title, key in (("AUC", "auc"), ("average precision", "average_precision"))
    }
    _, *others = ARMS
    return table(rows, {name: name for name in (*ARMS, *(f"less {other}" for other in others))})


def _mixed(report: Mapping[str, Any]) -> str:
    """Return how much of the mixed-in patterns, and of their innocent twins, each column has among the highest 5 %."""
    headings = [text for pattern in KINDS for text in (pattern.replace("_", " "), "its twin")]
    lines = [f"| | {' | '.join(headings)} |", f"|---|{'--:|' * len(headings)}"]
    for name in COLUMNS:
        found = report["measures"][name][AT]
        guilty, twins = found["recall_by_pattern"], found["innocent_lookalikes_chosen_by_role"]
        parts = [part["part"] for pattern in KINDS for part in (guilty[pattern], twins[f"{pattern}_twin"])]
        lines.append(f"| `{name}` | {' | '.join(f'{part:.3f}' for part in parts)} |")
    return "\n".join(lines)


def _planted(sizes: Mapping[str, Any]) -> str:
    lines = [
        "| planted | nodes | | γ | found | NMI | behind the best | agreement of two seeds |",
        "|---|--:|---|--:|--:|--:|--:|--:|",
    ]
    for title, row in sizes.items():
        for name in ("γ = 1", "ours", "best"):
            mine = name == "ours"
            lines.append(
                f"| {title} | {row['nodes']['value']:,.0f} | {name} | {row[f'{name}: γ']['value']:.0f} "
                f"| {row[f'{name}: found']['value']:,.0f} | {said(Figure(**row[f'{name}: NMI']))} "
                f"| {said(Figure(**row['missed'])) if mine else ''} "
                f"| {said(Figure(**row['agreement of seeds'])) if mine else ''} |"
            )
    return "\n".join(lines)


def _confidence(sizes: Mapping[str, Any]) -> str:
    fifths = len(next(iter(sizes.values()))["confidence"])
    lines = [f"| planted | | {' | '.join(f'{at + 1}. fifth' for at in range(fifths))} |", f"|---|---|{'--:|' * fifths}"]
    for title, row in sizes.items():
        for name in ("stability", "truth"):
            told = " | ".join(f"{fifth[name]['value']:.3f}" for fifth in row["confidence"])
            lines.append(f"| {title} | {name} | {told} |")
    return "\n".join(lines)


def _random_arm(reports: Sequence[Mapping[str, Any]]) -> str:
    """Return what the score says of all that were examined at random, and what was found."""
    arms = [report["random_arm"] for report in reports]
    size, found = (sum(arm[key] for arm in arms) for key in ("shipments", "infractions"))
    expected = sum(arm["shipments"] * arm["mean_probability"] for arm in arms) / size
    rate = binomtest(found, size).proportion_ci(LEVEL, method="wilson")
    return (
        f"Of the {size:,} shipments of the quarter that were examined at random, {found / size:.3f} "
        f"[{rate.low:.3f}, {rate.high:.3f}] had an infraction, and the score says {expected:.3f} on average."
    )


def _by_world(reports: Mapping[str, Any]) -> str:
    columns = ("score", "base_declared", "base_tabular")
    lines = [
        "| seed | shipments | infractions | rings, `score` | `base_declared` | `base_tabular` | calibration error "
        "| of unseen importers | AUC |",
        f"|{'--:|' * 9}",
    ]
    for seed, report in reports.items():
        rings = " | ".join(f"{report['measures'][name]['truth_at_5%'][PARTS['rings']]['part']:.3f}" for name in columns)
        error = report["calibration"]["score"]["expected_calibration_error"]
        unseen = report["unseen_importers"]
        auc = unseen["measures"]["score"]["auc"]["value"]
        lines.append(
            f"| {seed} | {report['shipments']:,} | {report['infractions']:,} | {rings} | {error:.3f} "
            f"| {unseen['shipments']:,} | {auc:.3f} |"
        )
    return "\n".join(lines)
