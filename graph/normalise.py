"""The one normaliser: the keys under which addresses, contacts and unidentified parties are found to be the same.

What was declared stays as declared beside the key. A change of any rule here changes keys, so it must raise
`NORMALISER_VERSION`, which is a part of every mapping's version.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

import phonenumbers

NORMALISER_VERSION = "1"

# Each line: the form used in keys, then what is written for it. A form is made one, not dropped: Acme GmbH and Acme AG
# are two companies.
_LEGAL_FORMS = """
ltd: limited, ltda, limitada, limitee
llc: l l c, limited liability company
llp: limited liability partnership
lp: limited partnership
plc: public limited company
inc: incorporated, incorporation
corp: corporation, corporacion
co: company, compania, compagnie, cia, cie
gmbh: gesellschaft mit beschrankter haftung, gesellschaft mbh, gesmbh, mbh
ag: aktiengesellschaft
kg: kommanditgesellschaft
sa: societe anonyme, sociedad anonima, sociedade anonima
sarl: societe a responsabilite limitee
sas: societe par actions simplifiee
srl: societa a responsabilita limitata, sociedad de responsabilidad limitada
spa: societa per azioni
sl: sociedad limitada
bv: besloten vennootschap
nv: naamloze vennootschap
ab: aktiebolag
as: aksjeselskap, anonim sirketi
aps: anpartsselskab
oy: osakeyhtio
oyj: julkinen osakeyhtio
pty: proprietary
pte: private, pvt
sdn: sendirian
bhd: berhad
pt: perseroan terbatas
jsc: joint stock company
sp z o o: spzoo, sp zoo, spolka z ograniczona odpowiedzialnoscia
sro: s r o, spol s r o, spolecnost s rucenim omezenym
kft: korlatolt felelossegu tarsasag
doo: d o o, drustvo s ogranicenom odgovornoscu
ooo: ооо, общество с ограниченной ответственностью
oao: оао, открытое акционерное общество
zao: зао, закрытое акционерное общество
pao: пао, публичное акционерное общество
ао: акционерное общество
ип: индивидуальныи предприниматель
тов: товариство з обмеженою відповідальністю
est: establishment
tic: ticaret
san: sanayi
sti: sirketi
株式会社: 株式會社, k k, kabushiki kaisha
有限会社: 有限會社
주식회사: jusik hoesa
"""

# Forms that stand before the name where they are at home; in a key they stand behind it.
_LEADING_FORMS = frozenset(["ooo", "oao", "zao", "pao", "ао", "ип", "тов", "pt", "株式会社", "有限会社", "주식회사"])

_STREET_WORDS = """
st: street, str, strasse, strase, saint, sankt
rd: road
ave: avenue, av, aven, avenida, avda
blvd: boulevard, boul, bulevar, bulvar
ln: lane
dr: drive
ct: court
pl: place, platz
sq: square
hwy: highway
pkwy: parkway
cres: crescent
ter: terrace
cir: circle
bldg: building, bld, gebaude
fl: floor, flr
ste: suite
apt: apartment, appartement, apartamento
rm: room
blk: block
ind: industrial
est: estate
dist: district
prov: province
no: number, num, nr, numero
n: north
s: south
e: east
w: west
ul: ulica, ulitsa, улица, ул, вулиця, вул
пр: проспект, просп, пр т
пер: переулок
д: дом
кв: квартира
оф: офис
cad: caddesi
sok: sokak, sokagi
mah: mahallesi
c: calle
شارع: ش
"""

# Latin letters that have no decomposition into a letter and a mark.
_LETTERS = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŋ": "n"}
_APOSTROPHES = frozenset("'’‘ʼ`´′")

# Legal forms that are written without a space beside the name, or bracketed; the longest first.
_ATTACHED_FORMS = re.compile(
    r"\((?:주|유|株|有)\)|주식회사|유한회사|株式会社|株式會社|有限会社|有限會社"
    r"|股份有限公司|有限责任公司|有限責任公司|有限公司"
)
_BRACKETED = {"(주)": "주식회사", "(유)": "유한회사", "(株)": "株式会社", "(有)": "有限会社"}

# By first word: the variants that begin with it, the longest first, each with its one form.
_Table = Mapping[str, Sequence[tuple[tuple[str, ...], tuple[str, ...]]]]


def _is_accent(character: str) -> bool:
    """Return whether a mark is an accent or a point on a letter, not a letter's part as in Thai, Hindi or Japanese."""
    place = unicodedata.combining(character)
    return place == 1 or 10 <= place <= 36 or 200 <= place <= 240


class _Characters(dict[int, str]):
    """What becomes of each character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if _is_accent(character) or character in _APOSTROPHES or category == "Cf":
            kept = ""
        elif category[0] in "PSZ" or category == "Cc":
            kept = " "
        else:
            kept = _LETTERS.get(character, character)
        self[code] = kept
        return kept


_CHARACTERS = _Characters()


def _folded(text: str) -> str:
    """Return the casefolded NFKC text."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _words(text: str) -> list[str]:
    """Return the words of a text without marks and punctuation; single letters in a row (S.A.) become one word."""
    spaced = _ATTACHED_FORMS.sub(lambda found: f" {_BRACKETED.get(found[0], found[0])} ", _folded(text))
    plain = unicodedata.normalize("NFKD", spaced).translate(_CHARACTERS)
    words: list[str] = []
    in_row = False
    for word in unicodedata.normalize("NFC", plain).split():
        single = len(word) == 1 and word.isalpha() and word < "\u0530"
        if single and in_row:
            words[-1] += word
        else:
            words.append(word)
        in_row = single
    return words


def _table(text: str) -> _Table:
    """Read lines of `form: variant, variant`; variants pass through the same treatment as the texts they occur in."""
    table: dict[str, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {}
    for line in text.strip().splitlines():
        form, variants = line.split(": ")
        to = tuple(_words(form))
        for variant in (form, *variants.split(", ")):
            words = tuple(_words(variant))
            table.setdefault(words[0], []).append((words, to))
    for found in table.values():
        found.sort(key=lambda entry: -len(entry[0]))
    return table


_LEGAL = _table(_LEGAL_FORMS)
_STREET = _table(_STREET_WORDS)

LEGAL_WORDS = frozenset(word for variants in _LEGAL.values() for _, form in variants for word in form if len(word) > 1)
"""The words of the forms that `name` writes for legal forms: they say little about whose name it is."""


def _replaced(words: Sequence[str], table: _Table) -> list[str]:
    """Return the words with every variant of the table in its one form, the longest variant first."""
    found: list[str] = []
    at = 0
    while at < len(words):
        for variant, form in table.get(words[at], ()):
            if tuple(words[at : at + len(variant)]) == variant:
                found.extend(form)
                at += len(variant)
                break
        else:
            found.append(words[at])
            at += 1
    return found


def _name_once(text: str) -> str:
    words = _replaced(_words(text), _LEGAL)
    names = next((at for at, word in enumerate(words) if word not in _LEADING_FORMS), 0)
    return " ".join(words[names:] + words[:names])


def _address_once(text: str) -> str:
    # A German street is one word with its name: Hauptstraße, Hauptstrasse, Hauptstr.
    words = [
        word.removesuffix("asse") if word.endswith("strasse") and word != "strasse" else word for word in _words(text)
    ]
    return " ".join(_replaced(words, _STREET))


def _settled(text: str, once: Callable[[str], str]) -> str:
    """Apply a rule until nothing changes, so that a key's key is the key itself; never return nothing for something."""
    key = once(text)
    if not key:
        return _folded(text).strip() or _folded(text)
    for _ in range(8):
        again = once(key)
        if again == key:
            break
        key = again
    return key


def name(text: str) -> str:
    """Return the form in which names of parties are compared: `ACME Trading Co., Ltd.` -> `acme trading co ltd`.

    Case, accents, punctuation and the ways to write a legal form do not count. Letters of any script are kept.
    Applying it twice is applying it once. It is empty only for an empty text.
    """
    return _settled(text, _name_once)


def address(text: str, country: str | None) -> str:
    """Return the key of an address: `{normalised}|{country}`, or `{normalised}` where the country is unknown.

    Case, accents, punctuation and the ways to write a street word (street, str., st) do not count.
    """
    return _in_country(_settled(text, _address_once), country)


def unidentified_party(party_name: str, country: str | None) -> str:
    """Return the key, within its source, of a party with a name and no identifier: `name:{normalised}|{country}`."""
    return "name:" + _in_country(name(party_name), country)


def _in_country(text: str, country: str | None) -> str:
    return f"{text}|{country}" if country else text


def email(text: str) -> str:
    """Return the key of an e-mail address: lower case, without surrounding space."""
    lower = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())
    return lower.strip() or lower


def telephone(text: str, country: str | None) -> str:
    """Return the key of a telephone number: E.164 where it can be told, else its digits, else the folded text.

    It can be told where the country (ISO 3166 alpha-2) is known or the number begins with `+` or `00`.
    """
    folded = _folded(text).strip()
    digits = "".join(str(digit) for digit in (unicodedata.digit(c, None) for c in folded) if digit is not None)
    dialled = "+" + folded[2:] if folded.startswith("00") and not country else folded
    if country or dialled.startswith("+"):
        try:
            number = phonenumbers.parse(dialled, country)
        except phonenumbers.NumberParseException:
            number = None
        if number and phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE:
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not digits:
        return folded or _folded(text)
    return digits if digits == text else telephone(digits, country)
