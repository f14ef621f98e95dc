"""The OpenAPI document: with problems, rights, and nothing that changes from run to run.

python -m api.http.document > docs/openapi.json
"""

import sys
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.http.problems import ProblemDetails
from api.http.rights import RIGHTS
from api.text import as_json

TITLE = "Tidewaiter"
VERSION = "1"
"""Of the interface, which the addresses begin with; not of the program."""

_ABOUT = (
    "Ask the network behind declarations, load into it, and have it analysed and scored. "
    "The score proposes; the officer decides."
)


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an application."""
    if app.openapi_schema is None:
        made = get_openapi(title=TITLE, version=VERSION, summary=_ABOUT, routes=app.router.routes)
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        own = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(own.pop("$defs", {}))
        schemas["Problem"] = own
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        made["components"]["schemas"] = dict(sorted(schemas.items()))
        for path, operations in made["paths"].items():
            for method, operation in operations.items():
                operation["x-right"] = str(RIGHTS[method.upper(), path])
                if method in ("get", "head"):
                    operation["responses"].pop("403", None)
        app.openapi_schema = made
    return app.openapi_schema


def main() -> None:
    """Print the document."""
    from api.app import create_app
    from api.settings import Settings

    sys.stdout.write(as_json(document(create_app(Settings(store="memory:")))) + "\n")


if __name__ == "__main__":
    main()
