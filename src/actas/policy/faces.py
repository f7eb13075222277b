"""Under which names the expressions of a deny are asked: as somebody came, and as what else they are called.

A deny by an expression holds when it does under one of them (``policy.names`` says why). It is asked for the
subject and for the acting party under each of their names. Whoever acted earlier is in ``chain.names`` and
``chain.members`` once more for each of theirs, so that a long chain is no more work than a short one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import msgspec

from actas.core.party import Actor, Identity, Party
from actas.core.person import as_actor
from actas.policy.carried import asks_who
from actas.policy.expression import Expression
from actas.policy.situation import Situation


def faces_of(situation: Situation) -> tuple[Situation, ...]:
    """Return an exchange under each name of who is in it: first as it is. They are kept with it."""
    if situation.others is None:
        situation.others = (*_others(situation),)
    return (situation, *situation.others)


def _others(situation: Situation) -> Iterator[Situation]:
    proposal = situation.proposal
    subject, actor = proposal.subject, proposal.actor
    beside = (*_beside(situation),)
    actors = [None] if actor is None else [*_faces(actor)]
    for pair in itertools.product(_faces(subject), actors):
        if beside or pair != (subject, actor):
            yield _as_if(situation, *pair, beside)


def _beside(situation: Situation) -> Iterator[Actor]:
    """Yield whoever acted earlier under each of their other names."""
    proposal = situation.proposal
    now = (proposal.subject.identity, proposal.acting.identity)
    for one in situation.chain:
        if one.identity not in now:
            for name in one.names:
                yield Actor(Identity(one.identity.issuer, name), one.kind)


def _faces(party: Party) -> Iterator[Party]:
    yield party
    known = party.otherwise
    if known is None:
        return
    groups = tuple(dict.fromkeys((*party.groups, *known.groups)))
    for name in (*(() if groups == party.groups else (party.identity.subject,)), *known.names):
        yield msgspec.structs.replace(party, identity=Identity(party.identity.issuer, name), groups=groups)


def _as_if(situation: Situation, subject: Party, actor: Party | None, beside: tuple[Actor, ...]) -> Situation:
    proposal = situation.proposal
    called = {proposal.subject.identity: as_actor(subject)}
    if proposal.actor is not None and actor is not None:
        called.setdefault(proposal.actor.identity, as_actor(actor))
    return Situation(
        proposal=msgspec.structs.replace(proposal, subject=subject, actor=actor),
        chain=tuple([called.get(one.identity, one) for one in situation.chain]),
        needed=situation.needed,
        beside=beside,
    )


def has_faces(expressions: Iterable[Expression]) -> bool:
    """Whether it matters to expressions under which name they are asked."""
    groups = (("subject", "groups"), ("actor", "groups"))
    return asks_who(expressions) or any(path[:2] in groups for one in expressions for path in one.paths)
