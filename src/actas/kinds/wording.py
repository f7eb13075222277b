"""What a refusal is called on the wire, where a profile of the exchange has another word for it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from actas.core.errors import InvalidGrant, InvalidRequest, InvalidScope
from actas.core.permit import Proposal, Refusal
from actas.core.wording import as_called
from actas.kinds.mcp import for_mcp
from actas.kinds.on_behalf import is_for_client
from actas.kinds.proposed import as_proposed, tried
from actas.policy.decide import Policy


def worded(refusals: Sequence[Refusal], proposal: Proposal, policy: Policy) -> tuple[Refusal, ...]:
    """Return refusals with the errors that their caller expects (``core.wording``).

    At an MCP server the scopes that a grant does not give are its fault as well (JAG-123). What is tried with
    a connection has the last word.
    """
    if not refusals:
        return ()
    proposals = tried(proposal, policy)
    return tuple([as_proposed(_called(one, proposal), proposals) for one in refusals])


def _called(refusal: Refusal, proposal: Proposal) -> Refusal:
    if is_for_client(proposal):
        # It asked for no grant: of its token it is told as in any exchange (RFC 8693 section 2.2.2).
        error = InvalidRequest if refusal.error is InvalidGrant else refusal.error
        return refusal if error is refusal.error else msgspec.structs.replace(refusal, error=error)
    error = as_called(refusal.error, grant_type=proposal.grant_type, requested=proposal.requested)
    if error is InvalidScope and for_mcp(proposal):
        error = InvalidGrant
    return refusal if error is refusal.error else msgspec.structs.replace(refusal, error=error)
