from pathlib import Path

from graph.schema import LINKS, NODE, NODES, ROLES
from graph.schema_page import render
from graph.statements import DECLARATION, DESCRIPTION, INSPECTION, LISTING, OWNERSHIP

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_schema_says() -> None:
    assert (ROOT / "docs" / "schema.md").read_text(encoding="utf-8") == render(), "run `make docs`"


def test_links_join_types_that_there_are() -> None:
    for link in LINKS:
        assert link.ends
        for start, end in link.ends:
            assert start in NODE
            assert end in NODE


def test_names_are_safe_as_identifiers_and_unique() -> None:
    names = [node.name for node in NODES] + [link.name for link in LINKS]
    assert len(set(names)) == len(names)
    for name in names + [field.name for node in NODES for field in node.fields]:
        assert name.isidentifier()


def test_every_field_of_a_thing_has_a_column_in_its_statement() -> None:
    shapes = {"Shipment": DECLARATION, "Inspection": INSPECTION, "ListEntry": LISTING}
    shapes |= dict.fromkeys(("Trader", "Forwarder", "Carrier", "Vessel"), DESCRIPTION)
    for node, shape in shapes.items():
        assert {field.name for field in NODE[node].fields} <= set(shape.names), node
    assert {field.name for link in LINKS if link.name == "OWNED_BY" for field in link.fields} <= set(OWNERSHIP.names)
    assert {role.column for role in ROLES} <= set(DECLARATION.names)
