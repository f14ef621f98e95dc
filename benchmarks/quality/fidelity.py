"""Whether the reasons shown are the reasons: without the links that they name, the score must fall.

Of each shipment in the red lane the links that its reasons name are taken out of its declaration (the importer, the
exporter's telephone, the commodity, ...), and beside them, from the same declaration, as many of its other links, drawn
at random. Both are scored anew by the same model in the same network. A score that falls no more without the one than
without the other has been explained by something else.

What merely is declared, such as a value, is no link; nor is that an importer is new, which is told by the links that it
lacks: without its name it would be newer still.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality.figures import Figure, figure
from benchmarks.quality.invented import FIRST, SHIPMENTS, invented
from gnn.combinations import POWER, TOKEN
from gnn.explain import contributions
from gnn.metapaths import CIRCLES, HISTORIES
from gnn.model import CATEGORY, predict
from graph.build import snapshot
from graph.linked_risk import Path as RiskPath
from graph.snapshot import Long, Real, Snapshot
from targeting.days import day_number
from targeting.groups import fields_of
from targeting.inputs import capped_days, read
from targeting.model import Model, components, on_top
from targeting.network import Network
from targeting.reasons import strengths
from targeting.scoring import network_of, score
from targeting.standing import standing_beside
from targeting.training import train

SEEDS = (6101, 6202, 6303)
RED = 0.05
"""The part of the quarter's shipments, the highest-scored, whose reasons are checked."""

REASONS, DRAWS = 3, 5
"""Reasons that are shown, and how often as many other links are drawn."""

_ABOUT: Mapping[str, tuple[str, ...]] = {
    "importer": (),
    "address": ("importer_address",),
    "email": ("importer_email",),
    "phone": ("importer_phone",),
    "owners": ("importer",),
    "community": ("importer",),
}
"""The links that a reason about the structure names, by what it is about, where that is no role itself."""

_TOKENS = {
    **{path.name: (path.column,) for path in HISTORIES},
    **{path.name: path.declared or (path.member,) for path in CIRCLES},
}


def measure(data: Path, folder: Path, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Invent each world, train, and take out of its riskiest shipments what their reasons name; `data` is not read."""
    worlds = {}
    for number in SEEDS:
        with invented(folder, number, say) as (_, store):
            worlds[str(number)] = taken_out(snapshot(store), FIRST, seed, say)
    return {"seed": seed, "shipments": SHIPMENTS, "worlds": worlds, "mean": means(worlds, seed)}


def means(worlds: Mapping[str, Any], seed: int) -> dict[str, dict[str, Figure]]:
    """Return by how much the scores of all worlds' shipments fall, and of how many more than without random links."""
    found = {}
    for which in ("strongest", "all"):
        named, drawn = (
            np.array([value for world in worlds.values() for value in world[which][key]]) for key in ("named", "random")
        )
        found[which] = {
            "named": figure(named.tolist(), seed),
            "random": figure(drawn.tolist(), seed),
            "more": figure((named > drawn).astype(float).tolist(), seed),
        }
    return found


def taken_out(whole: Snapshot, first: date, seed: int, say: Callable[[str], None]) -> dict[str, dict[str, list[float]]]:
    """Return for the links of the strongest reason that names any, and for those of all, by how much each score falls.

    Falls are parts of the score as it was: without the named links ("named"), and on average without as many others
    ("random"). Shipments whose reasons name no link, or that have not as many others, are left out.
    """
    as_of = day_number(first)
    model = train(whole, first, seed=seed, progress=say)
    standing = network_of(model, whole, as_of)
    declarations = whole.declarations
    rows = declarations.first[declarations.accepted_on[declarations.first] >= as_of]
    said = score(model, standing, rows, reasons=0).score
    rows = np.sort(rows[np.argsort(-said, kind="stable")[: max(int(len(rows) * RED), 1)]])
    links = names_of_links(model, standing, rows)
    before = _without(model, standing, rows, [()] * len(rows))
    rng = np.random.default_rng(seed)
    found = {}
    for which, named in (
        ("strongest", [next(filter(None, one), ()) for one in links]),
        ("all", [_union(o) for o in links]),
    ):
        say(f"taking out what {which} name" if which == "all" else "taking out what the strongest reason names")
        others = [_others(whole, int(row), one) for row, one in zip(rows, named, strict=True)]
        kept = np.array([0 < len(one) <= len(rest) for one, rest in zip(named, others, strict=True)])
        drops = []
        for draw in range(DRAWS + 1):
            chosen = [
                tuple(rng.permutation(rest)[: len(one)].tolist()) if draw else one
                for one, rest in zip(named, others, strict=True)
            ]
            after = _without(model, standing, rows, chosen)
            drops.append(((before - after) / before)[kept])
        found[which] = {"named": drops[0].tolist(), "random": np.mean(drops[1:], axis=0).tolist()}
    return found


def names_of_links(model: Model, here: Network, rows: Long) -> list[list[tuple[str, ...]]]:
    """Return for each row the links that its reasons name, strongest reason first, as columns of the declarations.

    A reason that names none has an empty entry.
    """
    inputs = read(here, model.vocabulary, model.plan, rows, capped_days(here.snapshot, rows, int(here.cutoffs[-1])))
    top = on_top(components(model, inputs, predict(model.gnn, inputs.tokens)), inputs.network)
    found = strengths(model, inputs, top, np.arange(len(rows)), REASONS)
    paths = here.risk(len(here.cutoffs) - 1).strongest(rows)
    moved = contributions(model.gnn, inputs.tokens)
    tokens, strongest = list(moved), np.argmax(np.stack(list(moved.values())), axis=0)
    order = np.argsort(-found.values, axis=1, kind="stable")[:, :REASONS]
    keys = here.snapshot.declarations.keys
    links: list[list[tuple[str, ...]]] = []
    for at, row in enumerate(rows):
        links.append([])
        for number in order[at]:
            if found.values[at, number] <= 0:
                break
            component, about = found.groups[number]
            if component == "linked":
                columns = _of_path(here.snapshot, int(row), paths[at])
            elif component == "gnn":
                columns = _of_token(tokens[strongest[at]])
            elif component == "profile":
                columns = tuple(map(_column, fields_of(inputs.profile.names[int(found.best[at, number])])))
            else:
                columns = _ABOUT[about] if about in _ABOUT else tuple(map(_column, about.split(" and ")))
            links[-1].append(tuple(name for name in columns if name in keys and keys[name][row] >= 0))
    return links


def _column(field: str) -> str:
    """Return the column of a field: the levels of the commodity have one."""
    return "commodity" if field.startswith("commodity") else field


def _of_token(token: str) -> tuple[str, ...]:
    if token in _TOKENS:
        return _TOKENS[token]
    field = token.removeprefix(TOKEN).removeprefix(POWER).removeprefix(CATEGORY)
    return ("commodity",) if field.startswith(("heading", "hs")) else (field,)


def _of_path(whole: Snapshot, row: int, path: RiskPath | None) -> tuple[str, ...]:
    """Return the column by which the last thing of a path before the shipment is named in its declaration."""
    declarations = whole.declarations
    for ref in [step.ref for step in path.steps[-2::-1]] if path else []:
        for name, kind in declarations.key_types.items():
            node = int(declarations.keys[name][row])
            if kind == ref.type and node >= 0 and whole.things[kind].keys[node].as_py() == ref.key:
                return (name,)
    return ()


def _union(links: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for columns in links for name in columns))


def _others(whole: Snapshot, row: int, named: Sequence[str]) -> list[str]:
    """Return the links of a declaration that are not named."""
    keys = whole.declarations.keys
    return [name for name, column in keys.items() if column[row] >= 0 and name not in named]


def _without(model: Model, standing: Network, rows: Long, columns: Sequence[Sequence[str]]) -> Real:
    """Return the scores of declarations without some of their links."""
    whole = standing.snapshot
    taken = whole.declarations.take(rows)
    keys = {
        name: np.where([name in gone for gone in columns], np.int32(-1), column) for name, column in taken.keys.items()
    }
    here = standing_beside(standing, replace(whole, declarations=replace(taken, keys=keys)))
    return score(model, here, np.arange(len(rows)), reasons=0).score
