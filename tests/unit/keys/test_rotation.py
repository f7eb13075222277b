"""Keys in the course of time: rotation without a failure, and nodes that agree."""

from __future__ import annotations

import asyncio

import pytest
from tests.fakes.rotating import (
    LIFE,
    TABLE,
    Node,
    Partitioned,
    Time,
    Verifier,
    kid_of,
    kinds,
    pass_on,
    recorded,
)
from tests.fakes.sealer import sealer

from actas.keys.kept import KeysUnusable, StoredKey, make_key
from actas.keys.life import LEAST_AHEAD, LONGEST_TOKEN
from actas.keys.local import LocalKeyRing
from actas.keys.ring import KeyNotReady
from actas.keys.rotation import CannotChange, Change, Rotation
from actas.store.keys import SqlKeyStore
from actas.store.memory import MemoryKeyStore


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
        nodes[0].store,
        sealer=sealer("theirs"),
        clock=clock,
        timetable=TABLE,
        used={("token", "ES256")},
        record=recorded,
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
