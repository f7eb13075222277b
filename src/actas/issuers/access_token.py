"""JWT access tokens (RFC 9068).

Built from the permit alone, signed by the ring, then taken apart again from the text that will leave
and compared with the permit, so that a defect between the two ends as a refusal. The signature itself
is proven once for each key, when the ring loads it.
"""

from __future__ import annotations

from typing import Final

from actas.core.client import PartyKind
from actas.core.errors import InvalidRequest
from actas.core.lineage import CLAIM, Lineage
from actas.core.party import Actor, Identity
from actas.core.permit import Issued, Permit
from actas.core.ports import Chance, JsonObject
from actas.core.wire import ACCESS_TOKEN, AT_JWT, TokenType
from actas.crypto import jose
from actas.issuers.issuer import MintedWrong
from actas.keys.ring import KeyRing

PROFILE_OF: Final[dict[PartyKind, str]] = {
    "person": "user",
    "service": "service",
    "agent": "ai_agent",
    "app": "web_app",
}
"""``sub_profile`` of each kind of party (draft-mora-oauth-entity-profiles); none for an unknown one."""


class AccessTokenIssuer:
    """Mints JWT access tokens.

    Args:
        issuer: our own issuer identifier.
        keys: signs.
        chance: makes ``jti``.
    """

    def __init__(self, *, issuer: str, keys: KeyRing, chance: Chance) -> None:
        self._issuer = issuer
        self._keys = keys
        self._chance = chance

    @property
    def token_type(self) -> TokenType:
        return ACCESS_TOKEN

    async def issue(self, permit: Permit) -> Issued:
        token_id = self._chance.token(16)
        claims = self._claims(permit, token_id)
        try:
            token = await self._keys.sign(claims, typ=AT_JWT, purpose="token", algorithm=permit.algorithm)
        except ValueError as too_much:
            # Only what the caller sent can make a token too large: claims and groups that rules carry on.
            raise InvalidRequest("malformed_request", detail=f"the new token: {too_much}") from too_much
        text = token.reveal()
        key = self._reread(text, claims, permit)
        return Issued(
            id=token_id,
            token=token,
            digest=self._keys.digest(text),
            key=key,
            token_type=ACCESS_TOKEN,
            issued_at=permit.issued_at,
            expires_at=permit.expires_at,
            scope=permit.scope,
            audience=permit.audience,
            txn=permit.txn or token_id,
            confirmation=permit.confirmation,
        )

    def _claims(self, permit: Permit, token_id: str) -> JsonObject:
        audience = permit.audience
        claims: JsonObject = {
            **permit.claims,
            "iss": self._issuer,
            "aud": audience[0] if len(audience) == 1 else list(audience),
            "sub": permit.subject.subject,
            "client_id": permit.client_id,
            "scope": " ".join(sorted(permit.scope)),
            "iat": permit.issued_at,
            "exp": permit.expires_at,
            "jti": token_id,
            "txn": permit.txn or token_id,
            CLAIM: self._lineage(permit, token_id).claim(),
        }
        profile = PROFILE_OF.get(permit.subject_kind)
        if profile is not None:
            claims["sub_profile"] = profile
        if permit.origin != permit.subject:
            claims["sub_id"] = _subject_identifier(permit.origin)
        if permit.groups:
            claims["groups"] = [*permit.groups]
        if permit.confirmation is not None:
            claims["cnf"] = permit.confirmation.claim()
        if permit.actors:
            claims["act"] = act_of(permit.actors)
        return claims

    def _lineage(self, permit: Permit, token_id: str) -> Lineage:
        known = permit.lineage
        return Lineage((self._keys.mark("token", self._issuer, token_id), *known.marks), known.since)

    def _reread(self, text: str, claims: JsonObject, permit: Permit) -> str:
        """Look at the text that will leave with the eyes of whoever receives it; return the key it names."""
        jws = jose.parse(text)
        seen, key = jws.unverified_claims, jws.unverified_kid
        if jws.unverified_header.get("typ") != AT_JWT or key is None:
            raise MintedWrong("the header is not that of an access token")
        if seen != claims:
            raise MintedWrong("the claims are not those that were signed")
        if permit.not_after is not None and permit.expires_at > permit.not_after:
            raise MintedWrong("it would outlive the token it came from")
        if permit.expires_at <= permit.issued_at:
            raise MintedWrong("it would never be valid")
        if not permit.scope or not permit.audience:
            raise MintedWrong("it would be for nothing")
        return key


def act_of(actors: tuple[Actor, ...]) -> JsonObject:
    """Return the ``act`` claim: the newest actor outermost, the oldest deepest (RFC 8693 section 4.1)."""
    act: JsonObject | None = None
    for actor in reversed(actors):
        entry: JsonObject = {"iss": actor.identity.issuer, "sub": actor.identity.subject}
        profile = PROFILE_OF.get(actor.kind)
        if profile is not None:
            entry["sub_profile"] = profile
        if act is not None:
            entry["act"] = act
        act = entry
    if act is None:
        raise ValueError("a chain of nobody")
    return act


def _subject_identifier(origin: Identity) -> JsonObject:
    """Return ``sub_id`` in the iss_sub format (RFC 9493 section 3.2.3): who it is to its own issuer."""
    return {"format": "iss_sub", "iss": origin.issuer, "sub": origin.subject}
