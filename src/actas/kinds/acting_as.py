"""What it takes to act as somebody else, and what is to run before a token of it is made. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from actas.core.errors import InvalidRequest, OAuthError
from actas.core.impersonation import Wanted
from actas.core.lineage import Lineage, joined
from actas.core.party import Party
from actas.core.permit import Permit, Proposal, Refusal
from actas.core.person import as_actor
from actas.core.reasons import Reason
from actas.core.wire import ID_TOKEN
from actas.kinds.freshness import stale
from actas.kinds.kind import Kind
from actas.kinds.ruling import rule_names
from actas.policy.decide import Policy, Verdict
from actas.policy.impersonation import OLDEST_SIGN_IN, RuleTerms, Terms, together
from actas.policy.situation import Situation


@dataclass(frozen=True, slots=True, kw_only=True)
class ActingAs:
    """What the rules ask of an administrator.

    Attributes:
        names_actor: whether the token names the administrator: one rule that wants it is enough.
        approval: the groups whose members have to approve.
        rules: the rules that allow it.
    """

    terms: Terms
    names_actor: bool
    approval: tuple[str, ...]
    approval_within: int
    rules: tuple[str, ...]


def acting_as(
    situation: Situation, kind: Kind | None, verdicts: tuple[Verdict, ...], policy: Policy
) -> ActingAs | None:
    """Return what is asked of the administrator; None for every other kind of exchange.

    Args:
        kind: the kind that the rules allow at every target.
        verdicts: what they said there.
    """
    if kind is None or not kind.names_subject:
        return None
    said = [rule.spec.impersonation or RuleTerms() for verdict in verdicts for rule in verdict.allows]
    terms = together(said, policy.impersonating.terms)
    needed = policy.approvals.needed(terms.approvals, situation.context) if terms.approvals else ()
    return ActingAs(
        terms=terms,
        names_actor=any(one.names_actor for one in said),
        approval=needed,
        approval_within=policy.impersonating.approval_within,
        rules=rule_names(verdicts),
    )


def unmet(asked: ActingAs | None, proposal: Proposal, policy: Policy) -> Iterator[Refusal]:
    """Yield why an administrator may not, as far as that can be said without looking anything up."""
    if asked is None:
        return
    person = None if proposal.named is None else proposal.named.person
    protected = None if person is None else policy.impersonating.protects(person)
    if person is not None and protected is None:
        protected = policy.impersonating.above(person, proposal.subject, proposal.acting)
    if protected is not None:  # whatever a rule allows (SEC-47)
        yield _refusal(InvalidRequest, "protected_subject", protected, asked)
    if person is not None and policy.impersonating.must_be_told and person.email is None:
        detail = f"{person.subject} has no e-mail address, and impersonation.notify_required wants them told"
        yield _refusal(InvalidRequest, "cannot_be_told", detail, asked)
    terms, why = asked.terms, proposal.why
    if terms.reason and not why.reason:
        yield _refusal(InvalidRequest, "reason_missing", "no reason was given", asked)
    if (pattern := terms.unmet_ticket(why)) is not None:
        yield _refusal(InvalidRequest, "ticket_bad", f"{why.ticket!r} does not match {pattern}", asked)
    too_old = stale_sign_in(terms, proposal.acting, at=proposal.at)
    if too_old is not None:
        yield msgspec.structs.replace(too_old, rules=asked.rules)


def stale_sign_in(terms: Terms, party: Party, *, at: float) -> Refusal | None:
    """Return the refusal of an administrator's sign-in that is too old or too weak, or None.

    An ID token of ours may be new long after the sign-in that it tells of: a refresh token of an offline
    session brings another for weeks. So it is asked about where the configuration asks nothing.

    Args:
        at: now, seconds since the epoch.
    """
    ours = party.is_ours and party.token_type == ID_TOKEN
    max_age = OLDEST_SIGN_IN if terms.max_age is None and ours else terms.max_age
    return stale(party, max_age=max_age, acr=terms.acr, at=at)


def _refusal(error: type[OAuthError], reason: Reason, detail: str, asked: ActingAs) -> Refusal:
    return Refusal(error=error, reason=reason, detail=detail, rules=asked.rules)


def lineage_of(proposal: Proposal, asked: ActingAs) -> Lineage:
    """Return the lineage of a token that names the person alone, or both.

    One that hides the administrator carries no mark of theirs: they are the same in every token of that
    administrator. What ends the administrator ends the impersonation, which is kept with those marks.
    """
    parts = [proposal.subject.lineage, proposal.itself.lineage]
    if asked.names_actor and proposal.actor is not None:
        parts.append(proposal.actor.lineage)
    return joined(*parts, since=int(proposal.at))


def hides(asked: ActingAs | None) -> bool:
    """Whether the token names nobody who acts."""
    return asked is not None and not asked.names_actor


def within(asked: ActingAs | None, lifetime: int) -> int:
    """Return the life of the token in seconds, cut to what is allowed under an impersonation."""
    return lifetime if asked is None else min(lifetime, asked.terms.lifetime)


def begun_first(permit: Permit | None, proposal: Proposal, asked: ActingAs | None) -> Permit | None:
    """Return a permit that says what has to run before its token is made, where something has."""
    named, acting = proposal.named, proposal.acting
    if permit is None or asked is None or named is None:
        return permit
    everything = joined(
        proposal.subject.lineage, acting.lineage, proposal.itself.lineage, since=int(proposal.at)
    )
    wanted = Wanted(
        form=named.form,
        administrator=as_actor(acting),
        vouched_by=acting.origin.issuer,
        client=proposal.client.name,
        subject=proposal.subject.identity,
        why=proposal.why,
        apis=tuple(api.name for api in proposal.targets),
        scope=tuple(sorted(permit.scope)),
        rules=asked.rules,
        names_actor=asked.names_actor,
        lasts=asked.terms.lasts,
        approval=asked.approval,
        approval_within=asked.approval_within,
        at_once=asked.terms.at_once,
        per_hour=asked.terms.per_hour,
        marks=everything.marks,
        since=everything.since,
    )
    return msgspec.structs.replace(permit, impersonation=wanted)
