"""What every store of the configuration must do (REL-23). A test class inherits this and says how to open one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from actas.admin.objects import Change, Digest, Kept, changed
from actas.store.configuration import TAKEN_FOR, Commit, SqlConfiguration

AT = 1_790_000_000


def kept(name: str = "orders", **fields: object) -> Kept:
    """Return a client as it is kept."""
    base = Kept(
        kind="clients", name=name, document='{"name":"orders"}', keeper="file", origin="server", place="a:1"
    )
    return replace(base, **fields)  # type: ignore[arg-type]


def created(*objects: Kept) -> tuple[Change, ...]:
    """Return the change that makes objects."""
    return tuple(Change(what="created", before=None, after=one) for one in objects)


def commit(after: int, changes: Sequence[Change], *records: bytes, at: int = AT) -> Commit:
    """Return a change ready to be kept."""
    return Commit(after=after, changes=changes, at=at, entry=f"x_{after}", records=records)


class ConfigurationStoreSuite:
    """Inherit as ``Test...``, with two fixtures: ``store`` is empty, ``other`` is another way to the same place."""

    async def test_an_empty_store_is_at_generation_nought(self, store: SqlConfiguration) -> None:
        assert await store.generation() == 0
        assert (await store.read()).objects == ()
        assert await store.unwritten() is None

    async def test_what_was_committed_is_there_for_everybody(
        self, store: SqlConfiguration, other: SqlConfiguration
    ) -> None:
        digests = (Digest(value=b"n" * 32, made_at=AT), Digest(value=b"o" * 32, made_at=1))
        objects = (
            kept(digests=digests),
            kept("größe", document='{"é":"\U0001f511"}', disabled=True, folder="/etc", version=2**40),
            Kept(
                kind="tests", name="a sentence; with 'marks'", document="{}", keeper="console", origin="api"
            ),
        )
        assert await store.commit(commit(0, created(*objects)), by="me")
        for place in (store, other):
            found = await place.read()
            assert (found.generation, found.entry) == (1, "x_0")
            assert set(found.objects) == set(objects)

    async def test_a_change_replaces_an_object_with_what_hangs_on_it(
        self, store: SqlConfiguration, other: SqlConfiguration
    ) -> None:
        before = kept(digests=(Digest(value=b"s" * 32, made_at=AT),))
        await store.commit(commit(0, created(before, kept("robot"))), by="me")
        gone = changed("deleted", before, state="deleted", document="", digests=())
        assert await store.commit(commit(1, [gone]), by="me")
        found = await other.read()
        assert found.generation == 2
        assert found.get("clients", "orders") is None
        assert found.by_key["clients", "orders"] == gone.after
        assert gone.after.version == 2
        assert found.get("clients", "robot") == kept("robot")

    async def test_of_changes_at_once_exactly_one_comes_first(
        self, store: SqlConfiguration, other: SqlConfiguration
    ) -> None:
        places = [store, other] * 4
        done = await asyncio.gather(
            *[
                place.commit(commit(0, created(kept(f"n{number}")), b"{}"), by=f"p{number}")
                for number, place in enumerate(places)
            ]
        )
        assert sum(done) == 1
        found = await store.read()
        assert [one.name for one in found.objects] == [f"n{done.index(True)}"]
        assert len(await store.take(by=f"p{done.index(True)}", at=AT)) == 1

    async def test_a_change_on_a_state_that_is_past_is_refused_whole(self, store: SqlConfiguration) -> None:
        await store.commit(commit(0, created(kept())), by="me")
        assert not await store.commit(commit(0, created(kept("late")), b"{}"), by="me")
        assert (await store.read()).get("clients", "late") is None
        assert await store.unwritten() is None

    @pytest.mark.requirement("REL-01")
    async def test_records_wait_in_order_for_whoever_writes_them(
        self, store: SqlConfiguration, other: SqlConfiguration
    ) -> None:
        await store.commit(commit(0, created(kept()), b'{"a":1}', b'{"b":2}'), by="me")
        assert await other.unwritten() == 1
        assert await other.take(by="you", at=AT) == []
        assert await store.take(by="me", at=AT) == [(1, 0, b'{"a":1}'), (1, 1, b'{"b":2}')]
        await store.written(1, 0)
        assert await other.unwritten() == 1
        # Whoever took them is gone; another one goes on.
        assert await other.take(by="you", at=AT + TAKEN_FOR + 1) == [(1, 1, b'{"b":2}')]
        assert await store.take(by="me", at=AT + TAKEN_FOR + 1) == []
        await other.written(1, 1)
        assert await store.unwritten() is None
