"""Keys in the course of time: rotation without a failure, nodes that agree, emergencies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.clock import NOON
from tests.fakes.sealer import sealer

from actas.core.ports import JsonObject
from actas.crypto import jose
from actas.keys.kept import KeysUnusable, StoredKey, make_key
from actas.keys.life import CACHE_TIME, LEAST_AHEAD, LONGEST_TOKEN, Timetable
from actas.keys.local import Kept, KeyStore, LocalKeyRing
from actas.keys.ring import KeyInfo, KeyNotReady
from actas.keys.rotation import CannotChange, Change, NoSuchKey, Rotation
from actas.store.database import open_database
from actas.store.keys import SqlKeyStore
from actas.store.memory import MemoryKeyStore

TABLE = Timetable(rotate_every=2 * 86_400, publish_ahead=LEAST_AHEAD, keep_after=26 * 3600)
LIFE = 300
ISSUER = "https://sts.acme.example"


class Time:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> float:
        return self.at


class Partitioned(Exception):
    """The store cannot be reached."""


class Cut(MemoryKeyStore):
    """One node's way to a shared store, which can be cut."""

    def __init__(self, shared: KeyStore) -> None:
        super().__init__()
        self.shared = shared
        self.cut = False

    def _reach(self) -> KeyStore:
        if self.cut:
            raise Partitioned
        return self.shared

    async def generation(self) -> int:
        return await self._reach().generation()

    async def read(self) -> Kept:
        return await self._reach().read()

    async def add(self, key: StoredKey) -> bool:
        return await self._reach().add(key)

    async def replace(self, keys: object, *, seen: int) -> bool:
        return await self._reach().replace(keys, seen=seen)  # type: ignore[arg-type]

    async def secrets(self) -> list:  # type: ignore[type-arg]
        return await self._reach().secrets()

    async def add_secret(self, secret: object) -> bool:
        return await self._reach().add_secret(secret)  # type: ignore[arg-type]


class Node:
    """A serving process, as far as its keys go."""

    def __init__(self, ring: LocalKeyRing, rotation: Rotation, store: Cut) -> None:
        self.ring, self.rotation, self.store = ring, rotation, store

    @classmethod
    async def start(cls, shared: KeyStore, clock: Time) -> Node:
        store = Cut(shared)
        ring = await LocalKeyRing.open(store, sealer=sealer(), clock=clock, algorithm="ES256")
        rotation = Rotation(store, sealer=sealer(), clock=clock, timetable=TABLE, algorithms={"ES256"})
        return cls(ring, rotation, store)

    async def look(self) -> tuple[Change, ...]:
        """Follow, and make what is due."""
        await self.ring.refresh()
        changes = await self.rotation.turn() if self.rotation.is_due(self.ring.keys()) else ()
        await self.ring.refresh()
        return changes

    async def token(self, clock: Time) -> str:
        claims: JsonObject = {
            "iss": ISSUER,
            "sub": "alice",
            "iat": int(clock.at),
            "exp": int(clock.at) + LIFE,
        }
        return (await self.ring.sign(claims, typ="at+jwt", purpose="token")).reveal()


class Verifier:
    """An API that keeps a key set for as long as it is told to, and never asks again before."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.keys: dict[str, jose.PublicKey] = {}
        self.until = 0.0

    def check(self, token: str, clock: Time) -> None:
        if clock.at >= self.until:
            published = self.node.ring.published()["keys"]
            assert isinstance(published, list)
            found = [
                jose.PublicKey.from_jwk(one, algorithms=None) for one in published if isinstance(one, dict)
            ]
            self.keys = {one.kid: one for one in found}
            self.until = clock.at + CACHE_TIME
        jws = jose.parse(token)
        key = self.keys[str(jws.unverified_kid)]
        jose.verify(jws, key=key, types=frozenset({"at+jwt"}), issuer=ISSUER, now=clock.at)


def kid_of(token: str) -> str:
    return str(jose.parse(token).unverified_kid)


def audit_key(node: Node) -> KeyInfo:
    infos = node.ring.keys()
    return next(one for one in infos if one.purpose == "audit")


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
async def shared(tmp_path: Path, clock: Time) -> AsyncIterator[SqlKeyStore]:
    database = await open_database(tmp_path, clock=clock)
    yield SqlKeyStore(database)
    await database.close()


@pytest.fixture
async def nodes(shared: SqlKeyStore, clock: Time) -> list[Node]:
    return [await Node.start(shared, clock) for _ in range(2)]


async def pass_on(nodes: list[Node], clock: Time, seconds: float) -> list[Change]:
    """Let time pass, both nodes looking again and again."""
    end, changes = clock.at + seconds, list[Change]()
    while clock.at < end:
        clock.at = min(end, clock.at + 5)
        for node in nodes:
            if not node.store.cut:
                changes += await node.look()
    return changes


def kinds(changes: list[Change] | tuple[Change, ...]) -> list[str]:
    return [one.event.removeprefix("keys:") for one in changes]


@pytest.mark.requirement("REL-05")
async def test_ten_rotations_under_continuous_issue_and_verification_fail_no_token(
    nodes: list[Node], clock: Time
) -> None:
    """One verifier has just asked when a key is published, another is about to, and both keep what they got.

    A token is checked when it is made and in its last second.
    """
    verifiers = [Verifier(node) for node in nodes for _ in range(3)]
    alive: list[tuple[float, str]] = []
    signed: list[str] = []
    changes: list[Change] = []
    beginning = await nodes[0].rotation.rotate(["token"], at_once=False)
    assert kinds(beginning) == ["prepared"]
    activated = 0
    for turn in range(3000):
        clock.at += 7 if turn % 3 else 11
        for node in nodes if turn % 2 else reversed(nodes):
            changes += await node.look()
        if kinds(changes).count("activated") > activated:
            activated += 1
            if activated == 10:
                break
            await nodes[activated % 2].rotation.rotate(["token"], at_once=False)
        for number, node in enumerate(nodes):
            token = await node.token(clock)
            signed.append(kid_of(token))
            verifiers[(turn + number) % len(verifiers)].check(token, clock)
            alive.append((clock.at + LIFE - 1, token))
        for _, token in (one for one in alive if one[0] <= clock.at + 11):
            for verifier in verifiers:
                verifier.check(token, clock)
        alive = [one for one in alive if one[0] > clock.at + 11]
    assert activated == 10
    assert len(dict.fromkeys(signed)) == 10
    assert len(signed) > 600


@pytest.mark.requirement("REL-05")
async def test_a_key_lives_its_life_by_the_timetable_alone(nodes: list[Node], clock: Time) -> None:
    first = kid_of(await nodes[0].token(clock))
    changes: list[Change] = []
    for _ in range(24 * 5):
        clock.at += 3600
        for node in nodes:
            changes += await node.look()
    assert kinds(changes)[:4] == ["prepared", "retired", "activated", "removed"]
    assert kinds(changes).count("activated") == 2
    removed = next(one for one in changes if one.event == "keys:removed")
    assert removed.key.kid == first
    assert not removed.emergency
    assert removed.key.remove_at is not None
    assert removed.key.retire_at is not None
    assert removed.key.remove_at - removed.key.retire_at >= LONGEST_TOKEN
    kept = (await nodes[0].store.read()).keys
    (row,) = [one for one in kept if one.kid == first]
    assert row.sealed == b""
    for node in nodes:
        assert node.ring.public_key(first, purpose="token") is None


async def test_a_prepared_key_is_published_and_verifies_and_signs_nothing(
    nodes: list[Node], clock: Time
) -> None:
    (change,) = await nodes[0].rotation.rotate(["token"], at_once=False)
    for node in nodes:
        await node.look()
        assert change.key.kid in str(node.ring.published())
        assert node.ring.public_key(change.key.kid, purpose="token") is not None
        assert kid_of(await node.token(clock)) != change.key.kid
    with pytest.raises(CannotChange, match="prepared already"):
        await nodes[1].rotation.rotate(["token"], at_once=False)


@pytest.mark.requirement("REL-06")
async def test_a_node_that_was_cut_off_keeps_the_old_key_until_it_has_published_the_new_one_long_enough(
    nodes: list[Node], clock: Time
) -> None:
    there, away = nodes
    old = kid_of(await away.token(clock))
    away.store.cut = True
    (change,) = await there.rotation.rotate(["token"], at_once=False)
    await pass_on(nodes, clock, LEAST_AHEAD + 60)
    assert kid_of(await there.token(clock)) == change.key.kid
    with pytest.raises(Partitioned):
        await away.ring.refresh()
    away.store.cut = False
    await pass_on(nodes, clock, 5)
    # It knows now that the new key is active, and that nobody has seen it in its key set.
    assert change.key.kid in str(away.ring.published())
    assert kid_of(await away.token(clock)) == old
    await pass_on(nodes, clock, LEAST_AHEAD - 10)
    assert kid_of(await away.token(clock)) == old
    await pass_on(nodes, clock, 20)
    assert kid_of(await away.token(clock)) == change.key.kid


@pytest.mark.requirement("REL-06")
async def test_a_node_that_was_cut_off_for_too_long_stops_rather_than_sign_with_either(
    nodes: list[Node], clock: Time
) -> None:
    there, away = nodes
    await there.rotation.rotate(["token"], at_once=False)
    away.store.cut = True
    await pass_on(nodes, clock, LEAST_AHEAD + 10)
    clock.at += 3 * 3600
    away.store.cut = False
    await away.ring.refresh()
    with pytest.raises(KeyNotReady, match="has not published the token key"):
        await away.token(clock)
    await pass_on(nodes, clock, LEAST_AHEAD + 5)
    assert kid_of(await away.token(clock)) == kid_of(await there.token(clock))


@pytest.mark.requirement("REL-06")
async def test_of_nodes_that_change_keys_at_once_one_wins(
    shared: SqlKeyStore, nodes: list[Node], clock: Time
) -> None:
    nodes += [await Node.start(shared, clock) for _ in range(3)]
    for _ in range(5):
        prepared = await asyncio.gather(
            *[node.rotation.rotate(["token"], at_once=False) for node in nodes], return_exceptions=True
        )
        assert sum(isinstance(one, tuple) for one in prepared) == 1
        clock.at += LEAST_AHEAD
        for node in nodes:
            await node.ring.refresh()
        turned = await asyncio.gather(*[node.rotation.turn() for node in nodes])
        assert sorted(map(len, turned)) == [0, 0, 0, 0, 2]
        for node in nodes:
            await node.ring.refresh()
        assert len({kid_of(await node.token(clock)) for node in nodes}) == 1


@pytest.mark.requirement("REL-06")
async def test_a_node_that_was_frozen_in_the_middle_of_a_change_changes_nothing_when_it_thaws(
    nodes: list[Node], clock: Time
) -> None:
    frozen, awake = nodes
    for _ in range(20):
        seen = await frozen.store.read()
        step = await frozen.rotation._successor(seen.keys, ("token", "ES256"), at_once=False)
        await awake.rotation.rotate(["token"], at_once=False)
        clock.at += LEAST_AHEAD
        await awake.rotation.turn()
        before = await awake.store.read()
        assert not await frozen.rotation._make(seen, step)
        assert await awake.store.read() == before


@pytest.mark.requirement("REL-07")
async def test_a_key_that_is_let_go_in_an_emergency_is_refused_everywhere_and_another_takes_over(
    nodes: list[Node], clock: Time
) -> None:
    token = await nodes[0].token(clock)
    audit = audit_key(nodes[0])
    removed, activated = await nodes[1].rotation.retire(kid_of(token), at_once=True)
    assert (removed.event, removed.emergency, removed.key.kid) == ("keys:removed", True, kid_of(token))
    assert (activated.event, activated.replaces) == ("keys:activated", kid_of(token))
    for node in nodes:
        await node.ring.refresh()
        assert node.ring.public_key(kid_of(token), purpose="token") is None
        assert kid_of(token) not in str(node.ring.published())
        assert kid_of(await node.token(clock)) == activated.key.kid
        assert audit_key(node) == audit
    (row,) = [one for one in (await nodes[0].store.read()).keys if one.kid == kid_of(token)]
    assert row.sealed == b""


@pytest.mark.requirement("REL-07")
async def test_in_an_emergency_the_key_that_is_prepared_takes_over(nodes: list[Node], clock: Time) -> None:
    (prepared,) = await nodes[0].rotation.rotate(["token"], at_once=False)
    changes = await nodes[0].rotation.retire(kid_of(await nodes[0].token(clock)), at_once=True)
    assert kinds(changes) == ["removed", "activated"]
    await nodes[1].ring.refresh()
    assert kid_of(await nodes[1].token(clock)) == prepared.key.kid


async def test_a_planned_change_can_be_undone_before_the_new_key_signs(
    nodes: list[Node], clock: Time
) -> None:
    old = kid_of(await nodes[0].token(clock))
    (prepared,) = await nodes[0].rotation.rotate(["token"], at_once=False)
    assert kinds(await nodes[1].rotation.retire(prepared.key.kid, at_once=False)) == ["removed"]
    await pass_on(nodes, clock, LEAST_AHEAD + 5)
    assert kid_of(await nodes[1].token(clock)) == old


@pytest.mark.requirement("SEC-91")
async def test_an_audit_key_that_is_gone_seals_nothing_and_still_verifies_what_it_sealed(
    nodes: list[Node], clock: Time
) -> None:
    audit = audit_key(nodes[0])
    await nodes[0].rotation.retire(audit.kid, at_once=True)
    again = await Node.start(nodes[0].store.shared, clock)
    public = again.ring.public_key(audit.kid, purpose="audit")
    assert public is not None
    assert public.kid == audit.kid
    sealed = await again.ring.sign({"a": 1}, typ="x", purpose="audit")
    assert kid_of(sealed.reveal()) != audit.kid
    assert audit.kid not in str(again.ring.published())


@pytest.mark.requirement("SEC-92", "SEC-91")
async def test_the_public_half_of_an_audit_key_that_is_gone_cannot_be_replaced(
    nodes: list[Node], clock: Time
) -> None:
    audit = audit_key(nodes[0])
    await nodes[0].rotation.retire(audit.kid, at_once=True)
    kept = await nodes[0].store.read()
    row = next(one for one in kept.keys if one.kid == audit.kid)
    theirs = next(one for one in kept.keys if one.purpose == "audit" and one.state == "active")
    for sealed in (b"", theirs.sealed, theirs.public_jwk.encode(), row.sealed[:-1]):
        now = await nodes[0].store.generation()
        assert await nodes[0].store.replace([replace(row, sealed=sealed)], seen=now)
        with pytest.raises(KeysUnusable, match="the audit key"):
            await Node.start(nodes[0].store.shared, clock)


async def test_what_cannot_be_changed_is_said(nodes: list[Node], clock: Time) -> None:
    rotation = nodes[0].rotation
    with pytest.raises(NoSuchKey):
        await rotation.retire("nobody", at_once=True)
    old = kid_of(await nodes[0].token(clock))
    await rotation.rotate(["token"], at_once=True)
    with pytest.raises(CannotChange, match="retired already"):
        await rotation.retire(old, at_once=False)
    await rotation.retire(old, at_once=True)
    with pytest.raises(CannotChange, match="gone already"):
        await rotation.retire(old, at_once=True)


async def test_a_rehearsal_changes_nothing(nodes: list[Node], clock: Time) -> None:
    before = await nodes[0].store.read()
    kid = kid_of(await nodes[0].token(clock))
    for at_once in (False, True):
        assert await nodes[0].rotation.rotate(["token", "audit"], at_once=at_once, rehearse=True)
        assert await nodes[0].rotation.retire(kid, at_once=at_once, rehearse=True)
    assert await nodes[0].store.read() == before


async def test_a_ring_that_follows_does_not_open_again_what_it_knows(nodes: list[Node], clock: Time) -> None:
    await nodes[0].rotation.rotate(["token"], at_once=True)
    known = {one.info.kid: one.key for one in nodes[1].ring._faces.held}
    await nodes[1].ring.refresh()
    for held in nodes[1].ring._faces.held:
        assert held.info.kid not in known or held.key is known[held.info.kid]


@pytest.mark.requirement("SEC-92")
async def test_a_ring_that_cannot_open_a_new_key_says_so_and_keeps_what_it_had(
    nodes: list[Node], clock: Time
) -> None:
    theirs = Rotation(
        nodes[0].store, sealer=sealer("theirs"), clock=clock, timetable=TABLE, algorithms={"ES256"}
    )
    before = nodes[1].ring.keys()
    await theirs.rotate(["token"], at_once=False)
    with pytest.raises(KeysUnusable, match="another envelope key"):
        await nodes[1].ring.refresh()
    assert nodes[1].ring.keys() == before
    with pytest.raises(KeysUnusable):  # and again, rather than taking it for seen
        await nodes[1].ring.refresh()


class Doubled(MemoryKeyStore):
    """Comes to hold a key that nothing of ours would put there."""

    def force(self, key: StoredKey) -> None:
        self._keys[key.kid] = key
        self._generation += 1


async def test_a_ring_that_is_shown_two_active_keys_says_so_each_time(clock: Time) -> None:
    store = Doubled()
    ring = await LocalKeyRing.open(store, sealer=sealer(), clock=clock, algorithm="ES256")
    before = ring.keys()
    store.force(make_key("token", "ES256", sealer=sealer(), at=int(clock.now())))
    for _ in range(2):
        with pytest.raises(KeysUnusable, match="two token keys are active"):
            await ring.refresh()
    assert ring.keys() == before
    ring.close()
