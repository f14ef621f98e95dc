"""What the score would have been worth in a past period."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.errors import UsageError
from api.commands.opening import opened
from api.commands.options import FromOption, JsonOption, StoreOption, ToOption, period, settings
from api.commands.output import numbered, print_json, remark, say, table
from api.commands.progress import progress
from api.files import check_output, written
from api.text import as_json

_SHARES = ("1%", "2%", "5%", "10%")


def evaluate(
    ctx: typer.Context,
    first: FromOption,
    last: ToOption,
    truth: Annotated[
        Path | None, typer.Option(help="Folder of a synthetic world: judge by its truth, over all shipments.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write all figures to this file, as JSON.")] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Measure the score on a past period, frozen at its first day, beside its components and two baselines."""
    chosen = settings(ctx, store)
    begin, end = period(first, last)
    if truth is not None and not truth.is_dir():
        raise UsageError(f"{truth} is not a folder: name the one that 'tidewaiter simulate' wrote.")
    if output is not None:
        check_output(output)
    with opened(chosen) as held, progress("Evaluating", silent=json) as bar:
        # These take seconds to import.
        from graph.build import snapshot
        from targeting.evaluate import evaluate as measure

        bar.doing("reading the network")
        network = snapshot(held)
        report = measure(network, begin, end, seed=chosen.seed, truth=truth, progress=bar.doing)
    if json:
        print_json(report)
    else:
        _show(report)
    if output is not None:
        with written(output) as file:
            file.write(as_json(report) + "\n")
        remark(f"All figures are in {output}")


def _show(report: Mapping[str, Any]) -> None:
    judged = "the truth, inspected or not" if report["labels"] == "truth" else "the outcomes known today"
    say(
        f"{numbered(report['shipments'], 'shipment', 'shipments')} accepted from {report['from']} to {report['to']}, "
        f"{numbered(report['infractions'], 'infraction', 'infractions')} by {judged}; "
        f"all that was used was known before {report['as_of']}"
    )
    trained = report["training"]
    say(
        f"Trained on {trained['rows']:,.0f} outcomes with {trained['infractions']:,.0f} infractions; "
        f"{numbered(int(trained['random_rows']), 'was', 'were')} selected at random. "
        "Intervals hold 95 % of bootstrap samples."
    )
    measures = report["measures"]
    calibration = report["calibration"]
    _table(
        "Ranking",
        measures,
        {"AUC": "auc", "average precision": "average_precision"},
        {"calibration error": {name: _number(calibration[name]["expected_calibration_error"]) for name in calibration}},
    )
    for title, kind in (
        ("Precision among the highest-scored", "precision"),
        ("Recall in the highest-scored", "recall"),
        ("Revenue in the highest-scored, as a part of all", "revenue"),
    ):
        _table(title, measures, {share: f"{kind}_at_{share}" for share in _SHARES}, {})
    _unseen(report["unseen_importers"])
    if arm := report.get("random_arm"):
        low, high = arm["rate"]["interval"]
        say(
            f"Of {numbered(arm['shipments'], 'shipment', 'shipments')} examined at random {arm['rate']['value']:.3f} "
            f"[{low:.3f}, {high:.3f}] had an infraction; the score says {arm['mean_probability']:.3f} on average"
        )
    if report["labels"] == "truth":
        _truth(report)


def _unseen(part: Mapping[str, Any]) -> None:
    """Say how those fare of whom nothing is known but their links."""
    if not part["infractions"] or part["infractions"] == part["shipments"]:
        return
    title = (
        f"Importers of whom no outcome was learnt ({part['shipments']:,} shipments, "
        f"{numbered(part['infractions'], 'infraction', 'infractions')})"
    )
    _table(title, part["measures"], {"AUC": "auc", "average precision": "average_precision"}, {})


def _table(
    title: str,
    measures: Mapping[str, Any],
    columns: Mapping[str, str],
    more: Mapping[str, Mapping[str, str]],
) -> None:
    say("")
    rows = [
        (
            name,
            *(_interval(measured[key]) for key in columns.values()),
            *(values.get(name, "") for values in more.values()),
        )
        for name, measured in measures.items()
    ]
    headings = (*columns, *more)
    table(("", *headings), rows, title=title, right=headings)


def _interval(measured: Mapping[str, Any]) -> str:
    low, high = measured["interval"]
    return f"{_number(measured['value'])} ({_number(low)} to {_number(high)})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _truth(report: Mapping[str, Any]) -> None:
    found = {name: measured["truth_at_5%"] for name, measured in report["measures"].items()}
    say("")
    headings = ("of ring shipments", "of rings never inspected", "of innocent look-alikes")
    keys = ("ring_recall", "ring_recall_never_inspected", "innocent_lookalikes_chosen")
    never = numbered(report["rings_never_inspected"], "ring was", "rings were")
    table(
        ("", *headings),
        [(name, *(_part(parts[key]) for key in keys)) for name, parts in found.items()],
        title=f"Chosen in the highest-scored 5 % ({never} never inspected)",
        right=headings,
    )
    say("")
    table(
        ("", *found),
        [
            (pattern, *(_part(parts["recall_by_pattern"][pattern]) for parts in found.values()))
            for pattern in found["score"]["recall_by_pattern"]
        ],
        title="Recall in the highest-scored 5 %, by pattern",
        right=tuple(found),
    )


def _part(counted: Mapping[str, Any]) -> str:
    return f"{_number(counted['part'])} of {counted['shipments']:,}"
