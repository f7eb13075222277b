"""A person signed in to an app, which now gets what they let it have (RFC 6749 section 4.1, RFC 8628)."""

from __future__ import annotations

from actas.core.errors import InvalidGrant, InvalidTarget
from actas.core.permit import Proposal, Refusal
from actas.core.wire import ACCESS_TOKEN, AUTHORIZATION_CODE, DEVICE_CODE
from actas.kinds.acting import agent_that_asks
from actas.kinds.kind import Kind


def authorization_is_the_requesters(proposal: Proposal) -> Refusal | None:
    """RFC 6749 section 4.1.3, RFC 8707 section 2.2: given to this client, and for these APIs."""
    authorization = proposal.authorization
    if authorization is None or authorization.client != proposal.client.name:
        detail = "nobody who signed in let this client do anything"
        return Refusal(error=InvalidGrant, reason="bad_code", detail=detail)
    for api in proposal.targets:
        if api.name not in authorization.apis:
            detail = f"when they signed in, nobody was asked about {api.name}"
            return Refusal(error=InvalidTarget, reason="unknown_target", detail=detail)
    return None


def _fits(proposal: Proposal) -> bool:
    return proposal.grant_type in (AUTHORIZATION_CODE, DEVICE_CODE)


SIGN_IN = Kind(
    name="sign_in",
    spec="RFC 6749 section 4.1",
    fits=_fits,
    chain=agent_that_asks,
    checks=(authorization_is_the_requesters,),
    yields=frozenset({ACCESS_TOKEN}),
    each_its_own=True,
)
