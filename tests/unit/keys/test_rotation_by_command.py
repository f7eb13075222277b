"""Keys that somebody changes: emergencies, changes that are undone, and what cannot be changed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes.rotating import (
    TABLE,
    Node,
    Time,
    audit_key,
    kid_of,
    kinds,
    pass_on,
    recorded,
)
from tests.fakes.sealer import sealer

from actas.keys.kept import KeysUnusable
from actas.keys.life import LEAST_AHEAD
from actas.keys.local import LocalKeyRing
from actas.keys.rotation import CannotChange, NoSuchKey, Rotation
from actas.store.keys import SqlKeyStore


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
async def test_a_key_of_id_tokens_that_is_gone_keeps_nobody_from_starting(
    shared: SqlKeyStore, clock: Time
) -> None:
    async def ring() -> LocalKeyRing:
        return await LocalKeyRing.open(
            shared, sealer=sealer(), clock=clock, algorithm="ES256", used={("id_token", "ES256")}
        )

    infos = (await ring()).keys()
    (kid,) = [one.kid for one in infos if one.purpose == "id_token"]
    rotation = Rotation(
        shared,
        sealer=sealer(),
        clock=clock,
        timetable=TABLE,
        used={("token", "ES256"), ("id_token", "ES256")},
        record=recorded,
    )
    await rotation.retire(kid, at_once=True)
    again = await ring()
    infos = again.keys()
    assert again.public_key(kid, purpose="id_token") is None
    assert [one.state for one in infos if one.purpose == "id_token"].count("active") == 1


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
