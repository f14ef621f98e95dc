import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ingest.forms import KINDS, PARTY_ROLES
from ingest.load import InputError
from ingest.mapping import built_in, load_mapping
from tests.ingest.loading import load_all

OWN = """
name = "border"
version = "3"
about = "a mapping of somebody else's file"
outcome_delay_days = 7
dates = "%d.%m.%Y"
decimal = ","
delimiter = ";"

[[file]]
kind = "declarations"
match = "goods*.csv"
required = ["Nr", "Pos", "Tag"]
numbers = ["extra.points"]

[file.columns]
shipment_id = ["Nr", "Pos"]
accepted_on = "Tag"
customs_value = "Wert"
hs_code = "Ware"
outcome = "Befund"
"extra.points" = "Punkte"
"extra.way" = "Weg"

[file.values.outcome]
ok = "clean"
nok = "infraction"

[file.constants]
currency = "EUR"
"extra.system" = "7"
"""


def own(tmp_path: Path, text: str = OWN) -> str:
    path = tmp_path / "border.toml"
    path.write_text(text)
    return str(path)


def test_the_built_in_mappings_are_in_order() -> None:
    assert built_in() == ["kcs", "native"]
    assert [load_mapping(name).name for name in built_in()] == built_in()


def test_native_fills_every_column_of_the_format() -> None:
    page = (Path(__file__).parents[2] / "docs" / "native-format.md").read_text()
    native = load_mapping("native")
    for file in native.files:
        for parts in file.columns.values():
            for column in parts:
                written = re.sub("^(exporter|declarant|carrier)_", "…_", column)
                assert f"`{column}`" in page or written != column, column
        for column in file.required:
            assert f"`{column}`" in page


def test_a_mapping_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "goods1.csv"
    path.write_text(
        "Nr;Pos;Tag;Wert;Ware;Befund;Punkte;Weg\n7;1;31.01.2024;1,5;847130;nok;-2,5;007\n7;2;01.02.2024;;;;;\n"
    )
    loaded = load_all(path, own(tmp_path))
    first, second = loaded.rows["declaration"]
    assert loaded.result.batch.source == "border"
    assert (first["shipment"], first["accepted_on"]) == ("border/7/1", date(2024, 1, 31))
    assert (first["customs_value"], first["currency"]) == (1.5, "EUR")
    assert first["extra"] == '{"points":-2.5,"system":"7","way":"007"}'
    assert second["extra"] == '{"system":"7"}'
    assert first["route"] is None
    (inspection,) = loaded.rows["inspection"]
    assert (inspection["outcome"], inspection["known_on"]) == ("infraction", date(2024, 2, 7))


def test_what_a_mapping_of_ones_own_refuses(tmp_path: Path) -> None:
    path = tmp_path / "goods1.csv"
    path.write_text(
        "Nr;Pos;Tag;Befund;Punkte\n7;1;2024-01-31;;\n7;2;30.02.2024;;\n7;3;01.02.2024;0;\n7;4;01.02.2024;;x\n"
    )
    loaded = load_all(path, own(tmp_path))
    assert [(refused.row, refused.rule, refused.column) for refused in loaded.quarantined] == [
        (2, "date that exists, from 1970 to 2099, as year-month-day", "Tag"),
        (3, "date that exists, from 1970 to 2099, as year-month-day", "Tag"),
        (4, "value table: one of ok, nok", "Befund"),
        (5, "finite number", "Punkte"),
    ]


def test_all_that_bears_on_the_result_is_in_the_version(tmp_path: Path) -> None:
    before = load_mapping(own(tmp_path)).version
    assert before.startswith("3-")
    assert load_mapping(own(tmp_path, OWN.replace("somebody else", "nobody"))).version == before
    assert load_mapping(own(tmp_path, OWN.replace("days = 7", "days = 8"))).version != before
    assert load_mapping(own(tmp_path, OWN.replace('nok = "infraction"', 'x = "infraction"'))).version != before


def test_an_unknown_mapping(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        load_mapping("kcz")
    assert str(raised.value) == (
        "There is no mapping 'kcz'; there are kcs and native, "
        "and a mapping of your own is given as a path that ends in .toml."
    )
    with pytest.raises(InputError, match="cannot be read"):
        load_mapping(str(tmp_path / "absent.toml"))


FAULTS: list[tuple[str, str, Any]] = [
    ('name = "border"', "name =", "not valid TOML"),
    ('name = "border"', 'name = "a/b"', "the name must not be empty nor hold spaces or /"),
    ('version = "3"', "version = 3", "'version' in the mapping must be a text in quotes"),
    ('version = "3"', "", "the mapping lacks 'version'"),
    ('version = "3"', 'version = "3"\ncolour = "red"', "unknown entry 'colour'"),
    ("outcome_delay_days = 7", "outcome_delay_days = -1", "must not be negative"),
    ("outcome_delay_days = 7", "outcome_delay_days = true", "must be a whole number"),
    ('"%d.%m.%Y"', '"%Y"', "dates must name day, month and year"),
    ('decimal = ","', 'decimal = "x"', "decimal must be"),
    ('delimiter = ";"', 'delimiter = "||"', "delimiter must be one ASCII sign"),
    ('kind = "declarations"', 'kind = "invoices"', "unknown kind 'invoices'"),
    ('match = "goods*.csv"', "", "lacks 'match'"),
    ('hs_code = "Ware"', 'tariff = "Ware"', "fills an unknown field 'tariff'"),
    ('hs_code = "Ware"', '"extra." = "Ware"', "fills an unknown field 'extra.'"),
    ('hs_code = "Ware"', "hs_code = 5", "columns.hs_code"),
    ('hs_code = "Ware"', "hs_code = []", "columns.hs_code"),
    ('"Tag"]', '"Tag", "Tax"]', "requires the column 'Tax', which fills no field"),
    ('"Pos", "Tag"]', '"Tag"]', "must fill shipment_id from a required column"),
    ('accepted_on = "Tag"', 'amended_on = "Tag"', "must fill accepted_on from a required column"),
    ('numbers = ["extra.points"]', 'numbers = ["customs_value"]', "is no extra in its columns"),
    ("[file.values.outcome]", "[file.values.selected_by]", "a table for a field that no column fills"),
    ("[file.values.outcome]", "[file.values.customs_value]", "holds no plain text"),
    ('ok = "clean"', 'ok = "fine"', "gives 'fine', which is not: one of clean, infraction"),
    ('ok = "clean"', "ok = 1", "must give a text in quotes"),
    ('ok = "clean"', '"" = "clean"', "blank says nothing"),
    ('currency = "EUR"', 'currency = "euro"', "constants.currency"),
    ('currency = "EUR"', 'hs_code = "847130"', "by a column and by a constant"),
    ('currency = "EUR"', "currency = 1", "must be a text in quotes"),
]


@pytest.mark.parametrize(("written", "instead", "said"), FAULTS)
def test_a_faulty_mapping(tmp_path: Path, written: str, instead: str, said: str) -> None:
    assert written in OWN
    with pytest.raises(InputError) as raised:
        load_mapping(own(tmp_path, OWN.replace(written, instead, 1)))
    assert said in str(raised.value)
    assert "border.toml" in str(raised.value)


def test_only_declarations_can_have_extras(tmp_path: Path) -> None:
    text = 'name = "x"\nversion = "1"\nabout = ""\noutcome_delay_days = 0\n[[file]]\nkind = "ownership"\nmatch = "*"\n'
    text += 'required = ["a", "b"]\nextra_prefix = "x."\n[file.columns]\nowner_id = "a"\nowned_id = "b"\n'
    with pytest.raises(InputError, match="cannot have extras"):
        load_mapping(own(tmp_path, text))
    with pytest.raises(InputError, match=re.escape("it has no [[file]]")):
        load_mapping(own(tmp_path, text.split("[[file]]")[0] + "file = []\n"))


def test_the_page_on_mappings_has_a_mapping_in_order_and_every_field(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "mappings.md").read_text()
    (example,) = re.findall("```toml\n(.*?)```", page, re.DOTALL)
    mapping = load_mapping(own(tmp_path, example))
    assert mapping.files[0].numbers == {"extra.risk_points"}
    for kind in KINDS.values():
        for field in kind.fields:
            role, _, part = field.partition("_")
            named = (f"`{role}_…`", f"`{part}`") if role in PARTY_ROLES else (f"`{field}`",)
            assert all(name in page for name in named), field
        for field in kind.always:
            assert f"`{field}` *" in page
