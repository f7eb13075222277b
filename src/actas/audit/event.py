"""A trail made into an event: flat, stable, complete enough to decide again, and without secrets.

Tokens appear as their ``jti`` and keyed digest, client secrets not at all. Free text is capped; the
encoder escapes control characters, so that one event is always one line (SEC-87). Of a token's claims
only those that some rule may look at are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from actas.audit.abroad import add_abroad
from actas.audit.details import harmless_details
from actas.audit.harmless import harmless
from actas.audit.stream import instant
from actas.audit.told import told_document
from actas.audit.trail import Trail
from actas.core.confirmation import NO_KEY
from actas.core.events import EventName
from actas.core.impersonation import NO_REASON, Impersonation
from actas.core.issued import Issued
from actas.core.party import ANY_CLIENT, Actor, Party
from actas.core.permit import ExchangeRequest
from actas.core.ports import Json
from actas.core.records import Record
from actas.core.redaction import without_secrets, without_tokens

MAX_TEXT: Final = 500
"""Characters of any free text in an event."""

_STRANGER: Final = slice(0, 64)
_FEW: Final = slice(0, 3)
"""How much is kept of each text, and of how many, of what somebody asked who did not prove who he is: anybody
can, as often as he likes, and must not fill the log (SEC-90)."""

_encode: Final = msgspec.json.Encoder().encode
_NO_CLAIMS: Final[Mapping[str, Json]] = {}


def event_of(trail: Trail) -> bytes:
    """Return the event of one attempt as one line of JSON.

    Args:
        trail: what is known of the attempt. Exactly one of ``issued`` and ``refused`` is set.
    """
    event: dict[str, Any] = {"id": trail.entry, "at": instant(trail.at), "source": trail.source}
    if trail.trace is not None:
        event["trace"] = trail.trace
    _add_outcome(event, trail)
    _add_question(event, trail)
    _add_parties(event, trail)
    _add_impersonation(event, trail)
    _add_decision(event, trail)
    return harmless(_encode(event))


def record_of(trail: Trail, event: EventName) -> Record:
    """Return the entry of an attempt, to be kept together with what the attempt changed (REL-01).

    Args:
        event: how the attempt ends; the trail says so already.
    """
    return Record(entry=trail.entry, event=event, body=event_of(trail), at=trail.at)


def _add_outcome(event: dict[str, Any], trail: Trail) -> None:
    refused = trail.refused
    if refused is None:
        event["event"] = f"{trail.door}:granted"
        event["outcome"] = "granted"
        return
    event["event"] = f"{trail.door}:refused"
    event["outcome"] = "refused"
    event["reason"] = refused.reason
    event["error"] = refused.code
    event["detail"] = without_tokens(refused.detail[:MAX_TEXT])


def _add_question(event: dict[str, Any], trail: Trail) -> None:
    known = trail.refused is None or not trail.of_stranger
    if trail.form is not None and trail.form.blank:
        blank = trail.form.blank[:16] if known else trail.form.blank[_FEW]
        event["blank"] = [without_tokens(name[:64]) for name in blank]
    client = trail.client or trail.said_by
    if client is not None:
        event["client"] = {"name": client.name, "kind": client.kind, "method": trail.method}
    elif trail.asked_as:
        event["asked_as"] = without_secrets(trail.asked_as[_STRANGER])
    if trail.proven is not NO_KEY:
        event["proven"] = trail.proven.claim()
    if trail.request is not None:
        event["grant"] = trail.request.grant_type
        event["asked"] = _asked(trail.request) if known else _asked_by_stranger(trail.request)
    if trail.targets:
        event["apis"] = [api.name for api in trail.targets]
    add_abroad(event, trail.abroad, trail.redeemed)


def _add_impersonation(event: dict[str, Any], trail: Trail) -> None:
    """Name the administrator of whatever is done under an impersonation, and why it is done."""
    begun = None if trail.issued is None else trail.issued.begun
    one = trail.impersonation if begun is None else begun.impersonation
    if one is not None:
        event |= members_of_impersonation(one)
    elif trail.refused is not None and "impersonation" in trail.refused.members:
        event["impersonation"] = trail.refused.members["impersonation"]
    elif trail.refused is not None and trail.refused.impersonation is not None:
        event["impersonation"] = trail.refused.impersonation
    else:
        for party in (trail.subject, trail.actor):
            if party is not None and party.impersonation is not None:
                event["impersonation"] = party.impersonation


def members_of_impersonation(one: Impersonation) -> dict[str, Any]:
    """Return what every entry under an impersonation says of it: its id, who acts, and why."""
    why = {"reason": said(one.why.reason), "ticket": said(one.why.ticket)}
    return {
        "impersonation": one.id,
        "administrator": party_of_chain(one.administrator),
        "why": {name: text for name, text in why.items() if text},
    }


def said(text: str) -> str:
    """Return what somebody wrote, of bounded length and without anything that could be a token."""
    return without_tokens(text[:MAX_TEXT])


def _add_parties(event: dict[str, Any], trail: Trail) -> None:
    parents: list[dict[str, str | None]] = []
    for role, party in (("subject", trail.subject), ("actor", trail.actor)):
        if party is not None:
            event[role] = party_document(party, trail.claims.get(role, _NO_CLAIMS))
            if party.digest is not None:
                parents.append({"role": role, "jti": party.token_id, "digest": party.digest})
        elif (told := trail.told.get(role)) is not None:
            event[role] = told_document(told)
    if parents:
        event["parents"] = parents


def _add_decision(event: dict[str, Any], trail: Trail) -> None:
    if trail.policy is not None:
        event["policy"] = trail.policy
        event["chain"] = chain_document(trail.chain)
    if trail.kind is not None:
        event["kind"] = trail.kind
    if trail.rules:
        event["rules"] = list(trail.rules)
    if trail.issued is not None:
        event["given"] = _given(trail.issued, trail.issued_actors)
        if trail.newcomer is not None:
            event["created"] = trail.newcomer
        event["txn"] = trail.issued.txn
    if trail.revoked:
        event["revoked"] = list(trail.revoked)


def party_document(party: Party, claims: Mapping[str, Json]) -> dict[str, Any]:
    """Return what an event says of a party: enough to put it before the policy again.

    Args:
        claims: the claims that the policy may look at.
    """
    document: dict[str, Any] = {
        "iss": party.identity.issuer,
        "sub": party.identity.subject,
        "kind": party.kind,
        "issuer": party.issuer_name,
        "type": party.token_type,
        "audience": list(party.audience),
        "token": {
            "jti": party.token_id,
            "digest": party.digest,
            "exp": party.expires_at,
            "iat": party.issued_at,
        },
    }
    if party.origin != party.identity:
        document["origin"] = {
            "iss": party.origin.issuer,
            "sub": party.origin.subject,
            "name": party.origin_name,
        }
    if party.presenters is not None:
        document["presenters"] = ["*"] if party.presenters is ANY_CLIENT else sorted(party.presenters)
    _add_standing(document, party)
    if party.otherwise is not None:
        document["otherwise"] = msgspec.to_builtins(party.otherwise)
    if party.details:
        document["authorization_details"] = harmless_details(party.details)
    if party.encrypted_to is not None:
        document["encrypted_to"] = party.encrypted_to
    if claims:
        document["claims"] = dict(claims)
    return document


def _add_standing(document: dict[str, Any], party: Party) -> None:
    """Add what a party may do, and through whom, as far as its token says so."""
    if party.client_id is not None:
        document["client"] = party.client_id
    if party.scope:
        document["scope"] = " ".join(sorted(party.scope))
    if party.groups:
        document["groups"] = list(party.groups)
    if party.actors:
        document["actors"] = chain_document(party.actors, named=True)
    if party.may_act is not None:
        document["may_act"] = dict(party.may_act.members)
    if not party.known:
        document["known"] = False
    if party.txn is not None:
        document["txn"] = party.txn
    if party.impersonation is not None:
        document["impersonation"] = party.impersonation
    if party.confirmation is not None:
        document["cnf"] = party.confirmation.claim()


def person_document(issuer: str, subject: str) -> dict[str, Any]:
    """Return what an event says of somebody who signs in here.

    Args:
        issuer: our own issuer identifier.
        subject: their ``sub``.
    """
    return {"iss": issuer, "sub": subject, "kind": "person"}


def chain_document(chain: tuple[Actor, ...], *, named: bool = False) -> list[dict[str, Any]]:
    """Return the members of a chain, in the order given; ``named`` with what else they are called."""
    return [party_of_chain(one) | ({"names": [*one.names]} if named and one.names else {}) for one in chain]


def party_of_chain(member: Actor) -> dict[str, str]:
    """Return one member of a chain."""
    return {"iss": member.identity.issuer, "sub": member.identity.subject, "kind": member.kind}


def _asked_by_stranger(request: ExchangeRequest) -> dict[str, Any]:
    asked = _asked(request)
    asked.pop("authorization_details", None)
    for name in ("audience", "resource"):
        if name in asked:
            asked[name] = [one[_STRANGER] for one in asked[name][_FEW]]
    for name in ("scope", "requested_subject", "reason", "ticket"):
        if name in asked:
            asked[name] = asked[name][_STRANGER]
    return asked


def _asked(request: ExchangeRequest) -> dict[str, Any]:
    asked: dict[str, Any] = {"type": request.requested}
    if request.audience:
        asked["audience"] = [without_tokens(one[:MAX_TEXT]) for one in request.audience]
    if request.resource:
        asked["resource"] = [without_tokens(one[:MAX_TEXT]) for one in request.resource]
    if request.scope is not None:
        asked["scope"] = without_tokens(" ".join(sorted(request.scope)))
    for token in (request.subject, request.actor):
        if token is not None:  # an administrator's token may have come as the subject token
            asked[f"{token.role}_token_type"] = token.type
    if request.details:
        asked["authorization_details"] = harmless_details(request.details)
    if request.named is not None:
        asked["form"] = request.named.form
        asked["requested_subject"] = said(request.named.subject)
    if request.why is not NO_REASON:  # nearly no exchange gives one
        asked |= {name: said(text) for name, text in msgspec.structs.asdict(request.why).items() if text}
    return asked


def _given(issued: Issued, actors: tuple[Actor, ...]) -> dict[str, Any]:
    given: dict[str, Any] = {
        "jti": issued.id,
        "digest": issued.digest,
        "type": issued.token_type,
        "audience": list(issued.audience),
        "scope": " ".join(sorted(issued.scope)),
        "iat": issued.issued_at,
        "exp": issued.expires_at,
        "actors": chain_document(actors),
    }
    if issued.key is not None:
        given["key"] = issued.key
    if issued.refresh is not None:
        given["refresh"] = {"digest": issued.refresh.digest, "exp": issued.refresh.expires_at}
    if issued.confirmation is not None:
        given["cnf"] = issued.confirmation.claim()
    if issued.details:
        given["authorization_details"] = harmless_details(issued.details)
    if issued.encrypted_to is not None:
        given["encrypted_to"] = issued.encrypted_to
    return given
