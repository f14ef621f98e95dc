import json
import shutil
import stat
import zipfile
from pathlib import Path

import networkx as nx
import pytest

from api.exports import package
from api.exports.formats import FORMATS
from tests.api.commands import HANGUL, HEADER, declaration, run, write

TERMS = ("--recipient", "Customs of Y", "--purpose", "case 7", "--expires", "2999-01-01")
ALL = tuple(word for name in FORMATS for word in ("--format", name))


@pytest.fixture
def store(loaded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(loaded, tmp_path / "small.db"))


def member(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(name)


def test_things_go_out_with_the_links_between_them(store: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.zip"
    made = run("export", "I1", "--around", "5", *TERMS, "--output", output, "--json", store=store)
    assert made.status == 0
    manifest = json.loads(member(output, "manifest.json"))
    assert manifest == made.json["manifest"]
    # The trader, its address and four of its ten shipments; the other six and all else of the shipments is cut.
    assert manifest["counts"] == {"things": 6, "links": 5}
    [links, _] = manifest["left_out"]
    assert links["counts"]["IMPORTED_BY"] == 6
    assert links["counts"]["AT_ADDRESS"] == 3
    assert (manifest["recipient"], manifest["purpose"], manifest["tlp"]) == ("Customs of Y", "case 7", "TLP:AMBER")
    (tmp_path / "graph.graphml").write_bytes(member(output, "graph.graphml"))
    graph = nx.read_graphml(tmp_path / "graph.graphml", force_multigraph=True)
    assert (len(graph), graph.number_of_edges()) == (6, 5)
    kinds = {str(values["type"]) for _, _, values in graph.edges(data=True)}
    assert kinds == {"IMPORTED_BY", "AT_ADDRESS"}


def test_what_is_around_a_thing_is_narrowed_as_expand_narrows_it(store: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.zip"
    narrow = ("--link", "IMPORTED_BY", "--direction", "in", "--to", "shipment", "--order", "riskiest")
    period = ("--since", "2024-01-01", "--until", "2024-01-20", "--exclude", "D0/1")
    words = ("I1", "--around", "100", *narrow, *period)
    made = run("export", *words, *TERMS, "--output", output, "--json", store=store)
    assert made.status == 0
    # Every fourth declaration is by this importer, one a day: the 5th, 9th, 13th and 17th, without that of the first.
    assert made.json["manifest"]["counts"] == {"things": 5, "links": 4}
    told = made.json["manifest"]["query"]
    for word in ("IMPORTED_BY", "arrive at", "Shipment", "riskiest", "2024-01-20", "without shipment:native/D0/1"):
        assert word in told
    expanded = run("expand", *(word if word != "--around" else "--limit" for word in words), "--json", store=store).json
    rows = member(output, "nodes.csv").decode()
    assert all(one["thing"] in rows for one in expanded["things"])


def test_the_things_on_paths_go_out(store: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.zip"
    words = ("export", "--path", "I1", "I2", "--paths", "1", "--output", output, "--json", *TERMS)
    made = run(*words, store=store)
    assert made.status == 0
    # Both importers are at one address, and that is all that the most telling path leads over.
    assert made.json["manifest"]["counts"] == {"things": 3, "links": 2}
    assert "path of at most 4 links from trader:native/I1 to trader:native/I2" in made.json["manifest"]["query"]
    veiled = run(*words, "--non-nominal", store=store).json["manifest"]
    assert "native/I1" not in veiled["query"]
    assert veiled["counts"] == made.json["manifest"]["counts"]
    none = run(*words, "--link", "VIA", store=store)
    assert none.status == 1 and "no path of at most 4 links" in none.err
    direct = run(*words, "--hops", "1", store=store)
    assert direct.status == 1 and "no path of one link between" in direct.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("I1", "--order", "riskiest"), "--order says nothing without --around"),
        (("I1", "--hops", "3"), "--hops says nothing without --path"),
        (("I1", "--link", "VIA"), "--link says nothing without --around or --path"),
        (("I1", "--around", "5", "--order", "best"), "'best' is no order"),
        (("I1", "--around", "0"), "1 to 1,000"),
        (("--around", "5"), "name the things"),
        (("--path", "I1", "I2", "--hops", "9"), "1 to 6 links of a path, not 9"),
        (("--behind", "trader:I1"), "no shipment"),
        ((), "Say what to hand over"),
    ],
)
def test_what_cannot_be_asked_is_refused(store: Path, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    output = tmp_path / "out.zip"
    ran = run("export", "write", *words, *TERMS, "--output", output, store=store)
    assert ran.status == 2
    assert said in " ".join(ran.err.split())
    assert not output.exists()


def test_a_package_is_verified_and_a_changed_one_is_not(store: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.zip"
    assert run("export", "I1", *TERMS, "--output", output, store=store).status == 0
    key = tmp_path / "sender.pub"
    key.write_text(run("export", "key", store=store).out)
    assert run("export", "verify", output, "--key", key).status == 0
    with zipfile.ZipFile(output) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    for change, fault in (
        ({"nodes.csv": b"changed"}, "nodes.csv is not as it was signed"),
        ({"more.txt": b""}, "more.txt is not in the manifest"),
        ({"manifest.json": files["manifest.json"].replace(b"case 7", b"case 8")}, "the signature is not that"),
    ):
        changed = tmp_path / "changed.zip"
        with zipfile.ZipFile(changed, "w") as archive:
            for name, content in {**files, **change}.items():
                archive.writestr(name, content)
        ran = run("export", "verify", changed)
        assert ran.status == 1
        assert fault in ran.err
    other = tmp_path / "other.db"
    shutil.copy(store, other)
    key.write_text(run("export", "key", store=other).out)
    ran = run("export", "verify", output, "--key", key)
    assert ran.status == 1 and "signed with another key" in ran.err
    output.write_bytes(output.read_bytes()[:-100])
    assert run("export", "verify", output).status == 1


def test_a_package_that_is_made_to_swell_is_not_unpacked(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out.zip"
    assert run("export", "I1", *TERMS, "--format", "csv", "--output", output, store=store).status == 0
    with zipfile.ZipFile(output) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    swollen = tmp_path / "swollen.zip"
    with zipfile.ZipFile(swollen, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**files, "nodes.csv": bytes(50 << 20)}.items():
            archive.writestr(name, content)
    unpacked = 0
    read = zipfile.ZipExtFile.read

    def counted(file: zipfile.ZipExtFile, size: int | None = -1) -> bytes:
        nonlocal unpacked
        piece = read(file, size)
        unpacked += len(piece)
        return piece

    monkeypatch.setattr(zipfile.ZipExtFile, "read", counted)
    ran = run("export", "verify", swollen)
    assert ran.status == 1 and "nodes.csv is not as it was signed" in ran.err
    assert unpacked < 2 << 20
    # So may a manifest lie that whoever made it has signed.
    monkeypatch.setattr(package, "_LARGEST_UNPACKED", 100)
    ran = run("export", "verify", output)
    assert ran.status == 1 and "too large" in ran.err


def test_the_keys_and_the_register_are_for_their_owner_alone(store: Path, tmp_path: Path) -> None:
    assert run("export", "I1", "--non-nominal", *TERMS, "--output", tmp_path / "o.zip", store=store).status == 0
    folder = Path(f"{store}.handovers")
    for name in ("signing.key", "pseudonyms.key", "register.db"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    (folder / "signing.key").chmod(0o644)
    ran = run("export", "I1", *TERMS, "--output", tmp_path / "p.zip", store=store)
    assert ran.status == 1 and "chmod 600" in ran.err
    assert not (tmp_path / "p.zip").exists()


def test_without_names_no_file_holds_one(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    rows = [
        declaration(
            number,
            "I4",
            importer_id="Q777001",
            importer_name=HANGUL if number else "Zanzibar Pepper GmbH",
            importer_address="7 Nightingale Mews",
            exporter_name="Quokka Exports",
            goods_description="spices for ZANZIBAR PEPPER gmbh, mail pepper@example.com",
        )
        for number in range(2)
    ]
    path = write(tmp_path / "d.csv", rows, (*HEADER, "goods_description"))
    assert run("ingest", path, "--mapping", "native", store=store).status == 0
    first, second = tmp_path / "1.zip", tmp_path / "2.zip"
    words = ("export", "Q777001", "D0/1", "--around", "50", "--non-nominal", *ALL, *TERMS)
    assert run(*words, "--output", first, store=store).status == 0
    assert run(*words, "--output", second, store=store).status == 0
    with zipfile.ZipFile(first) as archive:
        for name in archive.namelist():
            content = archive.read(name).decode("utf-16" if name.endswith(".anx") else "utf-8", errors="ignore")
            for original in ("q777001", "zanzibar", "pepper", "nightingale", "quokka", "@example", HANGUL[:4]):
                assert original not in content.casefold(), (name, original)
    # The same thing has the same pseudonym every time.
    assert member(first, "nodes.csv") == member(second, "nodes.csv")
    assert "Trader " in member(first, "nodes.csv").decode()


def test_the_register_tells_what_went_to_whom_and_what_has_changed_since(tmp_path: Path) -> None:
    store = tmp_path / "s.db"
    one = run("ingest", write(tmp_path / "1.csv", [declaration(1)]), "--mapping", "native", "--json", store=store).json
    two = run("ingest", write(tmp_path / "2.csv", [declaration(2, "I2")]), "--mapping", "native", "--json", store=store)
    for thing, recipient in (("D1/1", "Agency A"), ("D2/1", "Agency B")):
        words = ("export", thing, *TERMS, "--recipient", recipient, "--output", tmp_path / f"{recipient}.zip")
        assert run(*words, store=store).status == 0
    assert [line["recipient"] for line in run("export", "list", "--json", store=store).json] == ["Agency B", "Agency A"]
    for name in ("D1/1", "shipment:D1/1", "shipment:native/D1/1"):
        [found] = run("export", "list", "--thing", name, "--json", store=store).json
        assert found["recipient"] == "Agency A"
    [found] = run("export", "list", "--recipient", "agency b", "--json", store=store).json
    assert found["recipient"] == "Agency B"
    assert run("export", "stale", "--json", store=store).json == []
    amended = write(tmp_path / "3.csv", [declaration(2, "I2", accepted_on="2024-12-01", customs_value=9)])
    assert run("ingest", amended, "--mapping", "native", store=store).status == 0
    assert run("batches", "remove", one["batch"], store=store).status == 0
    stale = {one["recipient"]: one for one in run("export", "stale", "--json", store=store).json}
    assert stale["Agency A"]["gone"] == ["shipment:native/D1/1"]
    assert stale["Agency B"]["changed"] == ["shipment:native/D2/1"]
    # What is gone is found by its complete reference all the same.
    assert run("export", "list", "--thing", "shipment:native/D1/1", "--json", store=store).json != []
    assert two.status == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["I1", "--expires", "2001-01-01"], "is over"),
        (["I1", "--expires", "soon"], "'soon' is not a day"),
        (["I1", "--tlp", "white"], "no label"),
        (["I1", "--format", "xls"], "no format"),
        (["I1", "--recipient", " "], "must not be empty"),
        (["I1", "--purpose", ""], "must not be empty"),
        (["I1", "--around", "5", "--link", "FOO"], "no link type 'FOO'"),
        (["I1", "--around", "5", "--to", "foo"], "no type 'foo'"),
        ([], "Say what to hand over"),
        (["--community", "c1"], "Nothing is known as 'c1'"),
        (["--community", "I1"], "belongs to no community of the published set"),
        (["nobody"], "Nothing is known"),
        (["--behind", "I1"], "no shipment"),
    ],
)
def test_what_cannot_be_handed_over_is_said(store: Path, tmp_path: Path, words: list[str], said: str) -> None:
    output = tmp_path / "out.zip"
    ran = run("export", "write", *TERMS, "--output", output, *words, store=store)
    assert ran.status == 2
    assert said in ran.err
    assert not list(tmp_path.glob("*.zip*"))


def test_a_failed_export_leaves_the_older_file_and_no_line(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out.zip"
    output.write_text("older")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(package, "as_bytes", full)
    ran = run("export", "I1", *TERMS, "--output", output, store=store)
    assert ran.status == 1 and "disk is full" in ran.err
    assert output.read_text() == "older"
    assert [path.name for path in tmp_path.glob("*out*")] == ["out.zip"]
    assert run("export", "list", "--json", store=store).json == []
