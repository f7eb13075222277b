"""Identity chaining, as the server that gives: what a client holds, told to another domain's server as a
plain JWT grant.

ID-JAG is a profile of this (``kinds.cross_app``, ``kinds.redemption``). What is wider here is what a grant
may come of (an access token too) and what it may carry; so that is said by its connection, claim by claim
and scope by scope. The two are kinds of their own: a connection for one opens nothing for the other (SEC-61).
"""

from __future__ import annotations

from typing import Final

import msgspec

from actas.core.abroad import LONGEST_GRANT
from actas.core.errors import InvalidRequest
from actas.core.permit import Proposal, Refusal
from actas.core.wire import JWT, TOKEN_EXCHANGE
from actas.kinds.acting import chain_of_acting
from actas.kinds.checks import actor_is_new, subject_is_a_person
from actas.kinds.cross_app import sign_in_is_good_enough, token_names_its_client
from actas.kinds.kind import Kind


def foreign_token_names_its_client(proposal: Proposal) -> Refusal | None:
    """IDC-16: a token of another issuer is this client's own, and no audience of everybody's."""
    refusal = token_names_its_client(proposal)
    return None if refusal is None else msgspec.structs.replace(refusal, error=InvalidRequest)


def _fits(proposal: Proposal) -> bool:
    return proposal.grant_type == TOKEN_EXCHANGE and all(
        api.abroad is not None and api.abroad.grant == "jwt" for api in proposal.targets
    )


CHAINING: Final = Kind(
    name="chaining",
    spec="draft-ietf-oauth-identity-chaining section 2.3",
    fits=_fits,
    chain=chain_of_acting,  # whole (IDC-56); what the other server is told is for its connection to say,
    checks=(
        subject_is_a_person,
        foreign_token_names_its_client,
        actor_is_new,
        sign_in_is_good_enough,
    ),
    yields=frozenset({JWT}),
    longest_life=LONGEST_GRANT,
)
