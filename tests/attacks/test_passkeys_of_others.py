"""Whoever holds some passkey, some answer or some session wants in as somebody else.

An answer that was sent before is sent again, here or in another browser; a phishing site relays our challenge; an
answer that was given for making a passkey is used as one that uses it; somebody puts their own passkey after the
stolen password of another, or adds theirs to another's account by a page that was given to them; a copy of a
device goes on counting where the original was; and whoever was locked out, or whose passkey was removed, has kept
the device. Each of them is refused, each stands in the minutes, and nobody is told which it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from tests.fakes.authenticator import Device
from tests.fakes.proving_desk import ALICE, ORIGIN, VISITOR, Desk

from actas.core.errors import OAuthError
from actas.core.secret import Secret
from actas.crypto.password_hash import Cost, PasswordHashes
from actas.signin.steps import AskCode, AskWho, GoOn

CAROL = "actas:carol"
OTHER = msgspec.structs.replace(VISITOR, browser="browser-of-mallory")


@pytest.fixture
def hashes() -> Iterator[PasswordHashes]:
    made = PasswordHashes(pepper=bytes(range(32)), cost=Cost(memory=64, passes=1))
    yield made
    made.close()


@pytest.fixture
def desk(hashes: PasswordHashes) -> Desk:
    return Desk(hashes)


async def tried(desk: Desk, answer: Secret, visitor: Any = VISITOR) -> GoOn | AskWho:
    return await desk.by_passkey.alone(None, answer=answer, visitor=visitor)


def said(desk: Desk) -> str:
    event = desk.house.writer.events[-1]
    assert (event["event"], event["reason"]) == ("sign_in:refused", "wrong_credentials")
    return str(event["detail"])


@pytest.mark.requirement("SEC-76", "SEC-11")
async def test_an_answer_is_good_once(desk: Desk) -> None:
    device = await desk.with_passkey()
    answer = desk.answer(device)
    assert isinstance(await tried(desk, answer), GoOn)
    assert isinstance(await tried(desk, answer), AskWho)
    assert "used before" in said(desk)


@pytest.mark.requirement("SEC-76")
async def test_an_answer_is_good_in_the_browser_that_was_asked_and_in_no_other(desk: Desk) -> None:
    device = await desk.with_passkey()
    answer = desk.answer(device)
    assert isinstance(await tried(desk, answer, OTHER), AskWho)
    assert "in another session" in said(desk)
    # Nobody used it up by sending it from elsewhere.
    assert isinstance(await tried(desk, answer), GoOn)


@pytest.mark.requirement("SEC-76")
async def test_an_answer_ends(desk: Desk) -> None:
    device = await desk.with_passkey()
    answer = desk.answer(device)
    desk.clock.advance(301)
    assert isinstance(await tried(desk, answer), AskWho)
    assert "has ended" in said(desk)


@pytest.mark.requirement("SEC-84")
@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "https://sts-acme.example", "host": "sts.acme.example"},
        {"host": "acme.example"},
        {"changes": {"crossOrigin": True}},
        {"changes": {"type": "webauthn.create"}},
        {"flags": 0x01},
    ],
    ids=["origin", "rp id", "frame", "type", "nobody verified"],
)
async def test_an_answer_that_was_made_for_another_site_or_by_nobody(desk: Desk, lie: dict[str, Any]) -> None:
    device = await desk.with_passkey()
    for name, value in lie.items():
        setattr(device, name, value)
    assert isinstance(await tried(desk, desk.answer(device)), AskWho)
    said(desk)


async def test_a_key_that_nobody_enrolled_signs_for_nobody(desk: Desk) -> None:
    device = await desk.with_passkey()
    thief = Device(ORIGIN, id=device.id, handle=device.handle)
    assert isinstance(await tried(desk, desk.answer(thief)), AskWho)
    mixed = await desk.with_passkey(CAROL)
    mixed.handle = device.handle
    assert isinstance(await tried(desk, desk.answer(mixed)), AskWho)
    assert "does not have this passkey" in said(desk)


async def test_a_count_that_goes_backward_is_a_copy(desk: Desk) -> None:
    device = await desk.with_passkey(step=1)
    for _ in range(3):
        assert isinstance(await tried(desk, desk.answer(device)), GoOn)
    device.count -= 2
    assert isinstance(await tried(desk, desk.answer(device)), AskWho)
    assert "copy" in said(desk)


async def test_after_a_stolen_password_ones_own_passkey_does_not_count(desk: Desk) -> None:
    await desk.with_passkey()
    await desk.enrolled()
    mallory = await desk.with_passkey(CAROL)
    half = await desk.half_way()
    step = await desk.by_passkey.second(half.flow, answer=desk.answer(mallory), visitor=VISITOR)
    assert isinstance(step, AskCode)
    assert said(desk) == f"a passkey of {CAROL}, after the password of {ALICE.subject}"


async def test_what_one_browser_proved_by_a_password_is_worth_nothing_in_another(desk: Desk) -> None:
    device = await desk.with_passkey()
    await desk.enrolled()
    half = await desk.half_way()
    with pytest.raises(OAuthError) as caught:
        await desk.by_passkey.second(half.flow, answer=desk.answer(device, OTHER), visitor=OTHER)
    assert caught.value.reason == "forged_form"


async def test_whoever_was_locked_out_has_a_passkey_in_vain(hashes: PasswordHashes) -> None:
    desk = Desk(hashes, (msgspec.structs.replace(ALICE, disabled=True),))
    for subject in (ALICE.subject, "actas:deleted"):
        device = await desk.with_passkey(subject)
        assert isinstance(await tried(desk, desk.answer(device)), AskWho)
        assert "locked out, or is no more" in said(desk)


@pytest.mark.requirement("SEC-78")
async def test_a_passkey_that_was_made_for_one_account_is_added_to_no_other(desk: Desk) -> None:
    carol_device = Device(ORIGIN)
    visitor = await desk.signed_in()
    owner = await desk.owner(visitor)
    asked = await desk.passkeys.begin(CAROL, session=visitor.browser, account="carol", display="Carol")
    answer = Secret(json.dumps(carol_device.make(asked)))
    assert not await desk.care.add(owner, visitor, answer=answer, name="mine")
    relayed = await desk.care.begin(owner, OTHER)
    answer = Secret(json.dumps(Device(ORIGIN).make(relayed)))
    assert not await desk.care.add(owner, visitor, answer=answer, name="mine")
    assert await desk.care.list(owner, visitor) == ()
    event = desk.house.writer.events[-1]
    assert (event["event"], event["reason"]) == ("account:refused", "wrong_credentials")


async def test_what_was_answered_to_use_a_passkey_makes_none_and_the_other_way_round(desk: Desk) -> None:
    visitor = await desk.signed_in()
    owner = await desk.owner(visitor)
    device = Device(ORIGIN)
    made = Secret(json.dumps(device.make(await desk.care.begin(owner, visitor))))
    assert isinstance(await tried(desk, made, visitor), AskWho)
    assert await desk.care.add(owner, visitor, answer=made, name="laptop")
    assert not await desk.care.add(owner, visitor, answer=desk.answer(device, visitor), name="again")
