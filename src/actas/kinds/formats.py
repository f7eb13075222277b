"""What a new token looks like and what it is signed with, as the APIs that it is for want it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from actas.core.errors import InvalidTarget
from actas.core.permit import Proposal, Refusal
from actas.core.sign_in import USERINFO
from actas.core.target import Api
from actas.core.wire import SigningAlgorithm, TokenFormat
from actas.policy.rule import PolicyDefaults


def format_of(proposal: Proposal, defaults: PolicyDefaults) -> TokenFormat:
    """Return what the token looks like."""
    return _format(_choosing(proposal)[0], defaults)


def algorithm_of(proposal: Proposal) -> SigningAlgorithm | None:
    """Return what it is signed with; None for the default, also where APIs want different ones."""
    wanted: set[SigningAlgorithm | None] = {api.algorithm for api in _choosing(proposal)}
    return wanted.pop() if len(wanted) == 1 else None


def of_two_formats(proposal: Proposal, defaults: PolicyDefaults) -> Iterator[Refusal]:
    """Refuse one token for APIs that take different kinds."""
    apis = _choosing(proposal)
    if len({_format(api, defaults) for api in apis}) <= 1:
        return
    names = ", ".join(api.name for api in apis)
    detail = f"of {names} some take JWTs and some reference tokens (token.format): ask for them apart"
    yield Refusal(error=InvalidTarget, reason="formats_differ", detail=detail)


def _choosing(proposal: Proposal) -> tuple[Api, ...]:
    """Return the targets that choose. UserInfo is our own, and reads any token of ours."""
    if len(proposal.targets) == 1:  # nearly every exchange
        return proposal.targets
    return tuple([api for api in proposal.targets if api.name != USERINFO])


def _format(api: Api, defaults: PolicyDefaults) -> TokenFormat:
    return api.format or defaults.format
