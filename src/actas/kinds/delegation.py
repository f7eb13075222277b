"""Delegation: the new token names both subject and actor (RFC 8693 sections 1.1 and 4.1)."""

from __future__ import annotations

from actas.core.party import Actor
from actas.core.permit import Proposal
from actas.core.wire import ACCESS_TOKEN, REFRESH_TOKEN, TOKEN_EXCHANGE
from actas.kinds.checks import actor_is_new
from actas.kinds.kind import Kind


def _fits(proposal: Proposal) -> bool:
    return proposal.grant_type == TOKEN_EXCHANGE


def _chain(proposal: Proposal) -> tuple[Actor, ...]:
    """Newest first: who acts now, that party's own chain, then everyone the subject token names."""
    return (proposal.acting.as_actor(), *proposal.acting.actors, *proposal.subject.actors)


DELEGATION = Kind(
    name="delegation",
    spec="RFC 8693 section 1.1",
    fits=_fits,
    chain=_chain,
    checks=(actor_is_new,),
    yields=frozenset({ACCESS_TOKEN, REFRESH_TOKEN}),
)
