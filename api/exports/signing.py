"""The key that hand-overs are signed with, and the check of a signature (Ed25519, RFC 8032)."""

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from api.exports.errors import ExportError

SIGNING_KEY = "signing.key"


def secret(folder: Path, name: str, fresh: bytes) -> bytes:
    """Return the content of a secret file, which is made of `fresh` where it is not there, for its owner alone.

    Raises:
        ExportError: others than its owner may read it.
        OSError: it can neither be read nor made.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / name
    if not path.exists():
        # Linked into place when it is whole: of two first uses at once, one wins, and both take what that one made.
        begun = folder / f".{name}.{os.getpid()}"
        with os.fdopen(os.open(begun, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(fresh)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(begun)
        begun.unlink()
    if path.stat().st_mode & 0o077:
        raise ExportError(f"Others may read the secret file {path}: `chmod 600` it, or replace it.")
    return path.read_bytes()


def signing_key(folder: Path) -> Ed25519PrivateKey:
    """Return the key of a folder, which is made at its first use.

    Raises:
        ExportError: the file is no such key, or others may read it.
    """
    fresh = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / SIGNING_KEY
    try:
        key = load_pem_private_key(secret(folder, SIGNING_KEY, fresh), password=None)
    except ValueError:
        raise ExportError(f"{path} is damaged: restore it from a copy, or remove it to begin with a new key.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise ExportError(f"{path} is no Ed25519 key: restore it from a copy, or remove it to begin with a new key.")
    return key


def public_text(key: Ed25519PublicKey) -> bytes:
    """Return a public key as PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(key: Ed25519PublicKey) -> str:
    """Return what two people compare over the telephone: the SHA-256 of the raw key, in groups of four."""
    text = hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()
    return " ".join(text[at : at + 4] for at in range(0, 40, 4))


def public_key(text: bytes) -> Ed25519PublicKey | None:
    """Read a public key; None where the text is none."""
    try:
        key = load_pem_public_key(text)
    except ValueError:
        return None
    return key if isinstance(key, Ed25519PublicKey) else None


def is_signed(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    """Tell whether the signature of a content is that of a key."""
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
