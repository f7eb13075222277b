"""RFC 8693 section 2.2: what is granted of what was asked, and how it is answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.door import DOCS, Door
from tests.fakes.house import (
    INVENTORY,
    ORDERS_TO_INVENTORY,
    RULES,
    House,
    allow,
    client,
)

from actas.core.errors import InvalidGrant
from actas.core.reasons import REASONS
from actas.core.target import Api
from actas.core.wire import ACCESS_TOKEN, TOKEN_EXCHANGE
from actas.grants.token_exchange import TokenExchangeGrant
from actas.policy.rule import PolicyDefaults, ScopeMap

# Scope narrowing.


@pytest.mark.requirement("TX-70", "SEC-43")
async def test_each_limit_on_scope_counts() -> None:
    """Target, subject token, client and rule each take one scope away."""
    scopes = dict.fromkeys(["a", "b", "c", "d", "e"], "")
    api = Api(name="lab", audience="https://lab.acme.example", scopes={s: "" for s in scopes if s != "a"})
    member = client("member", apis=frozenset({"lab"}), scopes={"lab": frozenset("abde")})
    rule = allow("lab", "impersonation", "member", "orders", apis=frozenset({"lab"}))
    bought = ScopeMap(bought={s: frozenset({s}) for s in scopes if s != "d"})
    house = House(clients=(member,), apis=(api,), rules=(replace(rule, scopes=bought),))
    token = house.our_token(client_id="member", aud="https://lab.acme.example", scope="a b c d", act=None)
    assert (await house.claims("member", token, audience="lab"))["scope"] == "b"


@pytest.mark.requirement("TX-71")
@pytest.mark.parametrize("scope", [None, "stock:read"])
async def test_the_granted_scope_is_in_the_answer(scope: str | None) -> None:
    house = House()
    answer = await house.ask("orders", house.our_token(), audience="inventory", scope=scope)
    assert answer.body["scope"] == "stock:read"


@pytest.mark.requirement("TX-72")
@pytest.mark.parametrize("scope", ["stock:burn", "stock:read stock:burn", "orders:read"])
async def test_an_unknown_or_excessive_scope_is_an_invalid_scope(scope: str) -> None:
    house = House()
    error = await house.refused("orders", house.our_token(), audience="inventory", scope=scope)
    assert (error.code, error.reason) == ("invalid_scope", "excess")


@pytest.mark.requirement("TX-72", "TX-71")
async def test_an_operator_may_have_excess_trimmed_but_never_to_nothing() -> None:
    house = House(defaults=PolicyDefaults(on_excess_scope="trim"))
    answer = await house.ask(
        "orders", house.our_token(), audience="inventory", scope="stock:read stock:write stock:burn"
    )
    assert answer.body["scope"] == "stock:read"
    error = await house.refused("orders", house.our_token(), audience="inventory", scope="stock:burn")
    assert (error.code, error.reason) == ("invalid_scope", "excess")


@pytest.mark.requirement("TX-73")
@pytest.mark.parametrize("scope", [None, ""])
async def test_a_subject_token_of_unknown_scope_carries_none(scope: str | None) -> None:
    house = House(rules=(ORDERS_TO_INVENTORY,))
    error = await house.refused("orders", house.our_token(scope=scope), audience="inventory")
    assert (error.code, error.reason) == ("invalid_scope", "excess")


# The answer (section 2.2).


@pytest.mark.requirement("TX-80", "TX-81", "TX-82", "TX-83", "TX-84", "TX-85", "TX-86")
async def test_success_is_json_that_no_cache_keeps() -> None:
    house = House()
    form = house.form("orders", house.our_token(), audience="inventory", scope="stock:read")
    answer = await Door(house).post(form)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    assert answer.headers["actas-entry"] == house.writer.events[-1]["id"]
    assert answer.json.pop("access_token")
    body = answer.json
    del body["access_token"]
    assert body == {
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
        "expires_in": 120,
        "scope": "stock:read",
    }


@pytest.mark.requirement("TX-90", "TX-94")
async def test_an_error_is_json_that_no_cache_keeps_and_tells_little() -> None:
    house = House()
    token = house.our_token(iss="https://evil.example")
    answer = await Door(house).post(house.form("orders", token, audience="inventory"))
    assert answer.status == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json == {
        "error": "invalid_request",
        "error_description": "The subject token is not acceptable.",
        "error_uri": f"{DOCS}#bad_subject",
    }
    assert token.encode() not in answer.body


@pytest.mark.requirement("TX-90")
def test_every_sentence_for_callers_is_plain_ascii() -> None:
    for text in REASONS.values():
        assert all(" " <= char <= "~" and char not in '"\\' for char in text.sentence)


@pytest.mark.requirement("TX-90", "SEC-04")
async def test_details_in_development_keep_to_the_characters_of_the_standard() -> None:
    house = House()
    form = house.form("orders", house.our_token(), audience='a"b\\cé')
    answer = await Door(house, dev=True).post(form)
    text = answer.json["error_description"]
    assert all(" " <= char <= "~" and char not in '"\\' for char in text)


@pytest.mark.requirement("TX-91", "TX-94")
@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"exp": 1_700_000_000},
        {"aud": INVENTORY},
        {"sub": None},
        {"act": "orders"},
        {"may_act": {"sub": "nobody"}},
        {"jti": None},
    ],
)
async def test_a_bad_subject_token_is_an_invalid_request_whatever_is_wrong_with_it(
    claims: dict[str, Any],
) -> None:
    house = House()
    answer = await Door(house).post(house.form("orders", house.our_token(**claims), audience="inventory"))
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.requirement("TX-91")
async def test_a_bad_actor_token_is_an_invalid_request() -> None:
    house = House()
    error = await house.refused(
        "orders",
        house.our_token(),
        audience="inventory",
        actor_token="nonsense",
        actor_token_type=str(ACCESS_TOKEN),
    )
    assert (error.code, error.reason) == ("invalid_request", "bad_actor")


@pytest.mark.requirement("TX-92")
async def test_the_grant_chooses_the_error_of_its_bad_tokens() -> None:
    class Assertions(TokenExchangeGrant):
        token_error = InvalidGrant

    house = House()
    house.exchange._grants[str(TOKEN_EXCHANGE)] = Assertions(
        readable=house.validators.token_types, issuable={ACCESS_TOKEN}
    )
    error = await house.refused("orders", "nonsense", audience="inventory")
    assert (error.code, error.reason) == ("invalid_grant", "bad_subject")


@pytest.mark.requirement("TX-48")
async def test_an_exchange_does_not_use_up_its_input_tokens() -> None:
    house = House(rules=RULES)
    token = house.our_token()
    first = await house.claims("orders", token, audience="inventory", scope="stock:read")
    again = await house.claims("orders", token, audience="inventory", scope="stock:read")
    assert first["jti"] != again["jti"]
    assert first["exp"] == again["exp"]
