"""The page about the schema, derived from it: `python -m graph.schema_page` prints what `docs/schema.md` must hold."""

from graph.schema import LINKS, NODES, SCHEMA_VERSION, Field


def render() -> str:
    """Return the page in Markdown."""
    lines = [
        "# The schema",
        "",
        f"Version {SCHEMA_VERSION}. Generated from `graph/schema.py` by `make docs`; do not edit by hand. How records "
        "become things",
        "and links is on [the data model's page](data-model.md).",
        "",
        "## Things",
        "",
        "| type | key | numbering kept by | fold | what it is |",
        "|---|---|---|---|---|",
    ]
    keeper = {"source": "each source", "shared": "all sources alike"}
    lines += [f"| `{node.name}` | {node.key} | {keeper[node.scope]} | {node.fold} | {node.about} |" for node in NODES]
    for node in NODES:
        if node.fields:
            lines += ["", f"### Fields of `{node.name}`", "", *_fields(node.fields)]
    lines += ["", "## Links", "", "| type | from | to | what it says |", "|---|---|---|---|"]
    for link in LINKS:
        starts = ", ".join(dict.fromkeys(f"`{start}`" for start, _ in link.ends))
        ends = ", ".join(dict.fromkeys(f"`{end}`" for _, end in link.ends))
        lines.append(f"| `{link.name}` | {starts} | {ends} | {link.about} |")
    for link in LINKS:
        if link.fields:
            lines += ["", f"### Fields of `{link.name}`", "", *_fields(link.fields)]
    return "\n".join(lines) + "\n"


def _fields(fields: tuple[Field, ...]) -> list[str]:
    rows = [f"| `{item.name}` | {item.kind} | {item.about} |" for item in fields]
    return ["| field | kind | meaning |", "|---|---|---|", *rows]


if __name__ == "__main__":
    print(render(), end="")
