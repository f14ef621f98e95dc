"""Handing over, from what is asked to the signed package and its line in the register."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from api.exports.errors import AskedWronglyError
from api.exports.formats import FORMATS
from api.exports.manifest import TLP, Terms, caveat
from api.exports.package import Packed, pack
from api.exports.portion import Heading, Portion
from api.exports.pseudonyms import Veil, former
from api.exports.question import Asked, check_asked, wanted
from api.exports.register import Register
from api.exports.selection import things
from api.exports.signing import signing_key
from graph.store.base import GraphStore


def check(asked: Asked, formats: Sequence[str], terms: Terms, made_at: datetime) -> None:
    """Raise AskedWronglyError where something cannot be handed over so."""
    unknown = sorted(set(formats) - set(FORMATS))
    if unknown:
        raise AskedWronglyError(f"There is no format {unknown[0]!r}; the formats are {', '.join(FORMATS)}.")
    if terms.tlp not in TLP:
        raise AskedWronglyError(f"There is no label TLP:{terms.tlp}; the labels are {', '.join(TLP).lower()}.")
    if not terms.recipient.strip() or not terms.purpose.strip():
        raise AskedWronglyError(
            "Say to whom and for what this is handed over: recipient and purpose must not be empty."
        )
    if terms.expires_on < made_at.date():
        raise AskedWronglyError(f"The last day of use, {terms.expires_on}, is over: choose a later one.")
    check_asked(asked)


def hand_over(
    store: GraphStore,
    asked: Asked,
    formats: Sequence[str],
    terms: Terms,
    output: Path,
    folder: Path,
    made_at: datetime,
    *,
    non_nominal: bool = False,
    scratch: Path | None = None,
) -> Packed:
    """Write what is asked as one signed package and enter it in the register.

    Args:
        store: where the network is.
        asked: what is to be handed over.
        formats: names of formats of `api.exports.formats.FORMATS`.
        terms: to whom, for what, how it may be shared, until when.
        output: the zip file to write.
        folder: where the keys and the register are; it is made at first use.
        made_at: the time of the hand-over, with its time zone.
        non_nominal: whether parties are known by pseudonyms alone.
        scratch: a folder for files that are needed meanwhile; by default that of the system.

    Raises:
        AskedWronglyError: it cannot be handed over so.
        ExportError: it is too large for one of the formats, or the keys or the register cannot be used.
        StoreError: what is asked for is not there.
        OSError: a file cannot be written; nothing is left that looks whole.
    """
    check(asked, formats, terms, made_at)
    key = signing_key(folder)
    with store.reading() as view:
        published, store_version = view.published(), view.version()
        portion, missing = things(view, wanted(view, asked))
        veil = Veil(folder, portion, former(view, portion)) if non_nominal else None
    with portion, veil or nullcontext(), Register(folder) as register:
        unknown = sorted(set(missing) & {*asked.named()})
        if unknown:
            raise AskedWronglyError(f"Nothing is known as {unknown[0]}: leave it out.")
        left_out = _left_out(portion.cut, len(missing), non_nominal=non_nominal)

        def packed(shown: Portion, told: Asked, under: Terms) -> Packed:
            heading = Heading(
                f"Part of a trade network for {under.recipient}",
                told.in_words(),
                published.id if published else None,
                published.as_of if published else None,
                store_version,
                made_at,
                f"TLP:{under.tlp}",
                caveat(under),
            )
            return pack(output, shown, list(dict.fromkeys(formats)), heading, under, published, left_out, key, scratch)

        if veil is not None:
            with veil.portion() as veiled:
                done = packed(
                    veiled, asked.veiled(veil.ref, veil.community), replace(terms, purpose=veil.text(terms.purpose))
                )
        else:
            done = packed(portion, asked, terms)
        try:
            register.enter(done, terms, asked.in_words(), made_at, portion, non_nominal=non_nominal)
        except BaseException:
            # What is not in the register must not be handed over.
            if output.is_file():
                output.unlink()
            raise
    return done


def _left_out(cut: Mapping[str, int], missing: int, *, non_nominal: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if cut:
        found.append({"what": "links", "why": "one of their ends is not in this part", "counts": dict(cut)})
    if missing:
        why = "the published set names them, and the store has them no more"
        found.append({"what": "things", "why": why, "counts": {"things": missing}})
    found.append({"what": "older values and versions", "why": "of each field the value that counts now is given"})
    if non_nominal:
        found.append(
            {
                "what": "names, addresses, contacts and identifiers of parties",
                "why": "handed over without them; pseudonyms stand for them, the same for the same thing each time",
            }
        )
    return found
