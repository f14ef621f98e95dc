"""What a linked risk rests on, as the service answers it; shipments and entities share the form."""

from dataclasses import asdict

from fastapi import Request
from pydantic import Field

from api.evidence import CounterEvidence, EvidencePath, Fragility, evidence
from api.http.answers import Answer
from api.http.problems import Problem
from api.http.published import PublishedAnswer, heading
from api.http.things import meant
from graph.store.base import GraphStore


class EvidenceAnswer(Answer):
    """The linked risk of a thing taken apart: `value` is the sum of the values of `paths` and of the `remainder`."""

    id: str
    name: str
    value: float | None = Field(description="Null where the published set has none for it.")
    paths: list[EvidencePath] | None = Field(
        description="The greatest contributions; null where the set does not hold them and the network is not ready or "
        "has changed since: ask later, or have the shipments scored again."
    )
    left_out: int = Field(description="How many paths are not listed.")
    remainder: float = Field(description="The sum of their values.")
    assessed: float | None = Field(description="The share of the value that rests on assessments.")
    fragility: Fragility | None = Field(
        description="The fewest links without which the shipment would fall below its lane's line."
    )
    against: list[CounterEvidence] = Field(description="What speaks for the parties themselves.")
    published: PublishedAnswer | None
    store_version: int


def weighed(request: Request, view: GraphStore, text: str, *, shipment: bool) -> EvidenceAnswer:
    """Return what the linked risk of the thing rests on that an identifier means.

    Raises:
        Problem: it means none, or more than one.
    """
    ref = meant(view, text, shipment=shipment)
    found = evidence(view, ref, find=request.app.state.find_paths)
    if found is None:
        raise Problem("not-found", "It was removed a moment ago: nothing is known of it any more.")
    told = asdict(found) | {"published": heading(found.published)}
    del told["ref"]
    return EvidenceAnswer(id=str(ref), **told)
