"""Guessing what a person signs in with, and getting around what slows it down.

Whoever tries password after password, or code after code, has to wait after a few, and what they then present
is not looked at: it costs no hash. The ways around: other spellings of the name, several addresses of one
network, many addresses, many names from one address, signing in to an account of one's own in between, asking in
parallel, asking several nodes. And the ways to
turn it against others: locking a person out from elsewhere, and learning from the answer, or from how long it
takes, which people exist.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.sealer import sealer

from actas.clients.throttle import Limits, Step, Throttle
from actas.core.errors import TemporarilyUnavailable, TooManyRequests
from actas.core.ports import SystemChance
from actas.crypto.password_hash import Cost, PasswordHashes
from actas.signin.credentials import Credentials
from actas.signin.guessing import AT_ONCE, MOST_PLACES, SignInGuessing, canonical
from actas.signin.records import CredentialRecords
from actas.store.memory import MemoryCredentials

LIMITS = Limits(
    failed_sign_in=(Step(3, 60), Step(5, 600)),
    failed_sign_in_source=(Step(8, 300),),
    failed_sign_in_person=(Step(12, 30),),
)
GOOD = "correct horse battery"
HOME, ELSEWHERE = "192.0.2.7", "198.51.100.66"
PEOPLE = {"alice": "actas:alice"}


class House:
    """A node where people sign in with a password.

    Attributes:
        hashed: how many passwords were looked at.
    """

    def __init__(self, store: MemoryCredentials | None = None, clock: FixedClock | None = None) -> None:
        self.clock = clock or FixedClock()
        self.hashed = 0
        self.hashes = PasswordHashes(pepper=bytes(32), cost=Cost(memory=64, passes=1))
        records = CredentialRecords(store or MemoryCredentials(), sealer=sealer(), chance=SystemChance())
        self.credentials = Credentials(records, hashes=self.hashes, clock=self.clock)
        self.throttle = Throttle(LIMITS, clock=self.clock, mark=lambda *names: "|".join(names))
        self.guessing = SignInGuessing(self.throttle, records, mark=lambda *names: "|".join(names))

    async def sign_in(self, name: str, password: str, source: str = HOME) -> str:
        subject = PEOPLE.get(canonical(name))
        try:
            async with self.guessing.attempt(name, source, subject=subject) as attempt:
                self.hashed += 1
                attempt.failed = not await self.credentials.check_password(subject, password)
        except TooManyRequests as told:
            return f"wait {told.retry_after}"
        if attempt.failed:
            return "wrong"
        assert subject is not None
        await self.guessing.succeeded(name, source, subject=subject)
        return "in"

    async def fail(self, times: int, name: str = "alice", source: str = HOME) -> set[str]:
        return {await self.sign_in(name, f"guess {number}", source) for number in range(times)}


@pytest.fixture
def houses() -> Iterator[list[House]]:
    made: list[House] = []
    yield made
    for one in made:
        one.hashes.close()


@pytest.fixture
async def house(houses: list[House]) -> House:
    made = House()
    houses.append(made)
    await made.credentials.set_password("actas:alice", GOOD)
    return made


@pytest.mark.requirement("SEC-14")
async def test_after_some_failures_nothing_is_looked_at_until_the_wait_is_over(house: House) -> None:
    assert await house.fail(3) == {"wrong"}
    assert await house.sign_in("alice", GOOD) == "wait 61"
    assert house.hashed == 3
    house.clock.advance(60)
    assert await house.fail(1) == {"wrong"}
    assert await house.sign_in("alice", GOOD) == "wait 61"
    house.clock.advance(60)
    assert await house.fail(1) == {"wrong"}
    assert await house.sign_in("alice", GOOD) == "wait 601"
    house.clock.advance(600)
    assert await house.sign_in("alice", GOOD) == "in"
    assert await house.fail(2) == {"wrong"}
    assert await house.sign_in("alice", GOOD) == "in"  # and all is forgotten


@pytest.mark.requirement("SEC-14", "SEC-13")
async def test_names_that_nobody_has_are_slowed_down_alike(house: House) -> None:
    seen = {}
    for name in ("alice", "nobody"):
        source = f"192.0.2.{len(name)}"
        seen[name] = [await house.sign_in(name, f"guess {number}", source) for number in range(5)]
    assert seen["alice"] == seen["nobody"] == ["wrong"] * 3 + ["wait 61"] * 2


@pytest.mark.requirement("SEC-14")
@pytest.mark.parametrize("spelt", ["ALICE", " alice", "alice ", "\uff41lice", "Alice"])
async def test_another_spelling_is_no_other_name(house: House, spelt: str) -> None:
    await house.fail(3)
    assert await house.sign_in(spelt, GOOD) == "wait 61"


@pytest.mark.requirement("SEC-14")
async def test_addresses_of_one_network_are_one_source(house: House) -> None:
    for number in range(3):
        assert await house.fail(1, source=f"2001:db8:1:2::{number:x}") == {"wrong"}
    assert await house.sign_in("alice", GOOD, "2001:db8:1:2:ffff::1") == "wait 61"
    assert await house.sign_in("alice", GOOD, "2001:db8:1:3::1") == "in"


@pytest.mark.requirement("SEC-14")
async def test_all_networks_of_one_customer_are_one_source(house: House) -> None:
    for number in range(8):
        assert await house.fail(1, name=f"bob-{number}", source=f"2001:db8:1:{number:x}::1") == {"wrong"}
    assert await house.sign_in("alice", GOOD, "2001:db8:1:ff::1") == "wait 301"
    assert await house.sign_in("alice", GOOD, "2001:db8:1:100::1") == "in"


@pytest.mark.requirement("SEC-14")
async def test_a_stranger_elsewhere_locks_nobody_out(house: House) -> None:
    await house.fail(4, source=ELSEWHERE)
    assert await house.sign_in("alice", GOOD, ELSEWHERE) == "wait 61"
    assert await house.sign_in("alice", GOOD) == "in"


@pytest.mark.requirement("SEC-14")
async def test_guessing_one_name_from_many_addresses_is_slow_and_not_where_the_person_is_known(
    house: House,
) -> None:
    assert await house.sign_in("alice", GOOD) == "in"
    for number in range(6):
        await house.fail(2, source=f"198.51.100.{number}")
    assert await house.sign_in("alice", "guess", "203.0.113.1") == "wait 31"
    assert await house.sign_in("alice", GOOD, "203.0.113.1") == "wait 31"
    # From where she signed in before she still does, and may even be wrong; strangers wait all the same.
    assert await house.sign_in("alice", "typo") == "wrong"
    assert await house.sign_in("alice", GOOD) == "in"
    assert await house.sign_in("alice", GOOD, "203.0.113.1") == "wait 31"
    # The wait is short: nobody is locked out, wherever they are.
    for number in range(6):
        await house.fail(2, source=f"198.51.100.1{number}")
    house.clock.advance(30)
    assert await house.sign_in("alice", GOOD, "203.0.113.9") == "in"


@pytest.mark.requirement("SEC-14", "SEC-13")
async def test_many_addresses_are_slowed_down_alike_for_names_that_nobody_has(house: House) -> None:
    for name in ("alice", "nobody"):
        for number in range(6):
            await house.fail(2, name=name, source=f"198.51.{len(name)}.{number}")
        assert await house.sign_in(name, "guess", "203.0.113.1") == "wait 31"


@pytest.mark.requirement("SEC-14")
async def test_many_names_from_one_address_are_slowed_down_and_others_are_not(house: House) -> None:
    for number in range(8):
        assert await house.fail(1, name=f"name-{number}", source=ELSEWHERE) == {"wrong"}
    assert await house.sign_in("alice", GOOD, ELSEWHERE) == "wait 301"
    assert await house.sign_in("alice", GOOD) == "in"


@pytest.mark.requirement("SEC-14")
async def test_an_account_of_ones_own_does_not_begin_the_count_of_an_address_anew(house: House) -> None:
    for number in range(4):
        assert await house.fail(2, name=f"bob-{number}") == {"wrong"}
        assert number == 3 or await house.sign_in("alice", GOOD) == "in"
    assert await house.sign_in("bob-9", "guess") == "wait 301"
    assert await house.sign_in("alice", GOOD) == "wait 301"


@pytest.mark.requirement("SEC-14")
async def test_being_wrong_about_oneself_buys_no_guess_at_others(houses: list[House]) -> None:
    """Also not by signing in at two nodes in the moment before they hear of each other."""
    store, clock = MemoryCredentials(), FixedClock()
    nodes = House(store, clock), House(store, clock)
    houses += nodes
    await nodes[0].credentials.set_password("actas:alice", GOOD)

    def tell() -> None:
        news = [node.throttle.news() for node in nodes]
        for node, heard in zip(nodes, reversed(news), strict=True):
            node.throttle.hear(heard)

    for number in range(6):
        for node in nodes:
            assert await node.fail(1) == {"wrong"}
            tell()
        assert [await node.sign_in("alice", GOOD) for node in nodes] == ["in", "in"]
        tell()
        assert await nodes[number % 2].sign_in(f"bob-{number}", "guess") == "wrong"
        tell()
    assert await nodes[0].fail(2, name="bob") == {"wrong"}
    tell()
    for node in nodes:
        assert await node.sign_in("carol", "guess") == "wait 301"


@pytest.mark.requirement("SEC-14")
async def test_where_people_sign_in_what_they_mistype_does_not_add_up(house: House) -> None:
    for _ in range(9):
        assert await house.fail(2) == {"wrong"}
        assert await house.sign_in("alice", GOOD) == "in"
    assert await house.fail(1, name="bob") == {"wrong"}


@pytest.mark.requirement("SEC-14")
async def test_parallel_guesses_are_hardly_more_than_guesses_in_a_row(house: House) -> None:
    asked = [house.sign_in("alice", f"guess {number}") for number in range(50)]
    answers = await asyncio.gather(*asked)
    assert answers.count("wrong") <= AT_ONCE
    assert house.hashed <= AT_ONCE
    assert await house.fail(3) <= {"wrong", "wait 61"}
    assert house.hashed <= 3 + AT_ONCE - 1


@pytest.mark.requirement("SEC-14", "REL-11")
async def test_what_could_not_be_looked_at_is_no_failure(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: object, **__: object) -> bool:
        raise TemporarilyUnavailable("overloaded")

    with monkeypatch.context() as patched:
        patched.setattr(Credentials, "check_password", full)
        for _ in range(20):
            with pytest.raises(TemporarilyUnavailable):
                await house.sign_in("alice", GOOD)
    assert await house.sign_in("alice", GOOD) == "in"


@pytest.mark.requirement("SEC-14")
async def test_guesses_at_two_nodes_are_counted_together(houses: list[House]) -> None:
    store, clock = MemoryCredentials(), FixedClock()
    here, there = House(store, clock), House(store, clock)
    houses += [here, there]
    await here.credentials.set_password("actas:alice", GOOD)
    assert await here.fail(2) == {"wrong"}
    there.throttle.hear(here.throttle.news())
    assert await there.fail(1) == {"wrong"}
    here.throttle.hear(there.throttle.news())
    for node in (here, there):
        assert await node.sign_in("alice", GOOD) == "wait 61"
    clock.advance(60)
    assert await here.sign_in("alice", GOOD) == "in"
    there.throttle.hear(here.throttle.news())
    assert await there.fail(2) == {"wrong"}


@pytest.mark.requirement("SEC-14")
async def test_a_right_password_alone_forgets_nothing(house: House) -> None:
    """Whoever knows the password and guesses the code would otherwise guess on and on."""
    for number in range(3):
        async with house.guessing.attempt("alice", HOME, subject="actas:alice") as attempt:
            assert await house.credentials.check_password("actas:alice", GOOD)
        async with house.guessing.attempt("alice", HOME, subject="actas:alice") as attempt:
            attempt.failed = number < 3  # the code
    assert await house.sign_in("alice", GOOD) == "wait 61"


async def test_so_many_places_are_remembered_and_no_more(house: House) -> None:
    for number in range(MOST_PLACES + 3):
        assert await house.sign_in("alice", GOOD, f"192.0.2.{number}") == "in"
    holdings = await house.guessing._records.read("actas:alice")
    assert len(holdings.places) == MOST_PLACES
    assert holdings.places[-1] == f"familiar|192.0.2.{MOST_PLACES + 2}"
