"""Redeeming a grant of another domain's server: who its person is was told, what they may do is ours to say.

Which client redeems grants of which issuer, for what, is said by connections (``policy.connections``). What
comes of it never goes beyond what the grant says (JAG-69), and a grant says nothing of a second hop: it is
for the client that it names and for nobody after it (JAG-73).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from actas.core.abroad import LONGEST_ACCESS, REDEEMED, Acceptance, Redeeming
from actas.core.agreement import Agreement
from actas.core.claims import is_name
from actas.core.client import Client
from actas.core.details import Details
from actas.core.errors import InvalidGrant
from actas.core.party import Actor, Party
from actas.core.permit import ExchangeRequest, Proposal
from actas.core.person import VouchedPerson
from actas.core.ports import Json
from actas.core.single import Single
from actas.core.target import MAX_TARGETS
from actas.core.wire import ACCESS_TOKEN, ID_JAG, JWT_BEARER
from actas.kinds.acting import agent_that_asks, chain_of_acting
from actas.kinds.checks import actor_is_new, restriction_is_kept, subject_is_a_person
from actas.kinds.kind import Kind
from actas.kinds.mcp import for_mcp, mcp_server_alone
from actas.kinds.proposed import error_of_pause, error_of_target
from actas.policy.decide import Verdict, scopes_of


def as_granted(
    request: ExchangeRequest, subject: Party | None, client: Client, connections: Redeeming
) -> ExchangeRequest:
    """Return a request to redeem a grant that names its targets: what the grant is for, or what the
    connection is.

    The APIs that the grant names (``resource``) win over those of the request, which may name fewer of them
    and no others (JAG-74). Where neither names one, it is for what this client may redeem such grants for:
    for the API that all of its scopes belong to, where that is one of them.

    Args:
        subject: whom the grant tells of; None for every other request, which is returned as it is.

    Raises:
        OAuthError: this client redeems no grants of that issuer, or not now; or the grant names no APIs as
            such claims do.
    """
    if subject is None:
        return request
    grant = REDEEMED[subject.token_type]
    ways = connections.redeeming(client.name, issuer=subject.issuer_name, grant=grant)
    if not ways:
        theirs = f"grants of {subject.issuer_name} ({'ID-JAG' if grant == 'id_jag' else 'plain'})"
        detail = f"there is no connection by which {client.name} redeems {theirs}"
        raise InvalidGrant("no_connection", detail=detail)
    if all(one.paused for one in ways):
        names = ", ".join(one.name for one in ways)
        raise error_of_pause(ways)("connection_paused", detail=f"the connection {names} is paused")
    request = msgspec.structs.replace(request, target_error=error_of_target(ways))
    granted = _resources(subject.claims)
    if granted:
        fewer = tuple(one for one in request.resource if one in granted)
        return msgspec.structs.replace(request, audience=(), resource=fewer or granted)
    if request.audience or request.resource:
        return request
    wanted = subject.scope if request.scope is None else request.scope
    return msgspec.structs.replace(request, audience=_meant([one for one in ways if not one.paused], wanted))


def _meant(ways: Iterable[Acceptance], wanted: frozenset[str]) -> tuple[str, ...]:
    """Return the APIs that a grant is for which names none: the one that has all of its scopes, where that is
    one; else all to which the connections lead, for which one token is good then with what they share.
    """
    found: dict[str, frozenset[str]] = {}
    for one in ways:
        found[one.api] = found.get(one.api, frozenset()) | one.scopes
    fitting = [api for api, scopes in found.items() if wanted and wanted <= scopes]
    return tuple(fitting) if len(fitting) == 1 else tuple(sorted(found))


def _resources(claims: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the APIs that a grant names; none when it has no such claim. One that is there names some."""
    if "resource" not in claims:
        return ()
    claim = claims["resource"]
    many = claim if isinstance(claim, list) else [claim]
    named = tuple(one for one in many if isinstance(one, str) and is_name(one))
    if not named or len(named) != len(many) or len(named) > MAX_TARGETS:
        raise InvalidGrant("bad_subject", detail="its claim resource names no APIs, or too many")
    return named


def single_of(proposal: Proposal, verdicts: tuple[Verdict, ...]) -> Single | None:
    """Return the grant that may be redeemed once, unless every rule lets it be redeemed again (JAG-72).

    One for an MCP server never may (JAG-124), whatever a connection says.
    """
    subject = proposal.subject
    if subject.token_type not in REDEEMED or subject.token_id is None:
        return None
    if not for_mcp(proposal) and all(rule.spec.repeatable for verdict in verdicts for rule in verdict.allows):
        return None
    return Single(
        issuer=subject.origin.issuer,
        token_id=subject.token_id,
        issued_at=subject.issued_at,
        expires_at=subject.expires_at,
    )


def matched_of(proposal: Proposal) -> VouchedPerson | None:
    """Return whom of ours the grants of somebody mean, and from now on nobody else (JAG-5)."""
    subject = proposal.subject
    if subject.matched is None:
        return None
    return VouchedPerson(
        subject=subject.matched,
        origin=subject.identity,
        display=subject.identity.subject,
        seen_at=int(proposal.at),
    )


def agreement_of(proposal: Proposal, scope: frozenset[str], details: Details) -> Agreement | None:
    """Return what the person has to have agreed to here, or None (SEC-62).

    The administrators of both sides decide, in place of the person. Where an app's registration says that
    people are asked each time, the person does as well.

    Args:
        scope: what is granted; ``details`` are the authorization details.
    """
    client, subject = proposal.client, proposal.subject
    asks = client.sign_in is not None and client.sign_in.consent == "always"
    if not asks or subject.token_type not in REDEEMED:
        return None
    return Agreement(
        subject=subject.identity.subject,
        client=client.name,
        fingerprint=client.fingerprint,
        scope=scope,
        offered={api.name: scopes_of(api, client) for api in proposal.targets},
        details=bool(details),
    )


def newcomer_of(proposal: Proposal) -> VouchedPerson | None:
    """Return who is known here from now on: a person of another domain who never was here, and may be."""
    subject = proposal.subject
    if subject.known:
        return None
    name, email = (subject.claims.get(one) for one in ("name", "email"))
    verified = subject.claims.get("email_verified") is True
    return VouchedPerson(
        subject=subject.identity.subject,
        origin=subject.origin,
        # As when they sign in: what is no name is shown to nobody, and nobody is written to there.
        display=name if isinstance(name, str) and is_name(name) else subject.identity.subject,
        email=email if isinstance(email, str) and is_name(email) and verified else None,
        groups=subject.groups or None,
        seen_at=int(proposal.at),
    )


def _fits(proposal: Proposal) -> bool:
    return proposal.grant_type == JWT_BEARER and proposal.subject.token_type == ID_JAG


def _chain(proposal: Proposal) -> tuple[Actor, ...]:
    """Our client acts where somebody acted there, who stays beneath it (SEC-49), or where it is an agent.

    An app by which a person came in is not named, as when they sign in with it here.
    """
    return chain_of_acting(proposal) if proposal.subject.actors else agent_that_asks(proposal)


REDEMPTION: Final = Kind(
    name="redemption",
    spec="RFC 7523 section 2.1",
    fits=_fits,
    chain=_chain,
    checks=(subject_is_a_person, restriction_is_kept, actor_is_new, mcp_server_alone),
    yields=frozenset({ACCESS_TOKEN}),
    longest_life=LONGEST_ACCESS,
    only_held=True,
)
