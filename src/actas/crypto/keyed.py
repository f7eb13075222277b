"""Keyed digests: HMAC-SHA-256 (RFC 2104), by which secrets and tokens are kept and named."""

from __future__ import annotations

from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC


def keyed_digest(data: bytes, *, key: bytes) -> bytes:
    """Return the HMAC-SHA-256 of ``data`` under ``key``, 32 bytes."""
    digest = _begun(key).copy()
    digest.update(data)
    return digest.finalize()


@lru_cache(maxsize=8)
def _begun(key: bytes) -> HMAC:
    """The state after the key, from which every digest under it goes on: three are made for each exchange."""
    return HMAC(key, hashes.SHA256())
