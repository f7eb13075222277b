"""What is granted of scopes and of authorization details (ID-JAG sections 4.3.3 and 4.4.1, RFC 9396). Pure.

Whoever asks for a grant and says details is given all of them or none: an app that asked for three and got
two would have to look. Whoever redeems one is given those that fit here, because nobody here chose what the
grant says (JAG-69). Where none fits, nothing is given, also when the grant has scopes: somebody said there
what it is about, and a token that no longer says so could be for more.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from actas.core.details import LONGEST, Details, DoesNotFit, fitted
from actas.core.errors_of_cross_app import InvalidAuthorizationDetails
from actas.core.permit import Proposal, Refusal
from actas.core.ports import Json, JsonObject
from actas.core.wire import JWT_BEARER
from actas.kinds.kind import Kind
from actas.kinds.limits import granted_scopes
from actas.kinds.mcp import wished
from actas.policy.decide import Verdict
from actas.policy.narrow import NO_SCOPES, ScopeTable
from actas.policy.rule import PolicyDefaults


def granted(
    proposal: Proposal,
    kind: Kind | None,
    tables: tuple[ScopeTable, ...],
    verdicts: tuple[Verdict, ...],
    defaults: PolicyDefaults,
) -> tuple[frozenset[str], Details, list[Refusal]]:
    """Return the scopes and the authorization details to grant, and the refusals of what was asked beyond.

    Who asks for details and names no scope asks for none: the rest would come with them. And of a grant that
    has details and no scope a token comes that has none either.

    Args:
        tables: what becomes of the scopes at every target.
    """
    if kind is None or not proposal.details:
        scope, refusal = granted_scopes(wished(proposal, tables), kind, tables, verdicts, defaults)
        return scope, (), [] if refusal is None or kind is None else [refusal]
    redeems = proposal.grant_type == JWT_BEARER
    asked = NO_SCOPES if proposal.scope is None and not redeems else wished(proposal, tables)
    details, misfits = _sorted(proposal, verdicts)
    refusals = [_refusal(misfits)] if misfits and not (redeems and details) else []
    scope, refusal = granted_scopes(asked, kind, tables, verdicts, defaults, none_will_do=bool(details))
    return scope, details, refusals if refusal is None else [*refusals, refusal]


def _sorted(proposal: Proposal, verdicts: tuple[Verdict, ...]) -> tuple[Details, list[str]]:
    fit: list[JsonObject] = []
    misfits: list[str] = []
    for detail in proposal.details:
        try:
            found = _at_every_target(detail, verdicts)
            fit.append(_at_its_resources(detail, found, proposal))
        except DoesNotFit as misfit:
            misfits.append(f"of the type {detail['type']}: {misfit}")
    if len(msgspec.json.encode(fit)) > LONGEST:  # what they left out is said now
        return (), [*misfits, f"as the templates fill them they have more than {LONGEST} bytes"]
    return tuple(fit), misfits


def _at_every_target(detail: JsonObject, verdicts: tuple[Verdict, ...]) -> JsonObject:
    """One token is for all of them, so each has to let it be."""
    for verdict in verdicts:
        detail = fitted(detail, _templates(verdict))
    return detail


def _templates(verdict: Verdict) -> Iterator[JsonObject]:
    for rule in verdict.allows:
        yield from rule.spec.details


def _at_its_resources(asked: JsonObject, found: JsonObject, proposal: Proposal) -> JsonObject:
    """``locations`` say where it counts (RFC 9396 section 2.2): not beyond what the grant is for (JAG-38)."""
    resources = {one for api in proposal.targets if api.abroad is not None for one in api.abroad.resources}
    places = found.get("locations")
    if not resources or not isinstance(places, list):
        return found
    inside: list[Json] = [one for one in places if one in resources]
    if not inside or ("locations" in asked and inside != places):
        raise DoesNotFit("its locations are not among the resources that it is for")
    return {**found, "locations": inside}


def _refusal(misfits: list[str]) -> Refusal:
    detail = f"authorization_details: {'; '.join(misfits)}"
    return Refusal(error=InvalidAuthorizationDetails, reason="bad_details", detail=detail)
