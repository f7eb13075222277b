"""Keyed digests: HMAC-SHA-256 (RFC 2104), by which secrets and tokens are kept and named."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from actas.core.lineage import MARK_LENGTH
from actas.crypto import base64url

_encode: Final = msgspec.json.Encoder().encode


def keyed_digest(data: bytes, *, key: bytes) -> bytes:
    """Return the HMAC-SHA-256 of ``data`` under ``key``, 32 bytes."""
    digest = _begun(key).copy()
    digest.update(data)
    return digest.finalize()


def mark_of(kind: str, *names: str, key: bytes) -> str:
    """Return the mark of one thing (``core.lineage``): the beginning of a keyed digest, base64url.

    Args:
        kind: what it is.
        names: what it is called, in parts.
    """
    # A JSON list is written in one way only, so no two different things are written alike. Nothing that is
    # presented as a token begins with a NUL, so no mark is the digest of one.
    made = keyed_digest(b"\x00lineage" + _encode((kind, *names)), key=key)
    return base64url.encode(made[: MARK_LENGTH * 3 // 4]).decode("ascii")


@lru_cache(maxsize=8)
def _begun(key: bytes) -> HMAC:
    """The state after the key, from which every digest under it goes on: three are made for each exchange."""
    return HMAC(key, hashes.SHA256())
