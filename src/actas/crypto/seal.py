"""Encryption at rest: AES-256-GCM, bound to the place where the sealed bytes rest (SEC-92, SEC-93).

A sealed value reads: version (1 byte), key id (16), nonce (12, random), ciphertext and tag. Version, key id
and place are authenticated with it, so a value that was changed, moved to another row or sealed under
another key does not open.

The envelope key itself encrypts nothing: the cipher's key and the key id are derived from it, each for its
one use (SEC-91). Where the envelope key comes from is known to ``keys.envelope``; where sealed values are
kept, to the store. While one key follows another, a sealer opens what either sealed (REL-08).
"""

from __future__ import annotations

import hmac
import os
import re
import threading
from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NoReturn, Self, final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from actas.crypto import base64url

KEY_BYTES: Final = 32
MOST_SEALS: Final = 2**31
"""Values that one process may seal under one key. A random nonce of 96 bits is safe for 2**32 values in all
(NIST SP 800-38D section 8.3); the other half is room for processes that share the key."""

_VERSION: Final = b"\x01"
_ID_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_HEADER_BYTES: Final = len(_VERSION) + _ID_BYTES
_LEAST_BYTES: Final = _HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES
_HEX: Final = re.compile(r"[0-9A-Fa-f]{64}")
_HOW: Final = "make one with: openssl rand -hex 32"
# Thirty-two random bytes fall below either number less than once in 2**60.
_LEAST_DIFFERENT: Final = 16
_LEAST_STEPS: Final = 8


class BadSealKey(ValueError):
    """A text or bytes are no envelope key. The message says why and holds nothing of it."""


class SealBroken(Exception):
    """A sealed value does not open. The message is for administrators."""


class SealKeySpent(Exception):
    """A key has sealed as many values as it safely may; only a new key can seal more."""


def place_of(*, table: str, row: str, purpose: str) -> str:
    """Return what a value is sealed to: different for any two different (table, row, purpose)."""
    return msgspec.json.encode((table, row, purpose)).decode()


@final
class Sealer:
    """Seals and opens under one envelope key. It prints nothing of the key and is not pickled.

    Args:
        key: the envelope key, 32 random bytes.
        most: how many values it may seal.
        previous: opens what was sealed before this key followed it; None when there is no such key.

    Attributes:
        key_id: names the key and gives nothing of it away, 32 hexadecimal digits.
        header: what every value begins with that this key sealed.
        previous: as given; None also when it is this very key.

    Raises:
        BadSealKey: the key has another length, or is plainly not random.
    """

    __slots__ = ("_cipher", "_lock", "_most", "_sealed", "header", "key_id", "previous")

    def __init__(self, key: bytes, *, most: int = MOST_SEALS, previous: Sealer | None = None) -> None:
        _require_random(key)
        key_id = hmac.digest(key, b"actas seal 1: key id", "sha256")[:_ID_BYTES]
        self._cipher = AESGCM(hmac.digest(key, b"actas seal 1: AES-256-GCM", "sha256"))
        self.header = _VERSION + key_id
        self._lock = threading.Lock()
        self._most = most
        self._sealed = 0
        self.key_id = key_id.hex()
        self.previous = None if previous is None or previous.key_id == self.key_id else previous

    @classmethod
    def from_text(cls, text: str, *, previous: Sealer | None = None) -> Self:
        """Return the sealer of a key written as base64url (43 characters) or hexadecimal (64).

        Args:
            text: the key; space around it, such as the end of a line, is no part of it.
            previous: opens what was sealed before this key followed it.

        Raises:
            BadSealKey: it is written otherwise, has another length, or is plainly not random.
        """
        written = text.strip()
        if _HEX.fullmatch(written):
            return cls(bytes.fromhex(written), previous=previous)
        try:
            return cls(base64url.decode(written.encode("ascii")), previous=previous)
        except BadSealKey:
            raise
        except ValueError:
            message = f"the envelope key is neither 64 hexadecimal digits nor base64url; {_HOW}"
            raise BadSealKey(message) from None

    def count_earlier(self, values: int) -> None:
        """Let the count begin with ``values`` that are known to be sealed under this key already."""
        with self._lock:
            self._sealed = max(self._sealed, values)

    def seal(self, plaintext: bytes, *, bound_to: str) -> bytes:
        """Return ``plaintext``, sealed.

        Args:
            bound_to: the place where it will rest (``place_of``); it opens there and nowhere else.

        Raises:
            SealKeySpent: the key has sealed as many values as it may.
            ValueError: it is bound to nothing.
        """
        place = _encoded(bound_to)
        with self._lock:
            if self._sealed >= self._most:
                raise SealKeySpent(
                    f"the envelope key {self.key_id} has sealed {self._sealed} values: renew it"
                )
            self._sealed += 1
        nonce = os.urandom(_NONCE_BYTES)
        return self.header + nonce + self._cipher.encrypt(nonce, plaintext, self.header + place)

    def open(self, sealed: bytes, *, bound_to: str) -> bytes:
        """Return what was sealed.

        Args:
            bound_to: the place where it was found.

        Raises:
            SealBroken: sealed under another key, at another place, changed since, or never sealed.
            ValueError: it is bound to nothing.
        """
        place = _encoded(bound_to)
        if len(sealed) < _LEAST_BYTES:
            raise SealBroken(f"what rests at {bound_to} is too short to be sealed")
        if not sealed.startswith(_VERSION):
            raise SealBroken(f"what rests at {bound_to} is sealed in a form that this release does not know")
        if not sealed.startswith(self.header):
            if self.previous is not None and sealed.startswith(self.previous.header):
                return self.previous.open(sealed, bound_to=bound_to)
            key_id = sealed[len(_VERSION) : _HEADER_BYTES].hex()
            raise SealBroken(
                f"what rests at {bound_to} is sealed under another envelope key:"
                f" {key_id}, and the one at hand is {self.key_id}"
            )
        nonce = sealed[_HEADER_BYTES : _HEADER_BYTES + _NONCE_BYTES]
        ciphertext = sealed[_HEADER_BYTES + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, ciphertext, self.header + place)
        except InvalidTag:
            raise SealBroken(
                f"what rests at {bound_to} was changed after it was sealed, or was sealed for another place"
            ) from None

    def beside(self, sealed: Iterable[bytes]) -> Sealer:
        """Return what seals a value that is kept beside others, which every node must be able to open.

        While any of them rests under the previous key, nodes may run that do not know this one yet.

        Args:
            sealed: the values that are there.
        """
        earlier = self.previous
        if earlier is not None and any(one.startswith(earlier.header) for one in sealed):
            return earlier
        return self

    def __repr__(self) -> str:
        return f"Sealer(key_id={self.key_id!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a sealer is not pickled")


def _encoded(bound_to: str) -> bytes:
    if not bound_to:
        raise ValueError("a value is sealed to a place; it cannot be bound to nothing")
    return bound_to.encode()


def _require_random(key: bytes) -> None:
    """Refuse what no random source gives: a constant, a pattern, a sequence, a password (SEC-17)."""
    if len(key) != KEY_BYTES:
        raise BadSealKey(f"the envelope key has {len(key)} bytes where {KEY_BYTES} are needed; {_HOW}")
    steps = {(after - before) % 256 for before, after in pairwise(key)}
    typed = all(0x20 <= byte < 0x7F for byte in key)
    if typed or len(set(key)) < _LEAST_DIFFERENT or len(steps) < _LEAST_STEPS:
        raise BadSealKey(f"the envelope key is too regular to be random; {_HOW}")
