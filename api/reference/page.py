"""The reference as one page of HTML: written from the OpenAPI document, without a script."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any


def page(document: Mapping[str, Any]) -> str:
    """Return the page; all text of the document is escaped."""
    return "\n".join(_lines(document)) + "\n"


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    about = document["info"]
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(about['title'])}: reference</title>"
    yield '<link rel="stylesheet" href="/docs/style.css"></head><body><main>'
    yield f"<h1>{escape(about['title'])}, version {escape(about['version'])}</h1>"
    yield f"<p>{escape(about.get('summary', ''))}</p>"
    yield '<p>For machines: <a href="/openapi.json">/openapi.json</a></p>'
    tags: dict[str, list[tuple[str, str, Mapping[str, Any]]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tags.setdefault(operation["tags"][0], []).append((method, path, operation))
    for tag, listed in tags.items():
        yield f"<h2>{escape(tag)}</h2>"
        for method, path, operation in listed:
            yield from _operation(method, path, operation)
    yield "<h2>What is answered and asked</h2>"
    for name, schema in document["components"]["schemas"].items():
        yield from _schema(name, schema)
    yield "</main></body></html>"


def _operation(method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h3><code>{escape(method.upper())} {escape(path)}</code></h3>"
    yield f"<p>{escape(operation.get('description', operation['summary']))}</p>"
    yield f"<p>Right: {escape(operation['x-right'])}</p>"
    if operation.get("parameters"):
        rows = (
            (given["name"], given["in"], _type(given["schema"]), given.get("description", ""))
            for given in operation["parameters"]
        )
        yield from _table(("parameter", "in", "type", "what it is"), rows)
    body = operation.get("requestBody", {}).get("content", {})
    if body:
        yield from _table(("body", "type"), ((name, _type(said["schema"])) for name, said in body.items()))
    answers = (
        (status, ", ".join(said.get("content", {})), _content(said), said["description"])
        for status, said in sorted(operation["responses"].items())
    )
    yield from _table(("status", "media type", "type", "what it says"), answers)


def _content(said: Mapping[str, Any]) -> str:
    return ", ".join(_type(one.get("schema", one.get("itemSchema", {}))) for one in said.get("content", {}).values())


def _schema(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h3 id="{escape(name)}"><code>{escape(name)}</code></h3>'
    if schema.get("description"):
        yield f"<p>{escape(schema['description'])}</p>"
    if "enum" in schema:
        yield f"<p>{escape(_type(schema))}</p>"
    if schema.get("properties"):
        rows = ((name, _type(said), said.get("description", "")) for name, said in schema["properties"].items())
        yield from _table(("field", "type", "what it is"), rows)


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield "<table><thead><tr>" + "".join(f'<th scope="col">{escape(head)}</th>' for head in heads) + "</tr></thead>"
    yield "<tbody>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
    yield "</tbody></table>"


def _type(schema: Mapping[str, Any]) -> str:
    """Return the type of a schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(map(_type, schema[key]))
    if "enum" in schema:
        return " or ".join(repr(value) for value in schema["enum"])
    if "const" in schema:
        return repr(schema["const"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "anything")
