"""Downscoping: the same subject and the same actors at the same API, with less."""

from __future__ import annotations

from actas.core.party import Actor
from actas.core.permit import Proposal
from actas.core.wire import ACCESS_TOKEN, TOKEN_EXCHANGE
from actas.kinds.checks import requester_holds_the_token, restriction_is_kept
from actas.kinds.kind import Kind


def _fits(proposal: Proposal) -> bool:
    subject = proposal.subject
    return (
        proposal.grant_type == TOKEN_EXCHANGE
        and proposal.actor is None
        and subject.is_ours
        and subject.client_id == proposal.client.name
    )


def _chain(proposal: Proposal) -> tuple[Actor, ...]:
    return proposal.subject.actors


DOWNSCOPE = Kind(
    name="downscope",
    spec="RFC 8693 section 1; RFC 6749 section 6 (never more than was held)",
    fits=_fits,
    chain=_chain,
    checks=(requester_holds_the_token, restriction_is_kept),
    only_held=True,
    yields=frozenset({ACCESS_TOKEN}),
)
