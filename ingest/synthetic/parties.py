"""The parties of the synthetic world: who they are as numbers, and, once all are known, as names and addresses.

Where two parties share an address, a telephone or an e-mail, one refers to the other's: the text is made once per
owner, so a link between two parties is an equal number until the very end.
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ingest.synthetic import lettering
from ingest.synthetic.columns import Columns, Filled
from ingest.synthetic.facts import HOME, Facts, plain, words
from ingest.synthetic.identifiers import unique_numbers
from ingest.synthetic.period import NEVER

OWN = -2
"""A reference to the party's own address, telephone or e-mail."""
UNKNOWN = -1
"""A reference where the party never states one."""
PREMISES = 2**40
"""References from here on are to premises that belong to no party: business centres, accountants, agents."""


@dataclass
class Parties(Columns):
    """Traders, forwarders or carriers, one row each.

    `registered_at` is the address in the business register where it is another than the one declared.
    """

    country: NDArray[np.int16] = field(default_factory=Filled(np.int16, 0))
    sector: NDArray[np.int16] = field(default_factory=Filled(np.int16, -1))
    address_of: NDArray[np.int64] = field(default_factory=Filled(np.int64, OWN))
    phone_of: NDArray[np.int64] = field(default_factory=Filled(np.int64, OWN))
    email_of: NDArray[np.int64] = field(default_factory=Filled(np.int64, OWN))
    registered_at: NDArray[np.int64] = field(default_factory=Filled(np.int64, OWN))
    spelling: NDArray[np.int8] = field(default_factory=Filled(np.int8, 0))
    registered: NDArray[np.int32] = field(default_factory=Filled(np.int32, 0))
    weight: NDArray[np.float64] = field(default_factory=Filled(np.float64, 0.0))
    identified: NDArray[np.bool_] = field(default_factory=Filled(np.bool_, True))


@dataclass
class Importers(Parties):
    """The home country's importers, with what steers their trade and what they have to hide.

    `born` and `ended` bound the time in which they trade. `careless` is the leaning towards ordinary infractions;
    `clean` importers commit none. Who `winds_up` stops after the first infraction that is found, and comes back as the
    `successor`; whoever has a day on which to be `caught_on` is, with the first infraction from then on.
    """

    rate: NDArray[np.float64] = field(default_factory=Filled(np.float64, 0.0))
    born: NDArray[np.int32] = field(default_factory=Filled(np.int32, -NEVER))
    ended: NDArray[np.int32] = field(default_factory=Filled(np.int32, NEVER))
    broker: NDArray[np.int32] = field(default_factory=Filled(np.int32, -1))
    office_taste: NDArray[np.float32] = field(default_factory=Filled(np.float32, 0.5))
    aeo: NDArray[np.int8] = field(default_factory=Filled(np.int8, 0))
    careless: NDArray[np.float32] = field(default_factory=Filled(np.float32, 0.0))
    clean: NDArray[np.bool_] = field(default_factory=Filled(np.bool_, False))
    established: NDArray[np.bool_] = field(default_factory=Filled(np.bool_, False))
    group: NDArray[np.int32] = field(default_factory=Filled(np.int32, -1))
    ring: NDArray[np.int32] = field(default_factory=Filled(np.int32, -1))
    winds_up: NDArray[np.bool_] = field(default_factory=Filled(np.bool_, False))
    successor: NDArray[np.int32] = field(default_factory=Filled(np.int32, -1))
    caught_on: NDArray[np.int32] = field(default_factory=Filled(np.int32, NEVER))


@dataclass(frozen=True)
class PartyText:
    """What is written of parties, as CSV fields in their order."""

    ids: pa.Array
    names: pa.Array
    addresses: pa.Array
    registered: pa.Array
    countries: pa.Array
    emails: pa.Array
    phones: pa.Array
    tax_ids: pa.Array


def resolve(references: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return row numbers for references: own, another party's, or, after the parties, premises; -1 for unknown.

    A reference may lead to a party that itself refers on; such chains are followed to their end.
    """
    own = np.arange(count)
    target = np.where(references == OWN, own, references)
    while True:
        onward = (target >= 0) & (target < PREMISES)
        further = target.copy()
        further[onward] = np.where(references[target[onward]] == OWN, target[onward], references[target[onward]])
        if (further == target).all():
            break
        target = further
    return np.where(target >= PREMISES, target - PREMISES + count, target)


def _pick(rng: np.random.Generator, sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    return (rng.random(len(sizes)) * sizes).astype(np.int64)


def _by_country(facts: Facts, name: str) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    lists = [getattr(country, name) for country in facts.countries]
    sizes = np.array([len(entries) for entries in lists])
    return [entry for entries in lists for entry in entries], np.cumsum(sizes) - sizes, sizes


def _choose(
    rng: np.random.Generator, facts: Facts, name: str, country: NDArray[np.int64]
) -> tuple[list[str], NDArray[np.int64]]:
    entries, first, sizes = _by_country(facts, name)
    return entries, first[country] + _pick(rng, sizes[country])


def write_addresses(rng: np.random.Generator, facts: Facts, country: NDArray[np.int64]) -> pa.Array:
    """Return an invented postal address in each of the countries."""
    return lettering.join(
        lettering.fill(rng, *_choose(rng, facts, "streets", country)),
        ", ",
        lettering.fill(rng, *_choose(rng, facts, "cities", country)),
    )


def _names(
    rng: np.random.Generator, facts: Facts, parties: Parties, country: NDArray[np.int64], nouns_for_all: tuple[str, ...]
) -> tuple[pa.Array, pa.Array]:
    """Return the firms' names, and the same as they stand in a domain name."""
    count = len(country)
    stems, stem = _choose(rng, facts, "stems", country)
    other = _choose(rng, facts, "stems", country)[1]
    forms, form = _choose(rng, facts, "forms", country)
    if nouns_for_all:
        nouns = list(nouns_for_all)
        noun = rng.integers(0, len(nouns), count)
    else:
        general = words("general_noun")
        by_sector = [sector.nouns for sector in facts.sectors]
        sizes = np.array([len(entries) for entries in by_sector])
        nouns = [*general, *(entry for entries in by_sector for entry in entries)]
        first = len(general) + np.cumsum(sizes) - sizes
        sector = np.maximum(parties.sector.astype(np.int64), 0)
        noun = np.where(
            (rng.random(count) < 0.55) & (parties.sector >= 0),
            first[sector] + _pick(rng, sizes[sector]),
            rng.integers(0, len(general), count),
        )
    # Two thirds carry one stem, the rest two, as partners do.
    style = rng.random(count)
    link = np.select([style < 0.66, style < 0.84], [0, 1], 2)
    second = np.where(link == 0, len(stems), other)
    stem_text, noun_text = pa.array([*stems, ""]), pa.array(nouns)
    name = lettering.join(
        stem_text.take(pa.array(stem)),
        pa.array(["", " & ", " "]).take(pa.array(link)),
        stem_text.take(pa.array(second)),
        " ",
        noun_text.take(pa.array(noun)),
        " ",
        pa.array(forms).take(pa.array(form)),
    )
    plain_stems = pa.array([plain(entry) for entry in stem_text.to_pylist()])
    slug = lettering.join(
        plain_stems.take(pa.array(stem)),
        plain_stems.take(pa.array(second)),
        pa.array([plain(entry) for entry in nouns]).take(pa.array(noun)),
    )
    return name, slug


def _respell(text: pa.Array, spelling: NDArray[np.int8]) -> pa.Array:
    """Write some of the texts the way other clerks do: in capitals, or with street words cut short."""
    short = text
    for word, cut in (("Road", "Rd."), ("Street", "St."), ("Avenue", "Ave")):
        short = pc.replace_substring(short, word, cut)
    text = pc.if_else(pa.array(spelling == 1), pc.utf8_upper(text), text)
    return pc.if_else(pa.array(spelling == 2), short, text)


def write_parties(
    rng: np.random.Generator,
    facts: Facts,
    parties: Parties,
    ids: pa.Array,
    *,
    premises: int = 0,
    nouns: tuple[str, ...] = (),
) -> PartyText:
    """Write names, addresses and contacts of parties.

    Args:
        rng: The source of randomness.
        facts: The tables of facts.
        parties: The parties; sharing is by reference.
        ids: Their identifiers.
        premises: How many premises they may refer to; all lie in the home country.
        nouns: The words of which one ends each name; by default words of the party's sector.

    Returns:
        The texts as CSV fields.
    """
    count = len(parties)
    country = parties.country.astype(np.int64)
    owners = np.concatenate([country, np.full(premises, facts.country(HOME))])
    name, slug = _names(rng, facts, parties, country, nouns)
    slugs = pa.concat_arrays([slug, lettering.join("office", lettering.number_text(np.arange(premises) + 1))])
    first_names, last_names = words("first_name"), words("last_name")
    email = lettering.join(
        pa.array(first_names).take(pa.array(rng.integers(0, len(first_names), len(owners)))),
        ".",
        pa.array(last_names).take(pa.array(rng.integers(0, len(last_names), len(owners)))),
        "@",
        slugs,
        ".example",
    )
    phone = lettering.fill(rng, *_choose(rng, facts, "phones", owners))
    address = write_addresses(rng, facts, owners)
    codes = pa.array([entry.code for entry in facts.countries])

    def taken(text: pa.Array, rows: NDArray[np.int64]) -> pa.Array:
        return text.take(pa.array(rows, mask=rows < 0))

    phones = taken(phone, resolve(parties.phone_of, count))
    declared = resolve(parties.address_of, count)
    at = parties.registered_at
    registered = np.where(at >= PREMISES, at - PREMISES + count, declared[np.clip(at, 0, count - 1)])
    registered[at == OWN] = declared[at == OWN]
    return PartyText(
        ids=pc.if_else(pa.array(parties.identified), ids, pa.scalar(None, pa.string())),
        names=lettering.quoted(name),
        addresses=lettering.quoted(_respell(taken(address, declared), parties.spelling)),
        registered=lettering.quoted(taken(address, registered)),
        countries=codes.take(pa.array(country)),
        emails=taken(email, resolve(parties.email_of, count)),
        phones=pc.if_else(pa.array(parties.spelling == 2), pc.replace_substring(phones, " ", ""), phones),
        tax_ids=lettering.join(
            codes.take(pa.array(country)), lettering.number_text(unique_numbers(rng, count, 10**8, 10**9))
        ),
    )
