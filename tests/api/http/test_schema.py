"""Schemathesis over the OpenAPI document: no mistake of the program, no answer that is not documented."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from api.app import create_app
from api.http.document import document
from api.settings import Settings
from tests.api.serving import scored_store, serving

SCHEMA = schemathesis.openapi.from_dict(document(create_app(Settings(store="memory:"))))


@pytest.fixture(scope="module")
def disposable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a service over a store that may be changed."""
    with serving(scored_store(tmp_path_factory.mktemp("disposable"))) as client:
        yield client


@SCHEMA.parametrize()
@settings(max_examples=20)
def test_whatever_is_asked_is_answered_as_documented(case: "schemathesis.Case[Any]", disposable: httpx.Client) -> None:
    # A schema cannot say that a cursor is one of those given, nor that a period begins before it ends, nor that one of
    # two fields is to be given, nor that an export asks for something and may be used for a while, nor that anything
    # is supposed; and files are drawn without regard to their schema, empty ones among them. The columns of
    # declarations are those of the native format, which has its own description.
    elsewhere = case.operation.label in ("POST /v1/entities/search", "POST /v1/shipments:score", "POST /v1/exports")
    supposing = isinstance(case.body, dict) and case.body.get("kind") == "what-if"
    unsaid = {"after", "from", "mapping"} & set(case.query or {}) or elsewhere or supposing
    answer = case.call(base_url=str(disposable.base_url))
    if answer.status_code == 413:
        # Of what the schema forbids, so many parts that nobody looked whether they fit.
        sent = answer.request.body
        assert isinstance(sent, bytes) and len(sent) > 10 * 2**20
        return
    case.validate_response(answer, excluded_checks=[positive_data_acceptance] if unsaid else None)
