"""People's passwords."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator

import pytest

from actas.core.errors import TemporarilyUnavailable
from actas.core.secret import Secret
from actas.crypto.password_hash import MOST_BYTES, Cost, PasswordHashes

CHEAP = Cost(memory=64, passes=1)
PEPPER = bytes(range(32))


@pytest.fixture
def hashes() -> Iterator[PasswordHashes]:
    made = PasswordHashes(pepper=PEPPER, cost=CHEAP)
    yield made
    made.close()


async def test_a_password_matches_its_hash_and_no_other(hashes: PasswordHashes) -> None:
    kept = await hashes.hash("correct horse")
    assert kept.startswith("$argon2id$v=19$m=64,t=1,p=1$")
    assert await hashes.check("correct horse", kept) == (True, False)
    for wrong in ("Correct horse", "correct horse ", "", "correct horse\x00", "\ud800", "é"):
        assert await hashes.check(wrong, kept) == (False, False)
    assert await hashes.hash("correct horse") != kept


async def test_what_is_hashed_by_default_costs_what_owasp_advises() -> None:
    made = PasswordHashes(pepper=PEPPER)
    assert "$argon2id$v=19$m=47104,t=1,p=1$" in await made.hash("correct horse")
    made.close()


@pytest.mark.requirement("SEC-13")
async def test_a_hash_without_the_pepper_is_of_no_use(hashes: PasswordHashes) -> None:
    kept = await hashes.hash("correct horse")
    theirs = PasswordHashes(pepper=PEPPER[::-1], cost=CHEAP)
    assert await theirs.check("correct horse", kept) == (False, False)
    theirs.close()


@pytest.mark.parametrize(
    ("typed", "again"),
    [("e\u0301t\u00e9 sans fin", "\u00e9te\u0301 sans fin"), ("ﬁnal", "final"), ("\uff11\uff12", "12")],
)
async def test_a_password_is_the_same_however_its_characters_are_typed(
    hashes: PasswordHashes, typed: str, again: str
) -> None:
    assert (await hashes.check(again, await hashes.hash(typed))).right
    assert (await hashes.check(again, None, initial=Secret(typed))).right


async def test_a_hash_of_another_cost_is_good_and_outdated(hashes: PasswordHashes) -> None:
    dearer = PasswordHashes(pepper=PEPPER, cost=Cost(memory=128, passes=2))
    kept = await hashes.hash("correct horse")
    assert await dearer.check("correct horse", kept) == (True, True)
    anew = await dearer.hash("correct horse")
    assert await dearer.check("correct horse", anew) == (True, False)
    dearer.close()


@pytest.mark.requirement("SEC-13")
async def test_whoever_has_no_hash_is_compared_with_one_nevertheless(
    hashes: PasswordHashes, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[str | None] = []
    work = PasswordHashes._work

    def counted(self: PasswordHashes, hashed: str | None, digest: bytes) -> tuple[str, bool]:
        worked.append(hashed)
        return work(self, hashed, digest)

    monkeypatch.setattr(PasswordHashes, "_work", counted)
    initial = Secret("first of all")
    assert not (await hashes.check("guess", None)).right
    assert not (await hashes.check("guess", None, initial=initial)).right
    assert (await hashes.check("first of all", None, initial=initial)).right
    assert not (await hashes.check("x" * (MOST_BYTES + 1), None)).right
    assert len(worked) == 4
    assert len({one.split("$")[3] for one in worked if one}) == 1  # each at the one cost
    assert None not in worked


@pytest.mark.parametrize("initial", [None, Secret("")])
async def test_nothing_is_no_initial_password(hashes: PasswordHashes, initial: Secret | None) -> None:
    assert not (await hashes.check("", None, initial=initial)).right


async def test_an_initial_password_is_nothing_beside_one_that_is_kept(hashes: PasswordHashes) -> None:
    kept = await hashes.hash("correct horse")
    assert not (await hashes.check("first of all", kept, initial=Secret("first of all"))).right


@pytest.mark.requirement("SEC-26")
async def test_what_is_too_long_is_nobodys_password(hashes: PasswordHashes) -> None:
    longest = "x" * MOST_BYTES
    kept = await hashes.hash(longest)
    assert (await hashes.check(longest, kept)).right
    assert not (await hashes.check(longest + "x", kept)).right
    assert not (await hashes.check("x" * 1_000_000, None, initial=Secret("x" * 1_000_000))).right
    with pytest.raises(ValueError, match="1024 bytes"):
        await hashes.hash("é" * (MOST_BYTES // 2 + 1))


@pytest.mark.parametrize(
    "broken", ["", "$argon2id$", "plain", "$2b$12$abc", "$argon2id$v=19$m=1,t=1,p=1$YQ$YQ"]
)
async def test_what_is_no_hash_matches_nothing(hashes: PasswordHashes, broken: str) -> None:
    assert not (await hashes.check("", broken)).right
    assert not (await hashes.check(broken, broken)).right


@pytest.mark.requirement("REL-11")
async def test_beyond_so_many_at_once_whoever_comes_is_told_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = PasswordHashes(pepper=PEPPER, cost=CHEAP, at_once=1, waiting=2)
    go = threading.Event()
    monkeypatch.setattr(PasswordHashes, "_work", lambda *_: (go.wait(60), True))
    tasks = [asyncio.ensure_future(made.check("x", None)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(TemporarilyUnavailable) as told:
        await made.check("x", None)
    assert (told.value.status, told.value.reason, told.value.retry_after) == (503, "overloaded", 1)
    # Whoever hung up leaves a place, once what was begun for them is done.
    tasks[-1].cancel()
    await asyncio.sleep(0)
    tasks.append(asyncio.ensure_future(made.check("x", None)))
    await asyncio.sleep(0)
    with pytest.raises(TemporarilyUnavailable):
        await made.check("x", None)
    go.set()
    await asyncio.wait(tasks)
    made.close()
    assert made._inside == 0


@pytest.mark.requirement("REL-11")
@pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity"), reason="threads have a niceness of their own on Linux"
)
async def test_whoever_hashes_yields_to_all_others(
    hashes: PasswordHashes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def niceness(*_: object) -> tuple[str, bool]:
        return str(os.getpriority(os.PRIO_PROCESS, threading.get_native_id())), True

    before = os.getpriority(os.PRIO_PROCESS, 0)
    monkeypatch.setattr(PasswordHashes, "_work", niceness)
    assert int(await hashes.hash("x")) >= 5
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before


async def test_where_that_is_forbidden_passwords_are_hashed_nevertheless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", forbidden)
    made = PasswordHashes(pepper=PEPPER, cost=CHEAP)
    assert (await made.check("x y z", await made.hash("x y z"))).right
    made.close()
