"""Looking after what was handed over: to whom it went, and what has changed since."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.opening import opened, resolved
from api.commands.options import JsonOption, StoreOption, settings
from api.commands.output import print_json, say, table

if TYPE_CHECKING:
    from api.exports.register import HandOver


def list_(
    ctx: typer.Context,
    thing: Annotated[str | None, typer.Option(help="Those that hold this thing.")] = None,
    recipient: Annotated[str | None, typer.Option(help="Those to whose recipient's name this belongs.")] = None,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """List what was handed over, to whom and when."""
    from api.exports.asking import gone
    from api.exports.register import Register

    chosen = settings(ctx, store)
    ref = None
    if thing is not None:
        with opened(chosen) as source:
            ref = gone(source, thing) or resolved(source, thing)
    with Register(chosen.handovers_folder) as register:
        found = register.listed(thing=ref, recipient=recipient)
    if json:
        print_json([_as_row(line) for line in found])
        return
    if not found:
        say("Nothing was handed over so far." if ref is None and recipient is None else "None of the hand-overs fits.")
        return
    rows = [
        (
            f"{line.made_at:%Y-%m-%d %H:%M}",
            line.recipient,
            line.purpose,
            line.tlp,
            line.expires_on,
            line.things,
            line.query,
            line.manifest[:12],
        )
        for line in found
    ]
    table(("made", "recipient", "purpose", "TLP", "until", "things", "what", "manifest"), rows, right=("things",))


def stale(ctx: typer.Context, store: StoreOption = None, json: JsonOption = False) -> None:
    """List hand-overs that hold something that has changed since; their recipients should be told."""
    from api.exports.register import Register

    chosen = settings(ctx, store)
    with opened(chosen) as source, Register(chosen.handovers_folder) as register, source.reading() as view:
        found = list(register.stale(view))
    if json:
        print_json(
            [
                {**_as_row(one.handover), "gone": [*map(str, one.gone)], "changed": [*map(str, one.changed)]}
                for one in found
            ]
        )
        return
    if not found:
        say("Whatever was handed over is still as it was.")
        return
    for one in found:
        line = one.handover
        say(f"{line.made_at:%Y-%m-%d} to {line.recipient}, manifest {line.manifest[:12]}:")
        for what, refs in (("gone", one.gone), ("changed", one.changed)):
            if refs:
                more = f" and {len(refs) - 10:,} more" if len(refs) > 10 else ""
                say(f"  {what}: {', '.join(map(str, refs[:10]))}{more}")


def _as_row(line: "HandOver") -> dict[str, Any]:
    made: dict[str, datetime | date | str | int] = {
        "manifest_sha256": line.manifest,
        "made_at": line.made_at.isoformat(),
        "recipient": line.recipient,
        "purpose": line.purpose,
        "tlp": f"TLP:{line.tlp}",
        "expires_on": line.expires_on,
        "query": line.query,
        "non_nominal": line.non_nominal,
        "things": line.things,
    }
    return made
