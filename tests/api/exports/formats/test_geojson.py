import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from api.exports.centroids import CENTROIDS
from api.exports.formats import geojson
from api.exports.portion import Edge, ListedPortion, Node
from graph.records import LinkRef, Ref
from tests.api.commands import HEADER, declaration, run, write
from tests.api.exports.portions import HEADING


def features(portion: ListedPortion, folder: Path) -> dict[str, Any]:
    [path] = geojson.write(portion, folder, HEADING)
    text = path.read_text(encoding="utf-8")
    assert "<" not in text
    read = json.loads(text)
    assert read["type"] == "FeatureCollection"
    assert all(feature["type"] == "Feature" for feature in read["features"])
    return {feature["id"]: feature for feature in read["features"]}


def stop(route: str, link: str, place: str, **fields: str) -> Edge:
    return Edge(LinkRef(Ref("Route", route), link, Ref("Place", place)), fields)


def test_a_route_is_a_line_through_its_countries_in_order(tmp_path: Path) -> None:
    refs = [Ref("Place", key) for key in ("AEJEA", "CNSHA", "GB1", "SGSIN", "XXZZZ")]
    routes = [Ref("Route", key) for key in ("</script>", "a", "b", "c")]
    edges = [
        stop("a", "ARRIVES_AT", "GB1"),
        stop("a", "CLEARED_AT", "GB1"),
        stop("a", "DEPARTS_FROM", "CNSHA"),
        stop("a", "VIA", "AEJEA", order="2.0"),
        stop("a", "VIA", "SGSIN", order="1.0"),
        stop("b", "ARRIVES_AT", "GB1"),
        stop("b", "DEPARTS_FROM", "XXZZZ"),
        stop("c", "DEPARTS_FROM", "XXZZZ"),
    ]
    found = features(ListedPortion([Node(ref) for ref in (*refs, *routes)], edges), tmp_path)
    assert len(found) == 4
    line = found["route:a"]
    assert line["geometry"]["type"] == "LineString"
    assert [tuple(point) for point in line["geometry"]["coordinates"]] == [
        CENTROIDS[code] for code in ("CN", "SG", "AE", "GB")
    ]
    assert line["properties"]["stops"] == ["CNSHA", "SGSIN", "AEJEA", "GB1"]
    assert line["properties"]["precision"] == "country"
    assert found["route:b"]["geometry"] == {"type": "Point", "coordinates": list(CENTROIDS["GB"])}
    assert found["route:b"]["properties"]["unplaced"] == ["XXZZZ"]
    assert found["route:c"]["geometry"] is None
    assert found["route:</script>"]["geometry"] is None


def test_routes_of_a_store_are_read_back(tmp_path: Path) -> None:
    store, output = tmp_path / "s.db", tmp_path / "out.zip"
    header = (*HEADER, "transit_places")
    rows = [declaration(1, departure_country="CN", transit_places="SGSIN;AEJEA", arrival_place="GBFXT")]
    path = write(tmp_path / "d.csv", rows, (*header, "departure_country", "arrival_place"))
    assert run("ingest", path, "--mapping", "native", store=store).status == 0
    words = ("--format", "geojson", "--recipient", "Y", "--purpose", "maps", "--expires", "2999-01-01")
    assert run("export", "--behind", "D1/1", *words, "--output", output, store=store).status == 0
    [drawn] = of_package(output)
    assert drawn["geometry"]["coordinates"] == [list(CENTROIDS[code]) for code in ("CN", "SG", "AE", "GB")]
    # Of the stops of a route that is asked for by itself, the set holds none.
    assert run("export", drawn["id"], *words, "--output", output, store=store).status == 0
    [alone] = of_package(output)
    assert (alone["id"], alone["geometry"]) == (drawn["id"], None)


def of_package(path: Path) -> Any:
    with ZipFile(path) as archive:
        return json.loads(archive.read("routes.geojson"))["features"]


def test_every_country_lies_on_the_globe() -> None:
    for code, (east, north) in CENTROIDS.items():
        assert len(code) == 2 and code.isupper()
        assert -180 <= east <= 180 and -60 <= north <= 80
