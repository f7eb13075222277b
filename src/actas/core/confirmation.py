"""Whose a token is: the key it is bound to, and the keys that a caller proved to hold (RFC 7800).

A key is named by what is left of it: ``jkt``, the thumbprint of a DPoP key (RFC 9449 section 6.1), or
``x5t``, the digest of a client certificate (RFC 8705 section 3.1).
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from actas.core.ports import JsonObject

Binding = Literal["none", "optional", "dpop", "mtls"]
"""What a policy asks of a new token: ``none`` is never bound, ``optional`` whenever the caller proves a DPoP
key, ``dpop`` and ``mtls`` always, to that kind of key. The word that asks for more wins."""


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """Keys, by their digests. A token is bound to one; a caller may prove one of each kind.

    Attributes:
        jkt: SHA-256 thumbprint of a DPoP key (RFC 7638), base64url, 43 characters.
        x5t: SHA-256 of a client certificate in DER, base64url, 43 characters.
    """

    jkt: str | None = None
    x5t: str | None = None

    def proves(self, bound: Confirmation) -> bool:
        """Whether somebody who proved these keys holds the one that a token is bound to."""
        if bound.jkt is not None:
            return bound.jkt == self.jkt
        return bound.x5t is not None and bound.x5t == self.x5t

    def claim(self) -> JsonObject:
        """Return the ``cnf`` claim (RFC 7800 section 3.1)."""
        members = {"jkt": self.jkt, "x5t#S256": self.x5t}
        return {name: digest for name, digest in members.items() if digest is not None}

    @property
    def words(self) -> str:
        """What is proven or bound, for people: the kind of key and the start of its digest."""
        found = [f"DPoP key {self.jkt[:8]}..."] if self.jkt is not None else []
        found += [f"certificate {self.x5t[:8]}..."] if self.x5t is not None else []
        return " and ".join(found) or "no key"


NO_KEY: Final = Confirmation()
"""A caller who proved to hold no key."""
