"""Translation: a foreign issuer's token becomes one of ours, naming the subject only; an agent that asks is
named as well.
"""

from __future__ import annotations

from actas.core.permit import Proposal
from actas.core.wire import ACCESS_TOKEN, REFRESH_TOKEN, TOKEN_EXCHANGE
from actas.kinds.acting import agent_that_asks
from actas.kinds.checks import no_chain_would_be_lost
from actas.kinds.kind import Kind


def _fits(proposal: Proposal) -> bool:
    return proposal.grant_type == TOKEN_EXCHANGE and proposal.actor is None and not proposal.subject.is_ours


TRANSLATION = Kind(
    name="translation",
    spec="RFC 8693 section 1.1",
    fits=_fits,
    chain=agent_that_asks,
    checks=(no_chain_would_be_lost,),
    yields=frozenset({ACCESS_TOKEN, REFRESH_TOKEN}),
)
