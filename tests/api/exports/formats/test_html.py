"""The file as text: one policy, one page, and the same for the same portion."""

import hashlib
import html
import json
import re
from base64 import b64encode
from pathlib import Path

import pytest
from pyvis.network import Network

from api.exports.formats.html import MOST_LINKS, MOST_THINGS, TooMuchToDrawError, write
from api.exports.portion import Edge, ListedPortion, Node
from api.exports.view import library
from api.exports.view.drawing import EDGE_KEYS, NODE_KEYS, draw
from graph.records import LinkRef, Ref
from tests.api.exports.view.portions import HEADING, HOSTILE, hostile, hostile_heading, many, several


def written(portion: ListedPortion, folder: Path) -> str:
    [path] = write(portion, folder, HEADING)
    assert [path] == list(folder.iterdir())
    return path.read_text(encoding="utf-8")


def test_the_same_portion_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    assert written(many(300), tmp_path / "one") == written(many(300), tmp_path / "other")


def test_the_policy_lets_nothing_run_but_the_two_scripts_in_the_page(tmp_path: Path) -> None:
    text = written(several(), tmp_path)
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    [style] = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)

    def named(content: str) -> str:
        return f"'sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"

    assert len(scripts) == 2
    assert html.unescape(policy).split("; ") == [
        "default-src 'none'",
        f"script-src {' '.join(map(named, scripts))}",
        f"style-src {named(style)}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    assert "unsafe" not in policy
    assert text.index("Content-Security-Policy") < text.index("<style>") < text.index("<script")


def test_hostile_text_opens_no_tag_in_the_source(tmp_path: Path) -> None:
    for at, text in enumerate(HOSTILE):
        folder = tmp_path / str(at)
        folder.mkdir()
        [path] = write(hostile(), folder, hostile_heading(text))
        page = path.read_text(encoding="utf-8")
        for tag in ("<script>alert", "<img", "<a ", "<!-- <script", "javascript:alert(4)'>"):
            assert tag not in page
        assert page.count("</script>") == 3
        [data] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
        assert not set("<>&\u2028\u2029") & set(data)
        labels = {node["label"] for node in json.loads(data)["nodes"]}
        assert len(labels) == len(HOSTILE)


def test_only_known_keys_reach_the_picture() -> None:
    portion = hostile()
    drawing = draw(list(portion.nodes()), list(portion.edges()), HEADING)
    assert {key for node in drawing.nodes for key in node} == set(NODE_KEYS)
    assert {key for edge in drawing.edges for key in edge} <= set(EDGE_KEYS)
    assert {node["shape"] for node in drawing.nodes} == {"custom"}
    assert drawing.options["physics"] == {"enabled": False}


def test_what_is_known_of_a_thing_is_drawn() -> None:
    portion = several()
    nodes, edges = list(portion.nodes()), list(portion.edges())
    drawing = draw(nodes, edges, HEADING)
    drawn = {nodes[node["id"]].ref: node for node in drawing.nodes}
    traders = [drawn[Ref("Trader", f"native/{at}")] for at in range(1, 6)]
    assert [trader["step"] for trader in traders] == [5, 1, 3, 0, 0]
    assert [trader["listed"] for trader in traders] == [False, False, False, True, False]
    assert [trader["assessed"] for trader in traders] == [False, False, False, False, True]
    assert drawn[Ref("ListEntry", "un/9")]["listed"]
    of_link = {edge.link: found for edge, found in zip(edges, drawing.edges, strict=True)}
    owner, owned = Ref("Trader", "native/1"), Ref("Trader", "native/2")
    assert of_link[LinkRef(owned, "SAME_AS", owner)]["dashes"] is True
    assert "dashes" not in of_link[LinkRef(owned, "OWNED_BY", owner)]
    assert of_link[LinkRef(owned, "OWNED_BY", owner)]["width"] == 3
    assert of_link[LinkRef(owner, "OWNED_BY", owned)]["width"] == 1


def test_parallel_links_bend_apart() -> None:
    portion = several()
    edges = list(portion.edges())
    drawing = draw(list(portion.nodes()), edges, HEADING)
    pair = {Ref("Trader", "native/1"), Ref("Trader", "native/2")}
    bends = []
    for edge, drawn in zip(edges, drawing.edges, strict=True):
        if {edge.link.start, edge.link.end} == pair:
            smooth = drawn.get("smooth", {"type": "curvedCW", "roundness": 0.0})
            side = 1 if smooth["type"] == "curvedCW" else -1
            bends.append(side * smooth["roundness"] * (1 if drawn["from"] < drawn["to"] else -1))
        else:
            assert "smooth" not in drawn
    assert len(set(bends)) == len(bends) == 3


def test_arrows_are_left_out_where_there_are_very_many_lines() -> None:
    nodes = [Node(Ref("Trader", f"{at:03}")) for at in range(100)]
    links = [Edge(LinkRef(one.ref, "SAME_AS", other.ref)) for one in nodes for other in nodes if one.ref < other.ref]
    assert draw(nodes, links[:3000], HEADING).options["edges"]["arrows"]["to"]["enabled"] is True
    found = draw(nodes, links, HEADING)
    assert found.options["edges"]["arrows"]["to"]["enabled"] is False
    assert not found.arrows


@pytest.mark.parametrize(("things", "links"), [(MOST_THINGS + 1, 0), (200, MOST_LINKS + 1)])
def test_more_than_can_be_shown_is_refused(tmp_path: Path, things: int, links: int) -> None:
    nodes = [Node(Ref("Trader", f"{at:05}")) for at in range(things)]
    ends = [(one.ref, other.ref) for one in nodes[:200] for other in nodes[:200]][:links]
    portion = ListedPortion(nodes, [Edge(LinkRef(one, "SAME_AS", other)) for one, other in ends])
    with pytest.raises(TooMuchToDrawError, match=r"at most [\d,]+: narrow it by community, link types, period"):
        write(portion, tmp_path, HEADING)
    assert not list(tmp_path.iterdir())


def test_nothing_at_all_is_a_page_too(tmp_path: Path) -> None:
    assert "0 of 0 things" in written(ListedPortion([], []), tmp_path)


def test_the_script_is_the_one_its_makers_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = library.vis_network()
    assert script.startswith("/**\n * vis-network\n")
    assert "The Apache 2.0 License" in script[:1000]
    assert "sourceMappingURL" not in script
    monkeypatch.setattr(library, "SHA256", "0" * 64)
    with pytest.raises(library.LibraryError, match=r"install pyvis 0\.3\.2 anew"):
        library.vis_network()
    monkeypatch.setattr(library, "VERSION", "8.0.0")
    with pytest.raises(library.LibraryError, match=r"brings no vis-network 8\.0\.0"):
        library.vis_network()


def test_the_page_of_pyvis_is_never_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("generate_html", "write_html", "save_graph", "show"):
        monkeypatch.delattr(Network, name)
    assert "cdn" not in written(several(), tmp_path).partition("<script>")[0]
