"""What the stages of an explanation say of client, person and actors."""

from __future__ import annotations

from typing import Final

from actas.core.party import OURSELVES, Party
from actas.core.permit import Proposal
from actas.core.spans import span
from actas.core.wire import ACCESS_TOKEN, AUTHORIZATION_CODE, DEVICE_CODE, JWT_BEARER, SUBJECT
from actas.kinds.judge import Judgement

_UNNAMED: Final = (AUTHORIZATION_CODE, DEVICE_CODE, JWT_BEARER)
"""Grants by which a client that is no agent gets a token that names nobody who acts."""


def client_text(proposal: Proposal) -> str:
    """Return who asks, and for what."""
    targets = ", ".join(
        api.name if api.abroad is None else f"{api.audience}, by the connection {api.abroad.connection}"
        for api in proposal.targets
    )
    return f"{proposal.client.name} ({proposal.client.kind}) may ask for {targets}"


def party_text(party: Party, at: float) -> str:
    """Return whose token one is, for whom, and how long it lives from a moment on."""
    if party.token_type == SUBJECT:
        return f"{party.identity.subject}, who is only named"
    if party.expires_at == 0:
        return f"{party.identity.subject} itself"
    token = "access token of ours" if party.issuer_name == OURSELVES else f"token of {party.issuer_name}"
    if party.token_type != ACCESS_TOKEN:
        token = f"{str(party.token_type).rpartition(':')[2]} of {party.issuer_name}"
    left = party.expires_at - int(at)
    ends = f"{span(left)} left" if left > 0 else f"ended {span(-left)} ago"
    return f"{party.identity.subject}, {token} for {', '.join(party.audience)}, {ends}"


def chain_text(judgement: Judgement) -> str:
    """Return how many actors the token would name, and which, the newest first."""
    actors = judgement.actors
    said = f"{len(actors)} {'actor' if len(actors) == 1 else 'actors'} of at most {judgement.depth_limit}"
    ours = judgement.situation.proposal.itself.identity.issuer
    names = [
        one.identity.subject + ("" if one.identity.issuer == ours else f" of {one.identity.issuer}")
        for one in actors
    ]
    return f"{said}: {', '.join(names)}" if names else said


def actor_text(proposal: Proposal) -> str:
    """Return who acts, and by what token that was shown."""
    if proposal.actor is not None:
        return party_text(proposal.actor, proposal.at)
    if proposal.grant_type in _UNNAMED and not (proposal.itself.kind == "agent" or proposal.subject.actors):
        return f"none sent, and the token names none: {proposal.client.name} is no agent"
    return f"none sent, so {proposal.client.name} itself is who acts"
