"""Nonces that this server gives to whoever proves a key (RFC 9449 section 8).

A nonce is the time it was made and a keyed digest of it, so that every node that shares the key knows one
when it sees it, and nothing is kept. It does not have to be used once: the proof around it is.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Final

from actas.core.ports import Clock
from actas.crypto import base64url
from actas.crypto.keyed import keyed_digest

_TIME_BYTES: Final = 5
_SEAL_BYTES: Final = 16
_EARLY: Final = 30
"""Seconds by which the clock of another node may be ahead of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nonces:
    """Makes and knows nonces.

    Attributes:
        key: the key of the digests, for this purpose alone.
        life: seconds for which a nonce is good.
        required: whether a proof must hold one.
    """

    key: bytes = field(repr=False)
    life: int
    required: bool
    clock: Clock

    def fresh(self) -> str:
        """Return a nonce that is good from now on."""
        made_at = int(self.clock.now()).to_bytes(_TIME_BYTES, "big")
        return base64url.encode(made_at + self._seal(made_at)).decode("ascii")

    def is_good(self, nonce: object) -> bool:
        """Whether ``nonce`` is one of ours and was made within its life."""
        if not isinstance(nonce, str) or not nonce.isascii() or len(nonce) > 64:
            return False
        try:
            raw = base64url.decode(nonce.encode("ascii"))
        except ValueError:
            return False
        made_at, seal = raw[:_TIME_BYTES], raw[_TIME_BYTES:]
        if not hmac.compare_digest(seal, self._seal(made_at)):
            return False
        age = self.clock.now() - int.from_bytes(made_at, "big")
        return -_EARLY <= age <= self.life

    def _seal(self, made_at: bytes) -> bytes:
        return keyed_digest(made_at, key=self.key)[:_SEAL_BYTES]
