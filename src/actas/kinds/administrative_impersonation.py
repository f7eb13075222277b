"""Administrative impersonation: an administrator acts as somebody who signs in here, and is only named
(SEC-46).

What proves who asks is the administrator's own token, in person and fresh; or, where a rule says so, the
client. The new token has the person's ``sub``, and names the administrator unless a rule says otherwise; the
minutes always do. Whom a rule lets be acted as, and at which price, is in ``kinds.acting_as``.
"""

from __future__ import annotations

from actas.core.errors import InvalidRequest
from actas.core.party import Actor
from actas.core.permit import Proposal, Refusal
from actas.core.person import as_actor
from actas.core.reasons import Reason
from actas.core.wire import ACCESS_TOKEN, REFRESH_TOKEN, TOKEN_EXCHANGE
from actas.kinds.kind import Kind
from actas.policy.impersonation import LONGEST_LIFE


def _refuse(reason: Reason, detail: str) -> Refusal:
    return Refusal(error=InvalidRequest, reason=reason, detail=detail)


def administrator_acts_in_person(proposal: Proposal) -> Refusal | None:
    """A token of somebody's own shows who asks: no chain, no offer, nobody's service account (SEC-46)."""
    named, actor = proposal.named, proposal.actor
    if named is None or (named.form == "by_identifier") != (actor is None):
        return _refuse("actor_not_allowed", "who wants to act as somebody shows a token, or a rule names him")
    if actor is None:
        return None
    if actor.kind != "person" or actor.identity == proposal.itself.identity:
        detail = f"{actor.identity.subject} ({actor.kind}) is no person: its token is no administrator's"
        return _refuse("actor_not_allowed", detail)
    if actor.token_type == REFRESH_TOKEN:  # in the form in which it is sent as the subject's, too
        detail = "a refresh token proves nobody's presence: it is no administrator's"
        return _refuse("actor_not_allowed", detail)
    if actor.actors or actor.may_act is not None:
        detail = (
            f"somebody acts, or may act, for {actor.identity.subject}: it is not the administrator himself"
        )
        return _refuse("actor_not_allowed", detail)
    return None


def person_is_known(proposal: Proposal) -> Refusal | None:
    """Nobody acts as somebody whom nobody knows, nor as himself. Told after the rules: no oracle of names."""
    named, acting = proposal.named, proposal.acting
    if named is None or named.person is None:
        return _refuse("protected_subject", f"nobody here is {proposal.subject.identity.subject}")
    themselves = {proposal.subject.identity, proposal.subject.origin}
    if not themselves.isdisjoint((acting.identity, acting.origin)):
        return _refuse("protected_subject", f"{acting.identity.subject} would act as himself")
    return None


def _fits(proposal: Proposal) -> bool:
    return proposal.grant_type == TOKEN_EXCHANGE


def _chain(proposal: Proposal) -> tuple[Actor, ...]:
    return (as_actor(proposal.acting),)


ADMINISTRATIVE_IMPERSONATION = Kind(
    name="administrative_impersonation",
    spec="RFC 8693 section 1.1",
    fits=_fits,
    chain=_chain,
    checks=(administrator_acts_in_person, person_is_known),
    yields=frozenset({ACCESS_TOKEN}),
    longest_life=LONGEST_LIFE,
    names_subject=True,
)
