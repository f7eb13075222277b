"""Client secrets: made, digested and compared. People's passwords are another matter and not read here.

A secret of ours has 256 bits, so a keyed SHA-256 is enough to keep it: there is nothing to guess, and a
copy of the database is useless without the pepper, which rests outside it (SEC-13). A slow hash on this
path would only serve those who want to keep the server busy.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection
from typing import Final

from actas.crypto.keyed import keyed_digest

MIN_PEPPER_BYTES: Final = 32
"""Shortest pepper accepted: an empty or short key turns a keyed digest into a plain one (SEC-17)."""

# Compared against when there is no digest, so that an unknown client costs what a wrong secret costs.
_NOBODY: Final = (bytes(32),)


def generate_secret() -> str:
    """Return a new client secret with 256 bits of the system's randomness, base64url, 43 characters."""
    return secrets.token_urlsafe(32)


def digest_secret(secret: str, *, pepper: bytes) -> bytes:
    """Return the HMAC-SHA-256 of the UTF-8 bytes of ``secret`` under ``pepper``, 32 bytes.

    Any text has a digest, lone surrogates included: a secret that cannot be encoded is simply wrong, and
    must not take another path than any other wrong secret (CVE-2016-7036).

    Raises:
        ValueError: the pepper is shorter than 32 bytes.
    """
    if len(pepper) < MIN_PEPPER_BYTES:
        raise ValueError(f"the pepper must have at least {MIN_PEPPER_BYTES} bytes")
    return keyed_digest(secret.encode("utf-8", "surrogatepass"), key=pepper)


def secret_matches(presented: str, digests: Collection[bytes], pepper: bytes) -> bool:
    """Whether ``presented`` is one of the secrets whose digests these are.

    Every digest is compared, in constant time, whether or not one matched before; without digests the
    same work is done and the answer is no.

    Raises:
        ValueError: the pepper is shorter than 32 bytes.
    """
    presented_digest = digest_secret(presented, pepper=pepper)
    matched = False
    for digest in digests or _NOBODY:
        matched |= hmac.compare_digest(presented_digest, digest)
    return matched and bool(digests)
