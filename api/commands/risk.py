"""The linked risk of one thing: where it comes from, and what speaks against it."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.errors import UsageError
from api.commands.opening import opened, resolved
from api.commands.options import JsonOption, StoreOption, command, settings
from api.commands.output import heading, numbered, print_json, say, table
from api.commands.progress import progress
from api.commands.published import as_heading, in_words

if TYPE_CHECKING:
    from api.evidence import CounterEvidence, Evidence, EvidencePath, Fragility
    from api.settings import Settings


def risk(
    ctx: typer.Context,
    thing: Annotated[str, typer.Argument(metavar="ID", help="A shipment, trader or forwarder.")],
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Show what the linked risk of a shipment or party rests on, with shares, and what speaks against it."""
    from api.evidence import evidence

    chosen = settings(ctx, store)
    with opened(chosen) as held, progress("Taking the linked risk apart", silent=json):
        ref = resolved(held, thing)
        found = evidence(held, ref)
    if found is None:
        raise UsageError(f"'{thing}' was removed a moment ago: nothing is known of it any more.")
    print_json(_plain(found)) if json else _show(found, chosen)


def _plain(found: "Evidence") -> dict[str, Any]:
    made = {**asdict(found), "published": as_heading(found.published)}
    del made["ref"]
    return {"id": str(found.ref), **made}


def _show(found: "Evidence", chosen: "Settings") -> None:
    say(f"{found.ref.type} {found.ref.key}" + (f" · {found.name}" if found.name else ""))
    if found.published is None:
        say(f"No risk has been published yet: run '{command(chosen, 'analyse')}'.")
        return
    if found.value is None:
        say(f"The published set does not hold it ({in_words(found.published)}).")
        return
    say(f"Linked risk {found.value:.4g}")
    if found.paths is None:
        say(f"Where it comes from can be told after '{command(chosen, 'score')}': the store has changed.")
    elif found.paths:
        _paths(found)
    if found.fragility is not None:
        _fragility(found.fragility)
    if found.against:
        heading("What speaks against it")
        against = [(one.role, one.thing, one.name, _clean(one), _trusted(one)) for one in found.against]
        table(("role", "party", "name", "clean inspections", "trusted trader"), against)
    say("")
    say(f"From {in_words(found.published)}")


def _paths(found: "Evidence") -> None:
    assert found.paths is not None
    heading("It is the sum of")
    rows = [(f"{path.share:.1%}", path.value, _path(path)) for path in found.paths]
    if found.left_out and found.value:
        further = numbered(found.left_out, "further path", "further paths")
        rows.append((f"{found.remainder / found.value:.1%}", found.remainder, further))
    table(("share", "value", "path"), rows, right=("share", "value"))
    say(f"{found.assessed or 0.0:.1%} of it rests on assessments, the rest on what was declared, registered or found.")


def _fragility(found: "Fragility") -> None:
    heading("How fragile it is")
    if found.links is None:
        say(f"It would stand in the {found.lane} lane without any linked risk, too.")
        return
    sure = "no fewer would do" if found.smallest else "fewer might do"
    assessed = sum(link.assessed for link in found.links)
    grades = f"{numbered(assessed, 'is an assessment', 'are assessments')}" if assessed else "none is an assessment"
    without = numbered(len(found.links), "link", "links")
    say(f"It would fall below the line of the {found.lane} lane without {without} ({sure}; {grades}):")
    for link in found.links:
        say(f"  {link.start} {link.start_name}".rstrip() + f" {link.link} {link.end} {link.end_name}".rstrip())


def _path(path: "EvidencePath") -> str:
    parts = [f"infraction in {path.source}"]
    for step in path.steps:
        shared = f" (1 of {step.shared_by:,} {step.sharers})" if step.shared_by > 1 else ""
        name = f" {step.name}" if step.name else ""
        parts.append(f"{step.link} {step.thing}{name}{shared}")
    return " > ".join(parts)


def _clean(one: "CounterEvidence") -> str:
    if not one.inspected:
        return f"none of {numbered(one.shipments, 'shipment was', 'shipments was')} examined"
    latest = f", the latest known from {one.clean_on}" if one.clean_on else ""
    return f"{one.clean:,} of {one.inspected:,} examined{latest}"


def _trusted(one: "CounterEvidence") -> str:
    return "; ".join(
        f"{fact.value} ({fact.first_on} to {fact.last_on}, {', '.join(fact.sources)})" for fact in one.trusted
    )
