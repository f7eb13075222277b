"""What was made of a permit (``core.permit``): the token, and what the minutes and the answer say of it."""

from __future__ import annotations

import msgspec

from actas.core.confirmation import Confirmation
from actas.core.details import Details
from actas.core.family import Renewal
from actas.core.impersonation import Begun
from actas.core.secret import Secret
from actas.core.wire import TokenType


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """A refresh token that comes with another token.

    Attributes:
        token: it.
        digest: its keyed digest.
        expires_at: its end when it is not used, seconds since the epoch.
        instead_of: what was used, so that it can be put back while nobody has seen its successor; None for
            the first of a family.
    """

    token: Secret
    digest: str
    expires_at: int
    instead_of: Renewal | None = None


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """What was made.

    Attributes:
        id: its ``jti``.
        digest: keyed digest of the token, for the minutes.
        key: the ``kid`` of the key that signed it, so that everything a key signed can be found (REL-07);
            None when it is not signed.
        bearer: False answers ``token_type`` ``N_A`` (RFC 8693 section 2.2.1).
        txn: the root of its lineage.
        confirmation: the key that it is bound to, or None.
        refresh: the refresh token that comes with it, or None.
        id_token: the ID token that comes with it, or None.
        begun: the impersonation that it begins, or is one more token of, or None.
        resource: the resources that the answer names; empty when it names none.
        details: the authorization details that it carries.
        encrypted_to: the ``kid`` of the other server's key to which it is encrypted, or None.
    """

    id: str
    token: Secret
    digest: str
    key: str | None
    token_type: TokenType
    issued_at: int
    expires_at: int
    scope: frozenset[str]
    audience: tuple[str, ...]
    txn: str
    bearer: bool = True
    confirmation: Confirmation | None = None
    refresh: Refreshed | None = None
    id_token: Secret | None = None
    begun: Begun | None = None
    resource: tuple[str, ...] = ()
    details: Details = ()
    encrypted_to: str | None = None
