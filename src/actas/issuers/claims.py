"""The claims of an access token, whatever it looks like (RFC 9068 section 2.2, RFC 7662 section 2.2)."""

from __future__ import annotations

from typing import Final

from actas.core.client import PartyKind
from actas.core.lineage import CLAIM, Lineage, Marking
from actas.core.party import Actor, Identity
from actas.core.permit import Permit
from actas.core.ports import Json, JsonObject
from actas.issuers.issuer import MintedWrong

PROFILE_OF: Final[dict[PartyKind, str]] = {
    "person": "user",
    "service": "service",
    "agent": "ai_agent",
    "app": "web_app",
}
"""``sub_profile`` of each kind of party (draft-mora-oauth-entity-profiles); none for an unknown one."""


def claims_of(permit: Permit, *, issuer: str, token_id: str, marking: Marking) -> JsonObject:
    """Return the claims of the token that a permit allows.

    Args:
        issuer: our own issuer identifier.
        token_id: the new token's ``jti``.
        marking: makes its mark.
    """
    audience = permit.audience
    lineage = Lineage((marking.mark("token", issuer, token_id), *permit.lineage.marks), permit.lineage.since)
    claims: JsonObject = {
        **permit.claims,
        "iss": issuer,
        "aud": audience[0] if len(audience) == 1 else list(audience),
        "sub": permit.subject.subject,
        "client_id": permit.client_id,
        "iat": permit.issued_at,
        "exp": permit.expires_at,
        "jti": token_id,
        "txn": permit.txn or token_id,
        CLAIM: lineage.claim(),
    }
    if permit.scope:
        claims["scope"] = " ".join(sorted(permit.scope))
    if permit.details:
        claims["authorization_details"] = [*permit.details]
    profile = PROFILE_OF.get(permit.subject_kind)
    if profile is not None:
        claims["sub_profile"] = profile
    if permit.origin != permit.subject:
        claims["sub_id"] = _subject_identifier(permit.origin)
    if permit.groups:
        claims["groups"] = [*permit.groups]
    if otherwise := _otherwise(permit):
        claims["otherwise"] = otherwise
    if permit.confirmation is not None:
        claims["cnf"] = permit.confirmation.claim()
    if permit.authorization is not None:
        claims |= permit.authorization.sign_in.how
    if permit.actors:
        claims["act"] = act_of(permit.actors)
    return claims


def require_sane(permit: Permit) -> None:
    """Return when a token of this permit would be one that may be.

    Raises:
        MintedWrong: it would not.
    """
    if permit.not_after is not None and permit.expires_at > permit.not_after:
        raise MintedWrong("it would outlive the token it came from")
    if permit.expires_at <= permit.issued_at:
        raise MintedWrong("it would never be valid")
    if not (permit.scope or permit.details) or not permit.audience:
        raise MintedWrong("it would be for nothing")


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


def _otherwise(permit: Permit) -> JsonObject:
    """Return what else the subject and who acted are called, for the denies of a later hop (policy.faces)."""
    found: JsonObject = {}
    if permit.otherwise is not None:
        found = {"names": [*permit.otherwise.names], "groups": [*permit.otherwise.groups]}
    actors: list[Json] = [
        {"iss": one.identity.issuer, "sub": one.identity.subject, "names": [*one.names]}
        for one in permit.actors
        if one.names
    ]
    return {**found, "actors": actors} if actors else found


def _subject_identifier(origin: Identity) -> JsonObject:
    """Return ``sub_id`` in the iss_sub format (RFC 9493 section 3.2.3): who it is to its own issuer."""
    return {"format": "iss_sub", "iss": origin.issuer, "sub": origin.subject}
