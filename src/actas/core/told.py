"""What is proven of a token that is refused all the same: who made it, of whom it speaks, which one it is.

Its refusal is found by that in the minutes of both ends (IDC-58). It is nobody's permission to anything.
"""

from __future__ import annotations

from types import TracebackType

import msgspec

from actas.core.client import PartyKind
from actas.core.errors import BadToken
from actas.core.party import Identity, Party
from actas.core.wire import TokenType


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a genuine token says that is refused.

    Attributes:
        whom: of whom it speaks, as its issuer calls them; the name is empty where it names nobody.
        kind: what they are, as far as that issuer is registered for.
        issuer_name: what the configuration calls the issuer.
        token_type: what it was declared as.
        token_id: its ``jti``, if it has one.
        digest: keyed digest of it, for the minutes.
        issued_at: its ``iat``, seconds since the epoch; None where it has none.
        expires_at: its ``exp``, likewise.
    """

    whom: Identity
    kind: PartyKind
    issuer_name: str
    token_type: TokenType
    token_id: str | None
    digest: str | None
    issued_at: int | None
    expires_at: int | None


def told_of(party: Party) -> Told:
    """Return what the token of a party says, where that alone is to be kept."""
    return Told(
        whom=party.identity if party.is_ours else party.origin,
        kind=party.kind,
        issuer_name=party.issuer_name,
        token_type=party.token_type,
        token_id=party.token_id,
        digest=party.digest,
        issued_at=party.issued_at,
        expires_at=party.expires_at,
    )


class Telling:
    """Say of a token that is refused inside whom it is about, which is proven by then.

    Args:
        party: what it says; as its issuer calls them, since nobody here is whom it would be.
    """

    __slots__ = ("_party",)

    def __init__(self, party: Party) -> None:
        self._party = party

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, BadToken):
            error.told = told_of(self._party)
