"""The key ring: keys sign, they are not fetched. One key, one purpose (SEC-91)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from actas.core.errors import StoreUnavailable
from actas.core.ports import Json, JsonObject
from actas.core.secret import Secret
from actas.core.wire import KeyAlgorithm, SigningAlgorithm
from actas.crypto.jose import PublicKey

Purpose = Literal["token", "id_token", "grant", "client", "audit", "encryption"]
"""What a key is for: access tokens and what is like them, ID tokens, grants for other authorization servers,
showing issuers who we are, the audit log; and grants that are encrypted to us. A key of one purpose neither
signs nor verifies for another, and one of the last does neither (SEC-91)."""

SIGNED: Final[dict[Purpose, str]] = {
    "token": "tokens",
    "id_token": "ID tokens",
    "grant": "grants for other servers",
    "client": "what shows issuers who we are",
    "audit": "the audit log",
    "encryption": "grants that are encrypted to us",
}
"""What a key of each purpose signs, or decrypts, in words."""


KeyState = Literal["prepared", "active", "retired", "gone"]
"""The life of a key: ``prepared`` is published and signs nothing yet, ``active`` signs, ``retired`` is
published until the last token it signed has expired, ``gone`` is neither published nor accepted, and its
private half is destroyed. Of an audit key that is gone the public half stays: the log is verified with it.

A key that decrypts goes the same way, and is published while it is ``active`` alone: before, every node
learns it, so that whatever is encrypted to it can be read by each; afterwards it still reads what was
encrypted to it, until nobody can have a key set with it any more."""

Slot = tuple[Purpose, KeyAlgorithm]
"""What at most one active key is for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInfo:
    """What people may see of a key. Times are seconds since the epoch.

    Attributes:
        created_at: when it was made and published.
        ahead: seconds for which a node must itself have published it before it signs with it (REL-06).
        activate_at: from when it signs; while it is prepared, from when it is to.
        retire_at: when it stopped signing.
        remove_at: when it leaves the key set, or left it.
    """

    kid: str
    purpose: Purpose
    algorithm: KeyAlgorithm
    state: KeyState
    created_at: int
    ahead: int = 0
    activate_at: int | None = None
    retire_at: int | None = None
    remove_at: int | None = None

    @property
    def slot(self) -> Slot:
        """What it is for."""
        return self.purpose, self.algorithm

    @property
    def kept(self) -> bool:
        """Whether it is still of use: a key that is gone is not."""
        return self.state != "gone"

    @property
    def published(self) -> bool:
        """Whether it is in a key set."""
        return self.state == "active" if self.purpose == "encryption" else self.kept


class KeyNotReady(StoreUnavailable):
    """This node signs nothing rather than with a key that verifiers may not know yet (REL-06)."""


class KeyRing(Protocol):
    """Signs and verifies for one server. Answers from memory."""

    async def sign(
        self,
        claims: Mapping[str, Json],
        *,
        typ: str,
        purpose: Purpose,
        algorithm: SigningAlgorithm | None = None,
    ) -> Secret:
        """Return a compact JWS over ``claims`` by the active key of ``purpose``.

        Args:
            algorithm: None for the ring's default.

        Raises:
            LookupError: no active key of that purpose and algorithm.
            KeyNotReady: there is one, and this node has not published it for long enough.
        """
        ...

    def public_key(self, kid: str, *, purpose: Purpose) -> PublicKey | None:
        """Return the key that verifies, or None when there is none of that ``kid`` and purpose."""
        ...

    def published(self) -> JsonObject:
        """Return the JWK set of the keys of tokens, ID tokens and grants that are not gone, and of those to
        which grants are encrypted now: public members only.
        """
        ...

    def keys(self) -> tuple[KeyInfo, ...]:
        """Return every key, newest first, those that are gone included."""
        ...

    def digest(self, token: str) -> str:
        """Return the keyed digest by which the minutes name ``token`` (SEC-87), base64url, 43 characters."""
        ...

    def mark(self, kind: str, *names: str) -> str:
        """Return the mark of a token or a party (``core.lineage``): keyed, base64url, 12 characters."""
        ...
