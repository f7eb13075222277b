"""Conditions: each field of a rule, what it wants and what it saw, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.changed import changed
from tests.fakes.house import APIS, CLIENTS, ISSUER, NOW, ORDERS, ORDERS_TO_INVENTORY

from actas.core.lineage import Lineage
from actas.core.party import OURSELVES, Actor, Identity, Party
from actas.core.permit import Proposal
from actas.core.person import as_actor
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, TOKEN_EXCHANGE
from actas.policy.facts import ClaimsNeeded
from actas.policy.match import conditions_of
from actas.policy.rule import ChainSelector, PartySelector, RuleSpec
from actas.policy.situation import Situation
from actas.subjects.itself import party_of

AUDIENCES = {api.name: api.audience for api in APIS}
ORDERS_CLIENT = next(one for one in CLIENTS if one.name == "orders")
ITSELF = party_of(ORDERS_CLIENT, issuer=ISSUER, api=APIS[0], lineage=Lineage())
ALICE = Party(
    identity=Identity(ISSUER, "alice@acme.example"),
    origin=Identity("https://idp.acme.example", "id-alice"),
    kind="person",
    issuer_name=OURSELVES,
    token_type=ACCESS_TOKEN,
    audience=(ORDERS,),
    client_id="assistant",
    expires_at=NOW + 60,
    issued_at=NOW,
    claims={"iss": ISSUER, "sub": "alice@acme.example"},
    groups=("support", "staff"),
    actors=(Actor(Identity(ISSUER, "assistant"), "agent"),),
    lineage=Lineage(),
)
DANA = changed(ALICE, identity=Identity(ISSUER, "dana@acme.example"), issuer_name="corp-idp", actors=())


def situation(**changes: Any) -> Situation:
    proposal = Proposal(
        at=NOW,
        grant_type=TOKEN_EXCHANGE,
        client=ORDERS_CLIENT,
        subject=changes.get("subject", ALICE),
        actor=changes.get("actor"),
        itself=ITSELF,
        requested=ACCESS_TOKEN,
        targets=(APIS[1],),
        scope=None,
    )
    chain = (as_actor(proposal.subject), *reversed(proposal.subject.actors), as_actor(proposal.acting))
    return Situation(proposal=proposal, chain=chain, needed=ClaimsNeeded(frozenset(), frozenset()))


def only(spec: RuleSpec, field: str) -> Any:
    return next(one for one in conditions_of(spec, AUDIENCES) if one.field == field)


@pytest.mark.requirement("SEC-42", "SEC-45")
@pytest.mark.parametrize(
    ("selector", "field", "wanted", "seen", "holds"),
    [
        ({"issuers": frozenset({"actas", "x"})}, "subject.from", "actas, x", "actas", True),
        ({"issuers": frozenset({"x"})}, "subject.from", "x", "actas", False),
        (
            {"token_types": frozenset({ID_TOKEN})},
            "subject.token_types",
            str(ID_TOKEN),
            str(ACCESS_TOKEN),
            False,
        ),
        ({"audiences": frozenset({"orders"})}, "subject.audience", "orders", ORDERS, True),
        ({"audiences": frozenset({ORDERS})}, "subject.audience", ORDERS, ORDERS, True),
        ({"audiences": frozenset({"inventory"})}, "subject.audience", "inventory", ORDERS, False),
        ({"kinds": frozenset({"person"})}, "subject.kinds", "person", "person", True),
        ({"kinds": frozenset({"agent"})}, "subject.kinds", "agent", "person", False),
        (
            {"names": frozenset({"alice@acme.example"})},
            "subject.names",
            "alice@acme.example",
            "alice@acme.example",
            True,
        ),
        ({"names": frozenset({"alice"})}, "subject.names", "alice", "alice@acme.example", False),
        ({"groups": frozenset({"staff", "x"})}, "subject.groups", "staff, x", "staff, support", True),
        ({"groups": frozenset({"staf"})}, "subject.groups", "staf", "staff, support", False),
    ],
)
def test_a_selector_says_what_it_wants_and_what_it_saw(
    selector: dict[str, Any], field: str, wanted: str, seen: str, *, holds: bool
) -> None:
    condition = only(replace(ORDERS_TO_INVENTORY, subject=PartySelector(**selector)), field)
    here = situation()
    assert (condition.wanted, condition.seen(here), condition.test(here)) == (wanted, seen, holds)


def test_an_empty_selector_makes_no_condition() -> None:
    deny = RuleSpec(
        name="no", effect="deny", kind="any", subject=PartySelector(), chain=ChainSelector(), reason="x"
    )
    assert conditions_of(deny, AUDIENCES) == ()


@pytest.mark.requirement("SEC-02", "SEC-42")
def test_an_unknown_kind_satisfies_no_allow_and_escapes_no_deny() -> None:
    unknown = situation(subject=changed(ALICE, kind="unknown"))
    selector = PartySelector(kinds=frozenset({"agent"}))
    assert not only(replace(ORDERS_TO_INVENTORY, subject=selector), "subject.kinds").test(unknown)
    deny = RuleSpec(name="no", effect="deny", kind="any", subject=selector, reason="x")
    assert only(deny, "subject.kinds").test(unknown)


@pytest.mark.requirement("TX-52")
def test_a_rule_that_does_not_speak_of_an_actor_is_for_the_client_itself() -> None:
    condition = only(ORDERS_TO_INVENTORY, "actor")
    assert condition.test(situation())
    assert not condition.test(situation(actor=DANA))
    assert condition.test(situation(actor=ITSELF))
    assert condition.seen(situation(actor=DANA)) == "dana@acme.example"


@pytest.mark.requirement("TX-59")
def test_a_rule_that_speaks_of_an_actor_may_require_one_and_may_flatten() -> None:
    plain = replace(ORDERS_TO_INVENTORY, actor=PartySelector(required=True))
    assert not only(plain, "actor.required").test(situation())
    assert only(plain, "actor.required").seen(situation()) == "none sent"
    assert only(plain, "actor.required").test(situation(actor=DANA))
    chained = situation(actor=changed(DANA, actors=ALICE.actors))
    assert not only(plain, "actor.chain").test(chained)
    assert only(plain, "actor.chain").seen(chained) == "assistant"
    flat = replace(plain, actor=PartySelector(flatten=True))
    assert all(one.field != "actor.chain" for one in conditions_of(flat, AUDIENCES))


@pytest.mark.parametrize(
    ("selector", "holds"),
    [
        (ChainSelector(names=frozenset({"assistant"})), True),
        (ChainSelector(names=frozenset({"orders"})), True),
        (ChainSelector(names=frozenset({"alice@acme.example"})), True),
        (ChainSelector(names=frozenset({"web"})), False),
        (ChainSelector(kinds=frozenset({"agent"})), True),
        (ChainSelector(kinds=frozenset({"app"})), False),
    ],
)
def test_a_chain_selector_looks_at_subject_and_every_actor(selector: ChainSelector, *, holds: bool) -> None:
    spec = replace(ORDERS_TO_INVENTORY, chain=selector)
    (condition,) = (one for one in conditions_of(spec, AUDIENCES) if one.field.startswith("chain."))
    assert condition.test(situation()) is holds


def test_values_for_expressions_are_made_when_the_first_one_asks() -> None:
    here = situation()
    assert here._values is None
    assert here.values["chain"] == {
        "kinds": ["person", "agent", "service"],
        "names": ["alice@acme.example", "assistant", "orders"],
        "members": [
            {"iss": ISSUER, "sub": "alice@acme.example", "kind": "person"},
            {"iss": ISSUER, "sub": "assistant", "kind": "agent"},
            {"iss": ISSUER, "sub": "orders", "kind": "service"},
        ],
        "depth": 2,
    }
    assert here.values is here.values
    assert here.context is here.context
