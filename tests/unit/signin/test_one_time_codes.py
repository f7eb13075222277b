"""Codes of an app, and recovery codes, of people."""

from __future__ import annotations

import asyncio
import re

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.codes import code_of

from actas.core.ports import SystemChance
from actas.signin.credentials import RECOVERY, Credentials
from actas.signin.one_time_codes import CONFIRM_WITHIN, MOST_APPS, RECOVERY_CODES, OneTimeCodes
from actas.signin.records import CredentialRecords
from actas.store.memory import MemoryCredentials

ALICE = "actas:alice"


@pytest.fixture
def codes(records: CredentialRecords, clock: FixedClock) -> OneTimeCodes:
    return OneTimeCodes(records, pepper=bytes(range(32)), issuer="Acme", clock=clock, chance=SystemChance())


async def enrolled(codes: OneTimeCodes, clock: FixedClock, name: str = "phone") -> str:
    """Give alice an app and return what it knows. The code of this step is used up."""
    new = await codes.begin(ALICE, account="alice")
    secret = new.secret.reveal()
    assert await codes.confirm(ALICE, code_of(secret, clock.now()), name=name)
    return secret


async def test_an_app_counts_once_it_has_shown_a_code(
    codes: OneTimeCodes, credentials: Credentials, clock: FixedClock
) -> None:
    new = await codes.begin(ALICE, account="alice")
    secret = new.secret.reveal()
    assert secret in new.address.reveal()
    assert not await codes.check(ALICE, code_of(secret, clock.now()))
    assert await credentials.has(ALICE) == set()
    assert not await codes.confirm(ALICE, "000000", name="phone")
    assert await codes.confirm(ALICE, code_of(secret, clock.now()), name="phone" * 100)
    assert not await codes.confirm(ALICE, code_of(secret, clock.now()), name="again")
    assert await credentials.has(ALICE) == {"code"}
    (held,) = await credentials.list(ALICE)
    assert (held.kind, len(held.name), held.used_at) == ("code", 64, None)
    clock.advance(30)
    assert await codes.check(ALICE, code_of(secret, clock.now()))
    (held,) = await credentials.list(ALICE)
    assert held.used_at == int(clock.now())
    assert await credentials.remove(ALICE, held.id)
    clock.advance(30)
    assert not await codes.check(ALICE, code_of(secret, clock.now()))


async def test_an_app_that_shows_its_first_code_too_late_does_not_count(
    codes: OneTimeCodes, clock: FixedClock
) -> None:
    new = await codes.begin(ALICE, account="alice")
    clock.advance(CONFIRM_WITHIN)
    assert not await codes.confirm(ALICE, code_of(new.secret.reveal(), clock.now()), name="phone")


@pytest.mark.requirement("SEC-95")
async def test_a_code_is_good_once_and_so_are_those_before_it(codes: OneTimeCodes, clock: FixedClock) -> None:
    secret = await enrolled(codes, clock)
    assert not await codes.check(ALICE, code_of(secret, clock.now()))  # that which confirmed it
    clock.advance(60)
    now = code_of(secret, clock.now())
    before, after = code_of(secret, clock.now() - 30), code_of(secret, clock.now() + 30)
    assert await codes.check(ALICE, now)
    assert [await codes.check(ALICE, one) for one in (now, before)] == [False, False]
    assert await codes.check(ALICE, after)
    clock.advance(30)
    assert not await codes.check(ALICE, after)


@pytest.mark.requirement("REL-19")
async def test_a_code_at_many_places_at_once_is_good_at_one(codes: OneTimeCodes, clock: FixedClock) -> None:
    secret = await enrolled(codes, clock)
    clock.advance(30)
    shown = code_of(secret, clock.now())
    assert sum(await asyncio.gather(*(codes.check(ALICE, shown) for _ in range(10)))) == 1


async def test_each_app_has_codes_of_its_own(codes: OneTimeCodes, clock: FixedClock) -> None:
    phone, tablet = await enrolled(codes, clock), await enrolled(codes, clock, "tablet")
    clock.advance(30)
    assert await codes.check(ALICE, code_of(tablet, clock.now()))
    assert await codes.check(ALICE, code_of(phone, clock.now()))
    assert not await codes.check("actas:bob", code_of(phone, clock.now() + 30))


async def test_a_person_has_so_many_apps_and_no_more(codes: OneTimeCodes, clock: FixedClock) -> None:
    for _ in range(MOST_APPS):
        await enrolled(codes, clock)
    new = await codes.begin(ALICE, account="alice")
    assert not await codes.confirm(ALICE, code_of(new.secret.reveal(), clock.now()), name="one more")


@pytest.mark.requirement("SEC-13", "SEC-83")
async def test_recovery_codes_are_long_and_kept_as_digests(
    codes: OneTimeCodes, credentials: Credentials, records: CredentialRecords
) -> None:
    texts = [one.reveal() for one in await codes.make_recovery(ALICE)]
    assert len(set(texts)) == RECOVERY_CODES
    for text in texts:
        assert re.fullmatch(r"[a-z2-7]{4}(-[a-z2-7]{4}){7}", text)  # 160 bits
    holdings = await records.read(ALICE)
    assert holdings.recovery is not None
    assert {len(one) for one in holdings.recovery.digests} == {32}
    assert await credentials.has(ALICE) == {"recovery"}
    (held,) = await credentials.list(ALICE)
    assert (held.kind, held.left) == ("recovery", RECOVERY_CODES)


async def test_a_recovery_code_is_good_once_however_it_is_typed(
    codes: OneTimeCodes, credentials: Credentials
) -> None:
    first, second, *_ = [one.reveal() for one in await codes.make_recovery(ALICE)]
    assert not await codes.check_recovery("actas:bob", first)
    assert not await codes.check_recovery(ALICE, first[:-1])
    assert await codes.check_recovery(ALICE, first)
    assert not await codes.check_recovery(ALICE, first)
    assert await codes.check_recovery(ALICE, f" {second.upper().replace('-', ' ')} ")
    (held,) = await credentials.list(ALICE)
    assert (held.left, held.used_at is not None) == (RECOVERY_CODES - 2, True)


@pytest.mark.requirement("REL-19")
async def test_a_recovery_code_at_many_places_at_once_is_good_at_one(codes: OneTimeCodes) -> None:
    first, *_ = await codes.make_recovery(ALICE)
    tried = (codes.check_recovery(ALICE, first.reveal()) for _ in range(10))
    assert sum(await asyncio.gather(*tried)) == 1


async def test_new_recovery_codes_end_the_old_ones(codes: OneTimeCodes, credentials: Credentials) -> None:
    old, *_ = await codes.make_recovery(ALICE)
    await codes.make_recovery(ALICE)
    assert not await codes.check_recovery(ALICE, old.reveal())
    assert await credentials.remove(ALICE, RECOVERY)
    assert await credentials.has(ALICE) == set()


@pytest.mark.parametrize("typed", ["", "-", "\ud800", "x" * 100_000, "aaaa-aaaa"])
async def test_what_is_no_code_proves_nothing(codes: OneTimeCodes, clock: FixedClock, typed: str) -> None:
    await enrolled(codes, clock)
    await codes.make_recovery(ALICE)
    assert not await codes.check_recovery(ALICE, typed)
    assert not await codes.check(ALICE, typed)


async def test_nothing_is_kept_of_whoever_has_nothing(codes: OneTimeCodes, store: MemoryCredentials) -> None:
    assert not await codes.check(ALICE, "123456")
    assert not await codes.check_recovery(ALICE, "abcd-efgh")
    assert await store.read(ALICE) is None
