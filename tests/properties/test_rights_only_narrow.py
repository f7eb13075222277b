"""Over random rule sets and chains: what is granted lies inside everything it came from (SEC-43)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from tests.fakes.house import ISSUER, KINDS, NOW
from tests.fakes.worlds import World, clients, denies, party_of_permit, rule_sets, worlds

from actas.core.client import Client
from actas.core.permit import Permit, Proposal
from actas.kinds.judge import judge
from actas.policy.decide import Policy, scopes_of
from actas.policy.rule import RuleSpec
from actas.subjects.itself import party_of

QUICK = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


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
        bought = set[str]()
        for rule in used:
            if api.name in rule.apis and rule.scopes is not None:
                bought |= rule.scopes.anyway
                for held in proposal.subject.scope:
                    bought |= rule.scopes.bought.get(held, frozenset())
                    bought |= {held} if rule.scopes.same else set()
        assert permit.scope <= bought
    if proposal.scope is not None:
        assert permit.scope <= proposal.scope
    parents = [
        one for one in (proposal.subject, proposal.actor) if one is not None and one is not proposal.itself
    ]
    for parent in parents:
        assert permit.expires_at <= parent.expires_at
    limits = [rule.lifetime for rule in used] + [api.lifetime for api in proposal.targets]
    assert all(limit is None or permit.expires_at - permit.issued_at <= limit for limit in limits)
    assert permit.issued_at < permit.expires_at
    assert set(permit.audience) == {api.audience for api in proposal.targets}


@pytest.mark.requirement("SEC-43", "TX-70", "TX-49")
@QUICK
@given(worlds())
def test_every_permit_is_inside_every_limit(world: World) -> None:
    permit = world.judge().permit
    event("granted" if permit else "refused")
    if permit is not None:
        assert_narrow(world.proposal, permit, world.rules)


@pytest.mark.requirement("SEC-53", "TX-56")
@QUICK
@given(worlds())
def test_no_permit_loses_or_repeats_an_actor(world: World) -> None:
    permit = world.judge().permit
    assume(permit is not None)
    assert permit is not None
    proposal = world.proposal
    before = proposal.subject.actors
    assert permit.actors[len(permit.actors) - len(before) :] == before
    if permit.kind == "delegation":
        assert permit.actors[0] == proposal.acting.as_actor()
        identities = [permit.subject, *(actor.identity for actor in permit.actors)]
        assert len(identities) == len(set(identities)) or len(set(before)) < len(before)
        assert len(permit.actors) <= min(10, world.defaults.max_depth)
    else:
        assert permit.actors == before
    assert permit.subject == proposal.subject.identity


@pytest.mark.requirement("SEC-42")
@QUICK
@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_rules_does_not_matter(world: World, chance: object) -> None:
    shuffled = list(world.rules)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = world.judge(), world.judge(tuple(shuffled))
    assert one.permit == other.permit
    assert sorted((r.reason, r.error.code) for r in one.refusals) == sorted(
        (r.reason, r.error.code) for r in other.refusals
    )


@pytest.mark.requirement("SEC-42", "SEC-43")
@QUICK
@given(worlds().flatmap(lambda world: st.tuples(st.just(world), denies(world.proposal.client))))
def test_a_deny_that_is_added_never_grants_more(found: tuple[World, RuleSpec]) -> None:
    world, deny = found
    before = world.judge().permit
    after = world.judge((*world.rules, replace(deny, name="added"))).permit
    if before is None:
        assert after is None
    elif after is not None:
        assert after.scope <= before.scope
        assert (after.kind, after.actors, after.audience) == (before.kind, before.actors, before.audience)
        assert after.expires_at <= before.expires_at


@pytest.mark.requirement("SEC-42")
@QUICK
@given(worlds())
def test_a_rule_that_is_switched_off_is_as_if_it_were_not_there(world: World) -> None:
    for number, spec in enumerate(world.rules):
        off = (*world.rules[:number], replace(spec, disabled=True), *world.rules[number + 1 :])
        gone = (*world.rules[:number], *world.rules[number + 1 :])
        one, other = world.judge(off).permit, world.judge(gone).permit
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert replace(one, policy="") == replace(other, policy="")


@pytest.mark.requirement("SEC-43", "SEC-52", "SEC-53")
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds(), st.lists(clients(), min_size=1, max_size=3), st.data())
def test_nothing_grows_along_a_chain_of_exchanges(
    world: World, hops: list[Client], data: st.DataObject
) -> None:
    permit = world.judge().permit
    assume(permit is not None)
    assert permit is not None
    for client in hops:
        subject = party_of_permit(permit)
        # The next service is one that the token is for.
        holder = replace(client, api=next(api.name for api in world.apis if api.audience in subject.audience))
        own = next(api for api in world.apis if api.name == holder.api)
        targets = tuple(api for api in world.apis if api.name in holder.apis)
        rules = data.draw(rule_sets(holder, least=1))
        proposal = Proposal(
            at=NOW,
            grant_type=world.proposal.grant_type
            if permit.kind != "own"
            else "urn:ietf:params:oauth:grant-type:token-exchange",  # type: ignore[arg-type]
            client=holder,
            subject=subject,
            actor=None,
            itself=party_of(holder, issuer=ISSUER, api=own),
            requested=world.proposal.requested,
            targets=targets[:1],
            scope=None,
        )
        policy = Policy(rules, apis=world.apis, defaults=world.defaults)
        following = judge(proposal, kinds=KINDS, policy=policy).permit
        if following is None:
            return
        event("a second hop")
        assert_narrow(proposal, following, rules)
        assert following.expires_at <= permit.expires_at
        assert len(following.actors) >= len(permit.actors)
        assert (following.subject, following.txn) == (permit.subject, permit.txn)
        permit = following
