"""What every ``CredentialStore`` must do (REL-23). A test class inherits this and says how to open one."""

from __future__ import annotations

import asyncio
from typing import Protocol

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.codes import code_of
from tests.fakes.sealer import sealer

from actas.core.ports import SystemChance
from actas.core.records import Record
from actas.signin.holdings import KeptHoldings
from actas.signin.one_time_codes import OneTimeCodes
from actas.signin.records import CredentialRecords, CredentialStore

ALICE = "actas:alice"


def kept(
    subject: str = ALICE, *, version: int = 1, handle: str = "", sealed: bytes = b"\x00one"
) -> KeptHoldings:
    return KeptHoldings(subject=subject, version=version, handle=handle or f"h-{subject}", sealed=sealed)


def codes(store: CredentialStore, clock: FixedClock) -> OneTimeCodes:
    """Return what checks codes at one node."""
    records = CredentialRecords(store, sealer=sealer(), chance=SystemChance())
    return OneTimeCodes(records, pepper=bytes(32), issuer="Acme", clock=clock, chance=SystemChance())


class SealedBeside(Protocol):
    async def __call__(self, sealed: bytes) -> None:
        """Have something else rest there, sealed, which every node can open."""
        ...


class Waiting(Protocol):
    async def __call__(self) -> list[str]:
        """Return the entries that wait to be written, sorted."""
        ...


def entry(name: str) -> Record:
    return Record(entry=name, event="credentials:changed", body=b"{}", at=1_700_000_000.0)


class CredentialStoreSuite:
    """Inherit as ``Test...``: ``store`` is empty, ``other`` is another way to the same place, ``sealed_beside``
    keeps a value beside what people have, and ``waiting`` says which entries wait.
    """

    async def begun(self, store: CredentialStore, first: KeptHoldings) -> None:
        assert await store.write(first, seen=None, beside=await store.neighbours())

    async def test_what_is_kept_is_found_elsewhere_at_once(
        self, store: CredentialStore, other: CredentialStore
    ) -> None:
        assert await store.read(ALICE) is None
        one = kept(sealed=bytes(range(256)))
        await self.begun(store, one)
        for place in (store, other):
            assert await place.read(ALICE) == one
            assert await place.find("h-actas:alice") == one

    @pytest.mark.requirement("SEC-96")
    @pytest.mark.parametrize("variant", ["actas:Alice", "actas:alice ", "actas:alic", "%", "actas:bob", ""])
    async def test_only_the_whole_name_finds_it(self, store: CredentialStore, variant: str) -> None:
        await self.begun(store, kept())
        assert await store.read(variant) is None
        assert await store.find(variant) is None

    async def test_a_change_is_made_on_what_was_seen_and_on_nothing_else(
        self, store: CredentialStore, other: CredentialStore
    ) -> None:
        first, second = kept(), kept(version=2, sealed=b"two")
        await self.begun(store, first)
        assert await other.write(second, seen=first, beside=())
        # What was seen is not there any more, was never there, or is of another version.
        for seen in (
            first,
            kept(version=2, sealed=b"other"),
            kept(version=1, sealed=b"two"),
            kept("actas:bob"),
        ):
            assert not await store.write(kept(seen.subject, version=3, sealed=b"3"), seen=seen, beside=())
        assert not await store.write(kept(), seen=None, beside=await store.neighbours())
        assert await store.read(ALICE) == second
        assert await store.read("actas:bob") is None

    @pytest.mark.requirement("REL-01")
    async def test_an_entry_is_kept_with_what_it_tells_or_not_at_all(
        self, store: CredentialStore, other: CredentialStore, waiting: Waiting
    ) -> None:
        first, second = kept(), kept(version=2, sealed=b"two")
        beside = await store.neighbours()
        assert await store.write(first, seen=None, beside=beside, record=entry("x_1"))
        assert not await other.write(first, seen=None, beside=beside, record=entry("x_never_1"))
        assert await other.write(second, seen=first, beside=(), record=entry("x_2"))
        assert not await store.write(second, seen=first, beside=(), record=entry("x_never_2"))
        assert not await store.forget("actas:bob", record=entry("x_never_3"))
        assert await store.forget(ALICE, record=entry("x_3"))
        assert not await other.forget(ALICE, record=entry("x_never_4"))
        assert await waiting() == ["x_1", "x_2", "x_3"]

    @pytest.mark.requirement("REL-19")
    async def test_of_many_at_once_exactly_one_changes_it(
        self, store: CredentialStore, other: CredentialStore
    ) -> None:
        seen = kept()
        await self.begun(store, seen)
        for turn in range(2, 6):
            tried = [kept(version=turn, sealed=b"%d by %d" % (turn, number)) for number in range(8)]
            done = await asyncio.gather(
                *(
                    (store, other)[number % 2].write(one, seen=seen, beside=())
                    for number, one in enumerate(tried)
                )
            )
            assert sum(done) == 1
            seen = tried[done.index(True)]
            assert await other.read(ALICE) == seen

    @pytest.mark.requirement("REL-19")
    async def test_of_many_at_once_exactly_one_is_the_first(
        self, store: CredentialStore, other: CredentialStore
    ) -> None:
        tried = [kept(sealed=b"by %d" % number) for number in range(8)]
        done = await asyncio.gather(
            *((store, other)[number % 2].write(one, seen=None, beside=()) for number, one in enumerate(tried))
        )
        assert sum(done) == 1
        assert await store.read(ALICE) == tried[done.index(True)]

    async def test_a_handle_is_one_persons(self, store: CredentialStore, other: CredentialStore) -> None:
        await self.begun(store, kept(handle="h"))
        assert not await other.write(kept("actas:bob", handle="h"), seen=None, beside=())
        bob = kept("actas:bob", handle="b")
        await self.begun(other, bob)
        assert not await store.write(kept("actas:bob", version=2, handle="h"), seen=bob, beside=())
        assert await store.read("actas:bob") == bob

    @pytest.mark.requirement("SEC-97")
    async def test_what_is_forgotten_is_gone_and_may_begin_anew(
        self, store: CredentialStore, other: CredentialStore
    ) -> None:
        await self.begun(store, kept())
        await self.begun(store, kept("actas:bob"))
        assert await other.forget(ALICE)
        assert not await store.forget(ALICE)
        assert await store.read(ALICE) is None
        assert await store.find("h-actas:alice") is None
        assert await store.read("actas:bob") == kept("actas:bob")
        await self.begun(store, kept(sealed=b"anew"))

    @pytest.mark.requirement("SEC-93")
    async def test_every_seal_counts(self, store: CredentialStore, other: CredentialStore) -> None:
        assert await store.seals() == 0
        one = kept()
        await self.begun(store, one)
        assert await store.write(kept(version=2, sealed=b"2"), seen=one, beside=())
        await self.begun(store, kept("actas:bob"))
        assert await other.seals() == 3

    @pytest.mark.requirement("REL-08")
    async def test_nothing_begins_beside_what_was_sealed_again_meanwhile(
        self, store: CredentialStore, other: CredentialStore, sealed_beside: SealedBeside
    ) -> None:
        await sealed_beside(b"under the one before")
        beside = await store.neighbours()
        assert list(beside) == [b"under the one before"]
        await sealed_beside(b"under the one that follows")
        assert not await store.write(kept(), seen=None, beside=beside)
        assert await other.read(ALICE) is None
        await self.begun(other, kept())

    @pytest.mark.requirement("REL-19", "REL-23")
    async def test_a_code_shown_to_two_nodes_at_once_is_good_at_one(
        self, store: CredentialStore, other: CredentialStore, clock: FixedClock
    ) -> None:
        nodes = [codes(place, clock) for place in (store, other)]
        new = await nodes[0].begin(ALICE, account="alice")
        secret = new.secret.reveal()
        assert await nodes[1].confirm(ALICE, code_of(secret, clock.now()), name="phone")
        recovery = [one.reveal() for one in await nodes[0].make_recovery(ALICE)]
        for turn in range(4):
            clock.advance(30)
            shown = code_of(secret, clock.now())
            tried = [nodes[number % 2].check(ALICE, shown) for number in range(6)]
            assert sum(await asyncio.gather(*tried)) == 1
            tried = [nodes[number % 2].check_recovery(ALICE, recovery[turn]) for number in range(6)]
            assert sum(await asyncio.gather(*tried)) == 1
