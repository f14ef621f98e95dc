"""How texts are compared, and that nothing anyone types can do harm."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.likeness import Bounds, Fit, Form, edits, form, index_words
from graph.search import MINIMUM
from graph.store.neo4j.search import asked_words
from graph.store.sqlite.fitting import fitting
from graph.store.sqlite.layout import SEARCHED
from graph.store.sqlite.texts import Texts

HOSTILE = st.one_of(
    st.text(max_size=200),
    st.lists(
        st.sampled_from(
            [
                '"',
                "'",
                "*",
                "NEAR",
                "AND",
                "OR",
                "NOT",
                "~2",
                "^4",
                ":",
                "(",
                ")",
                "\0",
                "-",
                "+",
                "%",
                "_",
                "{",
                "🚢",
                "\u202e",
                "شركة",
                "x" * 5_000,
            ]
        ),
        max_size=12,
    ).map(" ".join),
)

# Words of few letters, so that many are close to each other, or are two of them joined.
_NEAR = st.text("abc1", min_size=1, max_size=9)


def _score(wanted: Form, field: str, text: str) -> float:
    return Fit(wanted).of(field, form(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ACME Trading Co., Ltd.", ("acme", "trading", "co", "ltd")),
        ("Газпром", ("gazprom",)),
        ("Ñandú Œuvre", ("nandu", "oeuvre")),
        ("!?", ()),
        ("", ()),
    ],
)
def test_the_search_form(text: str, words: tuple[str, ...]) -> None:
    assert form(text) == (words, "".join(words))


@pytest.mark.parametrize(
    ("text", "better", "worse"),
    [
        ("acme trading", "Acme Trading Ltd", "Acme Holding Ltd"),
        ("acme trading", "Trading Acme", "Acme Treading"),
        ("acme ltd", "Acme GmbH", "Other Ltd"),
        ("blue sky", "Bluesky", "Blue Skin"),
        ("bluesky", "Blue Sky Trading", "Blues Trading"),
        ("acme tra", "Acme Trading", "Acme Holding"),
        ("acme tradign", "Acme Trading", "Acme Trains"),
    ],
)
def test_what_fits_better(text: str, better: str, worse: str) -> None:
    wanted = form(text)
    assert _score(wanted, "name", better) > _score(wanted, "name", worse)
    assert _score(wanted, "name", better) >= MINIMUM


@pytest.mark.parametrize(
    "name",
    [
        *("Müller Maschinenbau GmbH", "Газпром Нефть", "ООО Северный Ветер", "شركة النور للتجارة", "Blue Sky Ltd."),
        *("深圳市华强电子有限公司", "株式会社東京商事", "(주)한국무역"),
        *("บริษัท ไทย จำกัด", "भारत व्यापार लिमिटेड"),
    ],
)
def test_a_name_is_found_at_every_letter_that_is_typed(name: str) -> None:
    typed = [form(name[:at]) for at in range(3, len(name) + 1)]
    first, *_ = form(name).words
    # Of a legal form that stands before it, or a letter after that, nothing is known of the name yet.
    told = [one for one in typed if any(len(word) > 1 and word[:2] == first[:2] for word in one.words)]
    assert len(told) > 3 and all(_score(one, "name", name) >= MINIMUM for one in told)


def test_identifiers_fit_as_a_whole_or_by_their_beginning_and_are_never_misspelt() -> None:
    assert _score(form("DE 123-456"), "tax_id", "de123456") == 1.0
    assert MINIMUM < _score(form("DE1234"), "tax_id", "DE123456") < 1
    assert _score(form("DE123457"), "tax_id", "DE123456") == 0
    assert _score(form("DE1"), "tax_id", "DE123456") == 0


@given(HOSTILE, HOSTILE)
def test_a_score_is_a_share_whatever_is_compared(one: str, other: str) -> None:
    for field in ("name", "tax_id"):
        assert 0 <= _score(form(one), field, other) <= 1
    if form(one).words:
        assert _score(form(one), "name", one) == 1.0
    assert all(word.isalnum() and word.isascii() and word == word.lower() for word in index_words(one))


@given(HOSTILE)
def test_a_full_text_query_has_no_operator_that_was_typed(text: str) -> None:
    wanted = form(text)
    if wanted.words:
        plain = " ".join(word.query for word in asked_words(wanted)[0])
        for mark in "~*+() 0123456789":
            plain = plain.replace(mark, "")
        assert plain == "" or (plain.isascii() and plain.isalpha() and plain.islower())


@given(st.lists(_NEAR, min_size=1, max_size=4), st.lists(st.lists(_NEAR, min_size=1, max_size=4), min_size=1))
def test_no_text_of_a_thing_scores_more_than_its_bound(asked_for: list[str], texts: list[list[str]]) -> None:
    wanted = form(" ".join(asked_for))
    words = frozenset(word for text in texts for word in index_words(" ".join(text)))
    [bound] = Bounds(wanted).of([words])
    for text in texts:
        assert all(_score(wanted, field, " ".join(text)) <= bound for field in ("name", "tax_id"))


@given(st.lists(_NEAR, min_size=1, max_size=4), st.lists(st.lists(_NEAR, min_size=1, max_size=4), max_size=30))
def test_texts_come_by_score_and_none_is_left_out(asked_for: list[str], texts: list[list[str]]) -> None:
    wanted, said = form(" ".join(asked_for)), {" ".join(text) for text in texts}
    expected: dict[float, set[tuple[str, str]]] = {}
    for text in said:
        for field in ("name", "tax_id"):
            if (value := _score(wanted, field, text)) >= MINIMUM:
                expected.setdefault(value, set()).add((field, text))
    connection = sqlite3.connect(":memory:")
    for statement in SEARCHED:
        connection.execute(statement)
    Texts(connection).add(said)
    found = {
        one.score: {("name", text) for text in one.words} | {("tax_id", text) for text in one.identifiers}
        for one in fitting(connection, wanted)
    }
    connection.close()
    assert found == expected and list(found) == sorted(expected, reverse=True)


@pytest.mark.parametrize(("length", "allowed"), [(1, 0), (2, 0), (3, 1), (5, 1), (6, 2), (40, 2)])
def test_longer_words_may_have_more_edits(length: int, allowed: int) -> None:
    assert edits(length) == allowed


@given(st.lists(_NEAR, min_size=1, max_size=4), st.lists(st.lists(_NEAR, min_size=1, max_size=4), max_size=9))
def test_what_was_compared_before_changes_no_score(asked_for: list[str], texts: list[list[str]]) -> None:
    wanted, said = form(" ".join(asked_for)), [" ".join(text) for text in texts]
    fit = Fit(wanted)
    assert [fit.of("name", form(text)) for text in said] == [_score(wanted, "name", text) for text in said]
