"""How well the networks tell the nodes of a plain graph apart, beside boosted trees on the same nodes.

    python -m benchmarks.quality.plain_graph FILE.npz --output predictions.npz

FILE.npz holds `node_features` [n, features], `node_labels` [n] of 0 and 1, `edges` [links, 2] and, with one row for
each split, `train_masks`, `val_masks` and `test_masks` [splits, n], as the files of Platonov et al. (ICLR 2023) do. All
is chosen on the validation masks; the outcomes of the test masks are read once, for the figures. The file that is
written holds `scores` [splits, n], each node's probability by what the validation mask of the split chose.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

from benchmarks.pipeline import SEED
from benchmarks.quality.figures import Figure, figure, table, write_json
from gnn.plain.graph import PlainGraph, plain_graph, scaled
from gnn.plain.training import Surroundings, score_nodes

Real = npt.NDArray[np.float64]
Flag = npt.NDArray[np.bool_]

FIELDS = ("node_features", "node_labels", "edges", "train_masks", "val_masks", "test_masks")
TREES = {
    "objective": "binary",
    "learning_rate": 0.03,
    "num_leaves": 12,
    "min_data_in_leaf": 30,
    "feature_fraction": 0.2,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}
ROUNDS, MEMBERS = 500, 4
STEPS = 10  # in which the parts of the blend are chosen

BLENDED = ("metapath network", "passing network", "trees on the tokens")
COLUMNS = ("trees on features and two hops", *BLENDED, "blend")


@dataclass(frozen=True)
class Data:
    """What a file holds."""

    graph: PlainGraph
    labels: npt.NDArray[np.int64]
    train: Flag
    aside: Flag
    test: Flag


def read(path: Path) -> Data:
    """Read a file.

    Raises:
        SystemExit: it is not one of these files.
    """
    try:
        with np.load(path, allow_pickle=False) as held:
            features, labels, edges, *masks = (held[name] for name in FIELDS)
    except (OSError, ValueError) as error:
        raise SystemExit(f"{path} cannot be read as a file of NumPy arrays: {error}") from None
    except KeyError as error:
        raise SystemExit(f"{path} does not have what it must: {error.args[0]}") from None
    if not np.isin(labels, (0, 1)).all() or any(mask.shape[1:] != labels.shape for mask in masks):
        raise SystemExit(
            f"{path}: labels must be 0 or 1, and each mask must have a row per split and a column per node."
        )
    try:
        graph = plain_graph(features, edges)
    except ValueError as error:
        raise SystemExit(f"{path}: {error}") from None
    train, aside, test = (mask.astype(bool) for mask in masks)
    return Data(graph, labels.astype(np.int64), train, aside, test)


def trees(values: npt.NDArray[np.floating], labels: npt.NDArray[np.int64], known: Flag, seed: int) -> Real:
    """Return the log odds that boosted trees give all nodes, [n]."""
    held = lightgbm.Dataset(values[known], labels[known])
    return np.asarray(lightgbm.train({**TREES, "seed": seed}, held, ROUNDS).predict(values, raw_score=True))


def blended(said: Mapping[str, Real], labels: npt.NDArray[np.int64], aside: Flag) -> tuple[Real, tuple[float, ...]]:
    """Return the mean of log odds with the weights that put the nodes set aside in the best order, and these."""
    from sklearn.metrics import roc_auc_score

    columns = np.stack(list(said.values()))
    every = [parts for parts in product(range(STEPS + 1), repeat=len(said)) if sum(parts) == STEPS]
    aucs = [roc_auc_score(labels[aside], np.array(parts) @ columns[:, aside]) for parts in every]
    weights = np.array(every[int(np.argmax(aucs))]) / STEPS
    return weights @ columns, tuple(weights.tolist())


def score(data: Data, seed: int, say: Callable[[str], None]) -> tuple[dict[str, Real], Real]:
    """Return by column the log odds of all nodes for each split, [splits, n], and the weights of the blend."""
    from gnn.plain.passing import Passing

    around, passing = Surroundings.of(data.graph, seed), Passing(data.graph, seed)
    walk = scaled(data.graph.adjacency, -1.0, 0.0)
    once = walk @ data.graph.features
    plain = np.hstack((data.graph.features, once, walk @ once))
    found: dict[str, list[Real]] = {name: [] for name in COLUMNS}
    weights = []
    for split, (known, aside) in enumerate(zip(data.train, data.aside, strict=True)):
        labels = np.where(known | aside, data.labels, -1)
        said = {
            "metapath network": score_nodes(around, labels, known, aside, seed).logits,
            "passing network": passing.score(labels, known, aside, seed).logits,
            "trees on the tokens": np.mean(
                [
                    trees(around.all_tokens(labels, known, seed + at).values, labels, known, seed + at)
                    for at in range(MEMBERS)
                ],
                axis=0,
            ),
        }
        blend, parts = blended(said, labels, aside)
        weights.append(parts)
        for name, values in {COLUMNS[0]: trees(plain, labels, known, seed), **said, "blend": blend}.items():
            found[name].append(values)
        say(f"split {split + 1} of {len(data.train)}; the blend has {dict(zip(said, parts, strict=True))}")
    return {name: np.stack(values) for name, values in found.items()}, np.array(weights)


def figures(said: Mapping[str, Real], data: Data, masks: Flag, seed: int) -> dict[str, dict[str, Figure]]:
    """Return area under the curve and average precision by column, each over the splits."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    measures = {"auc": roc_auc_score, "average_precision": average_precision_score}
    return {
        name: {
            key: figure([measure(data.labels[m], row[m]) for row, m in zip(values, masks, strict=True)], seed)
            for key, measure in measures.items()
        }
        for name, values in said.items()
    }


def measure(data: Data, seed: int, say: Callable[[str], None]) -> tuple[dict[str, Real], dict[str, Any]]:
    """Return the log odds by column, and all figures."""
    said, weights = score(data, seed, say)
    report = {
        "seed": seed,
        "splits": len(data.train),
        "nodes": len(data.labels),
        "weights": dict(zip(BLENDED, weights.mean(axis=0).tolist(), strict=True)),
        "validation": figures(said, data, data.aside, seed),
        "test": figures(said, data, data.test, seed),
    }
    return said, report


def main(arguments: Sequence[str] | None = None) -> None:
    """Score all nodes of a file for each of its splits, write the scores, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.plain_graph", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("file", type=Path, metavar="FILE.npz")
    parser.add_argument("--output", type=Path, required=True, metavar="predictions.npz")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    asked = parser.parse_args(arguments)
    said, report = measure(read(asked.file), asked.seed, lambda text: print(text, file=sys.stderr, flush=True))
    with asked.output.open("wb") as file:
        np.savez_compressed(file, scores=1 / (1 + np.exp(-said["blend"])))
    if asked.json:
        write_json(asked.json, report)
    for title in ("validation", "test"):
        print(f"\n{title}, mean of {report['splits']} splits\n")
        print(table(report[title], {"AUC": "auc", "average precision": "average_precision"}))


if __name__ == "__main__":
    main()
