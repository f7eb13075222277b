"""Changing the envelope key: who can read what, and when (REL-08)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.sealer import envelope_key, sealer

from actas.audit.log import draw_up
from actas.core.events import EventName
from actas.core.ports import Json, SystemChance
from actas.core.records import Record
from actas.crypto.seal import SealBroken, Sealer
from actas.keys.kept import KeysUnusable, Stored, seal_again, take_key, take_secret
from actas.keys.life import Timetable
from actas.keys.local import LocalKeyRing
from actas.keys.rewrap import Rewrap
from actas.keys.rotation import Rotation
from actas.store.memory import MemoryKeyStore

OLD = sealer("old")


def both() -> Sealer:
    """What a node has while the keys change: the new one, and the old one before it."""
    return Sealer(envelope_key("new"), previous=sealer("old"))


async def ring(store: MemoryKeyStore, key: Sealer, *, make: bool = True) -> LocalKeyRing:
    return await LocalKeyRing.open(store, sealer=key, clock=FixedClock(), algorithm="ES256", make=make)


def rotation(store: MemoryKeyStore, key: Sealer) -> Rotation:
    return Rotation(
        store,
        sealer=key,
        clock=FixedClock(),
        timetable=Timetable(),
        used={("token", "ES256")},
        record=lambda one: drawn(one.event, one.members()),
    )


def drawn(event: EventName, members: dict[str, Json]) -> Record:
    return draw_up(event, now=FixedClock().now(), chance=SystemChance(), **members)


def work(store: MemoryKeyStore, key: Sealer) -> Rewrap:
    return Rewrap(store, sealer=key, record=lambda one: drawn("keys:rewrapped", one.members()))


def audit_key(ring: LocalKeyRing) -> str:
    infos = ring.keys()
    return next(one.kid for one in infos if one.purpose == "audit")


def states(ring: LocalKeyRing) -> set[str]:
    infos = ring.keys()
    return {one.state for one in infos}


async def under(store: MemoryKeyStore, key: Sealer) -> list[bool]:
    """Whether each sealed value in the store rests under a key."""
    sealed = [*(one.sealed for one in await store.all()), *(one.sealed for one in await store.secrets())]
    return [one.startswith(key.header) for one in sealed if one]


async def rewrapped(store: MemoryKeyStore, key: Sealer) -> int:
    working, done = work(store, key), 0
    while (some := await working.some()) is not None:
        done += some.rows
    return done


def test_a_sealer_with_a_previous_key_opens_both_and_seals_with_its_own() -> None:
    new = both()
    assert new.open(OLD.seal(b"it", bound_to="here"), bound_to="here") == b"it"
    sealed = new.seal(b"it", bound_to="here")
    assert new.open(sealed, bound_to="here") == b"it"
    with pytest.raises(SealBroken, match="another envelope key"):
        OLD.open(sealed, bound_to="here")
    with pytest.raises(SealBroken, match="for another place"):
        new.open(OLD.seal(b"it", bound_to="here"), bound_to="there")
    with pytest.raises(SealBroken, match=f"the one at hand is {new.key_id}"):
        new.open(sealer("third").seal(b"it", bound_to="here"), bound_to="here")


def test_a_key_that_is_its_own_predecessor_has_none() -> None:
    assert Sealer(envelope_key("old"), previous=OLD).previous is None


@pytest.mark.requirement("REL-08")
async def test_what_is_made_while_keys_change_can_be_read_by_nodes_that_know_only_the_old_one() -> None:
    store = MemoryKeyStore()
    behind = await ring(store, OLD)
    ahead = await ring(store, both())
    await rotation(store, both()).rotate(["token"], at_once=False)
    await rotation(store, both()).retire(audit_key(ahead), at_once=True)
    assert all(await under(store, OLD))
    await behind.refresh()
    assert states(behind) == {"active", "prepared", "gone"}
    assert (await ring(store, OLD, make=False)).keys() == behind.keys()


@pytest.mark.requirement("REL-08")
async def test_once_all_is_sealed_again_new_keys_rest_under_the_new_one() -> None:
    store = MemoryKeyStore()
    await ring(store, OLD)
    assert await rewrapped(store, both()) == 2 + len(await store.secrets())
    await rotation(store, both()).rotate(["token"], at_once=False)
    assert all(await under(store, both()))
    alone = Sealer(envelope_key("new"))
    assert len((await ring(store, alone, make=False)).keys()) == 3
    with pytest.raises(KeysUnusable, match="another envelope key"):
        await ring(store, OLD, make=False)
    assert await work(store, alone).some() is None


@pytest.mark.requirement("REL-08")
async def test_a_node_that_runs_goes_on_through_it_with_the_keys_it_has() -> None:
    store = MemoryKeyStore()
    running = await ring(store, OLD)
    await rotation(store, OLD).retire(audit_key(running), at_once=True)
    await running.refresh()
    await rewrapped(store, both())
    await running.refresh()
    token = await running.sign({"sub": "alice"}, typ="at+jwt", purpose="token")
    assert token.reveal()
    assert states(running) == {"active", "gone"}


@pytest.mark.requirement("REL-08")
async def test_sealing_again_changes_nothing_but_the_seal() -> None:
    store = MemoryKeyStore()
    await ring(store, OLD)
    before = {one.kid: one for one in await store.all()}
    secrets = {one.name: take_secret(one, sealer=OLD) for one in await store.secrets()}
    await rewrapped(store, both())
    for after in await store.all():
        assert replace(after, sealed=b"") == replace(before[after.kid], sealed=b"")
        assert take_key(after, sealer=both()).to_bytes() == take_key(before[after.kid], sealer=OLD).to_bytes()
    assert {one.name: take_secret(one, sealer=both()) for one in await store.secrets()} == secrets


@pytest.mark.requirement("REL-08", "SEC-92")
@pytest.mark.parametrize("broken", [lambda one: one[:-1] + bytes([one[-1] ^ 1]), lambda one: one[:10]])
async def test_a_row_that_opens_under_neither_key_is_left_and_named(broken: object) -> None:
    store = MemoryKeyStore()
    await ring(store, OLD)
    kept = await store.read()
    first = kept.keys[0]
    assert callable(broken)
    await store.replace([replace(first, sealed=broken(first.sealed))], seen=kept.generation)
    before = await store.read()
    with pytest.raises(KeysUnusable, match=first.kid):
        await work(store, both()).some()
    assert await store.read() == before


@pytest.mark.requirement("SEC-92")
async def test_a_row_moved_to_the_place_of_another_is_not_sealed_for_that_place() -> None:
    store = MemoryKeyStore()
    await ring(store, OLD)
    one, other = await store.all()
    with pytest.raises(KeysUnusable, match="for another place"):
        seal_again(replace(one, sealed=other.sealed), sealer=both())


@pytest.mark.requirement("REL-06", "REL-08")
async def test_a_change_of_keys_thought_out_before_is_thought_out_again() -> None:
    store = MemoryKeyStore()
    await ring(store, OLD)
    before = await store.read()
    await rewrapped(store, both())
    assert not await store.replace(before.keys, seen=before.generation)
    assert all(await under(store, both()))


class Faster(MemoryKeyStore):
    """Another command seals the same rows first."""

    async def some_otherwise(self, header: bytes, *, most: int) -> list[Stored]:
        rows = await super().some_otherwise(header, most=most)
        if rows and header == both().header:
            await super().seal_again([(one, seal_again(one, sealer=both())) for one in rows])
        return rows


@pytest.mark.requirement("REL-08")
async def test_of_two_that_seal_the_same_rows_one_counts_them() -> None:
    store = Faster()
    await ring(store, OLD)
    assert await work(store, both()).some() is None
    assert all(await under(store, both()))
