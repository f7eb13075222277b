"""Sign-in, as values: who signed in and how, and what an app was told that it may do for them.

The scopes in ``SCOPES`` are ours: they open what this server itself says of people, at its UserInfo endpoint,
which to the policy is an API like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from actas.core.party import Identity
from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.core.target import Api

USERINFO: Final = "actas-userinfo"
"""The name of the API that UserInfo is. No API of the configuration may be called so."""

OPENID: Final = "openid"
OFFLINE: Final = "offline_access"

SCOPES: Final[Mapping[str, str]] = {
    OPENID: "Know that it is you",
    "profile": "Read your name",
    "email": "Read your e-mail address",
    "groups": "Read which groups you are in",
    OFFLINE: "Go on while you are signed out, until you say stop",
}
"""The scopes of our own, each with what it allows (OpenID Connect Core sections 5.4 and 11)."""

NOT_HERE: Final = frozenset({"address", "phone"})
"""Scopes of OpenID Connect Core section 5.4 that this server knows nothing of people for: ignored."""

CLAIMS: Final[Mapping[str, tuple[str, ...]]] = {
    "profile": ("name", "preferred_username"),
    "email": ("email", "email_verified"),
    "groups": ("groups",),
}
"""What each of them opens."""


def userinfo_audience(issuer: str) -> str:
    """Return the ``aud`` of tokens for the UserInfo endpoint of the server called ``issuer``."""
    return f"{issuer}/userinfo"


def userinfo_api(issuer: str) -> Api:
    """Return UserInfo as an API."""
    return Api(name=USERINFO, audience=userinfo_audience(issuer), scopes=SCOPES)


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed in, when and how.

    Attributes:
        person: who it is to us.
        origin: who it is to whoever vouches for them: to us, for a person of ours.
        origin_name: what the configuration calls that issuer.
        groups: their groups then.
        claims: what UserInfo may say of them, by claim.
        at: when they proved who they are, seconds since the epoch (``auth_time``).
        acr: how strong that was.
        amr: by what (RFC 8176).
        sid: the session, as apps may know it.
        ends_at: when the session ends, seconds since the epoch.
    """

    person: Identity
    origin: Identity
    origin_name: str
    groups: tuple[str, ...]
    claims: dict[str, Any]
    at: int
    acr: str
    amr: tuple[str, ...]
    sid: str
    ends_at: int

    @property
    def called(self) -> str:
        """Their name for people to read, as whoever vouches for them said it; else their subject."""
        return str(self.claims.get("name") or self.person.subject)

    @property
    def how(self) -> JsonObject:
        """What a token says of when and how it was (RFC 9068 section 2.2.1)."""
        return {"auth_time": self.at, "acr": self.acr, "amr": [*self.amr]}


class Authorization(msgspec.Struct, frozen=True, kw_only=True):
    """What a person let an app do, as a code stands for it.

    Attributes:
        id: names it, as ``jti`` names a token.
        client: who may redeem it.
        apis: the names of the APIs that it is for.
        scope: what was granted at most.
        nonce: for the ID token, as the app sent it.
        began: when, seconds since the epoch.
    """

    id: str
    client: str
    sign_in: SignIn
    apis: tuple[str, ...]
    scope: frozenset[str]
    nonce: str | None
    began: int

    @property
    def offline(self) -> bool:
        """Whether it outlives the session."""
        return OFFLINE in self.scope


class GrantedCode(msgspec.Struct, frozen=True, kw_only=True):
    """What an authorization code stands for.

    Attributes:
        redirect_uri: where it was sent.
        challenge: SHA-256 of the verifier that redeems it, base64url (RFC 7636 section 4.2).
        jkt: the thumbprint of the DPoP key that redeems it, or None (RFC 9449 section 10).
        expires_at: seconds since the epoch.
    """

    authorization: Authorization
    redirect_uri: str
    challenge: str
    jkt: str | None
    expires_at: int


class PresentedCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code as it arrived, with what must come with it. Nothing about it is believed yet.

    Attributes:
        redirect_uri: None when none was sent.
    """

    value: Secret
    verifier: Secret
    redirect_uri: str | None
