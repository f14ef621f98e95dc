"""From the network to scores: communities and linked risk, learning, scoring."""

from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from api.commands.opening import opened
from api.commands.options import JsonOption, StoreOption, command, day, settings
from api.commands.output import numbered, print_json, remark, say, table
from api.commands.progress import progress
from api.commands.published import as_heading, in_words, last_week

if TYPE_CHECKING:
    from api.settings import Settings
    from graph.store.base import GraphStore
    from graph.store.results import PublishedSet
    from targeting.model import Model

_HIGHEST = 10

AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="DAY", help="Use what was known before this day; default: the day after the last acceptance."
    ),
]


class Analysed(NamedTuple):
    """What was published, the entities with the highest linked risk, and whether scores gave way to it."""

    published: "PublishedSet"
    highest: list[dict[str, Any]]
    unscored: bool


class Trained(NamedTuple):
    """A new model and its name."""

    name: str
    model: "Model"


class Scored(NamedTuple):
    """What was published, and how many shipments wait in each lane; `decided` have an outcome."""

    published: "PublishedSet"
    waiting: dict[str, int]
    decided: int


def analyse(ctx: typer.Context, as_of: AsOfOption = None, store: StoreOption = None, json: JsonOption = False) -> None:
    """Find communities and linked risk, and publish them."""
    chosen = settings(ctx, store)
    found = analyse_store(chosen, day(as_of), silent=json)
    if found.unscored:
        again = command(chosen, "score")
        remark(f"The scores published before belong to an older set and are not shown any more: '{again}' renews them.")
    if json:
        print_json({"published": as_heading(found.published), "highest": found.highest})
        return
    tell_analysed(found)
    say(f"Next: {command(chosen, 'train')}, then {command(chosen, 'score')}")


def analyse_store(chosen: "Settings", as_of: date | None, *, silent: bool) -> Analysed:
    """Analyse the network of a store and publish what was found."""
    with opened(chosen) as held:
        before = held.published()
        with progress("Analysing", silent=silent) as bar:
            from targeting.publish import analyse

            published = analyse(held, as_of, seed=chosen.seed, progress=bar.doing)
        return Analysed(published, _highest(held), before is not None and bool(before.model))


def _highest(held: "GraphStore") -> list[dict[str, Any]]:
    """Return the entities with the highest linked risk."""
    return [
        {"id": f"{row['type'].lower()}:{row['key']}", "linked": row["linked"], "community": row["community"]}
        for batch in held.results("entity", limit=_HIGHEST)
        for row in batch.select(["type", "key", "linked", "community"]).to_pylist()
        if row["linked"]
    ]


def tell_analysed(found: Analysed) -> None:
    """Print what an analysis found."""
    about = found.published.about
    warn_of(found.published)
    count = numbered(int(about["communities"]), "community", "communities")
    say(f"{count}, at resolution {float(about['resolution']):.3g}")
    if "changes" in about:
        say(f"Since {about['since']}: {about['changes']}")
    if found.highest:
        table(
            ("entity", "linked risk", "community"),
            [(row["id"], row["linked"], row["community"]) for row in found.highest],
            title="Highest linked risk",
            right=("linked risk",),
        )
    else:
        say("No linked risk: no infraction is known yet.")
    say(f"Published {in_words(found.published)}")


def train(
    ctx: typer.Context,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DAY", help="Learn from what was known before this day; default: everything."),
    ] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Learn from every outcome known."""
    chosen = settings(ctx, store)
    made = train_store(chosen, day(until), silent=json)
    if json:
        metrics = dict(made.model.metrics)
        found = {"model": made.name, "as_of": _day(made.model.as_of), "seed": made.model.seed, "metrics": metrics}
        print_json({**found, "linked_risk": vars(made.model.linked)})
        return
    tell_trained(made)
    say(f"Next: {command(chosen, 'score')}")


def train_store(chosen: "Settings", until: date | None, *, silent: bool) -> Trained:
    """Train a model on the outcomes of a store, and keep it."""
    with opened(chosen) as held, progress("Training", silent=silent) as bar:
        from graph.build import snapshot
        from targeting.registry import save
        from targeting.training import train

        bar.doing("reading the network")
        model = train(snapshot(held), until, seed=chosen.seed, progress=bar.doing)
        return Trained(save(model, chosen.models_folder), model)


def _day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)


def tell_trained(made: Trained) -> None:
    """Print what was learnt."""
    metrics = made.model.metrics
    say(
        f"Model {made.name}, from {metrics['rows']:,.0f} outcomes known before {_day(made.model.as_of)}, "
        f"{metrics['infractions']:,.0f} of them infractions"
    )
    measured = [(name.removeprefix("auc_"), value) for name, value in metrics.items() if name.startswith("auc_")]
    table(
        ("", "AUC"),
        [(name, f"{value:.3f}") for name, value in reversed(measured)],
        title="On outcomes held out in turn",
        right=("AUC",),
    )
    from graph.evidence import ROLES

    weights = ", ".join(f"{role} {weight:g}" for role, weight in zip(ROLES, made.model.linked.roles, strict=True))
    say(f"Linked risk reaches a shipment by way of its {weights}")


def score(ctx: typer.Context, as_of: AsOfOption = None, store: StoreOption = None, json: JsonOption = False) -> None:
    """Score every shipment that has no outcome, with the model trained last, and publish the scores."""
    chosen = settings(ctx, store)
    found = score_store(chosen, day(as_of), silent=json)
    if json:
        lanes = {"waiting": found.waiting, "decided": found.decided}
        print_json({"published": as_heading(found.published), **lanes})
        return
    tell_scored(found)
    first, last = last_week(found.published)
    say(f"Next: {command(chosen, 'queue', '--from', first, '--to', last)}")


def score_store(chosen: "Settings", as_of: date | None, *, silent: bool) -> Scored:
    """Score the shipments of a store with the model trained last, and publish the scores."""
    with opened(chosen) as held:
        with progress("Scoring", silent=silent) as bar:
            from targeting.publish import score_store as publish_scores
            from targeting.registry import load

            name, model = load(chosen.models_folder)
            published = publish_scores(held, model, name, as_of, progress=bar.doing)
        waiting: Counter[str] = Counter()
        decided = 0
        for batch in held.results("shipment"):
            for lane, known in zip(batch["lane"].to_pylist(), batch["decided"].to_pylist(), strict=True):
                if known:
                    decided += 1
                else:
                    waiting[lane] += 1
        return Scored(published, {lane: waiting[lane] for lane in ("red", "yellow", "green")}, decided)


def warn_of(published: "PublishedSet") -> None:
    """Say where the set's day is doubtful."""
    if "odd" in published.about:
        remark(f"{published.about['odd']}: where that is a mistake, give the day with --as-of.", "yellow")


def tell_scored(found: Scored) -> None:
    """Print what was scored."""
    warn_of(found.published)
    total = sum(found.waiting.values())
    lanes = ", ".join(f"{count:,} {lane}" for lane, count in found.waiting.items())
    waiting = numbered(total, "shipment waits", "shipments wait")
    say(f"{waiting}: {lanes}; {numbered(found.decided, 'has an outcome', 'have an outcome')}")
    bounds = found.published.thresholds
    say(f"The red lane begins at a score of {bounds['red']:.4f}, the yellow one at {bounds['yellow']:.4f}")
    say(f"Published {in_words(found.published)}")
