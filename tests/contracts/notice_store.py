"""What every store of notices must do. A test class inherits this and says how to open one."""

from __future__ import annotations

import asyncio

import msgspec
from tests.contracts.impersonation_store import NOW, telling, wanted

from actas.core.impersonation import ImpersonationStore
from actas.notices.due import Notice, NoticeStore


class NoticeStoreSuite:
    """Inherit as ``Test...``: ``notices`` and ``elsewhere`` are two ways to one place, ``acting`` begins there."""

    async def begin(self, acting: ImpersonationStore, name: str = "i", *, at: int = NOW) -> None:
        asked = wanted(who=f"admin-of-{name}")
        await acting.begin(asked, name, f"mark-of-{name}", at=at, telling=telling)

    async def test_what_begins_is_told_at_once_and_its_end_at_its_time(
        self, notices: NoticeStore, elsewhere: NoticeStore, acting: ImpersonationStore
    ) -> None:
        await self.begin(acting)
        for place in (notices, elsewhere):
            (first,) = await place.due(at=NOW, most=9)
            assert first == Notice(impersonation="i", what="start", due_at=NOW)
            assert [one.what for one in await place.due(at=NOW + 600, most=9)] == ["start", "end"]
            assert len(await place.due(at=NOW + 600, most=1)) == 1
        assert await notices.due(at=NOW - 1, most=9) == []

    async def test_what_waits_for_approval_is_told_once_it_begins(
        self, notices: NoticeStore, acting: ImpersonationStore
    ) -> None:
        asked = wanted(approval=("leads",))
        await acting.begin(asked, "i", "mark-of-i", at=NOW, telling=telling)
        assert await notices.due(at=NOW + 9999, most=9) == []
        await acting.decide("i", approved=True, by="omar", at=NOW + 10, telling=telling)
        assert await notices.due(at=NOW + 9999, most=9) == []
        await acting.begin(asked, "j", "mark-of-j", at=NOW + 20, telling=telling)
        due = await notices.due(at=NOW + 9999, most=9)
        assert [(one.what, one.due_at) for one in due] == [("start", NOW + 20), ("end", NOW + 620)]

    async def test_what_ends_before_its_time_is_told_then(
        self, notices: NoticeStore, acting: ImpersonationStore
    ) -> None:
        await self.begin(acting)
        await acting.end("i", by="carol", why="", at=NOW + 5, telling=telling)
        due = await notices.due(at=NOW + 5, most=9)
        assert [(one.what, one.due_at) for one in due] == [("start", NOW), ("end", NOW + 5)]

    async def test_of_many_that_claim_one_gets_it_until_it_is_due_again(
        self, notices: NoticeStore, elsewhere: NoticeStore, acting: ImpersonationStore
    ) -> None:
        await self.begin(acting)
        (due,) = await notices.due(at=NOW, most=9)
        places = (notices, elsewhere) * 4
        claimed = await asyncio.gather(*(place.claim(due, until=NOW + 60) for place in places))
        (mine,) = [one for one in claimed if one is not None]
        assert (mine.due_at, mine.tries) == (NOW + 60, 1)
        assert await elsewhere.due(at=NOW + 59, most=9) == []
        assert await elsewhere.due(at=NOW + 60, most=9) == [mine]

    async def test_what_is_put_off_knows_who_was_told(
        self, notices: NoticeStore, elsewhere: NoticeStore, acting: ImpersonationStore
    ) -> None:
        await self.begin(acting)
        (due,) = await notices.due(at=NOW, most=9)
        mine = await notices.claim(due, until=NOW + 60)
        assert mine is not None
        told = msgspec.structs.replace(mine, told=("subject", "é@b.example"))
        await notices.put_off(told, until=NOW + 10)
        (again,) = await elsewhere.due(at=NOW + 10, most=9)
        assert (again.told, again.tries, again.due_at) == (("subject", "é@b.example"), 1, NOW + 10)

    async def test_what_is_done_is_gone_but_not_by_one_who_was_too_late(
        self, notices: NoticeStore, elsewhere: NoticeStore, acting: ImpersonationStore
    ) -> None:
        await self.begin(acting)
        (due,) = await notices.due(at=NOW, most=9)
        slow = await notices.claim(due, until=NOW + 60)
        assert slow is not None
        quick = await elsewhere.claim(slow, until=NOW + 120)
        assert quick is not None
        await notices.done(slow)
        await notices.put_off(slow, until=NOW)
        assert await notices.due(at=NOW + 120, most=9) == [quick]
        await elsewhere.done(quick)
        assert await notices.due(at=NOW + 120, most=9) == []
        assert [one.what for one in await notices.due(at=NOW + 600, most=9)] == ["end"]
