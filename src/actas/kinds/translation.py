"""Translation: a foreign issuer's token becomes one of ours, naming the subject only."""

from __future__ import annotations

from actas.core.party import Actor
from actas.core.permit import Proposal
from actas.core.wire import ACCESS_TOKEN, REFRESH_TOKEN, TOKEN_EXCHANGE
from actas.kinds.checks import no_chain_would_be_lost
from actas.kinds.kind import Kind


def _fits(proposal: Proposal) -> bool:
    return proposal.grant_type == TOKEN_EXCHANGE and proposal.actor is None and not proposal.subject.is_ours


def _chain(_proposal: Proposal) -> tuple[Actor, ...]:
    return ()


TRANSLATION = Kind(
    name="translation",
    spec="RFC 8693 section 1.1",
    fits=_fits,
    chain=_chain,
    checks=(no_chain_would_be_lost,),
    yields=frozenset({ACCESS_TOKEN, REFRESH_TOKEN}),
)
