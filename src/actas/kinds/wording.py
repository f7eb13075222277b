"""What a refusal is called where a profile has another word than the exchange. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from actas.core.errors import InvalidDpopProof, InvalidGrant, InvalidRequest, InvalidScope, InvalidTarget
from actas.core.errors_of_cross_app import InvalidAuthorizationDetails
from actas.core.permit import Proposal, Refusal
from actas.core.wire import ID_JAG, JWT_BEARER
from actas.kinds.mcp import for_mcp
from actas.kinds.proposed import as_proposed, tried
from actas.policy.decide import Policy


def worded(refusals: Sequence[Refusal], proposal: Proposal, policy: Policy) -> tuple[Refusal, ...]:
    """Return refusals with the errors that their caller expects.

    Whoever asks for a grant for another server is told ``invalid_grant`` of a subject token that is not good
    enough (ID-JAG section 4.3.4.3, JAG-53). Whoever redeems one is told so of everything that the grant does
    not give: another client, another API, a key that is not proven (sections 4.4.1 and 9.8; RFC 7521 section
    4.1.1); at an MCP server also of scopes (JAG-123). What is tried with a connection has the last word.
    """
    if not refusals:
        return ()
    of_grants: tuple[object, ...] = ()
    if proposal.grant_type == JWT_BEARER:
        of_grants = (InvalidRequest, InvalidTarget, InvalidDpopProof, InvalidAuthorizationDetails)
        if for_mcp(proposal):
            of_grants = (*of_grants, InvalidScope)
    elif proposal.requested == ID_JAG:
        of_grants = (InvalidRequest,)
    proposals = tried(proposal, policy)
    found = [
        msgspec.structs.replace(one, error=InvalidGrant) if one.error in of_grants else one
        for one in refusals
    ]
    return tuple([as_proposed(one, proposals) for one in found])
