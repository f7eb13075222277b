"""Digests by which one text stands for another, as the specifications of signing in write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256, sha384, sha512
from typing import Any, Final

from actas.crypto import base64url

_HASHES: Final[Mapping[str, Callable[[bytes], Any]]] = {"ES384": sha384, "EdDSA": sha512}
"""What an algorithm hashes with, where that is not SHA-256."""


def half_hash(text: str, algorithm: str) -> str:
    """Return the left half of a text's digest, base64url: ``at_hash`` (OpenID Connect Core section 3.1.3.6).

    Args:
        text: an access token; one that is not ASCII has none that could be named, and gets that of its UTF-8.
        algorithm: what the ID token is signed with.
    """
    digest: bytes = _HASHES.get(algorithm, sha256)(text.encode("utf-8", "surrogatepass")).digest()
    return base64url.encode(digest[: len(digest) // 2]).decode("ascii")


def challenge_of(verifier: str) -> str:
    """Return the ``code_challenge`` of a ``code_verifier``, by the method S256 (RFC 7636 section 4.2)."""
    return base64url.encode(sha256(verifier.encode()).digest()).decode("ascii")
