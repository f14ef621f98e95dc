"""Why one shipment has its score, in full."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from api.commands.errors import UsageError
from api.commands.opening import opened, resolved
from api.commands.options import JsonOption, StoreOption, settings
from api.commands.output import heading, numbered, print_json, say, table
from api.commands.progress import progress

if TYPE_CHECKING:
    from targeting.explanation import Explanation


def explain(
    ctx: typer.Context,
    shipment: Annotated[str, typer.Argument(metavar="ID", help="A shipment.")],
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Explain a shipment's score: by reason, and the graph neural network by metapath and neighbour."""
    from targeting.explanation import explained

    chosen = settings(ctx, store)
    with opened(chosen) as held, progress("Explaining", silent=json) as bar:
        ref = resolved(held, shipment)
        if ref.type != "Shipment":
            raise UsageError(f"{ref} is not a shipment: only shipments have scores.")
        found = explained(held, chosen.models_folder, ref, bar.doing)
    if json:
        print_json({**asdict(found), "shipment": str(found.shipment), "as_of": found.as_of.isoformat()})
        return
    _show(found)


def _show(found: "Explanation") -> None:
    say(f"{found.shipment.type} {found.shipment.key}, by what was known before {found.as_of}, model {found.model}")
    heading("What raises the score")
    table(("log odds", "reason"), [(f"{one.moved:+.3f}", one.what) for one in found.reasons], right=("log odds",))
    heading(f"What moves the graph neural network, which says {found.gnn:.3f}")
    rows = []
    for path in found.metapaths:
        rows.append((f"{path.moved:+.3f}", path.what))
        rows += [(f"{one.moved:+.3f}", f"  {one.what}") for one in path.neighbours]
        if path.neighbours:
            others = f", {numbered(path.others, 'other', 'others')}" if path.others else ""
            rows.append((f"{path.rest:+.3f}", f"  that it is linked like this{others}"))
    table(("log odds", "metapath and neighbour"), rows, right=("log odds",))
