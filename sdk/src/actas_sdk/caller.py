"""Who is calling, as a verified token says it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from actas_sdk.errors import MissingScope
from actas_sdk.party import Party
from actas_sdk.strict_json import Json
from actas_sdk.token import Token

__all__ = ["Caller"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who is calling, for whom, and what they may do. Only `Verifier` makes one.

    Decide by `scopes`, by `subject` and by `actor`. `chain` is for logs: those in the middle of it
    are history and had their say when they asked (RFC 8693 section 4.1).

    Attributes:
        subject: whom the token speaks about.
        actor: who is calling now: the outermost ``act``, or the subject when nobody acts for it.
        chain: the subject followed by every actor, oldest first. The last one is `actor`.
        scopes: what the token may do here.
        client_id: the client that asked for the token, or None.
        token: the token itself, to exchange for the next one. It does not show itself.
        claims: every verified claim, read-only.
    """

    subject: Party
    actor: Party
    chain: tuple[Party, ...]
    scopes: frozenset[str]
    client_id: str | None
    token: Token
    claims: Mapping[str, Json] = field(
        default_factory=lambda: MappingProxyType({}), repr=False, compare=False
    )

    @property
    def sentence(self) -> str:
        """What this call is: *orders may use stock:read at inventory, acting for alice, …*."""
        return self.token.sentence

    def require(self, scopes: Iterable[str]) -> None:
        """Do nothing if the token carries every one of ``scopes``.

        Raises:
            MissingScope: it does not; the error names them for the challenge.
        """
        needed = frozenset(scopes)
        missing = needed - self.scopes
        if missing:
            raise MissingScope(scopes=needed, missing=missing)
