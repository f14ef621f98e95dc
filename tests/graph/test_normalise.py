import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from graph import normalise

COUNTRIES = st.sampled_from([None, "KR", "US", "DE", "RU", "NA"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ACME Trading Co., Ltd.", "acme trading company limited"),
        ("Nestlé S.A.", "NESTLE SA"),
        ("Łódź Spółka z o.o.", "lodz spolka z o o"),
        ("ООО «Ромашка»", "Ромашка ООО"),
        ("(주)한국무역", "한국무역 주식회사"),
        ("㈜한국무역", "주식회사 한국무역"),
        ("株式会社トヨタ", "トヨタ(株)"),
        ("شركة التجارة العربية", "شَرِكَة التجارة العربية"),
        ("O'Neill & Sons Inc", "ONeill, Sons Incorporated"),
        ("ＡＣＭＥ　ＬＬＣ", "Acme L.L.C."),
        ("Müller GmbH", "MULLER GMBH"),
        ("Straßenbau AG", "STRASSENBAU Aktiengesellschaft"),
    ],
)
def test_ways_to_write_one_name_are_one(one: str, other: str) -> None:
    assert normalise.name(one) == normalise.name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Acme GmbH", "Acme AG"),
        ("Acme 1", "Acme 2"),
        ("かき", "がき"),  # a voiced sound mark is a part of the letter
        ("ที่", "ทา"),
        ("한국", "일본"),
        ("🚢", "🚀"),
    ],
)
def test_different_names_stay_different(one: str, other: str) -> None:
    assert normalise.name(one) != normalise.name(other)


@pytest.mark.parametrize("text", ["한국무역", "الشركة", "Ромашка", "भारत व्यापार", "บริษัทไทย", "株式会社", "ქართული"])
def test_any_script_survives(text: str) -> None:
    assert normalise.name(text) == text.casefold()


@pytest.mark.parametrize(
    ("one", "other", "key"),
    [
        ("12 Main Street, Suite 4", "12 MAIN ST. Ste 4", "12 main st ste 4|US"),
        ("Hauptstraße 5", "Hauptstr. 5", "hauptstr 5|US"),
        ("5 Harbour Road", "5, Harbour Rd", "5 harbour rd|US"),
        ("ул. Ленина, д. 5", "улица Ленина дом 5", "ul ленина д 5|US"),
        ("P.O. Box 7", "PO BOX 7", "po box 7|US"),
    ],
)
def test_ways_to_write_one_address_are_one(one: str, other: str, key: str) -> None:
    assert normalise.address(one, "US") == key
    assert normalise.address(other, "US") == key


def test_an_address_belongs_to_its_country() -> None:
    assert normalise.address("1 Main St", "US") == "1 main st|US"
    assert normalise.address("1 Main St", None) == "1 main st"


@pytest.mark.parametrize(
    ("text", "country", "key"),
    [
        ("02-2110-4000", "KR", "+82221104000"),
        ("+82 2 2110 4000", None, "+82221104000"),
        ("+82 2 2110 4000", "US", "+82221104000"),
        ("0082 2 2110 4000", None, "+82221104000"),
        ("(650) 253-0000", "US", "+16502530000"),
        ("(650) 253-0000", None, "6502530000"),
        ("٦٥٠ ٢٥٣", None, "650253"),
        ("12", "KR", "12"),
        ("ask Kim", "KR", "ask kim"),
        ("02-2110-4000", "ZZ", "0221104000"),
    ],
)
def test_telephone(text: str, country: str | None, key: str) -> None:
    assert normalise.telephone(text, country) == key


def test_email() -> None:
    assert normalise.email(" Info@Acme.Example ") == "info@acme.example"


def test_an_unidentified_party_has_its_name_and_country_as_key() -> None:
    assert normalise.unidentified_party("Acme, Ltd.", "NA") == "name:acme ltd|NA"
    assert normalise.unidentified_party("Acme, Ltd.", None) == "name:acme ltd"


@given(st.text())
@example("ooo A b")
@example("a ltd b")
@example("İ")
@example("ﷺ sa sa 주식회사(주)")
@example("sp. z o. o. street strasse")
def test_a_key_is_its_own_key(text: str) -> None:
    for key in (normalise.name, normalise.email, lambda text: normalise.address(text, None)):
        assert key(key(text)) == key(text)
        assert bool(key(text)) == bool(text)


@given(st.text(alphabet="+0123456789 ()-/extA٣.;=#*", max_size=25), COUNTRIES)
def test_a_telephone_key_is_its_own_key(text: str, country: str | None) -> None:
    key = normalise.telephone(text, country)
    assert normalise.telephone(key, country) == key
    assert bool(key) == bool(text)


@given(st.text(min_size=1), COUNTRIES)
def test_no_key_is_empty(text: str, country: str | None) -> None:
    assert normalise.telephone(text, country)
    assert normalise.address(text, country)
    assert normalise.unidentified_party(text, country) != "name:"
