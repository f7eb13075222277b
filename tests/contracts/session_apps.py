"""What every ``SessionApps`` must do. A test class inherits this and says how to open one, and how to revoke."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.fakes.clock import NOON, FixedClock

from actas.core.lineage import LATER, Revoked
from actas.signin.served import DueNotice, Leaver, ServedApp, SessionApps

NOW = int(NOON)

Revoke = Callable[[str, int], Awaitable[None]]
"""Revokes a mark up to a time, as ``Revoking.add`` does."""


def app(**changes: Any) -> ServedApp:
    known = {
        "sid": "s-1",
        "client": "web",
        "subject": "actas:alice",
        "vouched_by": "https://us.example",
        "session": "mark-s-1",
        "person": "mark-alice",
        "origin": "mark-alice",
        "since": NOW - 60,
        "ends_at": NOW + 500,
    }
    return ServedApp(**{**known, **changes})


async def due(store: SessionApps, client: str = "web", *, at: int = NOW) -> list[DueNotice]:
    return [*await store.claim(client, most=100, at=at, until=at + 15)]


class SessionAppsSuite:
    """Inherit as ``Test...``: ``store`` is empty, ``other`` is another way to the same place."""

    async def test_while_a_session_goes_on_nobody_is_told(self, store: SessionApps, revoke: Revoke) -> None:
        assert await store.serve(app())
        await revoke("mark-s-2", LATER)
        assert await store.waiting(at=NOW) == []
        assert await due(store) == []
        assert await store.signed_in(at=NOW) == {Leaver("actas:alice", "https://us.example")}

    @pytest.mark.requirement("OP-84")
    @pytest.mark.parametrize("mark", ["mark-s-1", "mark-alice", "mark-origin"])
    async def test_whatever_ends_a_session_has_every_app_told_once(
        self, store: SessionApps, other: SessionApps, revoke: Revoke, mark: str
    ) -> None:
        for client in ("web", "web", "phone"):
            assert await store.serve(app(client=client, origin="mark-origin"))
        await revoke(mark, LATER)
        assert sorted(await other.waiting(at=NOW)) == ["phone", "web"]
        (told,) = await due(other)
        assert (told.sid, told.client, told.subject) == ("s-1", "web", "actas:alice")
        assert (told.ended_at, told.entry, told.tries) == (NOW, f"entry of {mark}", 1)
        await revoke("mark-alice", LATER)  # what ended does not end again
        assert await due(store) == []
        assert len(await due(store, "phone")) == 1
        assert await store.signed_in(at=NOW) == set()

    async def test_what_began_after_a_party_was_revoked_goes_on(
        self, store: SessionApps, revoke: Revoke
    ) -> None:
        assert await store.serve(app(since=NOW))
        await revoke("mark-alice", NOW - 1)
        assert await due(store) == []

    @pytest.mark.requirement("OP-84", "REL-21")
    async def test_a_session_that_was_ended_serves_nobody(
        self, store: SessionApps, other: SessionApps, revoke: Revoke
    ) -> None:
        await revoke("mark-s-1", LATER)
        await revoke("mark-bob", NOW - 1)
        assert not await other.serve(app())
        assert not await store.serve(app(session="mark-s-2", person="mark-bob", since=NOW - 1))
        assert await store.serve(app(session="mark-s-2", person="mark-bob", since=NOW))

    @pytest.mark.requirement("REL-19", "REL-22")
    async def test_of_many_at_once_one_takes_a_notice(
        self, store: SessionApps, other: SessionApps, revoke: Revoke
    ) -> None:
        await store.serve(app())
        await revoke("mark-s-1", LATER)
        asked = [due((store, other)[number % 2]) for number in range(8)]
        assert sorted(len(one) for one in await asyncio.gather(*asked)) == [0] * 7 + [1]

    @pytest.mark.requirement("OP-85")
    async def test_what_a_process_died_over_is_taken_again_and_what_arrived_is_not(
        self, store: SessionApps, other: SessionApps, revoke: Revoke
    ) -> None:
        await store.serve(app())
        await revoke("mark-s-1", LATER)
        (first,) = await due(store)
        assert await due(other, at=NOW + 14) == []
        assert await other.waiting(at=NOW + 14) == []
        (second,) = await due(other, at=NOW + 15)
        assert (second.id, second.tries) == (first.id, 2)
        await other.settle([second])
        assert await due(store, at=NOW + 999) == []

    @pytest.mark.requirement("OP-85")
    async def test_what_failed_waits_and_it_is_known_whose_it_is(
        self, store: SessionApps, other: SessionApps, revoke: Revoke
    ) -> None:
        await store.serve(app())
        await store.serve(app(client="phone"))
        await revoke("mark-s-1", LATER)
        assert await store.troubles() == []
        (one,) = await due(store)
        await store.postpone(one, next_at=NOW + 60, detail="answered with status 500")
        assert await other.waiting(at=NOW + 59) == ["phone"]
        assert await other.troubles() == [("web", 1, 1, "answered with status 500")]
        (again,) = await due(other, at=NOW + 60)
        assert again.tries == 2
        await other.settle([again])
        assert await store.troubles() == []

    @pytest.mark.requirement("OP-85", "REL-22")
    async def test_who_was_slow_changes_nothing_about_what_another_took(
        self, store: SessionApps, other: SessionApps, revoke: Revoke
    ) -> None:
        await store.serve(app())
        await revoke("mark-s-1", LATER)
        (slow,) = await due(store)
        (taken,) = await due(other, at=NOW + 15)
        await store.postpone(slow, next_at=NOW + 16, detail="slow")
        await store.settle([slow])
        assert await due(store, at=NOW + 29) == []
        assert await other.troubles() == []
        (again,) = await due(store, at=NOW + 30)
        assert (again.id, again.tries) == (taken.id, 3)

    async def test_a_clients_notices_are_taken_in_portions(self, store: SessionApps, revoke: Revoke) -> None:
        for number in range(5):
            await store.serve(app(session=f"mark-{number}", sid=f"s-{number}"))
        await revoke("mark-alice", LATER)
        taken: list[str] = []
        while some := await store.claim("web", most=2, at=NOW, until=NOW + 15):
            assert len(some) <= 2
            taken += [one.sid for one in some]
        assert sorted(taken) == [f"s-{number}" for number in range(5)]

    async def test_who_may_not_be_signed_in_any_more_is_told_of(
        self, store: SessionApps, other: SessionApps
    ) -> None:
        await store.serve(app())
        await store.serve(app(client="phone"))
        await store.serve(app(session="mark-s-2", sid="s-2", subject="carol", vouched_by="https://corp"))
        everybody = await other.signed_in(at=NOW)
        assert everybody == {Leaver("actas:alice", "https://us.example"), Leaver("carol", "https://corp")}
        alice = Leaver("actas:alice", "https://us.example")
        assert await other.end_of([alice], at=NOW) == 2
        assert await store.end_of([alice], at=NOW) == 0
        (told,) = await due(store)
        assert (told.client, told.entry) == ("web", "")
        assert await store.signed_in(at=NOW) == {Leaver("carol", "https://corp")}

    @pytest.mark.requirement("REL-24")
    async def test_a_session_that_ends_by_itself_is_forgotten_and_nobody_is_told(
        self, store: SessionApps, other: SessionApps, revoke: Revoke, clock: FixedClock
    ) -> None:
        await store.serve(app())
        await store.serve(app(session="mark-s-2", ends_at=NOW + 5000))
        await store.serve(app(session="mark-s-3", person="mark-bob", origin="mark-bob"))
        await revoke("mark-bob", LATER)
        assert await store.sweep() == 0
        clock.advance(500 + 61)
        assert await other.sweep() == 1
        await revoke("mark-s-1", LATER)
        (told,) = await due(store, at=NOW + 561)
        assert told.entry == "entry of mark-bob"

    async def test_who_signed_in_anew_is_signed_in_for_longer(
        self, store: SessionApps, other: SessionApps, revoke: Revoke, clock: FixedClock
    ) -> None:
        await store.serve(app())
        await other.serve(app(ends_at=NOW + 5000))
        await store.serve(app(ends_at=NOW + 600))
        clock.advance(4000)
        assert await store.sweep() == 0
        await revoke("mark-s-1", LATER)
        assert len(await due(store, at=NOW + 4000)) == 1


def entry_of(mark: str, up_to: int) -> Revoked:
    """One thing to revoke."""
    return Revoked(mark=mark, up_to=up_to, until=NOW + 9000, entry=f"entry of {mark}")
