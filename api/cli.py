"""The command line `tidewaiter`."""

import os
import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from api.commands import (
    analysis,
    around,
    arrivals,
    community,
    demo,
    errors,
    evaluation,
    explain,
    export,
    ledger,
    model,
    queue,
    risk,
    search,
    serve,
    show,
    snapshot,
    status,
    stores,
    what_if,
    world,
)
from api.commands.options import StoreOption
from api.commands.output import remark

_ORDER = (
    *("demo", "simulate", "ingest", "batches", "quarantine", "status"),
    *("analyse", "train", "model", "score", "queue", "arrivals"),
    *("search", "show", "expand", "path", "explain", "risk", "what-if", "community"),
    *("export", "evaluate", "snapshot", "serve", "store"),
)


class _Guarded(TyperGroup):
    """A group whose commands end with a sentence and an exit status where something goes wrong."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        try:
            status = super().main(args, prog_name, complete_var, False, windows_expand_args, **extra)
        except Exception as error:
            ending = errors.ending(error)
            if ending is None or not standalone_mode:
                raise
            remark(f"Error: {ending.message}", "red")
            for choice in ending.choices:
                remark(f"  {choice}")
            status = ending.status
        if not standalone_mode:
            return status
        sys.exit(status)

    def list_commands(self, ctx: Any) -> list[str]:
        """List the commands in the order in which they are used, not groups last."""
        return sorted(super().list_commands(ctx), key=_ORDER.index)

    def invoke(self, ctx: Any) -> Any:
        try:
            super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read the output has enough; what is left in the buffer goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(errors.BROKEN_PIPE) from None
        except (KeyboardInterrupt, Exception) as error:
            if not errors.interrupted(error):
                raise
            remark("Interrupted; what was not finished is not kept.")
            raise typer.Exit(errors.INTERRUPTED) from None


app = typer.Typer(cls=_Guarded, add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def tidewaiter(ctx: typer.Context, store: StoreOption = None) -> None:
    """Network intelligence for customs: from declarations to a ranked inspection queue with reasons."""
    ctx.obj = store
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


app.command()(demo.demo)
app.command()(ledger.ingest)
app.add_typer(ledger.batches, name="batches")
app.command()(ledger.quarantine)
app.command()(world.simulate)
app.command()(analysis.analyse)
app.command()(analysis.train)
app.command()(model.model)
app.command()(analysis.score)
app.command()(queue.queue)
app.command()(search.search)
app.command()(arrivals.arrivals)
app.command()(show.show)
app.command()(around.expand)
app.command()(around.path)
app.command()(explain.explain)
app.command()(risk.risk)
app.command("what-if")(what_if.what_if)
app.command()(community.community)
app.command()(evaluation.evaluate)
app.command()(snapshot.snapshot)
app.command()(status.status)
app.add_typer(export.export, name="export")
app.command()(serve.serve)
app.add_typer(stores.stores, name="store")


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        # Names come in every script; a terminal that cannot show one gets its code instead of an error.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    app(prog_name="tidewaiter")


if __name__ == "__main__":
    main()
