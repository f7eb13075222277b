"""Base64url without padding (RFC 7515 section 2), in its one canonical spelling.

A text that decodes but is not what ``encode`` would have written is refused: padding, white space,
characters of the other alphabet, and spare bits that are not zero. Otherwise one signed token has many
spellings, and whatever remembers tokens by their text can be passed twice (SEC-12; CVE-2026-4282).
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable
from typing import Final

import msgspec

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
# Whatever is outside the alphabet becomes "!", which no decoder knows, so that neither "+" nor "=" nor a
# character with a meaning in a JSON string ever reaches it.
_FROM_URL: Final = bytes(byte if byte in _ALPHABET else ord("!") for byte in range(256)).translate(
    bytes.maketrans(b"-_", b"+/")
)
_PADDING: Final = (b'"', b'"', b'=="', b'="')
# The last characters whose spare bits are zero, by the number of characters in the last group.
_LAST: Final = (_ALPHABET, b"", b"AQgw", b"AEIMQUYcgkosw048")

# Twice as fast as binascii in strict mode; tests/unit/crypto/test_base64url.py holds it to the same answers.
_decode: Final[Callable[[bytes], bytes]] = msgspec.json.Decoder(bytes).decode


def encode(data: bytes) -> bytes:
    """Return ``data`` as base64url without padding."""
    return b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL)


def decode(text: bytes) -> bytes:
    """Return the bytes that ``text`` spells.

    Raises:
        ValueError: it is not the canonical spelling of any bytes. The message holds none of it.
    """
    group = len(text) & 3
    if text[-1:] not in _LAST[group]:
        raise ValueError("not canonical base64url")
    try:
        return _decode(b'"' + text.translate(_FROM_URL) + _PADDING[group])
    except ValueError:
        raise ValueError("not base64url") from None
