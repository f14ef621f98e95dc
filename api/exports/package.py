"""One signed zip: the files of all formats with their manifest, written whole or not at all, and its check."""

import hashlib
import json
import re
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from api.exports.errors import ExportError
from api.exports.formats import format_named
from api.exports.manifest import FORMAT, Terms, WrittenFile, as_bytes, manifest
from api.exports.portion import Heading, Portion
from api.exports.signing import is_signed, public_key, public_text
from api.files import written_bytes
from graph.store.results import PublishedSet

MANIFEST, SIGNATURE, PUBLIC_KEY = "manifest.json", "manifest.sig", "signing.pub"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(\.[a-z0-9]+)+")
_PIECE = 1 << 20
_LARGEST_MANIFEST = 16 << 20
_LARGEST_UNPACKED = 32 << 30
"""Bytes of all files of a package together; all formats of a million links have a fifth of it."""
_NO_ZIP64 = 1 << 31


@dataclass(frozen=True)
class Packed:
    """What was written: the manifest as plain data, and the SHA-256 of its bytes, by which the hand-over is known."""

    manifest: Mapping[str, Any]
    manifest_sha256: str


@dataclass(frozen=True)
class Verified:
    """What the check of a package found: nothing is wrong where `faults` is empty.

    `key` is the public key that lies in the package and has signed it, `expired` tells whether the last day of use is
    over; neither is a fault of the package.
    """

    manifest: Mapping[str, Any]
    key: Ed25519PublicKey | None
    expired: bool
    faults: Sequence[str]


def pack(
    output: Path,
    portion: Portion,
    formats: Sequence[str],
    heading: Heading,
    terms: Terms,
    published: PublishedSet | None,
    left_out: Sequence[Mapping[str, Any]],
    key: Ed25519PrivateKey,
    scratch: Path | None = None,
) -> Packed:
    """Write a portion in several formats as one signed zip, the same but for its time whenever it is written.

    The files lie in a folder within `scratch` meanwhile, by default that of the system for such files.

    Raises:
        ExportError: the portion is too large for one of the formats.
        OSError: it cannot be written; an older file at `output` stays as it was.
    """
    with tempfile.TemporaryDirectory(prefix="tidewaiter-", dir=scratch) as name:
        folder = Path(name)
        written = [
            (format_name, path) for format_name in formats for path in _format(format_name, portion, folder, heading)
        ]
        with written_bytes(output) as target, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            files = [_add(archive, path, format_name, heading.made_at) for format_name, path in written]
            content = manifest(portion, heading, terms, published, files, left_out)
            text = as_bytes(content)
            for member, value in (
                (MANIFEST, text),
                (SIGNATURE, key.sign(text)),
                (PUBLIC_KEY, public_text(key.public_key())),
            ):
                archive.writestr(_entry(member, heading.made_at), value)
    return Packed(content, hashlib.sha256(text).hexdigest())


def _format(name: str, portion: Portion, folder: Path, heading: Heading) -> list[Path]:
    own = folder / name
    own.mkdir()
    return format_named(name)(portion, own, heading)


def _entry(name: str, made_at: datetime) -> zipfile.ZipInfo:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a file of a package")
    # A zip knows no time before 1980 and no time zone.
    entry = zipfile.ZipInfo(name, date_time=(max(made_at.year, 1980), *made_at.timetuple()[1:6]))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    return entry


def _add(archive: zipfile.ZipFile, path: Path, format_name: str, made_at: datetime) -> WrittenFile:
    digest = hashlib.sha256()
    size = path.stat().st_size
    with (
        path.open("rb") as source,
        archive.open(_entry(path.name, made_at), "w", force_zip64=size >= _NO_ZIP64) as target,
    ):
        for piece in _pieces(source):
            digest.update(piece)
            target.write(piece)
    path.unlink()
    return WrittenFile(path.name, format_name, size, digest.hexdigest())


def _pieces(source: IO[bytes]) -> Iterator[bytes]:
    while piece := source.read(_PIECE):
        yield piece


def verify(path: Path, today: date) -> Verified:
    """Check a package: its signature, the hash of every file, and that nothing lies in it beside them.

    No more of a file is unpacked than the manifest says that it has, so that one made to swell is found out early.

    Raises:
        ExportError: it is no package at all, or too large to be one.
        OSError: it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return _verified(archive, path, today)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ExportError(f"{path} is no whole zip file ({error}): have it sent again.") from None


def _verified(archive: zipfile.ZipFile, path: Path, today: date) -> Verified:
    names = archive.namelist()
    missing = [name for name in (MANIFEST, SIGNATURE, PUBLIC_KEY) if name not in names]
    if missing:
        raise ExportError(f"{path} is no hand-over of Tidewaiter: it has no {', '.join(missing)}.")
    text, signature, pem = (_small(archive, name, path) for name in (MANIFEST, SIGNATURE, PUBLIC_KEY))
    faults = []
    key = public_key(pem)
    if key is None or not is_signed(key, signature, text):
        faults.append("the signature is not that of the manifest")
    try:
        content = json.loads(text)
        listed = {str(file["name"]): (str(file["sha256"]), int(file["bytes"])) for file in content["files"]}
        last = date.fromisoformat(content["expires_on"])
        known = content["format"] == FORMAT
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise ExportError(f"The manifest of {path} cannot be read: have the file sent again.") from None
    if not known:
        raise ExportError(f"{path} has the format {content['format']!r}, and this Tidewaiter reads {FORMAT!r}.")
    if sum(max(size, 0) for _, size in listed.values()) > _LARGEST_UNPACKED:
        raise ExportError(f"The files in {path} are too large to be what they should be: nothing was unpacked.")
    twice = sorted(name for name, number in Counter(names).items() if number > 1)
    faults += [f"{name} is there more than once" for name in twice]
    strange = sorted(set(names) - set(listed) - {MANIFEST, SIGNATURE, PUBLIC_KEY})
    faults += [f"{name} is not in the manifest" for name in strange]
    for name, (digest, size) in sorted(listed.items()):
        if name not in names:
            faults.append(f"{name} is missing")
        elif _digest(archive, name, size) != digest:
            faults.append(f"{name} is not as it was signed")
    return Verified(content, key, today > last, faults)


def _small(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    with archive.open(name) as file:
        content = file.read(_LARGEST_MANIFEST + 1)
    if len(content) > _LARGEST_MANIFEST:
        raise ExportError(f"{name} in {path} is too large to be what it should be.")
    return content


def _digest(archive: zipfile.ZipFile, name: str, size: int) -> str | None:
    """Return the SHA-256 of a member; None where it cannot be unpacked or is larger than it should be."""
    digest = hashlib.sha256()
    left = size
    try:
        with archive.open(name) as file:
            for piece in _pieces(file):
                left -= len(piece)
                if left < 0:
                    return None
                digest.update(piece)
    except (zipfile.BadZipFile, zlib.error, EOFError):
        return None
    return digest.hexdigest()
