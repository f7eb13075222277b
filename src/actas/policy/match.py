"""Conditions: one small test each, that can also say what it wanted and what it saw.

Deciding and explaining use the same objects, so that an explanation cannot differ from the decision.
An empty selector makes no condition; what only a deny may leave empty is checked in ``decide``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from actas.core.party import OURSELVES, Actor, Party, is_impersonated
from actas.core.person import is_ours
from actas.policy.names import called, called_in, grouped
from actas.policy.rule import ChainSelector, PartySelector, RuleSpec
from actas.policy.situation import Situation

Test = Callable[[Situation], bool]
Seen = Callable[[Situation], str]


@dataclass(frozen=True, slots=True)
class Condition:
    """One field of a rule.

    Attributes:
        field: its path, such as ``subject.groups``.
        wanted: what it asks for, in words.
        test: whether it holds.
        seen: the value it looked at, in words.
        quiet: whether it goes without saying for as long as it holds.
    """

    field: str
    wanted: str
    test: Test
    seen: Seen
    quiet: bool = False


def conditions_of(spec: RuleSpec, audiences: dict[str, str]) -> tuple[Condition, ...]:
    """Return the structured conditions of a rule; client, kind and target are in the policy's index.

    Args:
        spec: the rule as written.
        audiences: the audience of each API, by its name.
    """
    deny = spec.effect == "deny"
    found: list[Condition] = []
    if spec.subject is not None:
        found.extend(_party(spec.subject, "subject", _subject, audiences, deny=deny))
    if spec.effect == "allow" and spec.kind != "own":
        found.extend(_actor_shape(spec.actor))
        if spec.kind == "administrative_impersonation":
            terms = spec.impersonation
            found.append(_form(by_identifier=terms is not None and terms.by_identifier))
        elif spec.subject is None or not spec.subject.impersonated:
            found.append(_NOT_IMPERSONATED)
    if spec.actor is not None:
        found.extend(_party(spec.actor, "actor", _acting, audiences, deny=deny))
    if spec.chain is not None:
        found.extend(_chain(spec.chain, deny=deny))
    return tuple(found)


def _subject(situation: Situation) -> Party:
    return situation.proposal.subject


def _acting(situation: Situation) -> Party:
    return situation.proposal.acting


def _list(values: Iterable[str]) -> str:
    return ", ".join(sorted(values)) or "none"


def _party(
    selector: PartySelector,
    role: str,
    party: Callable[[Situation], Party],
    audiences: dict[str, str],
    *,
    deny: bool,
) -> Iterator[Condition]:
    if selector.issuers:
        yield _from(selector.issuers, role, party, deny=deny)
    if selector.known:
        yield Condition(
            f"{role}.known",
            "somebody who is known here",
            lambda s: party(s).known,
            lambda s: "known" if party(s).known else "never here before",
            quiet=True,
        )
    if selector.token_types:
        types = selector.token_types
        yield Condition(
            f"{role}.token_types",
            _list(frozenset(map(str, types))),
            lambda s: party(s).token_type in types,
            lambda s: str(party(s).token_type),
        )
    if selector.audiences:
        wanted = frozenset(audiences.get(one, one) for one in selector.audiences)
        yield Condition(
            f"{role}.audience",
            _list(selector.audiences),
            lambda s: not wanted.isdisjoint(party(s).audience),
            lambda s: _list(party(s).audience),
        )
    yield from _who(selector, role, party, deny=deny)


def _who(
    selector: PartySelector, role: str, party: Callable[[Situation], Party], *, deny: bool
) -> Iterator[Condition]:
    """Yield what a selector asks of the party itself, whatever shows it."""
    if selector.kinds:
        # Strict both ways: an unknown kind satisfies no allow, and escapes no deny (SEC-02).
        kinds = selector.kinds | {"unknown"} if deny else selector.kinds
        yield Condition(
            f"{role}.kinds", _list(selector.kinds), lambda s: party(s).kind in kinds, lambda s: party(s).kind
        )
    if selector.names:
        names = selector.names
        yield Condition(
            f"{role}.names",
            _list(names),
            lambda s: not names.isdisjoint(called(party(s), deny=deny)),
            lambda s: ", ".join(called(party(s), deny=deny)),
        )
    yield from _belonging(selector, role, party, deny=deny)


def _belonging(
    selector: PartySelector, role: str, party: Callable[[Situation], Party], *, deny: bool
) -> Iterator[Condition]:
    """Whom they belong to: their groups, and the issuer that knows them."""
    if selector.groups:
        groups = selector.groups
        yield Condition(
            f"{role}.groups",
            _list(groups),
            lambda s: not groups.isdisjoint(grouped(party(s), deny=deny)),
            lambda s: _list(grouped(party(s), deny=deny)),
        )
    if selector.origins:
        origins = selector.origins
        yield Condition(
            f"{role}.origin",
            _list(origins),
            lambda s: party(s).origin_name in origins,
            lambda s: party(s).origin_name,
        )


def _whose(party: Party) -> tuple[str, ...]:
    """Return everybody whose somebody is: who vouches now, who first did, and we for people of ours."""
    ours = (OURSELVES,) if not party.is_ours and is_ours(party.identity.subject) else ()
    return (party.issuer_name, party.origin_name, *ours)


def _from(
    issuers: frozenset[str], role: str, party: Callable[[Situation], Party], *, deny: bool
) -> Condition:
    if deny:
        # A deny follows a person through our own tokens, whose issuer is us; and a person of ours is one of
        # ours also by the word of another server, whose grant means them.
        return Condition(
            f"{role}.from",
            _list(issuers),
            lambda s: not issuers.isdisjoint(_whose(party(s))),
            lambda s: ", from ".join(_whose(party(s))),
        )
    return Condition(
        f"{role}.from",
        _list(issuers),
        lambda s: party(s).issuer_name in issuers,
        lambda s: party(s).issuer_name,
    )


_NOT_IMPERSONATED: Final = Condition(
    "subject.impersonated",
    "a token under which nobody acts as somebody else",
    lambda s: not is_impersonated(s.proposal.subject),
    lambda s: s.proposal.subject.impersonation or "none",
    quiet=True,
)
"""SEC-48: an impersonated token is exchanged onward only where a rule says so."""


def _form(*, by_identifier: bool) -> Condition:
    """Whether the administrator shows a token, or the client itself is who acts."""
    return Condition(
        "impersonation.by_identifier",
        "the client itself acts" if by_identifier else "an administrator's token",
        lambda s: (s.proposal.actor is None) == by_identifier,
        lambda s: "no token" if s.proposal.actor is None else "a token",
    )


def _actor_shape(selector: PartySelector | None) -> Iterator[Condition]:
    """An actor token is used only by a rule that speaks of one, and never dropped by one that does not."""
    if selector is None:
        yield Condition(
            "actor",
            "the client itself",
            lambda s: s.proposal.acting.identity == s.proposal.itself.identity,
            lambda s: s.proposal.acting.identity.subject,
        )
    elif selector.required:
        yield Condition(
            "actor.required",
            "an actor token",
            lambda s: s.proposal.actor is not None,
            lambda s: "none sent" if s.proposal.actor is None else "sent",
        )
    if selector is None or not selector.flatten:
        yield Condition(
            "actor.chain",
            "an actor token without a chain of its own",
            lambda s: not s.proposal.acting.actors,
            lambda s: _list(tuple(one.identity.subject for one in s.proposal.acting.actors)),
        )


def _chain(selector: ChainSelector, *, deny: bool) -> Iterator[Condition]:
    if selector.kinds:
        kinds = selector.kinds | {"unknown"} if deny else selector.kinds
        yield Condition(
            "chain.kinds",
            f"contains {_list(selector.kinds)}",
            lambda s: any(member.kind in kinds for member in _members(s, deny=deny)),
            lambda s: _list(tuple(f"{m.identity.subject} ({m.kind})" for m in s.chain if m.kind in kinds)),
        )
    if selector.names:
        names = selector.names
        yield Condition(
            "chain.names",
            f"contains {_list(names)}",
            lambda s: not names.isdisjoint(_called_in(s, deny=deny)),
            lambda s: _list({*_called_in(s, deny=deny), *(member.identity.subject for member in s.chain)}),
        )


def _called_in(situation: Situation, *, deny: bool) -> set[str]:
    asked = situation.proposal
    ourselves = asked.itself.identity.issuer
    return called_in(situation.chain, (asked.subject, asked.acting), ourselves=ourselves, deny=deny)


def _members(situation: Situation, *, deny: bool) -> Sequence[Actor]:
    """Return whom a rule may find in the chain.

    An allow looks only at parties that we vouch for: another issuer can call anybody anything (SEC-49). A
    deny looks at everybody.
    """
    if deny:
        return situation.chain
    ourselves = situation.proposal.itself.identity.issuer
    return [member for member in situation.chain if member.identity.issuer == ourselves]
