"""Sealing what a token stands for: it opens with the token and our key together, and with neither alone.

Whoever has the database and our keys reads nothing of it, for they do not have the tokens; whoever has a
token and may write to the database makes nothing of it, for they do not have the key. Each pair of token and
key is a key of its own, under which one value is sealed, so the nonce needs no chance (SEC-93).

What must be known of a token without the token is sealed to the place where it rests, with our key alone.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from actas.crypto.keyed import keyed_digest
from actas.crypto.seal import SealBroken

_FORM: Final = b"\x01"
_NONCE: Final = bytes(12)
_USE: Final = b"\x00what an opaque token stands for\x00"
_BESIDE: Final = b"\x00what is known without an opaque token\x00"


def seal_with(token: str, content: bytes, *, key: bytes) -> bytes:
    """Return ``content``, sealed. Seal once for each token: a second time gives two contents away.

    Args:
        token: the whole text.
        key: ours, 32 bytes.
    """
    return _FORM + _cipher(_USE + token.encode("ascii"), key).encrypt(_NONCE, content, _FORM)


def open_with(token: str, sealed: bytes, *, key: bytes) -> bytes:
    """Return what was sealed.

    Raises:
        SealBroken: it was changed, or sealed with another token or another key.
    """
    return _opened(_USE + token.encode("ascii"), sealed, key=key)


def seal_beside(place: str, content: bytes, *, key: bytes) -> bytes:
    """Return ``content``, sealed to a place. Seal once for each place: a second time gives two contents away.

    Args:
        place: names the row and whatever of it must not be changed; nothing else is ever called so.
        key: ours, 32 bytes.
    """
    return _FORM + _cipher(_BESIDE + place.encode(), key).encrypt(_NONCE, content, _FORM)


def open_beside(place: str, sealed: bytes, *, key: bytes) -> bytes:
    """Return what was sealed to a place.

    Raises:
        SealBroken: it was changed, or sealed to another place or with another key.
    """
    return _opened(_BESIDE + place.encode(), sealed, key=key)


def _opened(use: bytes, sealed: bytes, *, key: bytes) -> bytes:
    if not sealed.startswith(_FORM):
        raise SealBroken(
            "what an opaque token stands for is sealed in a form that this release does not know"
        )
    try:
        return _cipher(use, key).decrypt(_NONCE, sealed[len(_FORM) :], _FORM)
    except InvalidTag:
        raise SealBroken("what an opaque token stands for was changed, or belongs to another token") from None


def _cipher(use: bytes, key: bytes) -> AESGCM:
    return AESGCM(keyed_digest(use, key=key))
