"""Every name under which a deny asks about somebody, where an allow asks under the one that tokens say.

Who comes by another domain's grant is called by their ``sub``, or is a person of ours; with another token of
the same issuer they are who its registration says (``core.person.also_known``). A deny that was written for
one name holds under the others as well: it is asked once for each, as if they came so, and holds when it does
under one of them. An allow never sees another, so that nothing is opened by it (SEC-02, SEC-24).

Who acted keeps these names in the chain, hop after hop. What groups they are in counts only while they act:
no rule asks for the groups of those who acted earlier.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from actas.core.party import Actor, Identity, Otherwise, Party
from actas.policy.expression import Expression
from actas.policy.match import Situation
from actas.policy.rule import RuleSpec


def faces_of(situation: Situation) -> Sequence[Situation]:
    """Return an exchange under each name of who is in it: first as it is."""
    proposal = situation.proposal
    subject, actor = proposal.subject, proposal.actor
    now = {subject.identity, proposal.acting.identity}
    earlier = [one for one in situation.chain if one.names and one.identity not in now]
    if not earlier and subject.otherwise is None and (actor is None or actor.otherwise is None):
        return (situation,)
    actors = [None] if actor is None else [*_faces(actor)]
    # Every combination: one deny may ask for two of them.
    chains = [[*faces] for faces in itertools.product(*map(_faces_of_actor, earlier))]
    return [
        situation
        if (one, other, chain) == (subject, actor, earlier)
        else _as_if(situation, one, other, zip(earlier, chain, strict=True))
        for one, other, chain in itertools.product(_faces(subject), actors, chains)
    ]


def _faces_of_actor(member: Actor) -> Iterator[Actor]:
    yield member
    for name in member.names:
        yield msgspec.structs.replace(member, identity=Identity(member.identity.issuer, name))


def _faces(party: Party) -> Iterator[Party]:
    yield party
    known = party.otherwise
    if known is None:
        return
    groups = tuple(dict.fromkeys((*party.groups, *known.groups)))
    for name in (*(() if groups == party.groups else (party.identity.subject,)), *known.names):
        yield msgspec.structs.replace(party, identity=Identity(party.identity.issuer, name), groups=groups)


def _as_if(
    situation: Situation, subject: Party, actor: Party | None, earlier: Iterable[tuple[Actor, Actor]]
) -> Situation:
    proposal = situation.proposal
    called = {one.identity: face for one, face in earlier} | {proposal.subject.identity: subject.as_actor()}
    if proposal.actor is not None and actor is not None:
        called.setdefault(proposal.actor.identity, actor.as_actor())
    return Situation(
        proposal=msgspec.structs.replace(proposal, subject=subject, actor=actor),
        chain=tuple([called.get(one.identity, one) for one in situation.chain]),
        needed=situation.needed,
    )


def denied_names(rules: Iterable[tuple[RuleSpec, Iterable[Expression]]]) -> frozenset[str] | None:
    """Return the names for which there are denies; None when an expression of one may ask for any.

    Args:
        rules: each with its expressions.
    """
    found: set[str] = set()
    for spec, expressions in rules:
        if spec.effect != "deny":
            continue
        for selector in (spec.subject, spec.actor, spec.chain):
            found |= set() if selector is None else selector.names
        if any(_asks_who(path) for expression in expressions for path in expression.paths):
            return None
    return frozenset(found)


def _asks_who(path: tuple[str, ...]) -> bool:
    if path[0] == "chain":
        return path[1:2] in ((), ("names",), ("members",))
    return path[0] in ("subject", "actor") and path[1:2] in ((), ("id",))


def carried(
    known: Otherwise | None,
    *,
    names: frozenset[str] | None,
    groups: Callable[[tuple[str, ...]], tuple[str, ...]],
) -> Otherwise | None:
    """Return what goes into a token of ours of who somebody is otherwise, for the denies of the next hop.

    Args:
        names: those for which there are denies; None for any.
        groups: says for which groups there are rules.
    """
    if known is None:
        return None
    told = known.names if names is None else tuple([one for one in known.names if one in names])
    beside = groups(known.groups)
    return Otherwise(told, beside) if told or beside else None


def carried_by(actors: tuple[Actor, ...], *, names: frozenset[str] | None) -> tuple[Actor, ...]:
    """Return a chain as it goes into a token of ours: with those other names that are for the next hop.

    Args:
        names: those for which there are denies; None for any.
    """
    if names is None or not any(one.names for one in actors):
        return actors
    return tuple(
        [
            msgspec.structs.replace(one, names=tuple([name for name in one.names if name in names]))
            for one in actors
        ]
    )
