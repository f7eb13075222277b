"""Notices that are kept nowhere beyond the process: for tests, held to the suite of the real ones."""

from __future__ import annotations

import msgspec

from actas.notices.due import Notice, What


class MemoryNotices:
    """Implements ``notices.due.NoticeStore``.

    Attributes:
        kept: by impersonation and what they tell.
    """

    def __init__(self) -> None:
        self.kept: dict[tuple[str, What], Notice] = {}

    def begun(self, name: str, *, began_at: int, until: int) -> None:
        """Have it told that an impersonation began, and that it has ended."""
        due: tuple[tuple[What, int], ...] = (("start", began_at), ("end", until))
        for what, at in due:
            self.kept[name, what] = Notice(impersonation=name, what=what, due_at=at)

    def ended(self, name: str, *, at: int) -> None:
        """Have the end told now."""
        notice = self.kept.get((name, "end"))
        if notice is not None and notice.due_at > at:
            self.kept[name, "end"] = msgspec.structs.replace(notice, due_at=at)

    async def due(self, *, at: int, most: int) -> list[Notice]:
        found = [one for one in self.kept.values() if one.due_at <= at]
        return sorted(found, key=lambda one: (one.due_at, one.impersonation))[:most]

    async def claim(self, notice: Notice, *, until: int) -> Notice | None:
        place = (notice.impersonation, notice.what)
        if self.kept.get(place) != notice:
            return None
        self.kept[place] = msgspec.structs.replace(notice, due_at=until, tries=notice.tries + 1)
        return self.kept[place]

    async def put_off(self, notice: Notice, *, until: int) -> None:
        place = (notice.impersonation, notice.what)
        kept = self.kept.get(place)
        if kept is not None and kept.tries == notice.tries:
            self.kept[place] = msgspec.structs.replace(notice, due_at=until)

    async def done(self, notice: Notice) -> None:
        kept = self.kept.get((notice.impersonation, notice.what))
        if kept is not None and kept.tries == notice.tries:
            del self.kept[notice.impersonation, notice.what]
