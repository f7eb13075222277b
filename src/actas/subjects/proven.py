"""What is said of a token that is genuine and refused all the same, for the minutes.

A claim that cannot be a name or an instant is left out: that may be why the token is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

from actas.core import claims as read
from actas.core.client import PartyKind
from actas.core.errors import BadToken
from actas.core.party import OURSELVES, Identity
from actas.core.ports import Json
from actas.core.told import Told
from actas.core.wire import TokenType


def told_by(
    claims: Mapping[str, Json],
    *,
    digest: str,
    token_type: TokenType,
    issuer_name: str = OURSELVES,
    kind: PartyKind = "unknown",
) -> Told:
    """Return what a token says whose signature was proven, and its ``iss`` with it.

    Args:
        claims: all of them.
        digest: the keyed digest of the token.
        token_type: as what it was declared.
        issuer_name: what the configuration calls its issuer.
        kind: what those are of whom that issuer speaks.
    """
    return Told(
        whom=Identity(_name(claims, "iss") or "", _name(claims, "sub") or ""),
        kind=kind,
        issuer_name=issuer_name,
        token_type=token_type,
        token_id=_name(claims, "jti"),
        digest=digest,
        issued_at=_instant(claims, "iat"),
        expires_at=_instant(claims, "exp"),
    )


def _name(claims: Mapping[str, Json], key: str) -> str | None:
    value = claims.get(key)
    return value if isinstance(value, str) and read.is_name(value) else None


def _instant(claims: Mapping[str, Json], key: str) -> int | None:
    try:
        return read.instant(claims, key)
    except BadToken:
        return None
