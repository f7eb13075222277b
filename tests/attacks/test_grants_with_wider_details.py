"""Authorization details that mean more to the API than they did to who allowed them.

Nobody but the API knows what a detail means, so everything turns on two readers of one JSON text agreeing. An attacker
writes what they read differently: a number as a text, ``1`` for ``true``, a member twice, an empty list or none at all
where absence means "everything", a member that only the API knows, a second array behind the first. Or so much of it, or
so deep, that whoever compares it has other worries. None of it comes through, on either side.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.company import GRANTING, NOW, PEOPLE, REDEEMERS, acceptance, connection
from tests.fakes.crossing import crossing, granted, refused
from tests.fakes.house import House

from actas.core.details import LONGEST, MOST
from actas.core.errors import InvalidGrant

PAYMENT: dict[str, Any] = {
    "type": "payment",
    "actions": ["initiate"],
    "limit": {"amount": 100, "currency": "EUR", "instant": False},
    "accounts": [{"iban": "DE1", "days": [1, 2]}, {"iban": "DE2"}],
}

WIDER: list[Any] = [
    {**PAYMENT, "limit": {**PAYMENT["limit"], "amount": "100"}},
    {**PAYMENT, "limit": {**PAYMENT["limit"], "amount": 100.0}},
    {**PAYMENT, "limit": {**PAYMENT["limit"], "amount": 100.5}},
    {**PAYMENT, "limit": {**PAYMENT["limit"], "amount": [100]}},
    {**PAYMENT, "limit": {**PAYMENT["limit"], "instant": 0}},
    {**PAYMENT, "limit": {**PAYMENT["limit"], "instant": True}},
    {**PAYMENT, "limit": {**PAYMENT["limit"], "instant": "false"}},
    {**PAYMENT, "limit": {**PAYMENT["limit"], "ceiling": 9}},
    {**PAYMENT, "limit": [PAYMENT["limit"]]},
    {**PAYMENT, "limit": None},
    {**PAYMENT, "actions": []},
    {**PAYMENT, "actions": None},
    {**PAYMENT, "actions": "initiate"},
    {**PAYMENT, "actions": {"0": "initiate"}},
    {**PAYMENT, "actions": [["initiate"]]},
    {**PAYMENT, "actions": ["initiate", "Initiate"]},
    {**PAYMENT, "actions": ["initiate", "*"]},
    {**PAYMENT, "accounts": [{"iban": "DE1", "days": [3]}]},
    {**PAYMENT, "accounts": [{"iban": "DE2", "days": [1]}]},
    {**PAYMENT, "accounts": [{"iban": "DE1"}, {"iban": "DE3"}]},
    {**PAYMENT, "accounts": [{}, {"iban": "DE3"}]},
    {**PAYMENT, "Limit": {"amount": 1}},
    {**PAYMENT, "type": "payment "},
    {**PAYMENT, "type": ["payment"]},
    {**PAYMENT, "type": None},
]


def ours() -> House:
    return crossing(connections=[connection(details=(PAYMENT,))])


def theirs() -> House:
    return House(
        issuers=(GRANTING,),
        clients=REDEEMERS,
        people=PEOPLE,
        accepted=(acceptance(details=(PAYMENT,)),),
        clock=FixedClock(NOW),
    )


@pytest.mark.requirement("JAG-38", "SEC-55")
@pytest.mark.parametrize("detail", WIDER, ids=repr)
async def test_what_another_reader_could_take_for_more_is_not_granted(detail: Any) -> None:
    error = await refused(ours(), scope="tickets:read", authorization_details=json.dumps([detail]))
    assert error.code == "invalid_authorization_details"


@pytest.mark.requirement("JAG-69")
@pytest.mark.parametrize("detail", WIDER, ids=repr)
async def test_nor_does_it_come_of_a_grant_that_another_server_gave(detail: Any) -> None:
    here = theirs()
    with pytest.raises(InvalidGrant):
        await here.post(here.redeeming(here.grant(authorization_details=[detail])))


@pytest.mark.requirement("JAG-38")
@pytest.mark.parametrize(
    "left_out",
    [
        {"type": "payment"},
        {"type": "payment", "limit": {"amount": 100}},
        {**PAYMENT, "accounts": [{"iban": "DE1"}]},
    ],
    ids=repr,
)
async def test_what_is_left_out_is_filled_in_before_an_api_sees_it(left_out: Any) -> None:
    body: Any = (await granted(ours(), authorization_details=json.dumps([left_out]))).body
    (said,) = body["authorization_details"]
    assert said["limit"] == PAYMENT["limit"]
    assert said["actions"] == ["initiate"]
    assert said["accounts"][0] == PAYMENT["accounts"][0]


@pytest.mark.requirement("SEC-07", "JAG-23")
@pytest.mark.parametrize(
    "text",
    [
        " ",
        "[]",
        "{}",
        "null",
        '"payment"',
        '{"type":"payment"}',
        '["payment"]',
        "[null]",
        "[[]]",
        "[{}]",
        '[{"type":""}]',
        '[{"type":7}]',
        '[{"type":"payment","type":"payment"}]',
        '[{"type":"payment","actions":["initiate"],"actions":["read"]}]',
        '[{"type":"payment","limit":{"amount":1,"\\u0061mount":100}}]',
        '[{"type":"payment"}],"authorization_details":[{"type":"payment"}]',
        '[{"type":"payment"}],"more":[]',
        '[{"type":"payment"}]}',
        '[{"type":"payment"}] [{"type":"payment"}]',
        '[{"type":"payment"},]',
        '[{"type":"payment","limit":{"amount":NaN}}]',
        '[{"type":"payment","limit":{"amount":1e999}}]',
        '[{"type":"payment","limit":{"amount":9007199254740993}}]',
        '[{"type":"payment","x":"\\u0000"}]',
        '[{"type":"payment","x":"\\ud800"}]',
        '[{"type":"payment","":1}]',
        "[" * 2000 + "]" * 2000,
        '[{"type":"payment","x":' + "[" * 9 + "]" * 9 + "}]",
        '[{"type":"payment","x":' + '{"a":' * 8 + "1" + "}" * 8 + "}]",
        json.dumps([{"type": "payment"}] * (MOST + 1)),
        json.dumps([{"type": "payment", "x": ["y" * 200] * 30}]),
        json.dumps([{"type": "payment", **{f"x{one}": 1 for one in range(40)}}]),
        '[{"type":"payment"' + " " * LONGEST + "}]",
    ],
    ids=lambda text: text[:40],
)
async def test_what_is_no_plain_array_of_objects_is_not_read(text: str) -> None:
    it = ours()
    error = await refused(it, scope="tickets:read", authorization_details=text)
    assert error.code in ("invalid_authorization_details", "invalid_request")
    assert not [event for event in it.writer.events if event["outcome"] == "granted"]


@pytest.mark.requirement("JAG-69")
@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        "[]",
        json.dumps([PAYMENT]),
        PAYMENT,
        [None],
        [[PAYMENT]],
        [{"actions": ["initiate"]}],
        [PAYMENT] * (MOST + 1),
        [{**PAYMENT, "x": "y" * 300}],
        [{"type": "payment", "x": [[[[[1]]]]]}],
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_a_grant_whose_details_are_none_is_no_grant(value: Any) -> None:
    here = theirs()
    grant = here.grant()
    with pytest.raises(InvalidGrant) as caught:
        await here.post(here.redeeming(here.grant(jti="other", authorization_details=value)))
    assert caught.value.reason == "bad_subject"
    assert (await here.post(here.redeeming(grant))).body["access_token"]


@pytest.mark.requirement("JAG-38", "JAG-69")
async def test_what_templates_fill_in_stays_within_bounds() -> None:
    large = {"type": "payment", "x": [f"{one}{'y' * 240}" for one in range(14)]}
    it = crossing(connections=[connection(details=(large,))])
    assert (await granted(it, authorization_details='[{"type":"payment"}]')).body["authorization_details"]
    error = await refused(it, authorization_details='[{"type":"payment"},{"type":"payment"}]')
    assert error.reason == "bad_details"


@pytest.mark.requirement("SEC-86")
async def test_no_token_in_a_detail_reaches_the_log() -> None:
    it = crossing(connections=[connection(details=({"type": "payment", "note": "x"},))])
    token = it.id_token()
    await refused(it, authorization_details=json.dumps([{"type": "payment", "note": token[:200]}]))
    assert token.split(".")[1][:100] not in repr(it.writer.events)
