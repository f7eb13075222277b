"""Signing in by a passkey, and looking after passkeys: what counts, what is said, what stands in the minutes."""

from __future__ import annotations

import asyncio
import json

import msgspec
import pytest
from tests.fakes.authenticator import Device
from tests.fakes.proving_desk import ALICE, ORIGIN, RIGHT, VISITOR, Desk

from actas.core.errors import OAuthError, StoreUnavailable
from actas.core.secret import Secret
from actas.crypto.password_hash import PasswordHashes
from actas.signin.owner import FRESH, Owner
from actas.signin.proving import Visitor
from actas.signin.steps import AskCode, AskWho, GoOn

CAROL = "actas:carol"
SYNCED = 0x08
"""The flag of a passkey that may be on several devices."""


@pytest.fixture
def desk(hashes: PasswordHashes) -> Desk:
    return Desk(hashes)


async def alone(desk: Desk, device: Device, visitor: Visitor = VISITOR) -> GoOn | AskWho:
    return await desk.by_passkey.alone(None, answer=desk.answer(device, visitor), visitor=visitor)


@pytest.mark.requirement("OP-55")
@pytest.mark.parametrize(("flags", "held"), [(0, "hwk"), (SYNCED, "swk")])
async def test_a_passkey_signs_in_whoever_it_says_it_is(desk: Desk, flags: int, held: str) -> None:
    device = await desk.with_passkey()
    device.flags |= flags
    step = await alone(desk, device)
    assert isinstance(step, GoOn)
    session = await desk.sessions.find(step.session)
    assert session is not None
    assert session.sign_in.person.subject == ALICE.subject
    assert (session.sign_in.acr, session.sign_in.amr) == ("mfa", (held, "user", "mfa"))
    event = desk.house.writer.events[-1]
    assert (event["event"], event["amr"]) == ("sign_in:granted", [held, "user", "mfa"])


async def test_a_passkey_will_do_after_the_password_in_the_place_of_a_code(desk: Desk) -> None:
    device = await desk.with_passkey()
    await desk.enrolled()
    half = await desk.half_way()
    assert half.passkey
    step = await desk.by_passkey.second(half.flow, answer=desk.answer(device), visitor=VISITOR)
    assert isinstance(step, GoOn)
    session = await desk.sessions.find(step.session)
    assert session is not None
    assert session.sign_in.amr == ("pwd", "hwk", "user", "mfa")


async def test_whoever_has_none_is_not_asked_for_one_after_the_password(desk: Desk) -> None:
    await desk.enrolled()
    assert not (await desk.half_way()).passkey


async def test_a_passkey_proves_once_more_who_somebody_is(desk: Desk) -> None:
    device = await desk.with_passkey()
    visitor = await desk.signed_in()
    desk.clock.advance(FRESH)
    asked = await desk.keeping.owner(visitor, then="passkeys")
    assert isinstance(asked, AskWho)
    step = await desk.by_passkey.alone(asked.flow, answer=desk.answer(device), visitor=visitor)
    assert isinstance(step, GoOn)
    assert step.then == "passkeys"
    await desk.owner(msgspec.structs.replace(visitor, session=step.session))


async def test_what_does_not_prove_it_is_asked_for_again_and_says_nothing(desk: Desk) -> None:
    stranger = Device(ORIGIN)
    stranger.handle = b"nobody"
    step = await alone(desk, stranger)
    assert isinstance(step, AskWho)
    assert (step.passkey_refused, step.wrong, step.name) == (True, False, "")
    event = desk.house.writer.events[-1]
    assert (event["event"], event["reason"]) == ("sign_in:refused", "wrong_credentials")


@pytest.mark.parametrize(
    "answer", ["{}", "[]", "no JSON", '{"a":1,"a":2}', "[" * 5000, '{"x":"' + "x" * 70000]
)
async def test_what_is_no_answer_is_refused_and_nothing_fails(desk: Desk, answer: str) -> None:
    await desk.with_passkey()
    step = await desk.by_passkey.alone(None, answer=Secret(answer), visitor=VISITOR)
    assert isinstance(step, AskWho)
    assert desk.house.writer.events[-1]["reason"] == "wrong_credentials"


async def test_a_passkey_is_added_named_and_removed(desk: Desk) -> None:
    visitor = await desk.signed_in()
    owner = await desk.owner(visitor)
    device = Device(ORIGIN)
    made = Secret(json.dumps(device.make(await desk.care.begin(owner, visitor))))
    assert await desk.care.add(owner, visitor, answer=made, name="laptop")
    (one,) = await desk.care.list(owner, visitor)
    assert (one.name, one.used_at) == ("laptop", None)
    assert await desk.care.rename(owner, visitor, passkey=one.id, name="old laptop")
    assert not await desk.care.rename(owner, visitor, passkey=one.id, name="old laptop")
    assert isinstance(await alone(desk, device), GoOn)
    (one,) = await desk.care.list(owner, visitor)
    assert (one.name, one.used_at) == ("old laptop", int(desk.clock.now()))
    assert await desk.care.remove(owner, visitor, passkey=one.id)
    assert isinstance(await alone(desk, device), AskWho)
    changes = [
        (one["what"], one["change"])
        for one in desk.house.writer.events
        if one["event"] == "credentials:changed"
    ]
    assert changes == [("passkey", "added"), ("passkey", "renamed"), ("passkey", "removed")]
    assert "laptop" not in str(desk.house.writer.events)


async def test_only_passkeys_are_changed_there(desk: Desk) -> None:
    visitor = await desk.signed_in_twice(await desk.enrolled())
    owner = await desk.owner(visitor)
    for held in ("password", "recovery", "nothing", ""):
        assert not await desk.care.remove(owner, visitor, passkey=held)
        assert not await desk.care.rename(owner, visitor, passkey=held, name="x")
    for one in await desk.credentials.list(ALICE.subject):
        assert not await desk.care.remove(owner, visitor, passkey=one.id)
    assert "code" in await desk.securing.has(owner, visitor)


async def test_the_last_thing_that_somebody_signs_in_with_stays(hashes: PasswordHashes) -> None:
    bare = msgspec.structs.replace(ALICE, initial=None)
    desk = Desk(hashes, (bare,))
    first, second = await desk.with_passkey(), await desk.with_passkey()
    step = await alone(desk, first)
    assert isinstance(step, GoOn)
    visitor = msgspec.structs.replace(VISITOR, session=step.session)
    owner = await desk.owner(visitor)
    one, other = await desk.care.list(owner, visitor)
    assert await desk.care.may_remove(owner, visitor)
    assert await desk.care.remove(owner, visitor, passkey=one.id)
    assert not await desk.care.may_remove(owner, visitor)
    assert not await desk.care.remove(owner, visitor, passkey=other.id)
    assert isinstance(await alone(desk, second), GoOn)


async def test_of_two_that_go_at_once_one_stays(hashes: PasswordHashes) -> None:
    """Two tabs, each of which sees that another passkey is left."""
    desk = Desk(hashes, (msgspec.structs.replace(ALICE, initial=None),))
    step = await alone(desk, await desk.with_passkey())
    await desk.with_passkey()
    assert isinstance(step, GoOn)
    visitor = msgspec.structs.replace(VISITOR, session=step.session)
    owner = await desk.owner(visitor)
    held = await desk.care.list(owner, visitor)
    gone = await asyncio.gather(*(desk.care.remove(owner, visitor, passkey=one.id) for one in held))
    assert sorted(gone) == [False, True]
    assert len(await desk.care.list(owner, visitor)) == 1


async def test_a_store_that_fails_is_a_refusal_that_is_written_down(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = await desk.signed_in()
    owner = await desk.owner(visitor)

    async def fails(*_: object, **__: object) -> None:
        raise StoreUnavailable("the database is away")

    monkeypatch.setattr(desk.credentials, "has", fails)
    with pytest.raises(OAuthError) as refused:
        await desk.care.may_remove(owner, visitor)
    assert refused.value.reason == "storage_unavailable"
    assert desk.house.writer.events[-1]["reason"] == "storage_unavailable"


async def test_somebody_without_a_password_may_set_one(hashes: PasswordHashes) -> None:
    bare = msgspec.structs.replace(ALICE, initial=None)
    desk = Desk(hashes, (bare,))
    step = await alone(desk, await desk.with_passkey())
    assert isinstance(step, GoOn)
    visitor = msgspec.structs.replace(VISITOR, session=step.session)
    owner = await desk.owner(visitor)
    assert await desk.securing.change_password(owner, visitor, current=None, new=RIGHT) is None
    await desk.signed_in()


@pytest.mark.requirement("SEC-14")
async def test_what_fails_is_counted_for_the_source_alone(hashes: PasswordHashes) -> None:
    desk = Desk(hashes)
    device = await desk.with_passkey()
    stranger = Device(ORIGIN)
    stranger.handle = b"nobody"
    for _ in range(20):
        assert isinstance(await alone(desk, stranger), AskWho)
    for one in (stranger, device):
        with pytest.raises(OAuthError) as caught:
            await alone(desk, one)
        assert caught.value.reason == "too_many_failures"
    elsewhere = msgspec.structs.replace(VISITOR, source="198.51.100.9")
    assert isinstance(await alone(desk, device, elsewhere), GoOn)


async def test_a_step_is_asked_once_more_with_what_was_right_so_far(desk: Desk) -> None:
    await desk.with_passkey()
    await desk.enrolled()
    half = await desk.half_way()
    step = await desk.by_passkey.second(half.flow, answer=Secret("{}"), visitor=VISITOR)
    assert isinstance(step, AskCode)
    assert (step.passkey_refused, step.passkey, step.flow) == (True, True, half.flow)


async def test_an_owner_is_who_signed_in_and_nobody_else(desk: Desk) -> None:
    await desk.with_passkey(CAROL)
    visitor = await desk.signed_in()
    owner = await desk.owner(visitor)
    assert isinstance(owner, Owner)
    assert await desk.care.list(owner, visitor) == ()
