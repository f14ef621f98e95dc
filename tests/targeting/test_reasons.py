"""Why a shipment has its score: the strongest contributions, and the words for them."""

import json
from collections.abc import Callable

import numpy as np
import pytest

from graph.snapshot import Long, Real, Snapshot
from targeting.declared import Vocabulary
from targeting.facts import shortened
from targeting.groups import Group, of_declared, of_network, of_profile
from targeting.inputs import Inputs, capped_days, read
from targeting.model import Model, components, on_top
from targeting.network import NAMES, Network, network
from targeting.profiles import Plan
from targeting.reasons import explain, strengths
from targeting.scoring import Scores
from targeting.words import Words, field_name
from tests.graph.networks import FIRST, Rows, day_number
from tests.targeting.conftest import Saved, World

LIMIT = 3


@pytest.fixture(scope="module")
def looked_at(world: World, saved: Saved, around: Network) -> tuple[Inputs, Real]:
    """What is read of some shipments without an outcome, and what the graph neural network says of them."""
    from gnn.model import predict

    declarations = world.snapshot.declarations
    rows = declarations.first
    rows = rows[~np.isin(declarations.shipment[rows], world.snapshot.outcomes.shipment)][::15]
    days = capped_days(world.snapshot, rows, int(around.cutoffs[-1]))
    inputs = read(around, saved.model.vocabulary, saved.model.plan, rows, days)
    return inputs, predict(saved.model.gnn, inputs.tokens)


def of_profiles(model: Model, inputs: Inputs) -> Real:
    """Return what the profiles add to their model; those below the rate of all shipments are no reason to examine."""
    own, low = model.profile.contributions(inputs.profile), ~(inputs.profile.values > 0)
    assert (low & (own > 0)).any() and (~low & (own > 0)).any()
    return np.where(low, np.minimum(own, 0.0), own)


def by_hand(model: Model, inputs: Inputs, gnn: Real) -> dict[Group, Real]:
    """Return the strength of every group: contributions to the score, those of models divided among their features."""
    said = components(model, inputs, gnn)
    top = on_top(said, inputs.network)
    added = model.score.contributions(top)
    found: dict[Group, Real] = {}

    def add(group: Group, value: Real) -> None:
        found[group] = found.get(group, np.zeros(len(added))) + value

    for at, name in enumerate(top.names):
        if name not in ("declared", "profile"):
            add(of_network(name), added[:, at])
    parts: tuple[tuple[str, Real, tuple[str, ...], Callable[[str], Group]], ...] = (
        ("declared", model.declared.contributions(inputs.declared), inputs.declared.names, of_declared),
        ("profile", of_profiles(model, inputs), inputs.profile.names, of_profile),
    )
    for name, own, features, group_of in parts:
        share = np.maximum(added[:, top.names.index(name)], 0.0)
        groups: dict[Group, Real] = {}
        for at, feature in enumerate(features):
            groups[group_of(feature)] = groups.get(group_of(feature), np.zeros(len(added))) + own[:, at]
        raising = {group: np.maximum(value, 0.0) for group, value in groups.items()}
        total = np.sum(list(raising.values()), axis=0)
        for group, value in raising.items():
            add(group, np.where(total > 0, share * value / np.where(total > 0, total, 1.0), 0.0))
    return found


def test_reasons_are_the_groups_that_raise_the_score_most(
    saved: Saved, around: Network, looked_at: tuple[Inputs, Real], monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs, gnn = looked_at
    monkeypatch.setattr(Words, "say", lambda _, group, places, best: [f"{group}" for _ in places])
    top = on_top(components(saved.model, inputs, gnn), inputs.network)
    places = np.arange(len(inputs.rows))
    told = explain(saved.model, around, inputs, top, gnn, places, LIMIT)
    expected = by_hand(saved.model, inputs, gnn)
    names = {str(group): group for group in expected}
    lengths = set()
    for place, said in zip(places, told, strict=True):
        strongest = sorted((float(value[place]) for value in expected.values()), reverse=True)[:LIMIT]
        positive = [value for value in strongest if value > 0]
        assert [float(expected[names[text]][place]) for text in said] == pytest.approx(positive, abs=1e-9)
        assert len(set(said)) == len(said) <= LIMIT
        lengths.add(len(said))
    assert LIMIT in lengths
    # All four kinds of models speak somewhere.
    spoken = {names[text].component for said in told for text in said}
    assert {"declared", "profile", "network"} <= spoken


def test_the_feature_that_leads_a_group_is_its_strongest(saved: Saved, looked_at: tuple[Inputs, Real]) -> None:
    inputs, gnn = looked_at
    top = on_top(components(saved.model, inputs, gnn), inputs.network)
    places = np.arange(len(inputs.rows))
    found = strengths(saved.model, inputs, top, places, LIMIT)
    own = of_profiles(saved.model, inputs)
    kinds = [of_profile(name) for name in inputs.profile.names]
    checked = 0
    for at, group in enumerate(found.groups):
        if group.component == "profile":
            members = [place for place, kind in enumerate(kinds) if kind == group]
            for row in np.flatnonzero(found.values[:, at] > 0):
                assert own[row, found.best[row, at]] == own[row, members].max() > 0
                checked += 1
    assert checked


def test_at_most_three_and_none_for_the_decided(scored: Scores, saved: Saved) -> None:
    decided = np.isnan(scored.score)
    assert decided.sum() == saved.model.metrics["rows"]
    assert {why for why, known in zip(scored.reasons, decided, strict=True) if known} == {()}
    given = [why for why, known in zip(scored.reasons, decided, strict=True) if not known]
    assert max(map(len, given)) == LIMIT and np.mean([len(why) for why in given]) > 2
    for why in given:
        for reason in why:
            assert reason.strip() == reason != "" and ";" not in reason
            assert "nan" not in reason.split() and "inf" not in reason.split()


def test_every_feature_has_a_group_with_words() -> None:
    assert {of_network(name).component for name in NAMES} == {"network", "linked"}
    assert of_network("phone_mates_infractions") == of_network("phone_traders") == Group("network", "phone")
    assert of_network("exporter_declarant_importers") != of_network("exporter_importers")
    assert of_declared("commodity_2") == of_declared("commodity") == Group("declared", "commodity")
    assert of_profile("profile:commodity_6 x importer x origin") == Group("profile", "importer")
    assert of_profile("profile:extra.lane x packages") == Group("profile", "extra.lane")


def test_values_are_shown_short_and_fields_by_name() -> None:
    assert shortened("é" * 60) == "é" * 60 and shortened("é" * 61) == "é" * 59 + "…"
    assert field_name("extra.tax_type") == "tax type" and field_name("net_mass_kg") == "net mass (kg)"


NAME = 's/株式会社; "三井" <b>'
VOCABULARY = Vocabulary(
    {"commodity_6": ("847130",), "extra.lane": ("red",), "origin": ("CN",)}, ("customs_value", "extra.lane", "quantity")
)
PLAN = Plan(
    (("exporter",), ("extra.lane",), ("customs_value",), ("customs_value", "exporter"), ("vessel",), ("extra.gone",))
)


def told_world() -> Snapshot:
    """Two importers share a telephone number and an exporter; the first was found guilty once in two shipments."""
    rows = Rows.new()
    for at in range(6):
        rows.declare(f"s/D{at}/1", 10 * at, "s/A", NAME, "s/F", phone="+49", address="1; Main", email=f"{at}@x")
        rows.rows["declaration"][-1] |= {"departure_country": "DE" if at == 1 else "CN"}
        rows.rows["declaration"][-1] |= {"customs_value": 1000.0 * (at + 1), "extra": json.dumps({"lane": "red"})}
    rows.find("s/D0/1", 12, "infraction")
    rows.find("s/D1/1", 15, "clean")
    rows.declare("s/N/1", 100, "s/B", NAME, None, phone="+49")
    rows.rows["declaration"][-1] |= {"customs_value": 123456.0, "extra": json.dumps({"lane": 2.5})}
    return rows.snapshot()


@pytest.fixture(scope="module")
def new() -> tuple[Words, Inputs, Long]:
    """The words for the new importer's shipment."""
    view = told_world()
    as_of = day_number(FIRST) + 101
    here = network(view, as_of, seed=1, resolution=1.0)
    rows = view.declarations.first
    keys = view.things["Shipment"].keys.to_pylist()
    inputs = read(here, VOCABULARY, PLAN, rows, capped_days(view, rows, as_of))
    place = np.array([keys.index("s/N/1")])
    # The model is needed for the graph neural network alone.
    return Words(None, here, inputs, np.zeros(len(rows))), inputs, place  # type: ignore[arg-type]


def say(new: tuple[Words, Inputs, Long], component: str, about: str, feature: str = "") -> str:
    words, inputs, place = new
    names = {"declared": inputs.declared.names, "profile": inputs.profile.names}.get(component, ())
    best = np.array([names.index(feature) if feature else 0])
    (text,) = words.say(Group(component, about), place, best)
    return text


SHOWN = NAME.replace(";", ",")


@pytest.mark.parametrize(
    ("about", "said"),
    [
        (
            "phone",
            "importer s/B shares the telephone number +49 with 1 other trader, 1 of them new, "
            "1 of 2 examined shipments were infractions",
        ),
        ("email", "no e-mail address of the importer declared"),
        ("importer", "importer s/B never seen before, 0 earlier shipments"),
        (
            "exporter",
            f"exporter {SHOWN} sells to 1 other importer, 1 of them new, 1 of 2 examined shipments were infractions",
        ),
        ("declarant", "no declarant declared"),
        ("importer and exporter", f"importer s/B with exporter {SHOWN}: 0 earlier shipments together"),
        ("importer and declarant", "no declarant declared"),
        ("owners", "importer s/B has 0 known owners and 0 traders of its own"),
    ],
)
def test_structure_is_said_with_its_counts(new: tuple[Words, Inputs, Long], about: str, said: str) -> None:
    assert say(new, "network", about) == said


def test_linked_risk_names_the_infraction_and_what_lies_between(new: tuple[Words, Inputs, Long]) -> None:
    text = say(new, "linked", "")
    assert text.startswith("linked risk 0.")
    assert "the strongest path from the infraction s/D0/1" in text
    assert SHOWN in text or "+49" in text


@pytest.mark.parametrize(
    ("feature", "said"),
    [
        ("profile:exporter", f"exporter {SHOWN}: 1 of 2 examined were infractions"),
        ("profile:customs_value", "value 65,536 to 131,072: none examined before"),
        ("profile:customs_value x exporter", f"exporter {SHOWN}, value 65,536 to 131,072: none examined before"),
        ("profile:extra.lane", "lane 2 to 4: none examined before"),
        ("profile:vessel", "vessel not declared: none examined before"),
        ("profile:extra.gone", "gone not declared: none examined before"),
    ],
)
def test_profiles_are_said_with_their_counts(new: tuple[Words, Inputs, Long], feature: str, said: str) -> None:
    assert say(new, "profile", "any", feature) == said


@pytest.mark.parametrize(
    ("feature", "said"),
    [
        ("customs_value", "value 123,456, high for its commodity"),
        ("quantity", "quantity not declared"),
        ("commodity_6", "commodity 847130"),
        ("origin", "origin CN"),
        ("containers", "0 containers"),
        ("departed_elsewhere", "country of departure or of origin not declared"),
    ],
)
def test_declared_data_is_said_with_its_value(new: tuple[Words, Inputs, Long], feature: str, said: str) -> None:
    assert say(new, "declared", "any", feature) == said


def test_where_the_goods_departed_is_said_beside_their_origin(new: tuple[Words, Inputs, Long]) -> None:
    words, inputs, _ = new
    at = np.full(2, inputs.declared.names.index("departed_elsewhere"))
    said = words.say(Group("declared", "any"), np.array([0, 1]), at)
    assert said == ["departed from the country of origin", "departed from another country than the origin"]


def test_an_attribute_that_is_a_text_here_and_a_number_there_is_said_as_what_it_is(
    new: tuple[Words, Inputs, Long],
) -> None:
    words, inputs, place = new
    at = [number for number, name in enumerate(inputs.declared.names) if name == "extra.lane"]
    assert len(at) == 2
    said = [
        words.say(Group("declared", "any"), where, np.array([at[kind]]))[0]
        for where, kind in ((place, 1), (place - place, 0))
    ]
    assert said == ["lane 2.5", "lane red"]
    profile = inputs.profile.names.index("profile:extra.lane")
    first = words.say(Group("profile", "any"), place - place, np.array([profile]))
    assert first == ["lane red: none examined before"]


def test_a_comparison_sees_earlier_shipments_only(new: tuple[Words, Inputs, Long]) -> None:
    """The sixth shipment has the highest value so far, though not the highest of all; the second has too few before."""
    words, inputs, _ = new
    keys = words._snapshot.things["Shipment"].keys.to_pylist()
    at = np.array([inputs.declared.names.index("customs_value")] * 2)
    places = np.array([keys.index("s/D5/1"), keys.index("s/D1/1")])
    assert words.say(Group("declared", "any"), places, at) == ["value 6,000, high for its commodity", "value 2,000"]


def test_the_graph_neural_network_names_what_moved_it(
    saved: Saved, around: Network, looked_at: tuple[Inputs, Real]
) -> None:
    inputs, gnn = looked_at
    places = np.arange(5)
    said = Words(saved.model, around, inputs, gnn).say(Group("gnn", ""), places, np.zeros(5, dtype=np.int64))
    for text, place in zip(said, places, strict=True):
        assert text.startswith(f"graph neural network {gnn[place]:.2f}, mostly for ")
        assert ">" not in text and "category:" not in text
