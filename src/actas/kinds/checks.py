"""The specifications' musts, as small pure functions. Configuration cannot switch one off.

Each takes the proposal and returns a refusal or None. ``EVERY_KIND`` run first, in order; a kind adds
its own.
"""

from __future__ import annotations

from actas.core.abroad import REDEEMED
from actas.core.administrators import management_audience
from actas.core.client import Client
from actas.core.errors import InvalidRequest, InvalidTarget
from actas.core.errors_of_cross_app import InvalidAuthorizationDetails
from actas.core.party import Identity, Party, is_impersonated
from actas.core.permit import Proposal, Refusal
from actas.core.reasons import Reason
from actas.core.wire import REFRESH_TOKEN
from actas.kinds.acting import behind


def _refuse(reason: Reason, detail: str) -> Refusal:
    return Refusal(error=InvalidRequest, reason=reason, detail=detail)


def targets_are_open(proposal: Proposal) -> Refusal | None:
    """Every target exists, is enabled, and is on the requester's list (SEC-44)."""
    for api in proposal.targets:
        if api.disabled and api.abroad is not None:
            detail = f"the connection {api.abroad.connection} is paused"
            return Refusal(error=InvalidTarget, reason="connection_paused", detail=detail)
        if api.disabled:
            return Refusal(
                error=InvalidTarget, reason="unknown_target", detail=f"the API {api.name} is disabled"
            )
        if api.name not in proposal.client.apis:
            return Refusal(
                error=InvalidTarget,
                reason="unknown_target",
                detail=f"the client {proposal.client.name} may not ask for {api.name} (may_request.apis)",
            )
    return None


def subject_token_was_meant_for_the_requester(proposal: Proposal) -> Refusal | None:
    """SEC-21, TX-46: a good signature on somebody else's token is not enough."""
    subject = proposal.subject
    client = proposal.client
    if proposal.named is not None:
        return (
            None  # nobody's token was presented; one kind alone takes a name, and only where a rule says so
        )
    if subject.token_type == REFRESH_TOKEN and subject.client_id != client.name:
        # Whoever it names as its audience has no business with it (RFC 6749 section 10.4, TX-47).
        return _refuse(
            "wrong_audience",
            f"the refresh token was given to {subject.client_id}, not to {client.name}",
        )
    if subject.presenters is not None:
        if subject.names_presenter(client.name):
            return None
        if subject.token_type in REDEEMED:  # its audience is right: it is for this server, and for one client
            return _refuse("wrong_audience", _for_another(subject, client))
        detail = f"a token of {subject.issuer_name} for {_list(subject)} is not {client.name}'s to present"
        others = ", ".join(sorted(subject.presenters))[:200]
        return _refuse("wrong_audience", f"{detail}, but that of {others}" if others else detail)
    if subject.client_id == client.name or _own_audience(proposal) in subject.audience:
        return None
    return _refuse("wrong_audience", f"the subject token is for {_list(subject)}, which is not {client.name}")


def actor_token_belongs_to_the_requester(proposal: Proposal) -> Refusal | None:
    """SEC-50: issued to the requester, and about the requester or a person it may present."""
    actor = proposal.actor
    return None if actor is None else not_the_requesters(actor, proposal.client, proposal.itself.identity)


def not_the_requesters(actor: Party, client: Client, itself: Identity) -> Refusal | None:
    """Return the refusal of a token by which its client shows somebody who is there, or None.

    Args:
        client: who presents it.
        itself: the same as a party.
    """
    if actor.presenters is not None:
        if not actor.names_presenter(client.name):
            return _refuse(
                "wrong_audience", f"the actor token is for {_list(actor)}, not {client.name}'s to present"
            )
        return None
    if actor.client_id != client.name:
        return _refuse("bad_actor", f"the actor token was issued to {actor.client_id}, not to {client.name}")
    if actor.identity != itself and actor.kind != "person":
        return _refuse(
            "bad_actor", f"the actor token speaks of {actor.identity.subject}, which is not {client.name}"
        )
    return None


def subject_is_a_person(proposal: Proposal) -> Refusal | None:
    """JAG-154: a grant between domains is about people; a service has credentials of its own."""
    if proposal.subject.kind == "person":
        return None
    who = proposal.subject.identity.subject
    return _refuse("bad_subject", f"{who} is no person, and such a grant is about people only")


def managing_is_for_nothing_else(proposal: Proposal) -> Refusal | None:
    """SEC-80: who signed in to manage this server was asked about that alone, and no rule takes it."""
    managing = management_audience(proposal.itself.identity.issuer)
    for party in (proposal.subject, proposal.actor):
        if party is not None and managing in party.audience:
            return _refuse("wrong_audience", "a token for managing this server is for nothing else")
    return None


def nobody_acts_by_an_impersonated_token(proposal: Proposal) -> Refusal | None:
    """SEC-48: it speaks of somebody who is not there, so it is nobody's presence, and feeds no other."""
    actor = proposal.actor
    if actor is not None and is_impersonated(actor):
        return _refuse("impersonated", f"somebody acts as {actor.identity.subject} with the actor's token")
    return None


def no_impersonation_is_fed(proposal: Proposal) -> Refusal | None:
    """SEC-48: an impersonated token never becomes one that says less of who acts."""
    if is_impersonated(proposal.subject):
        return _refuse("impersonated", "somebody acts as the subject already, with this very token")
    return None


def may_act_names_the_actor(proposal: Proposal) -> Refusal | None:
    """TX-61, SEC-51: every member of ``may_act`` equals the actor's verified claim, issuer included."""
    may_act = proposal.subject.may_act
    if may_act is None:
        return None
    acting = proposal.acting
    if "sub" not in may_act.members:
        return _refuse("actor_not_allowed", "may_act names nobody: it has no sub")
    members = {"iss": proposal.subject.claims.get("iss"), **may_act.members}
    for member, wanted in members.items():
        if _claim_of(acting, member) != wanted:
            return _refuse(
                "actor_not_allowed", f"may_act asks for another {member} than {acting.identity.subject} has"
            )
    return None


def chain_continues_or_begins(proposal: Proposal) -> Refusal | None:
    """SEC-53: a token that both has a chain and offers a new one cannot be understood one way only."""
    if proposal.subject.may_act is not None and proposal.subject.actors:
        return _refuse("actor_not_allowed", "the subject token has both act and may_act")
    return None


def actor_is_new(proposal: Proposal) -> Refusal | None:
    """SEC-53: a chain never repeats an actor, and nobody acts for itself."""
    subject, acting = proposal.subject, proposal.acting
    # A foreign party has two names, ours for it and its issuer's; an act claim may hold either.
    known = {subject.identity, subject.origin}
    for member in reversed(behind(proposal)):
        if member.identity in known:
            return _refuse("actor_not_allowed", f"{member.identity.subject} is in the chain already")
        known.add(member.identity)
    if acting.identity in known or acting.origin in known:
        return _refuse("actor_not_allowed", f"{acting.identity.subject} is in the chain already")
    return None


def no_chain_would_be_lost(proposal: Proposal) -> Refusal | None:
    """SEC-53: the full previous chain plus one, or nothing. Never silence about who acts (TX-52)."""
    if proposal.subject.actors:
        return _refuse(
            "actor_not_allowed", "the subject token names an actor, who would no longer be the current one"
        )
    if proposal.actor is not None:
        return _refuse(
            "actor_not_allowed", "an actor token was sent, and this kind of exchange names no actor"
        )
    return restriction_is_kept(proposal)


def restriction_is_kept(proposal: Proposal) -> Refusal | None:
    """SEC-51: ``may_act`` is not carried on, so a kind that adds no actor may not take such a token."""
    if proposal.subject.may_act is not None:
        return _refuse("actor_not_allowed", "the subject token says who may act, and that would be lost")
    return None


def no_details_would_be_lost(proposal: Proposal) -> Refusal | None:
    """JAG-69: whoever has a token with authorization details has none made of it that is for the same API and
    no longer says them: its scopes alone could be more.
    """
    subject = proposal.subject
    if not subject.is_ours or not subject.details:
        return None
    same = [api.name for api in proposal.targets if api.audience in subject.audience]
    if not same:
        return None
    detail = f"the subject token says for {', '.join(same)} what it is about (authorization_details)"
    detail += ", and that would be lost"
    return Refusal(error=InvalidAuthorizationDetails, reason="bad_details", detail=detail)


def requester_holds_the_token(proposal: Proposal) -> Refusal | None:
    """Downscoping changes neither subject nor actor, so the requester must be who holds the token now."""
    subject = proposal.subject
    if subject.client_id != proposal.client.name:
        return _refuse(
            "wrong_audience", f"only {subject.client_id}, to whom the token was issued, may narrow it"
        )
    for api in proposal.targets:
        if api.audience not in subject.audience:
            return Refusal(
                error=InvalidTarget,
                reason="unknown_target",
                detail=f"the subject token is not for {api.name}",
            )
    return None


def client_speaks_for_itself(proposal: Proposal) -> Refusal | None:
    """RFC 6749 section 4.4: subject and requester are one."""
    if proposal.subject.identity != proposal.itself.identity or proposal.actor is not None:
        return _refuse("malformed_request", "client_credentials names nobody but the client")
    return None


EVERY_KIND = (
    targets_are_open,
    subject_token_was_meant_for_the_requester,
    actor_token_belongs_to_the_requester,
    managing_is_for_nothing_else,
    nobody_acts_by_an_impersonated_token,
    chain_continues_or_begins,
    may_act_names_the_actor,
    no_details_would_be_lost,
)
"""The musts of every kind, in order."""


def _for_another(grant: Party, client: Client) -> str:
    """Whom a grant is for instead. One that names no client is for those whose connections say so."""
    named = ", ".join(sorted(grant.presenters or ()))[:200]
    return f"the grant names the client {named}, and {client.name} redeems it"


def _own_audience(proposal: Proposal) -> str | None:
    return proposal.itself.audience[0] if proposal.itself.audience else None


def _claim_of(party: Party, member: str) -> object:
    return party.claims.get(member)


def _list(party: Party) -> str:
    return ", ".join(party.audience)
