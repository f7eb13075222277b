"""RFC 9449: who asks for a binding, who may show a bound token, and what others see of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.fakes.bound import ME, OTHER, ask, refusal
from tests.fakes.house import APIS, FROM_OURS, ORDERS_TO_INVENTORY, RULES, House, allow, claims_of, secret_of

from actas.core.errors import OAuthError
from actas.core.party import Caller
from actas.policy.rule import PolicyDefaults

# What the policy asks for.


def bound_by(where: str, word: Any) -> House:
    """A house in which one place asks for a binding."""
    apis, rules, defaults = list(APIS), list(RULES), PolicyDefaults()
    if where == "api":
        apis[1] = replace(apis[1], binding=word)
    elif where == "rule":
        rules[1] = replace(ORDERS_TO_INVENTORY, binding=word)
    else:
        defaults = PolicyDefaults(binding=word)
    return House(apis=apis, rules=rules, defaults=defaults)


@pytest.mark.requirement("TX-150", "SEC-15")
@pytest.mark.parametrize("where", ["api", "rule", "defaults"])
async def test_where_a_binding_is_asked_for_no_bearer_token_leaves(where: str) -> None:
    house = bound_by(where, "dpop")
    error = await refusal(house, [])
    assert (error.code, error.reason) == ("invalid_dpop_proof", "binding_needed")
    assert (await ask(house, [ME.proof()])).body["token_type"] == "DPoP"


async def test_the_word_that_asks_for_more_wins() -> None:
    rules = [replace(rule, binding="none") if rule.effect == "allow" else rule for rule in RULES]
    apis = [replace(api, binding="dpop") for api in APIS]
    house = House(rules=rules, apis=apis, defaults=PolicyDefaults(binding="optional"))
    assert (await refusal(house, [])).reason == "binding_needed"


async def test_none_everywhere_is_a_bearer_token_and_says_so() -> None:
    house = House(defaults=PolicyDefaults(binding="none"))
    answer = await ask(house, [ME.proof()])
    assert answer.body["token_type"] == "Bearer"
    assert "cnf" not in claims_of(answer)


# Tokens that are bound already.


def relaying(*, relay: bool = False, unbind: bool = False) -> House:
    """A house whose rule says something about bound subject tokens."""
    assert ORDERS_TO_INVENTORY.subject is not None
    rule = replace(
        ORDERS_TO_INVENTORY, subject=replace(ORDERS_TO_INVENTORY.subject, relay=relay, unbind=unbind)
    )
    return House(rules=[rule])


@pytest.mark.requirement("TX-154", "SEC-15")
async def test_a_bound_token_is_taken_with_proof_of_its_key_and_of_no_other() -> None:
    house = House()
    token = house.our_token(cnf={"jkt": ME.jkt})
    for proofs in ([], [OTHER.proof()]):
        error = await refusal(house, proofs, token=token)
        assert (error.code, error.reason) == ("invalid_request", "key_not_proven")
    assert claims_of(await ask(house, [ME.proof()], token=token))["cnf"] == {"jkt": ME.jkt}
    assert house.writer.events[-1]["subject"]["cnf"] == {"jkt": ME.jkt}


@pytest.mark.requirement("TX-154", "TX-155")
async def test_a_relay_passes_on_a_bound_token_and_the_new_one_is_bound_to_its_own_key() -> None:
    house = relaying(relay=True)
    token = house.our_token(cnf={"jkt": OTHER.jkt})
    assert claims_of(await ask(house, [ME.proof()], token=token))["cnf"] == {"jkt": ME.jkt}
    bearer = await ask(house, [], token=token)
    assert bearer.body["token_type"] == "Bearer"
    assert "cnf" not in claims_of(bearer)


@pytest.mark.requirement("TX-154")
async def test_every_rule_that_allows_it_must_let_the_client_relay() -> None:
    house = relaying(relay=True)
    strict = replace(ORDERS_TO_INVENTORY, name="without-relay")
    both = House(rules=[*house.rules, strict])
    error = await refusal(both, [], token=both.our_token(cnf={"jkt": OTHER.jkt}))
    assert error.reason == "key_not_proven"


@pytest.mark.requirement("TX-154", "SEC-15")
@pytest.mark.parametrize(
    "cnf",
    [
        {},
        "jkt",
        {"jkt": 7},
        {"jkt": ""},
        {"jkt": "short"},
        {"kid": "mine"},
        {"jku": "https://evil.example/jwks"},
        {"jkt": ME.jkt, "x5t#S256": ME.jkt},
        {"jkt": ME.jkt, "kid": "mine"},
        {"JKT": ME.jkt},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jwk": ME.key.private_jwk()},
    ],
    ids=range(12),
)
async def test_a_token_bound_in_a_way_we_cannot_check_is_not_believed(cnf: Any) -> None:
    house = relaying(relay=True)
    token = house.our_token(cnf=cnf)
    assert (await refusal(house, [ME.proof()], token=token)).reason == "bad_subject"


@pytest.mark.requirement("TX-154")
async def test_a_foreign_token_is_bound_as_ours_are() -> None:
    house = House()
    for cnf in ({"jkt": ME.jkt}, {"jwk": ME.public}):
        form = house.form(
            "assistant",
            house.id_token(cnf=cnf),
            subject_token_type="urn:ietf:params:oauth:token-type:id_token",
            audience="orders",
        )
        with pytest.raises(OAuthError) as found:
            await house.post(form)
        assert found.value.reason == "key_not_proven"
        answer = await house.post(form, proofs=[ME.proof()])
        assert claims_of(answer)["cnf"] == {"jkt": ME.jkt}


@pytest.mark.requirement("TX-154", "SEC-15")
async def test_a_certificate_is_not_a_key_of_the_same_digest() -> None:
    house = House()
    token = house.our_token(cnf={"x5t#S256": ME.jkt})
    assert (await refusal(house, [ME.proof()], token=token)).reason == "key_not_proven"


@pytest.mark.requirement("TX-156")
async def test_a_bound_token_does_not_become_a_bearer_token_of_the_same_client() -> None:
    none = PolicyDefaults(binding="none")
    house = House(defaults=none)
    token = house.our_token(cnf={"jkt": ME.jkt})
    assert (await refusal(house, [ME.proof()], token=token)).reason == "binding_needed"
    # Also when the client that holds it may relay, and shows no proof.
    mine = relaying(relay=True)
    token = mine.our_token(cnf={"jkt": ME.jkt}, client_id="orders")
    error = await refusal(mine, [], token=token)
    assert (error.code, error.reason) == ("invalid_dpop_proof", "binding_needed")


@pytest.mark.requirement("TX-156")
async def test_a_rule_may_let_the_binding_go() -> None:
    house = relaying(relay=True, unbind=True)
    token = house.our_token(cnf={"jkt": ME.jkt}, client_id="orders")
    assert (await ask(house, [], token=token)).body["token_type"] == "Bearer"


@pytest.mark.requirement("TX-154")
async def test_a_bound_actor_token_needs_the_same_proof() -> None:
    house = House(rules=[allow("both", "delegation", "orders", "inventory", actor=FROM_OURS)])
    actor = house.our_token(
        cnf={"jkt": ME.jkt}, sub="dana@acme.example", client_id="orders", act=None, jti="actor-1"
    )
    more = {"actor_token": actor, "actor_token_type": "urn:ietf:params:oauth:token-type:access_token"}
    with pytest.raises(OAuthError) as found:
        await ask(house, [], **more)
    assert found.value.reason == "key_not_proven"
    assert (await ask(house, [ME.proof()], **more)).body["token_type"] == "DPoP"


# What others see of it.


@pytest.mark.requirement("TX-132")
async def test_introspection_tells_the_key_and_the_scheme() -> None:
    house = House()
    token = house.our_token(cnf={"jkt": ME.jkt})
    form = urlencode({"token": token, "client_id": "orders", "client_secret": secret_of("orders")})
    told = (await house.introspection()(form.encode(), Caller(address="127.0.0.1"))).body
    assert (told["active"], told["token_type"], told["cnf"]) == (True, "DPoP", {"jkt": ME.jkt})


async def test_an_explanation_names_the_key_and_what_asks_for_one() -> None:
    house = bound_by("api", "dpop")
    token = house.our_token(cnf={"jkt": ME.jkt})
    await ask(house, [ME.proof()], token=token)
    again = house.rehearsal().of_event(house.writer.events[-1])
    assert again.granted
    assert f"bound to the DPoP key {ME.jkt[:8]}" in again.stages[6].text
    await refusal(house, [])
    again = house.rehearsal().of_event(house.writer.events[-1])
    assert (again.reason, again.stages[6].passed) == ("binding_needed", False)
