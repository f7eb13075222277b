"""The raw limit: one ES256 verification and one ES256 signature, by the cryptography package directly.

Every exchange needs both, so nothing on one core can be faster than this.
"""

from __future__ import annotations

import secrets
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from bench.measure import Cost, costing

INPUT_BYTES: Final = 700
"""As many as are signed in an access token with a chain of two."""

_KEPT: Final = 64
_ECDSA: Final = ec.ECDSA(hashes.SHA256())


class RawLimit:
    """Verifies and signs. Made once, so that every round has the same keys and messages."""

    def __init__(self) -> None:
        self._private = ec.generate_private_key(ec.SECP256R1())
        self._public = self._private.public_key()
        messages = [secrets.token_bytes(INPUT_BYTES) for _ in range(_KEPT)]
        self._signed = [(message, self._private.sign(message, _ECDSA)) for message in messages]

    def verifying(self, count: int) -> Cost:
        """Verify ``count`` times and return what one of them took."""
        verify, signed = self._public.verify, self._signed
        with costing(count) as cost:
            for number in range(count):
                message, signature = signed[number % _KEPT]
                verify(signature, message, _ECDSA)
        return cost

    def round(self, count: int) -> Cost:
        """Verify and sign ``count`` times and return what one of each took."""
        verify, sign, signed = self._public.verify, self._private.sign, self._signed
        with costing(count) as cost:
            for number in range(count):
                message, signature = signed[number % _KEPT]
                verify(signature, message, _ECDSA)
                sign(message, _ECDSA)
        return cost
