"""Cross-app access, as the identity provider: who somebody is, told to another domain's server (ID-JAG).

What comes of it is a grant, and no access token: the other server redeems it for a token of its own, by its
own policy. What may be told to whom is said by connections, whose rules are made in ``policy.connections``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actas.core.abroad import LONGEST_GRANT, GrantAbroad
from actas.core.claims import is_name
from actas.core.errors import InvalidGrant, InvalidRequest
from actas.core.party import ANY_CLIENT, Actor, Party
from actas.core.permit import Proposal, Refusal
from actas.core.person import as_actor
from actas.core.ports import Json
from actas.core.wire import ID_JAG, ID_TOKEN, REFRESH_TOKEN, TOKEN_EXCHANGE
from actas.kinds.acting import acts_already
from actas.kinds.checks import no_chain_would_be_lost, restriction_is_kept, subject_is_a_person
from actas.kinds.freshness import stale
from actas.kinds.kind import Kind
from actas.kinds.on_behalf import is_for_client

_LONGEST: Final = 255
"""Most characters of a word about how somebody signed in."""

_MOST_WAYS: Final = 20
"""Most words of ``amr``."""


def token_tells_of_a_sign_in(proposal: Proposal) -> Refusal | None:
    """JAG-24: an ID token, or a refresh token of ours.

    Asked also where no connection allows a grant: another token says less of its person, and a connection
    that does not know them by it is not what is wrong.
    """
    if proposal.requested != ID_JAG or proposal.subject.token_type in (ID_TOKEN, REFRESH_TOKEN):
        return None
    detail = "only an ID token, or a refresh token of this server, says who signed in"
    return Refusal(error=InvalidRequest, reason="bad_subject", detail=detail)


def token_names_its_client(proposal: Proposal) -> Refusal | None:
    """JAG-31, SEC-54: the audience is this client and no other; an audience of everybody's is nobody's."""
    if proposal.subject.presenters is not ANY_CLIENT:
        return None
    detail = (
        f"audiences of the issuer {proposal.subject.issuer_name} does not say which client of ours "
        f"{', '.join(proposal.subject.audience)[:200]} is"
    )
    return Refusal(error=InvalidGrant, reason="wrong_audience", detail=detail)


def no_chain_but_its_own_agent(proposal: Proposal) -> Refusal | None:
    """SEC-53: nobody who acts is kept back. Of an agent that asks with its own token the connection says
    whether it is told, as with an ID token, which names no agent.
    """
    if proposal.actor is None and acts_already(proposal) and len(proposal.subject.actors) == 1:
        return restriction_is_kept(proposal)
    return no_chain_would_be_lost(proposal)


def sign_in_is_good_enough(proposal: Proposal) -> Refusal | None:
    """JAG-54: what the connection asks of the sign-in."""
    abroad = proposal.targets[0].abroad
    if abroad is None:
        return None
    wanted = (abroad.acr,) if abroad.acr else ()
    return stale(proposal.subject, max_age=abroad.max_age, acr=wanted, at=proposal.at)


def grant_abroad(proposal: Proposal) -> GrantAbroad | None:
    """Return what a grant tells the server that it is for; None when it is for nobody abroad."""
    abroad = proposal.targets[0].abroad
    if abroad is None:
        return None
    claims = proposal.subject.claims
    told = how_signed_in(claims)
    if abroad.grant == "jwt":
        told = {name: value for name, value in told.items() if name in abroad.tells}
    address = _vouched_address(proposal.subject)
    called = {
        name: said
        for name in abroad.naming_claims
        if isinstance(said := claims.get(name), str) and is_name(said)
    }
    return GrantAbroad(to=abroad, told=told if address is None else {**told, "email": address}, called=called)


def how_signed_in(claims: Mapping[str, Json]) -> dict[str, Json]:
    """Return when and how somebody signed in, of what a token says: unchanged, or not at all (IDC-57)."""
    told: dict[str, Json] = {}
    at, acr, amr = (claims.get(name) for name in ("auth_time", "acr", "amr"))
    if isinstance(at, int) and not isinstance(at, bool):
        told["auth_time"] = at
    if isinstance(acr, str) and len(acr) <= _LONGEST:
        told["acr"] = acr
    if isinstance(amr, list) and len(amr) <= _MOST_WAYS and all(_is_way(one) for one in amr):
        told["amr"] = amr
    return told


def _is_way(value: Json) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST


def _vouched_address(subject: Party) -> str | None:
    """Return the address of somebody whose issuer speaks for its domain, or None.

    We sign what we tell, and the other server takes us to vouch for it. So an issuer's word is passed on
    where the configuration lets it speak for the domain (``email_domains``), which names the person by that
    very address; any other could claim to be anybody (SEC-24).
    """
    claims, address = subject.claims, subject.identity.subject
    if subject.is_ours or claims.get("email") != address or claims.get("email_verified") is not True:
        return None
    return address


def _fits(proposal: Proposal) -> bool:
    return proposal.grant_type == TOKEN_EXCHANGE and all(
        api.abroad is not None and api.abroad.grant == "id_jag" for api in proposal.targets
    )


def _chain(proposal: Proposal) -> tuple[Actor, ...]:
    """An agent that asks for a person is named, where the connection tells of it; and any client for which
    we redeem the grant, for as its client it names us.
    """
    abroad = proposal.targets[0].abroad
    told = abroad is not None and abroad.names_agents
    named = told and (proposal.client.kind == "agent" or is_for_client(proposal))
    return (as_actor(proposal.itself),) if named else ()


CROSS_APP: Final = Kind(
    name="cross_app",
    spec="draft-ietf-oauth-identity-assertion-authz-grant section 4.3",
    fits=_fits,
    chain=_chain,
    checks=(
        token_tells_of_a_sign_in,
        subject_is_a_person,
        token_names_its_client,
        no_chain_but_its_own_agent,
        sign_in_is_good_enough,
    ),
    yields=frozenset({ID_JAG}),
    longest_life=LONGEST_GRANT,
)
