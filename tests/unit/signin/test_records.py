"""Reading and changing what a person has."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import pytest
from tests.fakes.sealer import envelope_key, sealer

from actas.core.errors import StoreUnavailable
from actas.core.ports import SystemChance
from actas.core.records import Record
from actas.crypto.seal import Sealer
from actas.signin.holdings import Holdings, KeptHoldings, opened
from actas.signin.records import Change, CredentialRecords
from actas.store.memory import MemoryCredentials

ALICE = "actas:alice"
OLD = sealer("old")


def both() -> Sealer:
    return Sealer(envelope_key("new"), previous=OLD)


def at(store: MemoryCredentials, key: Sealer) -> CredentialRecords:
    return CredentialRecords(store, sealer=key, chance=SystemChance())


def visited(place: str) -> Change[int]:
    def change(before: Holdings) -> tuple[Holdings, int]:
        return msgspec.structs.replace(before, places=(*before.places, place)), len(before.places)

    return change


class Contested(MemoryCredentials):
    """Others are faster, so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def write(
        self,
        kept: KeptHoldings,
        *,
        seen: KeptHoldings | None,
        beside: Sequence[bytes],
        record: Record | None = None,
    ) -> bool:
        if self.times:
            self.times -= 1
            return False
        return await super().write(kept, seen=seen, beside=beside, record=record)


async def test_many_changes_at_once_all_happen(records: CredentialRecords) -> None:
    answers = await asyncio.gather(*(records.change(ALICE, visited(str(one))) for one in range(15)))
    assert sorted(answers) == list(range(15))
    assert sorted((await records.read(ALICE)).places, key=int) == [str(one) for one in range(15)]


@pytest.mark.requirement("REL-19")
async def test_whoever_is_never_first_changes_nothing_and_says_so() -> None:
    store = Contested(19)
    assert await at(store, sealer()).change(ALICE, visited("home")) == 0
    store.times = 20
    with pytest.raises(StoreUnavailable, match="20 times"):
        await at(store, sealer()).change(ALICE, visited("work"))


async def test_what_changes_nothing_writes_nothing(
    records: CredentialRecords, store: MemoryCredentials
) -> None:
    assert await records.change(ALICE, lambda before: (before, "same")) == "same"
    assert await store.read(ALICE) is None


@pytest.mark.requirement("REL-08")
async def test_what_is_kept_while_keys_change_can_be_read_by_nodes_that_know_only_the_old_one() -> None:
    store = MemoryCredentials([OLD.seal(b"x", bound_to="beside")])
    await at(store, both()).change(ALICE, visited("one"))
    await at(store, OLD).change(ALICE, visited("two"))
    await at(store, both()).change(ALICE, visited("three"))
    assert (await at(store, OLD).read(ALICE)).places == ("one", "two", "three")
    store.beside = [both().seal(b"x", bound_to="beside")]
    await at(store, both()).change("actas:bob", visited("one"))
    with pytest.raises(StoreUnavailable, match="another envelope key"):
        await at(store, OLD).read("actas:bob")


async def test_whose_a_handle_is_is_found(records: CredentialRecords) -> None:
    await records.change(ALICE, visited("home"))
    handle = (await records.read(ALICE)).handle
    found = await records.find(handle)
    assert found is not None
    assert (found[0], found[1].places) == (ALICE, ("home",))
    assert await records.find(handle[:-1]) is None
    # A row that is made is kept under a new handle, and nobody has that of a row that is not.
    assert (await records.read("actas:bob")).handle != handle


@pytest.mark.requirement("SEC-93")
async def test_what_was_sealed_before_counts_towards_what_the_envelope_key_may_seal() -> None:
    store = MemoryCredentials()
    for place in ("one", "two", "three"):
        await at(store, sealer()).change(ALICE, visited(place))
    again = at(store, Sealer(envelope_key(), most=4))
    await again.count_seals()
    await again.change(ALICE, visited("four"))
    with pytest.raises(StoreUnavailable, match="has sealed 4 values"):
        await again.change(ALICE, visited("five"))


@pytest.mark.requirement("SEC-13")
async def test_whoever_has_nothing_costs_what_a_password_costs_and_has_nothing(
    records: CredentialRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Holdings] = []

    def noted(kept: KeptHoldings, *, sealer: Sealer) -> Holdings:
        read.append(opened(kept, sealer=sealer))
        return read[-1]

    monkeypatch.setattr("actas.signin.records.opened", noted)
    for subject in (None, ALICE):
        assert (await records.read(subject)).password is None
    assert [one.password is not None for one in read] == [True, True]
