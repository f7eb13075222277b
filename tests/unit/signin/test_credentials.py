"""Passwords of people, and what they have at all."""

from __future__ import annotations

import pytest
from tests.fakes.clock import NOON, FixedClock
from tests.fakes.sealer import sealer

from actas.core.ports import SystemChance
from actas.core.secret import Secret
from actas.crypto.password_hash import Cost, PasswordHashes
from actas.signin.credentials import PASSWORD, Credentials
from actas.signin.password_rules import BadPassword
from actas.signin.records import CredentialRecords
from actas.store.memory import MemoryCredentials

ALICE = "actas:alice"
GOOD = "correct horse battery"
FIRST = Secret("first of all")


async def test_a_password_that_was_set_is_right_and_no_other(credentials: Credentials) -> None:
    await credentials.set_password(ALICE, GOOD)
    assert await credentials.check_password(ALICE, GOOD)
    for wrong in ("", "correct horse", GOOD + " ", GOOD.upper()):
        assert not await credentials.check_password(ALICE, wrong)
    assert not await credentials.check_password("actas:bob", GOOD)
    assert not await credentials.check_password(None, GOOD)
    await credentials.set_password(ALICE, "another horse battery")
    assert not await credentials.check_password(ALICE, GOOD)


async def test_a_password_that_nobody_may_choose_changes_nothing(credentials: Credentials) -> None:
    await credentials.set_password(ALICE, GOOD)
    with pytest.raises(BadPassword) as bad:
        await credentials.set_password(ALICE, "liddell-1865", about=("Alice Liddell",))
    assert bad.value.why == "personal"
    assert await credentials.check_password(ALICE, GOOD)


async def test_the_initial_password_is_good_until_one_is_chosen(credentials: Credentials) -> None:
    assert await credentials.check_password(ALICE, "first of all", initial=FIRST)
    assert not await credentials.check_password(ALICE, "second", initial=FIRST)
    assert await credentials.has(ALICE, initial=FIRST) == {"password"}
    assert await credentials.has(ALICE) == set()
    await credentials.set_password(ALICE, GOOD)
    assert not await credentials.check_password(ALICE, "first of all", initial=FIRST)


async def test_the_initial_password_does_not_come_back(credentials: Credentials) -> None:
    await credentials.set_password(ALICE, GOOD)
    assert await credentials.remove(ALICE, PASSWORD)
    assert not await credentials.remove(ALICE, PASSWORD)
    for password in (GOOD, "first of all"):
        assert not await credentials.check_password(ALICE, password, initial=FIRST)
    assert await credentials.has(ALICE, initial=FIRST) == set()


async def test_nobody_has_no_initial_password(credentials: Credentials) -> None:
    assert not await credentials.check_password(None, "first of all", initial=FIRST)


@pytest.mark.requirement("SEC-83")
async def test_what_a_person_has_is_listed_without_any_secret(
    credentials: Credentials, clock: FixedClock, store: MemoryCredentials
) -> None:
    assert await credentials.list(ALICE) == ()
    await credentials.set_password(ALICE, GOOD)
    (held,) = await credentials.list(ALICE)
    assert (held.kind, held.made_at, held.used_at, held.left) == ("password", int(NOON), None, None)
    clock.advance(100)
    assert await credentials.check_password(ALICE, GOOD)
    (held,) = await credentials.list(ALICE)
    assert (held.made_at, held.used_at) == (int(NOON), int(NOON) + 100)
    kept = await store.read(ALICE)
    assert kept is not None
    assert "argon2" not in repr((held, kept))
    assert b"argon2" not in kept.sealed


async def test_use_is_noted_once_a_minute(
    credentials: Credentials, clock: FixedClock, store: MemoryCredentials
) -> None:
    await credentials.set_password(ALICE, GOOD)
    assert await credentials.check_password(ALICE, GOOD)
    before = await store.read(ALICE)
    clock.advance(59)
    assert await credentials.check_password(ALICE, GOOD)
    assert not await credentials.check_password(ALICE, "wrong")
    assert await store.read(ALICE) == before
    clock.advance(1)
    assert await credentials.check_password(ALICE, GOOD)
    assert await store.read(ALICE) != before


async def test_a_hash_of_another_cost_is_made_anew_when_it_is_used(
    credentials: Credentials, records: CredentialRecords, clock: FixedClock
) -> None:
    await credentials.set_password(ALICE, GOOD)
    dearer = PasswordHashes(pepper=bytes(range(32)), cost=Cost(memory=128, passes=2))
    after = Credentials(records, hashes=dearer, clock=clock)
    assert not await after.check_password(ALICE, "wrong")
    assert await after.check_password(ALICE, GOOD)
    holdings = await records.read(ALICE)
    assert holdings.password is not None
    assert "m=128,t=2" in holdings.password.hashed
    assert await after.check_password(ALICE, GOOD)
    dearer.close()


@pytest.mark.requirement("SEC-97")
async def test_a_person_who_is_made_again_has_nothing_of_the_one_before(credentials: Credentials) -> None:
    await credentials.set_password(ALICE, GOOD)
    assert await credentials.forget(ALICE)
    assert not await credentials.forget(ALICE)
    assert not await credentials.check_password(ALICE, GOOD)
    assert await credentials.has(ALICE) == set()


@pytest.mark.requirement("SEC-13")
async def test_every_node_opens_what_another_kept(
    credentials: Credentials, store: MemoryCredentials, hashes: PasswordHashes, clock: FixedClock
) -> None:
    await credentials.set_password(ALICE, GOOD)
    there = CredentialRecords(store, sealer=sealer(), chance=SystemChance())
    assert await Credentials(there, hashes=hashes, clock=clock).check_password(ALICE, GOOD)
