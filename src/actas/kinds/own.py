"""A client speaks for itself (RFC 6749 section 4.4). Never a fallback for a missing person."""

from __future__ import annotations

from actas.core.party import Actor
from actas.core.permit import Proposal
from actas.core.wire import ACCESS_TOKEN, CLIENT_CREDENTIALS
from actas.kinds.checks import client_speaks_for_itself
from actas.kinds.kind import Kind


def _fits(proposal: Proposal) -> bool:
    return proposal.grant_type == CLIENT_CREDENTIALS


def _chain(_proposal: Proposal) -> tuple[Actor, ...]:
    return ()


OWN = Kind(
    name="own",
    spec="RFC 6749 section 4.4",
    fits=_fits,
    chain=_chain,
    checks=(client_speaks_for_itself,),
    yields=frozenset({ACCESS_TOKEN}),
)
