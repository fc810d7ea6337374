"""The key of whoever runs this: ed25519, made once in the user's configuration folder, readable by nobody else.

A signature by such a key proves that nothing was changed since; who holds the key is for its owner to prove. Packs that
carry one say `self-signed`. In CI, `actions/attest` signs the same predicate with the workflow's identity beside it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import CryptoSigner, SSlibKey

from hitless.durable import fsync_folder
from hitless.errors import Refused

KEY_VARIABLE = "HITLESS_SIGNING_KEY"
PUBLIC_SUFFIX = ".pub"
OTHERS = 0o077


class BadKey(Refused):
    """A key file is not what it should be."""


def key_path() -> Path:
    """Where the private key is: `HITLESS_SIGNING_KEY`, or `hitless/signing-key.pem` of the configuration folder."""
    named = os.environ.get(KEY_VARIABLE)
    if named:
        return Path(named)
    config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config) / "hitless" / "signing-key.pem"


def open_signer(path: Path | None = None) -> CryptoSigner:
    """The user's signer; the first call makes the key, and its public half beside it to hand out.

    Args:
        path: The private key; `key_path()` by default.

    Raises:
        BadKey: The file is no ed25519 key, or others may read it.
    """
    path = path or key_path()
    if not path.exists():
        _make(path)
    if path.stat().st_mode & OTHERS:
        raise BadKey("Others may read the signing key.", seen={"key": path}, do=f"chmod 600 {path}")
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_key(path, str(error)) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _no_key(path, type(key).__name__)
    return CryptoSigner(key)


def read_public_key(path: Path) -> SSlibKey:
    """A public key somebody handed out.

    Raises:
        BadKey: It is not there, or is no ed25519 public key.
    """
    try:
        return parse_public_key(path.read_bytes())
    except (OSError, ValueError) as error:
        raise _no_key(path, str(error)) from None


def parse_public_key(pem: bytes) -> SSlibKey:
    """A public key from its PEM.

    Raises:
        ValueError: It is none, or of another kind than ed25519.
    """
    try:
        key = load_pem_public_key(pem)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(f"a {type(key).__name__} is no ed25519 public key")
    return SSlibKey.from_crypto(key)


def public_pem(key: SSlibKey) -> str:
    """A public key as the predicate carries it."""
    raw = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.keyval["public"]))
    return raw.public_bytes(*_PUBLIC).decode()


_PUBLIC = Encoding.PEM, PublicFormat.SubjectPublicKeyInfo


def _make(path: Path) -> None:
    """Write a new key whole and claim the name with a link: of two runs that make one, both use the first's."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = Ed25519PrivateKey.generate()
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-") as file:  # made with mode 0600
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.flush()
        os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(file.name)
            path.with_name(path.name + PUBLIC_SUFFIX).write_bytes(key.public_key().public_bytes(*_PUBLIC))
    fsync_folder(path.parent)


def _no_key(path: Path, why: str) -> BadKey:
    return BadKey("This is no ed25519 key.", seen={"file": path, "why": why}, do="name another file")
