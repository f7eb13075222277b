"""Over thousands of random rule sets and chains: what is granted lies inside everything it came from (SEC-43)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.changed import changed
from tests.fakes.house import ISSUER, KINDS, NOW
from tests.fakes.worlds import ASKED_BY_TOKENS, Maker, party_of_permit

from actas.core.lineage import Lineage
from actas.core.party import Actor, Identity
from actas.core.permit import Permit, Proposal
from actas.core.person import as_actor
from actas.core.wire import TOKEN_EXCHANGE
from actas.kinds.judge import judge
from actas.policy.decide import Policy, scopes_of
from actas.policy.rule import RuleSpec
from actas.subjects.itself import party_of

numbers = st.integers(0, 2**48)
EXAMPLES = 400
often = settings(max_examples=EXAMPLES, deadline=None, database=None)


def _identities(actors: tuple[Actor, ...]) -> list[Identity]:
    return [actor.identity for actor in actors]


def assert_narrow(proposal: Proposal, permit: Permit, rules: tuple[RuleSpec, ...]) -> None:
    """The permit is inside every limit, each worked out here in another way than the product does."""
    by_name = {rule.name: rule for rule in rules}
    used = [by_name[name] for name in permit.rules]
    assert used
    assert permit.scope
    assert all(rule.effect == "allow" and rule.kind == permit.kind for rule in used)
    for api in proposal.targets:
        assert api.name in proposal.client.apis
        assert not api.disabled
        assert permit.scope <= frozenset(api.scopes)
        assert permit.scope <= scopes_of(api, proposal.client)
        assert permit.scope <= bought_at(api.name, proposal, used)
    if proposal.scope is not None:
        assert permit.scope <= proposal.scope
    for parent in (proposal.subject, proposal.actor):
        if parent is not None and parent is not proposal.itself:
            assert permit.expires_at <= parent.expires_at
    limits = [rule.lifetime for rule in used] + [api.lifetime for api in proposal.targets]
    assert all(limit is None or permit.expires_at - permit.issued_at <= limit for limit in limits)
    assert permit.issued_at < permit.expires_at
    assert set(permit.audience) == {api.audience for api in proposal.targets}


def bought_at(api: str, proposal: Proposal, used: list[RuleSpec]) -> set[str]:
    bought = set[str]()
    for rule in used:
        if api in rule.apis and rule.scopes is not None:
            bought |= rule.scopes.anyway
            for held in proposal.subject.scope:
                bought |= rule.scopes.bought.get(held, frozenset())
                bought |= {held} if rule.scopes.same else set()
    return bought


@pytest.mark.requirement("SEC-43", "TX-70", "TX-49")
@often
@given(numbers)
def test_every_permit_is_inside_every_limit(number: int) -> None:
    world = Maker(number).world()
    permit = world.judge().permit
    if permit is not None:
        assert_narrow(world.proposal, permit, world.rules)


@pytest.mark.requirement("SEC-43")
def test_the_worlds_are_worth_looking_at() -> None:
    """Enough is granted, of every kind and for every reason refused, that the properties say something."""
    judged = [Maker(number).world().judge() for number in range(EXAMPLES)]
    granted = [one.permit for one in judged if one.permit is not None]
    assert len(granted) > EXAMPLES / 8
    assert {permit.kind for permit in granted} == {kind.name for kind in ASKED_BY_TOKENS}
    assert any(len(permit.actors) > 1 for permit in granted)
    refused = {one.refusals[0].reason for one in judged if one.permit is None}
    assert refused >= {
        "no_rule",
        "denied_by_rule",
        "excess",
        "wrong_audience",
        "actor_not_allowed",
        "chain_too_deep",
    }


@pytest.mark.requirement("SEC-53", "TX-56")
@often
@given(numbers)
def test_no_permit_loses_or_repeats_an_actor(number: int) -> None:
    world = Maker(number).world()
    permit = world.judge().permit
    if permit is None:
        return
    proposal, itself = world.proposal, world.proposal.itself
    before = proposal.subject.actors
    assert permit.subject == proposal.subject.identity
    assert _identities(permit.actors)[len(permit.actors) - len(before) :] == _identities(before)
    added = permit.actors[: len(permit.actors) - len(before)]
    named = itself.kind == "agent" and permit.subject_kind in ("person", "unknown")
    if permit.kind == "delegation":
        assert permit.actors[0] == as_actor(proposal.acting)
        assert not named or itself.identity in _identities(permit.actors)
    else:
        assert added == ((as_actor(itself),) if named and permit.kind == "translation" else ())
    identities = _identities(added)
    assert len(identities) == len(set(identities))
    assert not set(identities) & {permit.subject, *_identities(before)}
    assert len(permit.actors) <= min(10, world.defaults.max_depth)


@pytest.mark.requirement("SEC-42")
@often
@given(numbers)
def test_the_order_of_rules_does_not_matter(number: int) -> None:
    maker = Maker(number)
    world = maker.world()
    shuffled = list(world.rules)
    maker.chance.shuffle(shuffled)
    one, other = world.judge(), world.judge(shuffled)
    assert one.permit == other.permit
    assert sorted(map(repr, one.refusals)) == sorted(map(repr, other.refusals))


@pytest.mark.requirement("SEC-42", "SEC-43")
@often
@given(numbers)
def test_a_deny_that_is_added_never_grants_more(number: int) -> None:
    maker = Maker(number)
    world = maker.world()
    before = world.judge().permit
    after = world.judge((*world.rules, replace(maker.deny(world.proposal.client), name="added"))).permit
    if before is None:
        assert after is None
    elif after is not None:
        assert after.scope <= before.scope
        assert (after.kind, after.actors, after.audience) == (before.kind, before.actors, before.audience)
        assert after.expires_at <= before.expires_at


@pytest.mark.requirement("SEC-42")
@often
@given(numbers)
def test_a_rule_that_is_switched_off_is_as_if_it_were_not_there(number: int) -> None:
    world = Maker(number).world()
    spec, *others = world.rules
    off, gone = world.judge((replace(spec, disabled=True), *others)), world.judge(others)
    assert (off.permit is None) == (gone.permit is None)
    if off.permit is not None and gone.permit is not None:
        assert changed(off.permit, policy="") == changed(gone.permit, policy="")


@pytest.mark.requirement("SEC-42")
@often
@given(numbers)
def test_a_request_for_less_is_granted_where_one_for_more_is(number: int) -> None:
    """Asking for part of what was granted gives exactly that part: nobody is punished for modesty."""
    world = Maker(number).world()
    permit = world.judge().permit
    if permit is None:
        return
    part = frozenset(sorted(permit.scope)[:1])
    modest = replace(world, proposal=changed(world.proposal, scope=part)).judge().permit
    assert modest == changed(permit, scope=part)


@pytest.mark.requirement("SEC-43", "SEC-52", "SEC-53")
@often
@given(numbers)
def test_nothing_grows_along_a_chain_of_exchanges(number: int) -> None:
    maker = Maker(number)
    world = maker.world()
    permit = world.judge().permit
    for _ in range(4):
        if permit is None:
            return
        subject = party_of_permit(permit)
        # The next service is one that the token is for.
        own = next(api for api in world.apis if api.audience in subject.audience)
        client = replace(maker.client(), api=own.name)
        rules = maker.rules(client)
        proposal = Proposal(
            at=NOW,
            grant_type=TOKEN_EXCHANGE,
            client=client,
            subject=subject,
            actor=None,
            itself=party_of(client, issuer=ISSUER, api=own, lineage=Lineage()),
            requested=world.proposal.requested,
            targets=tuple(api for api in world.apis if api.name in client.apis)[:1],
            scope=None,
        )
        policy = Policy(rules, apis=world.apis, defaults=world.defaults)
        following = judge(proposal, kinds=KINDS, policy=policy).permit
        if following is not None:
            assert_narrow(proposal, following, rules)
            assert following.expires_at <= permit.expires_at
            kept = following.actors[len(following.actors) - len(permit.actors) :]
            assert _identities(kept) == _identities(permit.actors)
            assert (following.subject, following.txn) == (permit.subject, permit.txn)
        permit = following
