"""A trail made into an event: flat, stable, complete enough to decide again, and without secrets.

Tokens appear as their ``jti`` and keyed digest, client secrets not at all. Free text is capped; the
encoder escapes control characters, so that one event is always one line (SEC-87). Of a token's claims
only those that some rule may look at are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from actas.audit.stream import instant
from actas.audit.trail import Trail
from actas.core.confirmation import NO_KEY
from actas.core.party import ANY_CLIENT, Actor, Party
from actas.core.permit import ExchangeRequest, Issued
from actas.core.ports import Json

MAX_TEXT: Final = 500
"""Characters of any free text in an event."""

_STEERING: Final = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]")
"""What JSON lets through unescaped and a terminal or an editor obeys: DEL, C1, line and direction marks."""

_encode: Final = msgspec.json.Encoder().encode
_NO_CLAIMS: Final[Mapping[str, Json]] = {}


def event_of(trail: Trail) -> bytes:
    """Return the event of one attempt as one line of JSON.

    Args:
        trail: what is known of the attempt. Exactly one of ``issued`` and ``refused`` is set.
    """
    event: dict[str, Any] = {"id": trail.entry, "at": instant(trail.at), "source": trail.source}
    _add_outcome(event, trail)
    _add_question(event, trail)
    _add_parties(event, trail)
    _add_decision(event, trail)
    return harmless(_encode(event))


def harmless(line: bytes) -> bytes:
    """Return a line of JSON in which nothing stands unescaped that whoever shows it may obey."""
    if line.isascii() and b"\x7f" not in line:  # nearly every event, in a fiftieth of the time
        return line
    return _STEERING.sub(_escaped, line)


def _escaped(match: re.Match[bytes]) -> bytes:
    return "".join(f"\\u{ord(char):04x}" for char in match.group().decode("utf-8")).encode("ascii")


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
    event["detail"] = refused.detail[:MAX_TEXT]


def _add_question(event: dict[str, Any], trail: Trail) -> None:
    if trail.form is not None and trail.form.blank:
        event["blank"] = [name[:64] for name in trail.form.blank[:16]]
    if trail.client is not None:
        event["client"] = {"name": trail.client.name, "kind": trail.client.kind, "method": trail.method}
    if trail.proven is not NO_KEY:
        event["proven"] = trail.proven.claim()
    if trail.request is not None:
        event["grant"] = trail.request.grant_type
        event["asked"] = _asked(trail.request)
    if trail.targets:
        event["apis"] = [api.name for api in trail.targets]


def _add_parties(event: dict[str, Any], trail: Trail) -> None:
    parents: list[dict[str, str | None]] = []
    for role, party in (("subject", trail.subject), ("actor", trail.actor)):
        if party is not None:
            event[role] = party_document(party, trail.claims.get(role, _NO_CLAIMS))
            if party.digest is not None:
                parents.append({"role": role, "jti": party.token_id, "digest": party.digest})
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
        document["actors"] = chain_document(party.actors)
    if party.may_act is not None:
        document["may_act"] = dict(party.may_act.members)
    if party.txn is not None:
        document["txn"] = party.txn
    if party.confirmation is not None:
        document["cnf"] = party.confirmation.claim()


def chain_document(chain: tuple[Actor, ...]) -> list[dict[str, str]]:
    """Return the members of a chain, in the order given."""
    return [
        {"iss": member.identity.issuer, "sub": member.identity.subject, "kind": member.kind}
        for member in chain
    ]


def _asked(request: ExchangeRequest) -> dict[str, Any]:
    asked: dict[str, Any] = {"type": request.requested}
    if request.audience:
        asked["audience"] = [one[:MAX_TEXT] for one in request.audience]
    if request.resource:
        asked["resource"] = [one[:MAX_TEXT] for one in request.resource]
    if request.scope is not None:
        asked["scope"] = " ".join(sorted(request.scope))
    if request.subject is not None:
        asked["subject_token_type"] = request.subject.type
    if request.actor is not None:
        asked["actor_token_type"] = request.actor.type
    return asked


def _given(issued: Issued, actors: tuple[Actor, ...]) -> dict[str, Any]:
    given: dict[str, Any] = {
        "jti": issued.id,
        "digest": issued.digest,
        "key": issued.key,
        "type": issued.token_type,
        "audience": list(issued.audience),
        "scope": " ".join(sorted(issued.scope)),
        "iat": issued.issued_at,
        "exp": issued.expires_at,
        "actors": chain_document(actors),
    }
    if issued.confirmation is not None:
        given["cnf"] = issued.confirmation.claim()
    return given
