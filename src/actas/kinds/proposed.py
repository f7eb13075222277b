"""What proposals to the draft of cross-app access change, for the connections that try them. Pure.

None of it is in the draft yet (ID-JAG -04), so a connection names what its other side knows as well
(``core.abroad.Proposed``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from actas.core.abroad import Acceptance, Proposed
from actas.core.errors import AccessDenied, InvalidGrant, InvalidTarget, OAuthError
from actas.core.permit import Proposal, Refusal
from actas.core.wire import ID_JAG, JWT_BEARER
from actas.policy.connections import connection_of
from actas.policy.decide import Policy, Verdict
from actas.policy.rule import RuleSpec

NONE: Final = frozenset[Proposed]()

_BY_POLICY: Final = ("no_rule", "denied_by_rule", "connection_paused")
"""Why somebody may not have what is asked for, with nothing wrong about the token."""


def tried(proposal: Proposal, policy: Policy) -> frozenset[Proposed]:
    """Return the proposals that are tried with the connection by which a grant is asked for or redeemed.

    Whether it allows that or not is nothing to it. Of several connections it is what all of them try.
    """
    if proposal.requested == ID_JAG:
        return _shared(NONE if api.abroad is None else api.abroad.proposals for api in proposal.targets)
    if proposal.grant_type != JWT_BEARER:
        return NONE
    found = [(one.apis, one.proposals) for one in _redeeming(proposal, policy)]
    return _shared(
        next((proposals for apis, proposals in found if api.name in apis), NONE) for api in proposal.targets
    )


def _redeeming(proposal: Proposal, policy: Policy) -> list[RuleSpec]:
    """Return the rules of the connections by which this client redeems ID-JAGs of that issuer."""
    ways = policy.redeeming.of(proposal.client.name, issuer=proposal.subject.issuer_name)
    return [one for one in ways if one.kind == "redemption"]


def not_as_encrypted(proposal: Proposal, policy: Policy) -> Iterator[Refusal]:
    """Yield why a grant may not be redeemed as it came: encrypted or not (JAG-153).

    Whose grant it is was hidden until it was decrypted, so it is here, where its issuer is proven and its
    target known, that a connection has its say; and it is said for the API for which the grant is redeemed,
    of whatever else the same two parties have agreed.
    """
    subject = proposal.subject
    if proposal.grant_type != JWT_BEARER or subject.token_type != ID_JAG:
        return
    ways = _redeeming(proposal, policy)
    for api in proposal.targets:
        leading = [one for one in ways if api.name in one.apis and not one.disabled]
        names = ", ".join(connection_of(one.name) for one in leading)
        if subject.encrypted_to is None and any(one.must_encrypt for one in leading):
            detail = f"the grant is not encrypted, and the connection {names} requires that"
            yield Refusal(error=InvalidGrant, reason="encryption_missing", detail=detail)
        if subject.encrypted_to is not None and not all("encryption" in one.proposals for one in leading):
            detail = f"the grant is encrypted, and the connection {names} does not try that (proposals)"
            yield Refusal(error=InvalidGrant, reason="encryption_untried", detail=detail)


def as_proposed(refusal: Refusal, proposals: frozenset[Proposed]) -> Refusal:
    """Return a refusal of a grant with the error that its caller expects by a proposal (JAG-150)."""
    if "access_denied" in proposals and refusal.reason in _BY_POLICY:
        return msgspec.structs.replace(refusal, error=AccessDenied)
    return refusal


def error_of_pause(ways: Iterable[Acceptance]) -> type[OAuthError]:
    """Return what a pause of every way is called by which a client redeems grants of an issuer."""
    return AccessDenied if "access_denied" in _shared(one.proposals for one in ways) else InvalidGrant


def error_of_target(ways: Iterable[Acceptance]) -> type[OAuthError]:
    """Return what a grant for an API is called that is none of ours (JAG-123, or by the proposal JAG-152)."""
    return InvalidTarget if "resource_in_answers" in _shared(one.proposals for one in ways) else InvalidGrant


def resource_of(proposal: Proposal, verdicts: tuple[Verdict, ...]) -> tuple[str, ...]:
    """Return the resources that the answer names, where every connection that allows it says so (JAG-152)."""
    if proposal.requested != ID_JAG and proposal.grant_type != JWT_BEARER:
        return ()
    allowing = [rule.spec.proposals for verdict in verdicts for rule in verdict.allows]
    if "resource_in_answers" not in _shared(allowing):
        return ()
    abroad = proposal.targets[0].abroad
    return tuple(api.audience for api in proposal.targets) if abroad is None else abroad.resources


def binds_certificates(proposal: Proposal) -> bool:
    """Whether a grant is bound to the certificate that its client shows (JAG-151)."""
    abroad = proposal.targets[0].abroad
    return abroad is not None and "certificate_binding" in abroad.proposals


def _shared(each: Iterable[frozenset[Proposed]]) -> frozenset[Proposed]:
    found: frozenset[Proposed] | None = None
    for one in each:
        found = one if found is None else found & one
    return NONE if found is None else found
