"""One thing in full, for a person or a machine."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from api.commands.errors import UsageError
from api.commands.opening import opened, resolved
from api.commands.options import JsonOption, StoreOption, command, settings
from api.commands.output import numbered, print_json, say, table
from api.commands.progress import progress
from api.commands.published import as_heading, in_words
from api.text import visible

if TYPE_CHECKING:
    from api.portrait import Linked, Portrait
    from api.settings import Settings
    from graph.records import Ref

_COMPONENTS = ("declared", "profile", "linked", "gnn")
_NEWER = "*"


def show(
    ctx: typer.Context,
    thing: Annotated[str, typer.Argument(metavar="ID", help="A shipment or entity: 123, kr/123 or trader:kr/123.")],
    links: Annotated[int, typer.Option(min=0, max=1_000, help="How many links of each type to list.")] = 5,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Show a shipment or an entity: facts with their sources, links, risk taken apart, reasons."""
    from api.evidence import linked_paths
    from api.portrait import portrait

    chosen = settings(ctx, store)
    with opened(chosen) as held:
        seen = portrait(held, resolved(held, thing), links=links)
        if seen is None:
            raise UsageError(f"'{thing}' was removed a moment ago: nothing is known of it any more.")
        silent = json or not _searches(seen)
        with progress("Taking the linked risk apart", silent=silent), held.reading() as view:
            paths = linked_paths(view, seen.ref, seen.risk)
    if json:
        print_json({**_plain(seen), "linked_paths": paths})
        return
    name = next((fact.value for fact in seen.facts if fact.field == "name" and fact.shown), "")
    say(f"{seen.ref.type} {seen.ref.key}" + (f" · {name}" if name else ""))
    say(f"Known from {_days(seen.first_on, seen.last_on)}.")
    _risk(seen, chosen)
    _paths(seen, paths, chosen)
    _facts(seen)
    _versions(seen)
    _inspections(seen)
    _links(seen)
    if _any_newer(seen):
        say("")
        say(f"{_NEWER} newer than the published set: not in its risk.")


def _plain(seen: "Portrait") -> dict[str, Any]:
    made = asdict(seen) | {"published": as_heading(seen.published)}
    del made["ref"]
    return {"id": str(seen.ref), "type": seen.ref.type, "key": seen.ref.key, **made}


def _days(first_on: object, last_on: object) -> str:
    if first_on is None:
        return "a day that no record gives"
    return f"{first_on}" if first_on == last_on else f"{first_on} to {last_on}"


def _risk(seen: "Portrait", chosen: "Settings") -> None:
    say("")
    if seen.published is None:
        say("No risk has been published yet: run 'tidewaiter analyse', 'tidewaiter train' and 'tidewaiter score'.")
        return
    risk = seen.risk
    if risk is None:
        say(f"The published set does not hold it ({in_words(seen.published)}).")
        return
    if seen.ref.type == "Shipment":
        _score(risk)
    else:
        say(f"Linked risk {_number(risk['linked'])}")
    if risk.get("community"):
        stability = f", stability {_number(risk['stability'])}" if risk.get("stability") is not None else ""
        say(f"Community {risk['community']}{stability}: {command(chosen, 'community', risk['community'])}")
    say(f"From {in_words(seen.published)}")


def _score(risk: Mapping[str, Any]) -> None:
    if risk["score"] is None:
        say("No score: its own outcome was in the training.")
    else:
        say(f"Score {_number(risk['score'])}, {risk['lane']} lane")
    for reason in risk.get("reasons") or ():
        say(f"  - {reason}")
    say("Components: " + ", ".join(f"{name} {_number(risk[name])}" for name in _COMPONENTS))


def _paths(seen: "Portrait", paths: Mapping[str, Any] | None, chosen: "Settings") -> None:
    """Show where the linked risk comes from."""
    if seen.risk is None or not seen.risk["linked"]:
        return
    say("")
    if paths is None:
        say(f"Where the linked risk comes from can be told after '{command(chosen, 'score')}': the store has changed.")
        return
    rows = [(path["value"], _path(path)) for path in paths["paths"]]
    if paths["left_out"]:
        rows.append((paths["remainder"], numbered(paths["left_out"], "further path", "further paths")))
    table(("value", "path"), rows, title=f"Linked risk {_number(paths['value'])} is the sum of", right=("value",))


def _path(path: Mapping[str, Any]) -> str:
    parts = [f"infraction in {path['source']}"]
    for step in path["steps"]:
        shared = f" (shared by {step['shared_by']:,})" if step["shared_by"] > 1 else ""
        parts.append(f"{step['link']} {step['thing']}{shared}")
    return " > ".join(parts)


def _searches(seen: "Portrait") -> bool:
    """Tell whether the paths are not in the set, so that finding them takes a while."""
    return seen.risk is not None and bool(seen.risk["linked"]) and not seen.risk.get("paths")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _facts(seen: "Portrait") -> None:
    if not seen.facts:
        return
    say("")
    rows = [
        (
            fact.field if fact.shown else "",
            _value(seen.ref, fact.field, fact.value),
            fact.first_on,
            fact.last_on,
            ", ".join(fact.sources),
            _NEWER if fact.newer else "",
        )
        for fact in seen.facts
    ]
    table(("fact", "value", "first said", "last said", "source", ""), rows)
    if seen.record_count > seen.records_shown:
        say(f"Sources are those of {seen.records_shown:,} of {seen.record_count:,} groups of records.")


def _value(ref: "Ref", name: str, value: str) -> str:
    """Return a value as it is shown; a customs value of 0 is allowed, and odd enough to be flagged."""
    from graph.schema import NODE, Kind

    number = any(field.name == name and field.kind is Kind.NUMBER for field in NODE[ref.type].fields)
    shown = value.removesuffix(".0") if number else value
    return f"{shown} (zero: flagged)" if name == "customs_value" and shown == "0" else shown


def _versions(seen: "Portrait") -> None:
    """Show what the other versions said differently."""
    rows = []
    for version in seen.versions:
        for name in sorted(set(version.fields) | set(seen.current)):
            said, now = version.fields.get(name), seen.current.get(name)
            if said != now:
                values = ("-" if value is None else _value(seen.ref, name, value) for value in (said, now))
                rows.append((_days(version.first_on, version.last_on), version.source, name, *values))
    if not rows:
        return
    say("")
    table(("other version of", "source", "field", "said", "now"), rows, title="Other versions")


def _inspections(seen: "Portrait") -> None:
    for inspection in seen.inspections:
        say("")
        table(("inspection", ""), list(inspection.items()))


def _links(seen: "Portrait") -> None:
    if not seen.links:
        return
    say("")
    rows: list[tuple[object, ...]] = []
    for group in seen.links:
        label = group.link if group.direction == "out" else f"{group.link} (from)"
        more = group.count - len(group.shown)
        for at, linked in enumerate(group.shown):
            rows.append(
                (
                    label if at == 0 else "",
                    group.count if at == 0 else "",
                    linked.thing,
                    _told(linked),
                    linked.first_on,
                    linked.last_on,
                    linked.risk,
                    _NEWER if linked.newer else "",
                )
            )
        if more and group.shown:
            rows.append(("", "", f"... and {more:,} more", "", None, None, None, ""))
        elif more:
            rows.append((label, group.count, "", "", None, None, None, ""))
    table(("link", "count", "thing", "name", "first", "last", "risk", ""), rows, right=("count", "risk"))


def _told(linked: "Linked") -> Text:
    """Return the name of what is linked, and below it what was said of the link itself."""
    fields = ", ".join(f"{name} {value.removesuffix('.0')}" for name, value in linked.fields.items())
    return Text("\n").join(Text(visible(line)) for line in (linked.name, fields) if line)


def _any_newer(seen: "Portrait") -> bool:
    linked = (one.newer for group in seen.links for one in group.shown)
    return any(fact.newer for fact in seen.facts) or any(linked)
