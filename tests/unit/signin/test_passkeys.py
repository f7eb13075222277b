"""Passkeys of people: made, used, removed."""

from __future__ import annotations

import pytest
from tests.fakes.authenticator import Device
from tests.fakes.clock import NOON, FixedClock

from actas.core.errors import BadToken
from actas.core.ports import JsonObject, SystemChance
from actas.crypto.passkey import BadPasskey, PasskeyRules
from actas.signin.credentials import Credentials
from actas.signin.passkeys import GOOD_FOR, MOST_PASSKEYS, Passkeys
from actas.signin.records import CredentialRecords
from actas.store.epochs import Epoch, MarksOfEpoch
from actas.store.memory import MemoryMarks

ISSUER = "https://sts.acme.example"
ALICE = "actas:alice"


class Restored:
    """When the database was restored."""

    epoch = Epoch()


@pytest.fixture
def restored() -> Restored:
    return Restored()


@pytest.fixture
def passkeys(records: CredentialRecords, clock: FixedClock, restored: Restored) -> Passkeys:
    return Passkeys(
        records,
        rules=PasskeyRules(issuer=ISSUER, name="Acme"),
        marks=MarksOfEpoch(MemoryMarks(clock=clock), restored),
        pepper=bytes(range(32)),
        issuer=ISSUER,
        clock=clock,
        chance=SystemChance(),
    )


@pytest.fixture
def device() -> Device:
    return Device(ISSUER)


async def begin(passkeys: Passkeys, session: str = "s1") -> JsonObject:
    return await passkeys.begin(ALICE, session=session, account="alice", display="Alice Liddell")


async def enrol(passkeys: Passkeys, device: Device) -> None:
    answer = device.make(await begin(passkeys))
    assert await passkeys.finish(ALICE, answer, session="s1", name="laptop")


async def test_a_passkey_that_was_made_proves_who_its_person_is(
    passkeys: Passkeys, credentials: Credentials, device: Device, clock: FixedClock
) -> None:
    asked = await begin(passkeys)
    assert asked["rp"] == {"id": "sts.acme.example", "name": "Acme"}
    selection = asked["authenticatorSelection"]
    assert isinstance(selection, dict)
    assert (selection["residentKey"], selection["userVerification"]) == ("required", "required")
    assert asked["attestation"] == "none"
    assert await passkeys.finish(ALICE, device.make(asked), session="s1", name="laptop")
    assert await credentials.has(ALICE) == {"passkey"}
    clock.advance(10)
    proven = await passkeys.check(device.use(passkeys.challenge(session="s2")), session="s2")
    (held,) = await credentials.list(ALICE)
    assert (proven.subject, proven.passkey) == (ALICE, held.id)
    assert (held.name, held.made_at, held.used_at) == ("laptop", int(NOON), int(NOON) + 10)
    assert await credentials.remove(ALICE, held.id)
    with pytest.raises(BadPasskey, match="does not have this passkey"):
        await passkeys.check(device.use(passkeys.challenge(session="s2")), session="s2")


async def test_nobody_is_told_which_passkeys_there_are(passkeys: Passkeys, device: Device) -> None:
    await enrol(passkeys, device)
    asked = passkeys.challenge(session="s")
    assert asked["rpId"] == "sts.acme.example"
    assert not asked.get("allowCredentials")
    assert asked["userVerification"] == "required"


async def test_a_device_is_not_asked_for_a_second_one(passkeys: Passkeys, device: Device) -> None:
    await enrol(passkeys, device)
    asked = await begin(passkeys)
    excluded = asked["excludeCredentials"]
    assert isinstance(excluded, list)
    assert len(excluded) == 1
    assert not await passkeys.finish(ALICE, device.make(asked), session="s1", name="again")


async def test_a_person_has_one_handle_whatever_they_have(passkeys: Passkeys) -> None:
    first, second = await begin(passkeys), await begin(passkeys)
    assert first["user"] == second["user"]
    assert first["challenge"] != second["challenge"]


async def test_a_person_has_so_many_passkeys_and_no_more(passkeys: Passkeys) -> None:
    for _ in range(MOST_PASSKEYS):
        await enrol(passkeys, Device(ISSUER))
    answer = Device(ISSUER).make(await begin(passkeys))
    assert not await passkeys.finish(ALICE, answer, session="s1", name="one more")


@pytest.mark.requirement("SEC-95")
async def test_a_challenge_is_good_once(passkeys: Passkeys, device: Device) -> None:
    answer = device.make(await begin(passkeys))
    assert await passkeys.finish(ALICE, answer, session="s1", name="laptop")
    with pytest.raises(BadPasskey, match="used before"):
        await passkeys.finish(ALICE, answer, session="s1", name="laptop")
    used = device.use(passkeys.challenge(session="s1"))
    await passkeys.check(used, session="s1")
    with pytest.raises(BadPasskey, match="used before"):
        await passkeys.check(used, session="s1")


@pytest.mark.requirement("SEC-95")
async def test_a_challenge_is_good_for_its_session_its_purpose_and_its_time(
    passkeys: Passkeys, device: Device, clock: FixedClock
) -> None:
    await enrol(passkeys, device)
    asked = passkeys.challenge(session="s1")
    with pytest.raises(BadPasskey, match="another session"):
        await passkeys.check(device.use(asked), session="s2")
    with pytest.raises(BadPasskey, match="not given for this"):
        await passkeys.check(device.use(await begin(passkeys)), session="s1")
    made = Device(ISSUER).make({**asked, "user": {"id": "aGFuZGxl"}})
    with pytest.raises(BadPasskey, match="not given for this"):
        await passkeys.finish(ALICE, made, session="s1", name="x")
    for theirs in (b"", b"x" * 56):
        device.changes = {"challenge": theirs.hex()}
        with pytest.raises(BadPasskey, match="not given for this"):
            await passkeys.check(device.use(asked), session="s1")
    device.changes = {}
    clock.advance(GOOD_FOR)
    with pytest.raises(BadPasskey, match="has ended"):
        await passkeys.check(device.use(asked), session="s1")


@pytest.mark.requirement("SEC-95")
async def test_a_passkey_is_made_for_the_person_who_asked(passkeys: Passkeys, device: Device) -> None:
    answer = device.make(await begin(passkeys))
    with pytest.raises(BadPasskey, match="not given for this"):
        await passkeys.finish("actas:mallory", answer, session="s1", name="x")


@pytest.mark.requirement("REL-28")
async def test_a_challenge_from_before_a_restore_is_good_no_more(
    passkeys: Passkeys, device: Device, restored: Restored, clock: FixedClock
) -> None:
    await enrol(passkeys, device)
    asked = passkeys.challenge(session="s1")
    restored.epoch = Epoch(2, int(clock.now()), "x_1")
    with pytest.raises(BadPasskey, match="restored"):
        await passkeys.check(device.use(asked), session="s1")
    clock.advance(60)
    await passkeys.check(device.use(passkeys.challenge(session="s1")), session="s1")


async def test_a_passkey_that_counts_must_count_on(passkeys: Passkeys) -> None:
    device = Device(ISSUER, count=4, step=1)
    await enrol(passkeys, device)
    for _ in range(2):
        await passkeys.check(device.use(passkeys.challenge(session="s")), session="s")
    for count in (6, 3, 0):
        device.count = count - device.step  # a copy of it, or the one that was copied
        with pytest.raises(BadPasskey, match="there may be a copy"):
            await passkeys.check(device.use(passkeys.challenge(session="s")), session="s")
    device.count = 20
    await passkeys.check(device.use(passkeys.challenge(session="s")), session="s")


async def test_a_passkey_that_does_not_count_is_used_again_and_again(
    passkeys: Passkeys, device: Device
) -> None:
    await enrol(passkeys, device)
    for _ in range(3):
        await passkeys.check(device.use(passkeys.challenge(session="s")), session="s")


async def test_a_store_of_marks_that_fails_lets_nobody_in(passkeys: Passkeys, device: Device) -> None:
    await enrol(passkeys, device)

    class Failing:
        async def claim(self, **_: object) -> bool:
            raise BadToken("nobody knows")

    passkeys._marks = Failing()
    with pytest.raises(BadPasskey):
        await passkeys.check(device.use(passkeys.challenge(session="s")), session="s")
