"""ID tokens of ours that apps bring back as hints: for whom and of whom they were made, however old.

A hint proves nothing about who is at the browser. It says whom an app means (OpenID Connect Core section
3.1.2.1), and that the app is the one it was made for (RP-Initiated Logout section 2).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from actas.core import claims as read
from actas.core.errors import BadToken
from actas.crypto import jose
from actas.keys.ring import KeyRing

_TYPES: Final[frozenset[str | None]] = frozenset({"JWT"})


class Hint(NamedTuple):
    """What an ID token says.

    Attributes:
        client: the app that it was made for.
        subject: whom it speaks of.
    """

    client: str
    subject: str


class Hints:
    """Reads hints.

    Args:
        issuer: our own issuer identifier.
        keys: verifies ID tokens of ours.
    """

    def __init__(self, *, issuer: str, keys: KeyRing) -> None:
        self._issuer = issuer
        self._keys = keys

    def read(self, hint: str) -> Hint | None:
        """Return what an ID token says; None when it is none that we made."""
        try:
            jws = jose.parse(hint)
            kid = jws.unverified_kid
            key = None if kid is None else self._keys.public_key(kid, purpose="id_token")
            if key is None:
                return None
            made = read.instant(jws.unverified_claims, "iat")
            claims = jose.verify(jws, key=key, types=_TYPES, issuer=self._issuer, now=made, leeway=0)
            return Hint(read.name(claims, "aud"), read.name(claims, "sub"))
        except BadToken:
            return None
