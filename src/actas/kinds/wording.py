"""What a refusal is called where a profile has another word than the exchange. Pure."""

from __future__ import annotations

import msgspec

from actas.core.errors import (
    InvalidDpopProof,
    InvalidGrant,
    InvalidRequest,
    InvalidTarget,
)
from actas.core.errors_of_cross_app import InvalidAuthorizationDetails
from actas.core.permit import Proposal, Refusal
from actas.core.wire import ID_JAG, JWT_BEARER


def worded(refusal: Refusal, proposal: Proposal) -> Refusal:
    """Return a refusal with the error that its caller expects.

    Whoever asks for a grant for another server is told ``invalid_grant`` of a subject token that is not good
    enough (ID-JAG section 4.3.4.3, JAG-53). Whoever redeems one is told so of everything that the grant does
    not
    give: another client, another API, a key that is not proven (sections 4.4.1 and 9.8; RFC 7521 section
        4.1.1).
    """
    of_grants: tuple[object, ...] = ()
    if proposal.grant_type == JWT_BEARER:
        of_grants = (InvalidRequest, InvalidTarget, InvalidDpopProof, InvalidAuthorizationDetails)
    elif proposal.requested == ID_JAG:
        of_grants = (InvalidRequest,)
    return msgspec.structs.replace(refusal, error=InvalidGrant) if refusal.error in of_grants else refusal
