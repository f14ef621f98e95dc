"""A peer of the graph neural network: relational GraphSAGE, trained on the whole trade network at once.

Schlichtkrull et al., "Modeling relational data with graph convolutional networks", ESWC 2018, with the convolution of
Hamilton, Ying and Leskovec, "Inductive representation learning on large graphs", NeurIPS 2017. Shipments that are
judged are nodes beside those that are learnt from, with all that they declare. Half of the known outcomes, drawn anew
at each step, stand among the inputs while the other half is learnt (Shi et al., "Masked label prediction", IJCAI
2021), since outcomes of neighbours are what tells most in such networks; at the end all stand there.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from scipy.sparse import csr_array, diags_array
from torch import nn
from torch.nn import functional

from benchmarks.quality.invented import FIRST, LAST, SHIPMENTS, invented
from benchmarks.quality.worlds import AT, by_column
from gnn.declared import categories, declared
from gnn.plain.passing import sparse
from gnn.runtime import repeatable
from graph.build import snapshot
from graph.snapshot import Long, Real, Snapshot
from targeting.boosting import latest
from targeting.days import day_number
from targeting.evaluate import evaluate
from targeting.inputs import training_rows
from targeting.metrics import auc, rank
from targeting.metrics import measure as figures_of
from targeting.truth import by_pattern, read_truth

SEEDS = (101, 202)
PEER, BESIDE = "relational GraphSAGE", ("gnn", "score")
SHIPMENT = "Shipment"
HIDDEN, LAYERS, DROPOUT = 64, 2, 0.2
RATE, DECAY = 5e-3, 1e-4
STEPS, EVERY = 100, 5
MOST_TEXTS = 200
"""Values that a declared text may have to be told apart by itself; places and goods are nodes of their own."""


class _Relation(NamedTuple):
    """One way to pass messages, from the nodes of one type to those of another; see `_Mean`."""

    start: str
    end: str
    forth: torch.Tensor
    back: torch.Tensor


class _Network(NamedTuple):
    """Nodes by type with what is known of each, and the relations between them."""

    nodes: dict[str, torch.Tensor]
    relations: list[_Relation]


class _Mean(torch.autograd.Function):
    """Means over neighbours: `forth` has a row for each end, `back` is it transposed."""

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, values: torch.Tensor, forth: torch.Tensor, back: torch.Tensor
    ) -> torch.Tensor:
        ctx.save_for_backward(back)
        return forth @ values

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *found: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (back,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return back @ found[0].contiguous(), None, None


class _Layer(nn.Module):
    """What a node makes of itself, and the mean over the relations of what it makes of its neighbours in each."""

    def __init__(self, network: _Network) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(HIDDEN)
        self.own = nn.ModuleDict({name: nn.Linear(HIDDEN, HIDDEN) for name in network.nodes})
        self.others = nn.ModuleList(nn.Linear(HIDDEN, HIDDEN, bias=False) for _ in network.relations)
        self.number = Counter(relation.end for relation in network.relations)

    def forward(self, nodes: dict[str, torch.Tensor], network: _Network) -> dict[str, torch.Tensor]:
        read = {name: self.norm(values) for name, values in nodes.items()}
        passed = {name: self.own[name](values) for name, values in read.items()}
        for relation, made in zip(network.relations, self.others, strict=True):
            mean = (relation.forth, relation.back)
            # What is linear may be done before or after: it is where there are fewer nodes.
            if relation.start == SHIPMENT:
                said = made(_Mean.apply(read[relation.start], *mean))
            else:
                said = _Mean.apply(made(read[relation.start]), *mean)
            passed[relation.end] = passed[relation.end] + said / self.number[relation.end]
        return {
            name: nodes[name] + functional.dropout(functional.gelu(values), DROPOUT, self.training)
            for name, values in passed.items()
        }


class _Relational(nn.Module):
    """Inputs by type [n, width] -> logits of shipments [n]."""

    def __init__(self, network: _Network) -> None:
        super().__init__()
        widths = {name: values.shape[1] + 2 * (name == SHIPMENT) for name, values in network.nodes.items()}
        self.enter = nn.ModuleDict({name: nn.Linear(width, HIDDEN) for name, width in widths.items()})
        self.layers = nn.ModuleList(_Layer(network) for _ in range(LAYERS))
        self.leave = nn.Linear(HIDDEN, 1)

    def forward(self, inputs: dict[str, torch.Tensor], network: _Network) -> torch.Tensor:
        nodes = {name: functional.gelu(self.enter[name](values)) for name, values in inputs.items()}
        for layer in self.layers:
            nodes = layer(nodes, network)
        logits: torch.Tensor = self.leave(nodes[SHIPMENT]).squeeze(1)
        return logits


def scores(snapshot: Snapshot, as_of: int, rows: Long, seed: int) -> Real:
    """Return what the network says of rows accepted on or after a day, having learnt what was known before it, [n].

    The number of steps is chosen on the latest of the training rows; then all are learnt from.
    """
    known, days, outcome = training_rows(snapshot, as_of)
    network, place = _network(snapshot, as_of, np.concatenate([known, rows]))
    train, judged = place[: len(known)], place[len(known) :]
    late = latest(days)
    said = _learn(network, train[~late], outcome[~late], train[late], STEPS, seed)
    steps = EVERY * (1 + int(np.argmax([auc(outcome[late], values) for values in said])))
    return _learn(network, train, outcome, judged, steps, seed)[-1]


def _network(snapshot: Snapshot, as_of: int, rows: Long) -> tuple[_Network, Long]:
    """Return the network of what was known before a day and of some rows, and the nodes of those rows."""
    declarations = snapshot.declarations
    there = declarations.first[declarations.known_on[declarations.first] < as_of]
    shipments = np.union1d(there, rows)
    ends = {name: len(things) for name, things in snapshot.things.items()} | {SHIPMENT: len(shipments)}
    edges: list[tuple[str, str, npt.NDArray[np.integer], npt.NDArray[np.integer]]] = []
    for column, end in declarations.key_types.items():
        keys = declarations.keys[column][shipments]
        edges.append((SHIPMENT, end, np.flatnonzero(keys >= 0), keys[keys >= 0]))
    for (start, _, end), adjacency in snapshot.links.items():
        before = adjacency.first_on < as_of
        if SHIPMENT not in (start, end):
            edges.append((start, end, adjacency.starts[before], adjacency.indices[before]))
    owned = snapshot.ownership
    held = (owned.since < as_of) & (as_of <= owned.until)
    edges.append(("Trader", "Trader", owned.owned[held], owned.owner[held]))
    degree = {name: np.zeros(count) for name, count in ends.items()}
    relations = []
    for start, end, left, right in edges:
        degree[start] += np.bincount(left, minlength=ends[start])
        degree[end] += np.bincount(right, minlength=ends[end])
        between = csr_array((np.ones(len(left)), (right, left)), shape=(ends[end], ends[start]))
        if between.nnz:
            relations += [_relation(start, end, between), _relation(end, start, csr_array(between.T))]
    nodes = {name: np.stack([np.ones(count), np.log1p(degree[name])], axis=1) for name, count in ends.items()}
    nodes[SHIPMENT] = _declared(snapshot, shipments)
    inputs = {name: torch.from_numpy(values.astype(np.float32)) for name, values in nodes.items()}
    return _Network(inputs, relations), np.searchsorted(shipments, rows)


def _relation(start: str, end: str, between: csr_array) -> _Relation:
    """Return a relation whose links are [ends, starts]."""
    number = np.asarray(between.sum(axis=1)).ravel()
    mean = csr_array(diags_array(1.0 / np.maximum(number, 1.0)) @ between)
    return _Relation(start, end, sparse(mean), sparse(csr_array(mean.T)))


def _declared(snapshot: Snapshot, rows: Long) -> npt.NDArray[np.float32]:
    _, numbers = declared(snapshot, rows)
    spread = numbers.std(axis=0)
    columns = [(numbers - numbers.mean(axis=0)) / np.where(spread > 0, spread, 1.0)]
    columns += [
        np.eye(len(category.texts) + 1, dtype=np.float32)[category.codes]
        for category in categories(snapshot, rows).values()
        if len(category.texts) <= MOST_TEXTS
    ]
    return np.concatenate(columns, axis=1).astype(np.float32)


def _learn(
    network: _Network, train: Long, outcome: npt.NDArray[np.integer], judged: Long, steps: int, seed: int
) -> list[Real]:
    """Return the log odds of some nodes after every few steps."""
    truth = torch.from_numpy(outcome.astype(np.float32))
    place, asked = torch.from_numpy(train), torch.from_numpy(judged)
    found = []
    with repeatable(seed):
        model = _Relational(network)
        optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=DECAY)
        for step in range(1, steps + 1):
            model.train()
            optimizer.zero_grad(set_to_none=True)
            shown = torch.rand(len(place)) < 0.5
            logits = model(_inputs(network, place[shown], truth[shown]), network)[place[~shown]]
            functional.binary_cross_entropy_with_logits(logits, truth[~shown]).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if step % EVERY == 0:
                model.eval()
                with torch.no_grad():
                    said = model(_inputs(network, place, truth), network)[asked]
                found.append(said.double().numpy())
    return found


def _inputs(network: _Network, place: torch.Tensor, truth: torch.Tensor) -> dict[str, torch.Tensor]:
    """Return what the nodes are, with the outcomes that are shown."""
    shipments = network.nodes[SHIPMENT]
    outcome = torch.zeros(len(shipments), 2)
    outcome[place, truth.long()] = 1.0
    return {**network.nodes, SHIPMENT: torch.cat([shipments, outcome], dim=1)}


def measure(data: Path, folder: Path, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Invent worlds, and judge the peer beside what `evaluate` measures of the network; `data` is not read."""
    reports: dict[str, dict[str, dict[str, Any]]] = {}
    for world in SEEDS:
        with invented(folder, world, say) as (files, store):
            whole = snapshot(store)
        say(f"{PEER} of world {world}")
        rows = _judged(whole)
        truth = read_truth(files, whole, rows, day_number(FIRST))
        said = scores(whole, day_number(FIRST), rows, seed)
        ranking = rank(said, truth.infraction, np.zeros(len(rows)), seed)
        found = evaluate(whole, FIRST, LAST, seed=seed, truth=files, progress=say)["measures"]
        reports[str(world)] = {
            PEER: {**figures_of(ranking, seed), AT: by_pattern(truth, ranking)},
            **{name: found[name] for name in BESIDE},
        }
    return {"seed": seed, "shipments": SHIPMENTS, "worlds": reports, "mean": by_column(reports, (PEER, *BESIDE), seed)}


def _judged(whole: Snapshot) -> Long:
    first = whole.declarations.first
    accepted = whole.declarations.accepted_on[first]
    rows: Long = first[(accepted >= day_number(FIRST)) & (accepted <= day_number(LAST))]
    return rows
