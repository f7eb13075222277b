"""Who is named as acting in a new token: one answer for every kind of exchange. Pure.

The newest actor is a party of ours, proven with this very request, and never what a token of another issuer
says: that stays beneath it, as of its issuer (SEC-49). An agent is named in every token about a person that
it gets, whatever grant it comes of. Without that, the token of an agent looks like one of the person
themselves, and no rule about agents would hold at the next hop.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from actas.core.client import PartyKind
from actas.core.party import Actor, Identity, Party
from actas.core.permit import Proposal
from actas.core.person import as_actor

_OWN: Final[frozenset[PartyKind]] = frozenset({"service", "agent", "app"})
"""Kinds of subject for whom an agent speaks as for itself. Who is unknown may be a person (SEC-02)."""


def agent_that_asks(proposal: Proposal) -> tuple[Actor, ...]:
    """Return the client as an actor, where it is an agent and asks for a token about a person; else nobody.

    For kinds that name no other actor. An app by which somebody signs in is not named: that is the person.
    """
    named = proposal.itself.kind == "agent" and proposal.subject.kind not in _OWN
    return (as_actor(proposal.itself),) if named else ()


def acts_already(proposal: Proposal) -> bool:
    """Whether the client that asks is the newest actor of the subject token, which is its own."""
    subject = proposal.subject
    return subject.client_id == proposal.client.name and heads(subject, proposal.itself)


def heads(party: Party, actor: Party) -> bool:
    """Whether somebody is the newest actor of a party's token."""
    return bool(party.actors) and party.actors[0].identity == actor.identity


def chain_of_acting(proposal: Proposal) -> tuple[Actor, ...]:
    """Return the chain when somebody acts now, newest first: who acts, and everyone behind them."""
    return (as_actor(proposal.acting), *behind(proposal))


def behind(proposal: Proposal) -> tuple[Actor, ...]:
    """Return who is in the chain behind the party that acts now, newest first: that party's own chain, the
    agent that shows a token of theirs, and everyone whom the subject token names.

    A client that acts already in its own token is named once (SEC-53): it goes on acting, and nobody is lost.
    """
    acting, earlier = proposal.acting, proposal.subject.actors
    if acts_already(proposal) and acting.identity == proposal.itself.identity:
        earlier = earlier[1:]
    shows = agent_that_asks(proposal)
    if shows and proposal.itself.identity in {acting.identity, *_identities(acting.actors, earlier)}:
        shows = ()
    return (*acting.actors, *shows, *earlier)


def _identities(*chains: tuple[Actor, ...]) -> Iterator[Identity]:
    return (one.identity for chain in chains for one in chain)
