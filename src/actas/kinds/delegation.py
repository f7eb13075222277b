"""Delegation: the new token names both subject and actor (RFC 8693 sections 1.1 and 4.1)."""

from __future__ import annotations

from actas.core.permit import Proposal
from actas.core.wire import ACCESS_TOKEN, REFRESH_TOKEN, TOKEN_EXCHANGE
from actas.kinds.acting import chain_of_acting
from actas.kinds.checks import actor_is_new
from actas.kinds.kind import Kind


def _fits(proposal: Proposal) -> bool:
    return proposal.grant_type == TOKEN_EXCHANGE


DELEGATION = Kind(
    name="delegation",
    spec="RFC 8693 section 1.1",
    fits=_fits,
    chain=chain_of_acting,
    checks=(actor_is_new,),
    yields=frozenset({ACCESS_TOKEN, REFRESH_TOKEN}),
)
