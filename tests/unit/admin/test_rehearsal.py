"""Rehearsals: an exchange up to the decision, live or from the minutes, explained."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.house import APIS, CLIENTS, ORDERS_TO_INVENTORY, House, allow

from actas.admin.explanation import STAGES, Explanation
from actas.admin.rehearsal import NotExplainable
from actas.core.party import PresentedToken
from actas.core.permit import ExchangeRequest
from actas.core.secret import Secret
from actas.core.spans import span
from actas.core.wire import ACCESS_TOKEN, CLIENT_CREDENTIALS, TOKEN_EXCHANGE

READ: dict[str, Any] = {"audience": ("inventory",), "scope": frozenset({"stock:read"})}


async def explained(house: House, who: str, token: str | None, **asked: Any) -> Explanation:
    request = ExchangeRequest(
        grant_type=TOKEN_EXCHANGE if token is not None else CLIENT_CREDENTIALS,
        subject=None if token is None else PresentedToken(ACCESS_TOKEN, Secret(token), "subject"),
        requested=ACCESS_TOKEN,
        **{**READ, **asked},
    )
    return await house.rehearsal().of_request(who, request)


def marks(told: Explanation) -> list[bool | None]:
    return [stage.passed for stage in told.stages]


@pytest.mark.requirement("SEC-45")
async def test_a_grant_passes_all_seven_stages() -> None:
    house = House()
    told = await explained(house, "orders", house.our_token())
    assert told.granted
    assert marks(told) == [True] * 7
    assert [stage.name for stage in told.stages] == list(STAGES)
    texts = [stage.text for stage in told.stages]
    rules = texts.pop(3)
    assert "orders-to-inventory" in rules
    assert "no-agent-writes-stock" not in rules  # it took nothing away that was asked for
    assert texts == [
        "orders (service) may ask for inventory",
        "alice@acme.example, access token of ours for https://orders.acme.example, 5 m left",
        "none sent, so orders itself is who acts",
        "stock:read",
        "2 actors of at most 3: orders, assistant",
        "2 m: the shortest of rule, API and default",
    ]
    assert (told.kind, told.scopes, told.near_miss, told.suggestion) == (
        "delegation",
        ("stock:read",),
        None,
        None,
    )


@pytest.mark.requirement("SEC-45")
async def test_a_refusal_for_scope_comes_with_the_table_and_what_would_have_been_granted() -> None:
    house = House()
    told = await explained(house, "orders", house.our_token(), scope=frozenset({"stock:read", "stock:write"}))
    assert (told.error, told.reason) == ("invalid_scope", "denied_by_rule")
    assert marks(told) == [True, True, True, True, False, True, True]
    (table,) = told.tables
    assert (table.denied, table.leaves) == (frozenset({"stock:write"}), frozenset({"stock:read"}))
    assert told.suggestion is not None
    assert told.suggestion.scope == ("stock:read",)


@pytest.mark.requirement("SEC-45")
async def test_a_refusal_without_a_rule_names_the_nearest() -> None:
    house = House(rules=(replace(ORDERS_TO_INVENTORY, when=("subject.kind == 'agent'",)),))
    told = await explained(house, "orders", house.our_token())
    assert (told.reason, told.kind) == ("no_rule", None)
    assert told.near_miss is not None
    assert told.near_miss.name == "orders-to-inventory"
    assert [one.field for one in told.near_miss.missed] == ["when[0]"]


@pytest.mark.parametrize(
    ("who", "token", "asked", "passed"),
    [
        ("nobody", "x", {}, [False, *[None] * 6]),
        ("gone", "x", {}, [False, *[None] * 6]),
        ("orders", "x", {"audience": ("nowhere",)}, [False, *[None] * 6]),
        ("orders", "x", {}, [True, False, *[None] * 5]),
    ],
)
async def test_an_early_refusal_says_which_stage_it_came_at(
    who: str, token: str, asked: dict[str, Any], passed: list[bool | None]
) -> None:
    told = await explained(House(), who, token, **asked)
    assert not told.granted
    assert marks(told) == passed
    assert told.stages[-1].text == "not reached"


async def test_a_bad_actor_token_is_the_third_stage() -> None:
    house = House()
    actor = PresentedToken(ACCESS_TOKEN, Secret("x"), "actor")
    told = await explained(house, "orders", house.our_token(), actor=actor)
    assert (told.reason, marks(told)) == ("bad_actor", [True, True, False, *[None] * 4])


async def test_a_client_for_itself_is_explained_too() -> None:
    house = House(rules=(allow("own", "own", "orders", "inventory"),))
    told = await explained(house, "orders", None)
    assert (told.granted, told.kind) == (True, "own")
    assert told.stages[1].text == "orders itself"


@pytest.mark.requirement("SEC-45")
async def test_an_entry_is_explained_under_the_policy_of_today() -> None:
    house = House()
    await house.ask("orders", house.our_token(), audience="inventory", scope="stock:read")
    (entry,) = house.writer.events
    assert house.rehearsal().of_event(entry).granted
    later = House(rules=())
    told = later.rehearsal().of_event(entry)
    assert (told.granted, told.reason) == (False, "no_rule")
    assert told.policy != entry["policy"]


async def test_an_entry_of_a_refusal_before_the_rules_repeats_what_was_found() -> None:
    house = House()
    for form, stage in (
        ({**house.form("orders", "x"), "client_secret": "wrong"}, 1),
        (house.form("orders", "x", audience="nowhere"), 1),
        (house.form("orders", "x", audience="inventory"), 2),
        (house.form("orders", house.our_token(), audience="inventory", actor_token="x",
                    actor_token_type=str(ACCESS_TOKEN)), 3),
    ):  # fmt: skip
        error = await house.turned_away(form)
        told = house.rehearsal().of_event(house.writer.events[-1])
        assert (told.error, told.reason, told.detail) == (error.code, error.reason, error.detail)
        assert marks(told).index(False) == stage - 1


async def test_what_cannot_be_put_before_the_policy_again_says_so() -> None:
    house = House()
    await house.ask("orders", house.our_token(), audience="inventory", scope="stock:read")
    (entry,) = house.writer.events
    others = [client for client in CLIENTS if client.name != "orders"]
    for later, why in (
        (House(clients=others), "orders no longer exists"),
        (House(apis=APIS[:1], rules=()), "API"),
    ):
        with pytest.raises(NotExplainable, match=why):
            later.rehearsal().of_event(entry)
    await house.minutes.note("keys:created", kid="k")
    with pytest.raises(NotExplainable, match="not an attempt"):
        house.rehearsal().of_event(house.writer.events[-1])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (1, "1 s"),
        (60, "1 m"),
        (101, "1 m 41 s"),
        (3600, "1 h"),
        (7325, "2 h 2 m 5 s"),
    ],
)
def test_spans_are_written_for_people(seconds: int, text: str) -> None:
    assert span(seconds) == text
