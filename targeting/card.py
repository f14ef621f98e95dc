"""The card of a model: what it was made of, what it is for, and where not to trust it (Mitchell et al., FAT* 2019).

It lies beside the model as `model.json`; this page makes text of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from graph.evidence import ROLES

INTENDED_USE = (
    "To rank arriving shipments for examination, and to say why, for officers who decide by themselves.",
    "It scores goods and organisations; no person is scored, and nothing follows from a score by itself.",
    "It is for the network that it was trained on: another source, or another country's, needs a model of its own.",
)
LIMITS = (
    "It knows what examinations found. Who was examined was chosen, outcomes come late, and some are wrong; what "
    "followed a tip is left out of the calibration, and those chosen at random move it as far as their number allows.",
    "A pattern that nobody ever examined can be found by its links to others only.",
    "A shared address, broker or supplier is no guilt; business centres, holdings and large brokers share by nature.",
    "It ages: train again when outcomes of a quarter have come in, or when what is imported changes.",
    "The areas under the curve below are over examined shipments, by models that did not see them; what the score "
    "is worth among all that arrive is measured by `tidewaiter evaluate`.",
)

_COUNTS = {
    "rows": "examined shipments learnt from",
    "infractions": "infractions among them",
    "random_rows": "selected at random",
    "random_infractions": "infractions among those",
}


def markdown(identity: str, card: Mapping[str, Any]) -> str:
    """Return the card of a model as Markdown.

    Args:
        identity: its id.
        card: what its `model.json` holds.
    """
    metrics, features, calibration = card["metrics"], card["features"], card["calibration"]
    counts = {text: f"{metrics[name]:,.0f}" for name, text in _COUNTS.items() if name in metrics}
    areas = {f"`{name[4:]}`": f"{metrics[name]:.3f}" for name in metrics if name.startswith("auc_")}
    parts = {
        "Intended use": _listed(card.get("intended_use", INTENDED_USE)),
        "Limits": _listed(card.get("limits", LIMITS)),
        "Data": _table(
            {
                "known before": card["as_of"],
                "version of the store": card["snapshot_version"],
                **counts,
                "SHA-256 of their keys": _code(card.get("trained_sha256", "not kept")),
            }
        ),
        "Out of fold, area under the curve": _table(areas),
        "Calibration": _table(
            {
                "fitted on": {"random": "what was examined, moved by those selected at random"}.get(
                    calibration["arm"], "what was examined"
                ),
                "slope": f"{calibration['slope']:.3f}",
                "intercept": f"{calibration['intercept']:.3f}",
            }
        ),
        "Linked risk reaches a shipment by way of its": _table(
            {role: f"{card['linked_risk'][role]:g}" for role in ROLES}
        ),
        "Features": _table(
            {
                "declared categories": len(features["categories"]),
                "declared numbers": len(features["numbers"]),
                "profiles": len(features["profiles"]),
                "of the network": len(features["network"]),
                "tokens of the graph neural network": len(card.get("gnn", {}).get("features", ())) or "not kept",
                "SHA-256 of the list": _code(card["features_sha256"]),
            }
        ),
        "To make it again": _table(
            {
                "seed": card["seed"],
                "resolution of the communities": card["resolution"],
                **{f"`{name}`": version for name, version in card["libraries"].items()},
            }
        ),
    }
    return "\n\n".join([f"# Model {identity}", *(f"## {title}\n\n{text}" for title, text in parts.items())]) + "\n"


def _listed(texts: Sequence[str]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def _table(rows: Mapping[str, Any]) -> str:
    return "\n".join(["| | |", "|---|--:|", *(f"| {name} | {value} |" for name, value in rows.items())])


def _code(text: str) -> str:
    return f"`{text[:16]}…`" if len(text) > 16 else text
