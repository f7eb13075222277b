"""What holds for grants for MCP servers beyond what holds for every grant. Pure.

These are musts of MCP Enterprise-Managed Authorization, and no configuration takes them away: what comes of
such a grant is for one server alone, it is redeemed once, and whatever is wrong with it is ``invalid_grant``.
"""

from __future__ import annotations

from actas.core.errors import InvalidGrant
from actas.core.permit import Proposal, Refusal
from actas.core.wire import JWT_BEARER
from actas.policy.narrow import ScopeTable


def for_mcp(proposal: Proposal) -> bool:
    """Whether a grant is redeemed for an MCP server."""
    return proposal.grant_type == JWT_BEARER and any(api.kind == "mcp" for api in proposal.targets)


def mcp_server_alone(proposal: Proposal) -> Refusal | None:
    """JAG-121: the audience is exactly the server that the grant names, and no other API beside it."""
    if len(proposal.targets) == 1 or not for_mcp(proposal):
        return None
    names = ", ".join(api.name for api in proposal.targets)
    detail = f"an MCP server is among {names}, and a token for one is for nothing else: resource names it"
    return Refusal(error=InvalidGrant, reason="unknown_target", detail=detail)


def wished(proposal: Proposal, tables: tuple[ScopeTable, ...]) -> frozenset[str] | None:
    """Return the scopes that are asked for: at an MCP server, those that may be had (JAG-125, JAG-69).

    A client asks there for what the server publishes; its grant may say less, and the connection list less:
    it gets what all of them say, and the answer tells it. Where that is nothing, what it asked for is judged
    as it is, so that the refusal says who has it not. A deny is no list: what it forbids is refused.
    """
    if proposal.scope is None or not for_mcp(proposal):
        return proposal.scope
    held = proposal.scope & proposal.subject.scope
    listed = held
    for table in tables:
        listed &= table.buys
    return listed or held or proposal.scope
