"""Stores as a whole: checking one, copying it into another, bringing it forward."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.errors import FAILURE, UsageError
from api.commands.opening import is_embedded, migrated, opened
from api.commands.options import AdoptOption, JsonOption, StoreOption, settings
from api.commands.output import numbered, print_json, say, table
from api.commands.progress import progress
from api.commands.published import as_heading, in_words

if TYPE_CHECKING:
    from api.settings import Settings
    from graph.store.copying import Copied

stores = typer.Typer(invoke_without_command=True, help="Check a store, copy it into another, or bring it forward.")


@stores.callback()
def what_there_is(ctx: typer.Context) -> None:
    """Check a store, copy it into another, or bring it forward."""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


@stores.command()
def check(ctx: typer.Context, store: StoreOption = None, json: JsonOption = False) -> None:
    """Say what the store holds and whether anything is wrong with it; exit status 1 where something is."""
    chosen = _named(ctx, store)
    # Opening completes what was interrupted, which may take a while.
    with progress(f"Checking {chosen.store}", silent=json), opened(chosen) as held:
        findings = held.check()
    good = all(finding.ok for finding in findings)
    if json:
        print_json({"store": chosen.store, "ok": good, "findings": [finding._asdict() for finding in findings]})
    else:
        table(("what", "is", "found"), ((name, "good" if ok else "WRONG", text) for name, ok, text in findings))
    if not good:
        raise typer.Exit(FAILURE)


@stores.command()
def copy(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Address of the store to copy.")],
    target: Annotated[str, typer.Argument(metavar="TARGET", help="Address of the store to copy it into.")],
    adopt: AdoptOption = False,
    json: JsonOption = False,
) -> None:
    """Copy a store into an empty one of any kind, and compare the two; an interrupted copy can be repeated."""
    from graph.store.copying import copy_store

    origin, aim = _named(ctx, source), _named(ctx, target)
    if _place(origin.store) == _place(aim.store):
        raise UsageError("Source and target are the same store: name two.")
    with (
        progress(f"Copying {origin.store} to {aim.store}", silent=json) as bar,
        opened(origin) as held,
        opened(aim, create=True, adopt=adopt) as made,
    ):
        copied = copy_store(held, made, bar.doing, bar.rows)
    if json:
        print_json(
            {
                "source": origin.store,
                "target": aim.store,
                "batches_copied": copied.written,
                "batches_already_there": copied.held,
                "published": as_heading(copied.published),
                "graph_hash": copied.graph_hash,
            }
        )
        return
    _tell(copied)


def _named(ctx: typer.Context, store: str | None) -> "Settings":
    """Return the settings; the store's address is shown before the store is opened, so it is looked at now."""
    from graph.store.open import check_address

    chosen = settings(ctx, store)
    check_address(chosen.store)
    return chosen


def _place(address: str) -> str | Path:
    """Return where an address leads, in one spelling."""
    from api.settings import SQLITE

    return Path(address.removeprefix(SQLITE)).resolve() if is_embedded(address) else address.rstrip("/")


def _tell(copied: "Copied") -> None:
    there = f"; {copied.held:,} {'was' if copied.held == 1 else 'were'} there already" if copied.held else ""
    say(f"{numbered(copied.written, 'batch', 'batches')} copied{there}")
    if copied.published:
        say(f"Published there: {in_words(copied.published)}")
    else:
        say("No results went along: none are of the source's present version")
    say(f"Both stores have the graph hash {copied.graph_hash}")


@stores.command()
def migrate(ctx: typer.Context, store: StoreOption = None, json: JsonOption = False) -> None:
    """Bring a store that an older Tidewaiter wrote forward to this one; one that is of this version stays as it is."""
    chosen = _named(ctx, store)
    with progress(f"Migrating {chosen.store}", silent=json) as bar:
        done = migrated(chosen)
        bar.doing("completing")
        # Whoever opens a store next completes what a step of a migration leaves to that.
        opened(chosen).close()
    if json:
        print_json({"store": chosen.store, "before": done.before, "after": done.after})
    elif done.before == done.after:
        say(f"The store is of this version (layout {done.after}); nothing had to be brought forward.")
    else:
        say(f"The store was brought from layout {done.before} to {done.after}.")
