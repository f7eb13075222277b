"""The key ring: keys sign, they are not fetched. One key, one purpose (SEC-91)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from actas.core.ports import Json, JsonObject
from actas.core.secret import Secret
from actas.core.wire import SigningAlgorithm
from actas.crypto.jose import PublicKey

Purpose = Literal["token", "audit"]
"""What a key is for. A key of one purpose neither signs nor verifies for another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInfo:
    """What people may see of a key.

    Attributes:
        created_at: seconds since the epoch.
        state: ``active`` signs and is published; ``retired`` is published only.
    """

    kid: str
    purpose: Purpose
    algorithm: SigningAlgorithm
    state: Literal["active", "retired"]
    created_at: int


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
        """
        ...

    def public_key(self, kid: str, *, purpose: Purpose) -> PublicKey | None:
        """Return the key that verifies, or None when there is none of that ``kid`` and purpose."""
        ...

    def published(self) -> JsonObject:
        """Return the JWK set of the token keys: public members only."""
        ...

    def keys(self) -> tuple[KeyInfo, ...]:
        """Return every key, newest first."""
        ...

    def digest(self, token: str) -> str:
        """Return the keyed digest by which the minutes name ``token`` (SEC-87), base64url, 43 characters."""
        ...
