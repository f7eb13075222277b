"""Keys that a change of the configuration is the first to want: made before it, once, or it is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.kept_log import configured, entries

from actas.admin.objects import Change, Kept, Snapshot, canonical, changed
from actas.admin.record import Author
from actas.app.assembly import Assembly, assembly
from actas.app.foundation import foundation
from actas.core.errors import AuditUnavailable, StoreUnavailable
from actas.crypto.seal import SealKeySpent
from actas.keys.ring import KeyInfo, Slot
from actas.settings.faults import ConfigurationFaults
from actas.store.follower import Follower
from actas.store.keys import SqlKeyStore

BOUND = 0.2
API = Author(via="api")


@pytest.fixture(params=[BOUND])
async def nodes(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[Assembly]]:
    """Two processes on one database, which has no connection yet."""
    async with AsyncExitStack() as stack:
        made: list[Assembly] = []
        for _ in range(2):
            base = await stack.enter_async_context(foundation(configured(tmp_path), dev=True, create=True))
            follower = Follower(every=0.02, bound=request.param)
            made.append(await stack.enter_async_context(assembly(base, follower=follower)))
        yield made


def connecting(name: str = "tickets", **fields: Any) -> Any:
    """The change by which somebody makes a connection."""
    there = {"issuer": f"https://auth.{name}.example", "client_id": "acme", "scopes": [f"{name}:read"]}
    document = {
        "name": name,
        "direction": "issue",
        "client": "orders",
        "resource": there,
        "people": {"from": ["actas"]},
        **fields,
    }

    def edit(_: Snapshot) -> Sequence[Change]:
        text = canonical(document)
        kept = Kept(kind="connections", name=name, document=text, keeper="console", origin="api")
        return [Change(what="created", before=None, after=kept)]

    return edit


def grant_keys(node: Assembly) -> list[KeyInfo]:
    held = node.base.ring.keys()
    return [one for one in held if one.purpose == "grant"]


def slots(node: Assembly, state: str = "active") -> list[Slot]:
    return [one.slot for one in grant_keys(node) if one.state == state]


async def until_followed(node: Assembly, generation: int) -> None:
    async with asyncio.timeout(60):
        while node.steward.generation < generation:
            await asyncio.sleep(0.01)


@pytest.mark.requirement("REL-05", "SEC-56")
async def test_the_first_connection_of_a_running_server_has_its_key_before_it_takes_effect(
    nodes: list[Assembly],
) -> None:
    first, other = nodes
    assert slots(first) == []
    made = await first.steward.change(connecting(), API)
    assert slots(first) == [("grant", "ES256")]
    (kid,) = [one.kid for one in grant_keys(first)]
    assert kid in str(first.base.ring.published())
    assert await first.base.ring.sign({}, typ="t", purpose="grant")
    assert list(first.base.catalog.connections.every)
    # The other one publishes it already, whether or not it has compiled the connection.
    assert kid in str(other.base.ring.published())
    await until_followed(other, made.snapshot.generation)
    assert await other.base.ring.sign({}, typ="t", purpose="grant")
    assert ("grant", "ES256") in other.base.definitions.keys.used
    events = [one for one in entries(first.base) if one["event"] in ("keys:created", "configuration:changed")]
    assert [one["event"] for one in events][-2:] == ["keys:created", "configuration:changed"]
    created = events[-2]
    assert (created["kid"], created["purpose"], created["algorithm"]) == (kid, "grant", "ES256")


@pytest.mark.requirement("REL-06")
async def test_two_nodes_that_get_their_first_connections_at_once_make_one_key(nodes: list[Assembly]) -> None:
    await asyncio.gather(
        nodes[0].steward.change(connecting("tickets"), API), nodes[1].steward.change(connecting("wiki"), API)
    )
    for node in nodes:
        await until_followed(node, 3)
        assert slots(node) == [("grant", "ES256")]
        assert {one.name for one in node.base.catalog.connections.every} == {"tickets", "wiki"}
    written = [one for s in ("s1", "s2") for one in entries(nodes[0].base, s)]
    # A node that does not come to write its entry has it written by the other, too: it has one id (REL-01).
    created = {one["id"]: one["purpose"] for one in written if one["event"] == "keys:created"}
    assert [*created.values()].count("grant") == 1


async def test_a_connection_with_an_algorithm_of_its_own_has_a_key_for_it_and_it_is_kept_changing(
    nodes: list[Assembly],
) -> None:
    first, _ = nodes
    await first.steward.change(connecting(algorithm="EdDSA"), API)
    assert slots(first) == [("grant", "EdDSA")]
    changes = await first.base.rotation.rotate(["grant"], at_once=True)
    assert [(one.event, one.key.slot) for one in changes] == [
        ("keys:retired", ("grant", "EdDSA")),
        ("keys:activated", ("grant", "EdDSA")),
    ]


async def test_looking_what_a_change_would_come_to_makes_no_key(nodes: list[Assembly]) -> None:
    first, _ = nodes
    changes, prepared, _ = await first.steward.rehearse(connecting())
    assert len(changes) == 1
    assert prepared.lacking == {("grant", "ES256")}
    await first.base.ring.refresh()
    assert slots(first) == []


@pytest.mark.requirement("REL-30")
async def test_what_does_not_hold_makes_no_key(nodes: list[Assembly]) -> None:
    first, _ = nodes
    with pytest.raises(ConfigurationFaults, match="nobody"):
        await first.steward.change(connecting(client="nobody"), API)
    await first.base.ring.refresh()
    assert slots(first) == []


@pytest.mark.requirement("REL-30")
async def test_a_key_that_cannot_be_made_refuses_the_change_and_says_so(
    nodes: list[Assembly], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, other = nodes
    before = first.steward.generation

    def spent(*_: Any, **__: Any) -> bytes:
        raise SealKeySpent("it has sealed as much as it may")

    with monkeypatch.context() as broken:
        broken.setattr("actas.crypto.seal.Sealer.seal", spent)
        with pytest.raises(ConfigurationFaults) as refused:
            await first.steward.change(connecting(), API)
    (fault,) = refused.value.errors
    assert fault.path == "keys"
    assert fault.message.startswith(
        "there is no ES256 key for grants for other servers, and none can be made: nothing more can be sealed"
    )
    await untouched(nodes, before)
    await first.steward.change(connecting(), API)  # once it can be
    await until_followed(other, before + 1)
    assert slots(other) == [("grant", "ES256")]


@pytest.mark.requirement("REL-30", "REL-19")
@pytest.mark.parametrize("failing", ["kept", "recorded", "written"])
async def test_a_key_that_cannot_be_kept_or_recorded_refuses_the_change(
    failing: str, nodes: list[Assembly], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = nodes
    before = first.steward.generation

    async def broken(*_: Any, **__: Any) -> Any:
        raise AuditUnavailable("full") if failing == "written" else StoreUnavailable("it is away")

    with monkeypatch.context() as fault:
        match failing:
            case "kept":
                fault.setattr(SqlKeyStore, "replace", broken)
            case "recorded":
                fault.setattr("actas.store.outbox.Outbox.put", broken)
            case _:
                fault.setattr("actas.app.key_making.write_waiting", broken)
        with pytest.raises((AuditUnavailable, StoreUnavailable)):
            await first.steward.change(connecting(), API)
    await first.base.ring.refresh()
    assert bool(slots(first)) is (failing == "written")  # made, and its entry waits with it
    await untouched(nodes, before, keyless=failing != "written")
    await first.steward.change(connecting(), API)


async def untouched(nodes: list[Assembly], before: int, *, keyless: bool = True) -> None:
    """Nothing of the change is kept, or in force anywhere."""
    for node in nodes:
        await node.base.ring.refresh()
        assert node.steward.generation == before == (await node.steward.snapshot()).generation
        assert not list(node.base.catalog.connections.every)
        assert (slots(node) == []) is keyless


@pytest.mark.parametrize("nodes", [2.0], indirect=True)  # long enough to do something else meanwhile
async def test_other_changes_go_ahead_while_a_first_key_comes_to_be_known(nodes: list[Assembly]) -> None:
    first, _ = nodes
    first_one = asyncio.create_task(first.steward.change(connecting(), API))
    async with asyncio.timeout(60):
        while not slots(first):
            await asyncio.sleep(0.01)

    def disabling(kept: Snapshot) -> Sequence[Change]:
        client = kept.get("clients", "web")
        assert client is not None
        return [changed("disabled", client, disabled=True)]

    await first.steward.change(disabling, API)
    assert not first_one.done()
    assert first.base.catalog.clients["web"].disabled
    await first_one
    assert first.base.catalog.clients["web"].disabled
    assert list(first.base.catalog.connections.every)


@pytest.mark.requirement("REL-05", "REL-06")
@pytest.mark.parametrize("nodes", [1.0], indirect=True)
async def test_no_change_puts_a_key_to_use_that_was_made_a_moment_ago_for_another(
    nodes: list[Assembly],
) -> None:
    """Nor for one that came to nothing: other nodes do not publish it yet, whoever it was made for."""
    first, other = nodes
    begun = asyncio.get_running_loop().time()
    never = asyncio.create_task(first.steward.change(connecting(), API))
    async with asyncio.timeout(60):
        while not slots(first):
            await asyncio.sleep(0.01)
    never.cancel()
    await asyncio.gather(
        first.steward.change(connecting("wiki"), API), other.steward.change(connecting("mail"), API)
    )
    assert asyncio.get_running_loop().time() - begun >= 1.0
    for node in nodes:
        await until_followed(node, 3)
        assert {one.name for one in node.base.catalog.connections.every} == {"wiki", "mail"}
