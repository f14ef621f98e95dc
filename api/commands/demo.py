"""The whole line on an invented world, through the same functions as the separate commands."""

import csv
import shlex
import shutil
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from api.commands import analysis, ledger, world
from api.commands.errors import UsageError
from api.commands.opening import is_embedded, opened
from api.commands.options import JsonOption, command, settings
from api.commands.output import heading, numbered, print_json, say
from api.commands.published import as_heading, last_week
from api.commands.queue import key, print_queue
from api.text import as_json

if TYPE_CHECKING:
    from api.settings import Settings

_TOP = 10
# What the demo makes in its folder, and removes when it is repeated.
_MARK, _WORLD, _STORE, _VIEW = "demo.json", "world", "tidewaiter.db", "network.html"
_MADE = (_MARK, _WORLD, _STORE, f"{_STORE}-wal", f"{_STORE}-shm", f"{_STORE}.models", _VIEW)

Result = TypeVar("Result")


def demo(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Option(help="Where the world, its store and its models go.")] = Path("demo"),
    shipments: Annotated[int, typer.Option(min=1_000, max=10_000_000, help="How many shipments to invent.")] = 50_000,
    json: JsonOption = False,
) -> None:
    """Invent a trade world and take it from the file to the inspection queue.

    Its store is a file in the folder, or the server that TIDEWAITER_STORE names.
    """
    from api.settings import load_settings

    chosen = settings(ctx, None)
    if is_embedded(chosen.store):
        chosen = chosen.model_copy(update={"store": f"sqlite:///{folder / _STORE}", "models": None})
    else:
        chosen = chosen.model_copy(update={"models": folder / f"{_STORE}.models"})
    _clear(folder, {"shipments": shipments, "seed": chosen.seed})
    steps = _Steps(chosen, silent=json)
    of_world = ("--shipments", shipments, "--seed", chosen.seed)
    made = steps.take(
        ("simulate", folder / _WORLD, *of_world),
        lambda: world.invent(folder / _WORLD, shipments, chosen.seed, silent=json),
        lambda made: say(world.told(made)),
    )
    if not is_embedded(chosen.store):
        _check_server(chosen, folder / _WORLD)
    steps.take(
        ("ingest", folder / _WORLD, "--mapping", "native"),
        lambda: ledger.load_files(chosen, folder / _WORLD, "native", None, silent=json),
        lambda result: say(ledger.accounting(result.batch)),
    )
    steps.take(("analyse",), lambda: analysis.analyse_store(chosen, None, silent=json), analysis.tell_analysed)
    steps.take(("train",), lambda: analysis.train_store(chosen, None, silent=json), analysis.tell_trained)
    scored = steps.take(("score",), lambda: analysis.score_store(chosen, None, silent=json), analysis.tell_scored)
    first, last = last_week(scored.published)
    period = ("--from", first, "--to", last)
    waiting = steps.take(
        ("queue", *period, "--capacity", _TOP),
        lambda: _queue(chosen, period),
        lambda waiting: print_queue(waiting[:_TOP]),
    )
    seen = _worst(chosen, folder)
    check = _check(folder / _WORLD, waiting)
    if json:
        print_json(
            {
                "folder": str(folder),
                "store": chosen.store,
                "seconds": steps.seconds,
                "published": as_heading(scored.published),
                "queue": waiting[:_TOP],
                "view": str(seen) if seen else None,
                "truth": check,
            }
        )
        return
    say("")
    if waiting:
        say(
            f"By the truth, which only evaluation may read, of these {check['top']} "
            f"{numbered(check['top_infractions'], 'is an infraction', 'are infractions')}; of all "
            f"{check['waiting']:,} that wait from this week, {numbered(check['waiting_infractions'], 'is', 'are')} "
            f"({check['waiting_infractions'] / check['waiting']:.1%})."
        )
    total = numbered(round(sum(steps.seconds.values())), "second", "seconds")
    say(f"Done in {total}: the world is in {folder / _WORLD}, the store is {chosen.store}.")
    if seen:
        say(f"The community with the highest linked risk is drawn in {seen}: open it in a browser.")
    say("")
    say("What to try next:")
    at_hand = chosen.model_copy(update={"store": load_settings().store})
    for line in (
        *exports(chosen),
        *([command(at_hand, "show", key(waiting[0]))] if waiting else []),
        *(command(at_hand, "show", importer) for importer in _importer(chosen, waiting[:1])),
        command(at_hand, "queue", *period, "--all", "--output", folder / "scores.csv"),
        command(
            at_hand, "evaluate", "--from", made.last_quarter_from, "--to", made.last_day, "--truth", folder / _WORLD
        ),
        command(at_hand, "status"),
    ):
        say(f"  {line}")


def exports(chosen: "Settings") -> list[str]:
    """Return what a shell needs to know so that further commands find the demo's store, and its models."""
    from api.settings import load_settings

    lines = [f"export TIDEWAITER_STORE={shlex.quote(chosen.store)}"]
    # Beside a server's store there is no folder: its models lie in that of the demo.
    if load_settings().model_copy(update={"store": chosen.store}).models_folder != chosen.models_folder:
        lines.append(f"export TIDEWAITER_MODELS={shlex.quote(str(chosen.models_folder))}")
    return lines


class _Steps:
    """Runs one step after the other, says which command would do the same, and keeps the time."""

    def __init__(self, chosen: "Settings", *, silent: bool) -> None:
        self.chosen = chosen
        self.silent = silent
        self.seconds: dict[str, float] = {}

    def take(self, words: Sequence[object], step: Callable[[], Result], tell: Callable[[Result], None]) -> Result:
        """Run a step, then tell what came of it."""
        if not self.silent:
            heading(command(self.chosen, *words))
        start = time.perf_counter()
        result = step()
        self.seconds[str(words[0])] = round(time.perf_counter() - start, 1)
        if not self.silent:
            tell(result)
        return result


def _clear(folder: Path, about: dict[str, int]) -> None:
    """Make the folder ready: what an earlier demo made there is removed, and nothing else is touched."""
    mark = folder / _MARK
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file: name a folder with --folder.")
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise UsageError(f"{folder} holds other things than an earlier demo: name another folder with --folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for name in _MADE[1:]:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    mark.write_text(as_json(about) + "\n", encoding="utf-8")


def _check_server(chosen: "Settings", path: Path) -> None:
    """Raise UsageError where a server's store holds anything else than this world: the demo is not to mix with it."""
    from ingest.mapping import load_mapping
    from ingest.reading import content_hash, find_files

    with opened(chosen, create=True) as held:
        loaded = {batch.content_hash for batch in held.batches()}
    if loaded - {content_hash(find_files(path, load_mapping("native")))}:
        raise UsageError(f"The store {chosen.store} holds other data: the demo needs an empty or an embedded one.")


def _queue(chosen: "Settings", period: Sequence[Any]) -> list[dict[str, Any]]:
    from targeting.queue import rows

    _, first, _, last = period
    with opened(chosen) as held, held.reading() as view:
        return list(rows(view, first, last))


def _worst(chosen: "Settings", folder: Path) -> Path | None:
    from api.exports.view.worst import write_worst

    with opened(chosen) as held:
        return write_worst(held, folder)


def _check(folder: Path, waiting: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Count the infractions at the top of the queue, and in all of it, by the truth of the world."""
    with (folder / "truth.csv").open(newline="", encoding="utf-8") as file:
        guilty = {row["shipment_id"] for row in csv.DictReader(file) if row["infraction"] == "1"}
    hits = [row["shipment_id"] in guilty for row in waiting]
    return {
        "top": len(hits[:_TOP]),
        "top_infractions": sum(hits[:_TOP]),
        "waiting": len(hits),
        "waiting_infractions": sum(hits),
    }


def _importer(chosen: "Settings", listed: Sequence[dict[str, Any]]) -> list[str]:
    """Return the importer of each shipment listed."""
    from graph.records import Ref

    with opened(chosen) as held:
        starts = [Ref("Shipment", key(row)) for row in listed]
        return [str(row.end) for row in held.neighbours(starts, links=["IMPORTED_BY"]).rows]
