"""Impersonation of the same subject: the new token names the subject only (RFC 8693 section 1.1).

Only of tokens of ours, only without an actor token, only where a rule allows exactly that. The minutes
name the requester all the same.
"""

from __future__ import annotations

from actas.core.party import Actor
from actas.core.permit import Proposal
from actas.core.wire import ACCESS_TOKEN, TOKEN_EXCHANGE
from actas.kinds.checks import no_chain_would_be_lost, no_impersonation_is_fed
from actas.kinds.kind import Kind

LONGEST_LIFE = 15 * 60
"""Seconds. SEC-48: a token that hides its holder is short."""


def _fits(proposal: Proposal) -> bool:
    return proposal.grant_type == TOKEN_EXCHANGE and proposal.actor is None and proposal.subject.is_ours


def _chain(_proposal: Proposal) -> tuple[Actor, ...]:
    return ()


IMPERSONATION = Kind(
    name="impersonation",
    spec="RFC 8693 section 1.1",
    fits=_fits,
    chain=_chain,
    checks=(no_chain_would_be_lost, no_impersonation_is_fed),
    yields=frozenset({ACCESS_TOKEN}),
    longest_life=LONGEST_LIFE,
)
