import csv
import importlib
import json
import tempfile
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import networkx as nx
import pyarrow.parquet as pq
import pytest
import stix2  # type: ignore[import-untyped]
from hypothesis import given, settings

from api.exports.errors import ExportError
from api.exports.formats import FORMATS, anx, format_named
from api.exports.portion import ListedPortion, Node, Portion
from api.exports.text import csv_restored, xml_line, xml_safe
from graph.records import Ref
from tests.api.exports.portions import HEADING, HOSTILE, LargePortion, portions

STREAMED = sorted(set(FORMATS) - {"anx", "html"})
quick = settings(max_examples=15, deadline=None)


@contextmanager
def written(name: str, portion: Portion) -> Iterator[list[Path]]:
    with tempfile.TemporaryDirectory() as folder:
        yield format_named(name)(portion, Path(folder), HEADING)


def names(portion: ListedPortion) -> dict[str, str]:
    return {str(node.ref): node.name for node in portion.nodes()}


def links(portion: ListedPortion) -> Counter[tuple[str, str, str]]:
    return Counter((str(edge.link.start), edge.link.type, str(edge.link.end)) for edge in portion.edges())


def safe_links(portion: ListedPortion) -> Counter[tuple[str, ...]]:
    return Counter(tuple(map(xml_safe, link)) for link in links(portion))


def of_graph(graph: Any) -> Counter[tuple[str, ...]]:
    return Counter((start, values["type"], end) for start, end, values in graph.edges(data=True))


@quick
@given(portions())
def test_graphml_and_gexf_are_read_back_by_networkx(portion: ListedPortion) -> None:
    expected = {xml_safe(ref): xml_safe(name) for ref, name in names(portion).items()}
    with written("graphml", portion) as [path]:
        graph = nx.read_graphml(path, force_multigraph=True)
        assert {ref: values.get("name", "") for ref, values in graph.nodes(data=True)} == expected
        assert of_graph(graph) == safe_links(portion)
        assert graph.nodes["shipment:kr/1"]["customs_value"] == 1e22
    with written("gexf", portion) as [path]:
        text = path.read_text(encoding="utf-8").replace("gexf.net/1.3", "www.gexf.net/1.2draft", 1)
        path.write_text(text.replace('version="1.3"', 'version="1.2"', 1), encoding="utf-8", newline="")
        graph = nx.read_gexf(path)
        assert {ref: values.get("name", "") for ref, values in graph.nodes(data=True)} == expected
        assert of_graph(graph) == safe_links(portion)


@quick
@given(portions())
def test_cytoscape_json_is_read_back_by_networkx(portion: ListedPortion) -> None:
    with written("cytoscape", portion) as [path]:
        text = path.read_text(encoding="utf-8")
        assert "<" not in text
        graph = nx.cytoscape_graph(json.loads(text))
        assert {ref: values["name"] for ref, values in graph.nodes(data=True)} == {
            ref: name or ref for ref, name in names(portion).items()
        }
        assert of_graph(graph) == links(portion)


@quick
@given(portions())
def test_no_cell_is_a_formula_and_each_can_be_restored(portion: ListedPortion) -> None:
    with written("csv", portion) as [nodes, edges]:
        with nodes.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())
        found = {csv_restored(row["id"]): csv_restored(row["name"]) for row in rows}
        assert found == names(portion)
        with edges.open(encoding="utf-8-sig", newline="") as file:
            ends = [
                tuple(csv_restored(row[name]) for name in ("source", "type", "target")) for row in csv.DictReader(file)
            ]
        assert Counter(ends) == links(portion)


@quick
@given(portions())
def test_parquet_is_read_back_with_its_types(portion: ListedPortion) -> None:
    with written("parquet", portion) as [nodes, edges]:
        rows = pq.read_table(nodes).to_pylist()
        assert {row["id"]: row["name"] or "" for row in rows} == names(portion)
        assert {row["customs_value"] for row in rows} == {None, 1e22}
        table = pq.read_table(edges)
        ends = zip(*(table[name].to_pylist() for name in ("source", "type", "target")), strict=True)
        assert Counter(ends) == links(portion)


@quick
@given(portions())
def test_a_stix_bundle_is_parsed_and_its_grouping_holds_everything(portion: ListedPortion) -> None:
    with written("stix", portion) as [path]:
        text = path.read_text(encoding="utf-8")
    # As a whole a bundle may hold no object of another's making; one by one, each is held to the specification.
    assert len(stix2.parse(text, allow_custom=True).objects) == len(json.loads(text)["objects"])
    # Those that may refer to such an object: a reference to one is "custom" to the parser.
    referring = ("relationship", "grouping")
    objects = [stix2.parse(one, allow_custom=one["type"] in referring) for one in json.loads(text)["objects"]]
    [grouping] = [one for one in objects if one["type"] == "grouping"]
    ids = {one["id"] for one in objects}
    assert set(grouping["object_refs"]) <= ids
    assert len(grouping["object_refs"]) == 1 + portion.node_count + portion.edge_count
    reference = {
        one["id"]: one.get("reference") or next(iter(one["extensions"].values()))["reference"]
        for one in objects
        if one["type"] == "x-tidewaiter-thing" or (one["type"] == "identity" and one["name"] != "Tidewaiter")
        if one.get("extensions")
    }
    found = Counter(
        (reference[one["source_ref"]], one["relationship_type"].upper().replace("-", "_"), reference[one["target_ref"]])
        for one in objects
        if one["type"] == "relationship"
    )
    assert found == links(portion)
    [marking] = [one for one in objects if one["type"] == "marking-definition"]
    assert marking["id"] == grouping["object_marking_refs"][0]


@quick
@given(portions())
def test_an_i2_chart_holds_the_graph_and_its_grades(portion: ListedPortion) -> None:
    with written("anx", portion) as [path]:
        root = ElementTree.parse(path).getroot()
    labels = {entity.get("Identity") for entity in root.iter("Entity")}
    assert labels == set(map(xml_line, names(portion)))
    assert len(list(root.iter("Link"))) == portion.edge_count
    graded = [item for item in root.iter("ChartItem") if item.get("GradeOneIndex") == "1"]
    assert len(graded) == sum(node.grade.reliability == "B" for node in portion.nodes())


@quick
@given(portions())
def test_a_brief_has_no_markup_of_others(portion: ListedPortion) -> None:
    with written("brief", portion) as [path]:
        text = path.read_text(encoding="utf-8")
    assert "<script" not in text.replace("\\<", "")
    assert "## Caveats" in text
    assert "2 links lead out" in text


def test_a_brief_tells_what_was_not_found_from_what_is_not_there() -> None:
    def said(portion: ListedPortion) -> str:
        with written("brief", portion) as [path]:
            return path.read_text(encoding="utf-8")

    shipment = Node(Ref("Shipment", "kr/1"))
    found = [Node(Ref("Inspection", f"kr/{outcome}"), "", {"outcome": outcome}) for outcome in ("clean", "infraction")]
    assert "No inspection is in this part; left out: 8 of its shipments." in said(
        ListedPortion([shipment], [], {"FOUND_IN": 8})
    )
    assert "No inspection is in this part." in said(ListedPortion([shipment], []))
    text = said(ListedPortion([shipment, *found], []))
    assert "Inspections in this part: 2, of which 1 found an infraction." in text
    assert "- Inspection: 2" in text


@quick
@given(portions())
def test_follow_the_money_entities_refer_to_each_other(portion: ListedPortion) -> None:
    with written("ftm", portion) as [path]:
        entities = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    ids = {entity["id"] for entity in entities}
    assert len(ids) == len(entities) == portion.node_count + portion.edge_count
    for entity in entities:
        for name in ("owner", "asset", "subject", "object"):
            assert set(entity["properties"].get(name, ())) <= ids
    [owned] = [entity for entity in entities if entity["schema"] == "Ownership"]
    assert owned["properties"]["percentage"] == ["50"]


@pytest.mark.usefixtures("followthemoney_needed")
def test_follow_the_money_knows_every_schema_and_property() -> None:
    model = importlib.import_module("followthemoney").model
    from hypothesis import find

    with written("ftm", find(portions(), lambda _: True)) as [path]:
        for line in path.read_text(encoding="utf-8").splitlines():
            entity = json.loads(line)
            schema = model.get(entity["schema"])
            assert schema is not None and not schema.abstract
            assert set(entity["properties"]) <= set(schema.properties)


@pytest.mark.parametrize("name", STREAMED)
def test_memory_stays_flat(name: str) -> None:
    peaks = []
    for size in (2_000, 7_000):
        tracemalloc.start()
        try:
            with written(name, LargePortion(size)):
                peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    # Five thousand more links would be megabytes if they were held.
    assert peaks[1] - peaks[0] < 1_000_000


def test_a_chart_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="at most 50,000"):
        anx.write(LargePortion(30_000), tmp_path, HEADING)
    assert not list(tmp_path.iterdir())


def test_hostile_texts_in_cypher_never_end_their_literal() -> None:
    from api.exports.formats.cypher import _literal

    for text in HOSTILE:
        literal = _literal(text)
        # Neo4j turns `\uXXXX` into a character before it looks for quotes: none of others may be left.
        parts = literal.replace("\\\\", "").replace("\\'", "")
        assert parts.count("'") % 2 == 0
        assert "\n" not in literal
        assert "\\u0027" not in literal
