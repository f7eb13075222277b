"""What every store of impersonations must do. A test class inherits this and says how to open one."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

import pytest
from tests.fakes.clock import NOON

from actas.audit.impersonations import record_of
from actas.core.impersonation import (
    Begun,
    Impersonation,
    ImpersonationStore,
    MarksRevoked,
    TooMany,
    Wanted,
    Why,
)
from actas.core.lineage import LATER, Lineage, Revocations, Revoked
from actas.core.party import Actor, Identity
from actas.core.ports import SystemChance
from actas.core.records import Record

NOW = int(NOON)
OURS = "https://sts.acme.example"


class Revokes(Revocations, Protocol):
    """Takes what is revoked, as every node does, and knows it."""

    async def add(self, revoked: Any) -> None: ...


def wanted(who: str = "dana", whom: str = "actas:carol", **changes: Any) -> Wanted:
    known: dict[str, Any] = {
        "form": "own_token",
        "administrator": Actor(Identity(OURS, who), "person"),
        "vouched_by": "https://idp.acme.example",
        "client": "helpdesk",
        "subject": Identity(OURS, whom),
        "why": Why("the order does not load", "HELP-1"),
        "apis": ("orders",),
        "scope": ("orders:read",),
        "rules": ("helpdesk-impersonation",),
        "names_actor": True,
        "lasts": 600,
        "approval": (),
        "approval_within": 300,
        "at_once": 1,
        "per_hour": 10,
        "marks": (f"mark-of-{who}", f"mark-of-{whom}"),
        "since": NOW - 60,
    }
    return Wanted(**{**known, **changes})


def telling(one: Impersonation) -> Record:
    return record_of(one, now=NOW, chance=SystemChance())


class ImpersonationStoreSuite:
    """Inherit as ``Test...``: ``store`` is empty, ``other`` is another way to the same place, ``revokes`` revokes."""

    async def begin(
        self, store: ImpersonationStore, name: str = "i", *, at: int = NOW, **changes: Any
    ) -> Begun:
        return await store.begin(wanted(**changes), name, f"mark-of-{name}", at=at, telling=telling)

    async def test_what_begins_runs_elsewhere_at_once(
        self, store: ImpersonationStore, other: ImpersonationStore
    ) -> None:
        begun = await self.begin(store)
        assert begun.fresh
        for place in (store, other):
            found = await place.find("i")
            assert found == begun.impersonation
            assert found is not None
            assert (found.state, found.began_at, found.until) == ("running", NOW, NOW + 600)
            assert (found.why, found.apis, found.scope) == (
                Why("the order does not load", "HELP-1"),
                ("orders",),
                ("orders:read",),
            )
            assert found.runs(NOW + 599)
            assert not found.runs(NOW + 600)

    @pytest.mark.parametrize("variant", ["I", "i ", "", "%", "ii"])
    async def test_only_the_whole_name_finds_it(self, store: ImpersonationStore, variant: str) -> None:
        await self.begin(store)
        assert await store.find(variant) is None

    async def test_whoever_asks_again_goes_on_with_the_one_that_runs(
        self, store: ImpersonationStore, other: ImpersonationStore
    ) -> None:
        await self.begin(store)
        again = await self.begin(other, "j", at=NOW + 599)
        assert (again.fresh, again.impersonation.id) == (False, "i")
        after = await self.begin(other, "k", at=NOW + 600)
        assert (after.fresh, after.impersonation.id) == (True, "k")

    @pytest.mark.requirement("SEC-48")
    async def test_a_second_person_at_once_is_one_too_many(self, store: ImpersonationStore) -> None:
        await self.begin(store)
        with pytest.raises(TooMany) as many:
            await self.begin(store, "j", whom="actas:olga", at=NOW + 100)
        assert many.value.retry_after == 500
        assert [one.id for one in many.value.running] == ["i"]
        assert (await self.begin(store, "j", whom="actas:olga", at_once=2)).fresh
        assert (await self.begin(store, "k", who="omar", whom="actas:olga")).fresh

    @pytest.mark.requirement("SEC-48")
    async def test_the_one_after_the_last_of_an_hour_waits(self, store: ImpersonationStore) -> None:
        for place in range(3):
            await self.begin(store, f"i{place}", per_hour=3, at=NOW + place * 700)
        with pytest.raises(TooMany) as many:
            await self.begin(store, "j", per_hour=3, at=NOW + 2100)
        assert (many.value.retry_after, many.value.running) == (1500, ())
        assert (await self.begin(store, "j", per_hour=3, at=NOW + 3600)).fresh

    @pytest.mark.requirement("SEC-48")
    async def test_of_many_at_the_same_moment_as_many_begin_as_may(
        self, store: ImpersonationStore, other: ImpersonationStore
    ) -> None:
        async def attempt(place: int) -> bool:
            try:
                where = (store, other)[place % 2]
                await self.begin(where, f"i{place}", whom=f"actas:p{place}", at_once=2)
            except TooMany:
                return False
            return True

        assert sum(await asyncio.gather(*(attempt(place) for place in range(8)))) == 2

    async def test_what_needs_approval_waits_and_begins_once_it_has_it(
        self, store: ImpersonationStore, other: ImpersonationStore
    ) -> None:
        asked = await self.begin(store, approval=("leads",))
        assert asked.impersonation.state == "waiting"
        again = await self.begin(other, "j", approval=("leads",))
        assert (again.fresh, again.impersonation.id) == (False, "i")
        decided = await other.decide("i", approved=True, by="omar", why="yes", at=NOW + 10, telling=telling)
        assert decided is not None
        assert decided.ended_why == ""  # it has not ended
        assert decided is not None
        assert (decided.state, decided.decided_by, decided.until) == ("approved", "omar", NOW + 310)
        begun = await self.begin(store, "k", approval=("leads",), at=NOW + 20)
        assert (begun.fresh, begun.impersonation.id, begun.impersonation.state) == (True, "i", "running")
        assert begun.impersonation.until == NOW + 620

    @pytest.mark.requirement("SEC-48")
    async def test_an_approval_is_used_once_and_lapses(self, store: ImpersonationStore) -> None:
        await self.begin(store, approval=("leads",))
        assert await store.decide("i", approved=True, by="omar", at=NOW, telling=telling)
        assert await store.decide("i", approved=True, by="omar", at=NOW, telling=telling) is None
        await self.begin(store, "x", approval=("leads",))
        after = await self.begin(store, "j", approval=("leads",), at=NOW + 601)
        assert (after.impersonation.id, after.impersonation.state) == ("j", "waiting")
        assert await store.decide("j", approved=True, by="omar", at=NOW + 601 + 300, telling=telling) is None
        assert await store.decide("j", approved=True, by="omar", at=NOW + 700, telling=telling)
        late = await self.begin(store, "k", approval=("leads",), at=NOW + 1000)
        assert (late.impersonation.id, late.impersonation.state) == ("k", "waiting")

    @pytest.mark.requirement("SEC-48")
    @pytest.mark.parametrize("more", [{"approval": ("leads",)}, {"names_actor": False}])
    async def test_what_runs_stands_in_for_nothing_that_asks_for_more(
        self, store: ImpersonationStore, more: dict[str, Any]
    ) -> None:
        """What began without approval is no approval of what needs it, and who is named is not hidden."""
        await self.begin(store)
        with pytest.raises(TooMany):
            await self.begin(store, "j", **more)
        beside = await self.begin(store, "j", at_once=2, **more)
        assert (beside.fresh, beside.impersonation.id) == (True, "j")
        assert beside.impersonation.state == ("waiting" if "approval" in more else "running")
        again = await self.begin(store, "k", at_once=2, **more)
        assert (again.fresh, again.impersonation.id) == (False, "j")

    @pytest.mark.requirement("SEC-48")
    async def test_an_approval_is_not_used_up_by_asking_for_more(
        self, store: ImpersonationStore, other: ImpersonationStore
    ) -> None:
        leads: dict[str, Any] = {"approval": ("leads",)}
        more: dict[str, Any] = {**leads, "scope": ("orders:read", "orders:write")}
        await self.begin(store, **leads)
        assert (await self.begin(other, "j", **more)).impersonation.id == "j"
        assert await store.decide("i", approved=True, by="omar", at=NOW, telling=telling)
        wider = await self.begin(store, "x", **more)
        assert (wider.fresh, wider.impersonation.id, wider.impersonation.state) == (False, "j", "waiting")
        begun = await self.begin(other, "x", at=NOW + 1, **leads)
        assert (begun.fresh, begun.impersonation.id, begun.impersonation.state) == (True, "i", "running")

    @pytest.mark.requirement("SEC-48")
    async def test_whoever_asks_for_more_than_what_runs_is_told_what_runs(
        self, store: ImpersonationStore
    ) -> None:
        leads: dict[str, Any] = {"approval": ("leads",), "at_once": 2}
        await self.begin(store, **leads)
        assert await store.decide("i", approved=True, by="omar", at=NOW, telling=telling)
        await self.begin(store, **leads)
        more = await self.begin(store, "x", apis=("orders", "inventory"), **leads)
        assert (more.fresh, more.impersonation.id) == (False, "i")

    async def test_what_was_refused_does_not_begin(self, store: ImpersonationStore) -> None:
        await self.begin(store, approval=("leads",))
        refused = await store.decide(
            "i", approved=False, by="omar", why="ask her first", at=NOW, telling=telling
        )
        assert refused is not None
        assert (refused.state, refused.ended_why) == ("refused", "ask her first")
        assert await store.find("i") == refused
        again = await self.begin(store, "j", approval=("leads",))
        assert (again.impersonation.id, again.impersonation.state) == ("j", "waiting")

    @pytest.mark.requirement("SEC-48")
    async def test_what_ends_is_revoked_with_all_that_came_of_it_and_ends_once(
        self, store: ImpersonationStore, other: ImpersonationStore, revokes: Revokes
    ) -> None:
        await self.begin(store)
        ended = await other.end("i", by="carol", why="enough", at=NOW + 5, telling=telling)
        assert ended is not None
        found = await store.find("i")
        assert found == ended
        assert (ended.state, ended.ended_by, ended.ended_why) == ("ended", "carol", "enough")
        await self.refreshed(revokes)
        revoked = revokes.against(Lineage(("other", "mark-of-i"), NOW))
        assert revoked is not None
        assert revoked.until >= NOW + 600
        assert await store.end("i", by="dana", why="", at=NOW + 6, telling=telling) is None
        assert await store.end("nothing", by="dana", why="", at=NOW + 6, telling=telling) is None

    @pytest.mark.requirement("SEC-23", "SEC-46")
    @pytest.mark.parametrize("mark", ["mark-of-dana", "mark-of-actas:carol", "mark-of-i"])
    async def test_whatever_it_comes_from_ends_it(
        self, store: ImpersonationStore, other: ImpersonationStore, revokes: Revokes, mark: str
    ) -> None:
        """The token need not carry the administrator's mark: it is kept beside it."""
        await self.begin(store)
        await self.begin(store, "j", who="omar", whom="actas:olga")
        await revokes.add([Revoked(mark=mark, up_to=NOW, until=NOW + 50, entry="x_1")])
        found = await other.find("i")
        assert found is not None
        assert found.state == "ended"
        assert "x_1" in found.ended_why
        await self.refreshed(revokes)
        assert revokes.against(Lineage((mark,), NOW - 60)) is not None
        unhurt = await store.find("j")
        assert unhurt is not None
        assert unhurt.runs(NOW)

    async def test_nothing_begins_from_what_was_revoked(
        self, store: ImpersonationStore, revokes: Revokes
    ) -> None:
        await revokes.add([Revoked(mark="mark-of-dana", up_to=LATER, until=NOW + 50, entry="x_1")])
        with pytest.raises(MarksRevoked):
            await self.begin(store)
        assert await store.find("i") is None

    @pytest.mark.requirement("SEC-48")
    async def test_a_person_sees_who_acted_as_them(self, store: ImpersonationStore) -> None:
        carol = Identity(OURS, "actas:carol")
        await self.begin(store)
        await self.begin(store, "j", who="omar", at=NOW + 1)
        await self.begin(store, "k", who="omar", whom="actas:olga", at_once=2, at=NOW + 2)
        await self.begin(store, "w", who="lee", approval=("leads",), at=NOW + 3)
        assert [one.id for one in await store.of_subject(carol, most=10)] == ["j", "i"]
        assert await store.of_subject(Identity("https://other.example", "actas:carol"), most=10) == []
        assert [one.id for one in await store.running_as(carol, at=NOW + 5)] == ["j", "i"]
        assert [one.id for one in await store.running_as(carol, at=NOW + 600)] == ["j"]
        await store.end("j", by="carol", why="", at=NOW + 6, telling=telling)
        assert [one.id for one in await store.running_as(carol, at=NOW + 6)] == ["i"]
        assert [one.id for one in await store.of_subject(carol, most=10)] == ["j", "i"]

    async def test_a_list_is_gone_on_with_where_it_stopped_also_within_a_second(
        self, store: ImpersonationStore, other: ImpersonationStore
    ) -> None:
        for place in range(9):
            await self.begin(store, f"i{place}", who=f"a{place}", at=NOW + place // 4)
        seen: list[str] = []
        pages = 0
        found = await store.newest(most=2)
        while found:
            seen += [one.id for one in found]
            pages += 1
            found = await other.newest(most=2, after=found[-1].place)
        assert seen == ["i8", "i4", "i5", "i6", "i7", "i0", "i1", "i2", "i3"]
        assert pages == 5
        carol = Identity(OURS, "actas:carol")
        first = await store.of_subject(carol, most=4)
        rest = await store.of_subject(carol, most=9, after=first[-1].place)
        assert [one.id for one in (*first, *rest)] == seen

    async def test_whoever_has_to_do_with_one_finds_it_among_any_number(
        self, store: ImpersonationStore
    ) -> None:
        await self.begin(store, "mine", who="dana")
        await self.begin(store, "about", who="omar", whom="dana", at=NOW + 1)
        await self.begin(store, "waits", who="omar", whom="actas:olga", approval=("leads", "security"), at=NOW + 2,
                         at_once=9)  # fmt: skip
        for place in range(30):
            await self.begin(store, f"x{place}", who=f"a{place}", at=NOW + 3)
        dana = Identity(OURS, "dana")

        async def found(*groups: str, most: int = 10, **more: Any) -> list[str]:
            return [one.id for one in await store.concerning(dana, groups, most=most, **more)]

        assert await found() == ["about", "mine"]
        assert await found("leads", "") == ["waits", "about", "mine"]
        assert await found("security", "lead", "%") == ["about", "mine"]
        waits = await store.find("waits")
        assert waits is not None
        assert await found("leads", most=1, after=waits.place) == ["about"]

    async def refreshed(self, revokes: Revokes) -> None:
        """Have what was revoked read, where it is kept elsewhere."""
