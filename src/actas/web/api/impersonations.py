"""Impersonations, for whoever holds a role: all of them are seen, and any of them is ended."""

from __future__ import annotations

from typing import Final

from actas.admin.refusals import Conflict, NotFound
from actas.core.ports import Json
from actas.kinds.impersonation_pages import Paging
from actas.supervision import shown
from actas.web.api.call import Call, Desk, Reply, fields_of, limit_of, malformed

_LIST: Final = "all impersonations"


async def impersonations(desk: Desk, call: Call) -> Reply:
    """Return a page of who acts, or acted, as whom and why, the newest first."""
    call.only("limit", "cursor")
    most, paging = limit_of(call), Paging(desk.cursors)
    after = paging.start(call.query.get("cursor"), of=_LIST)
    found = await desk.kept.newest(most=most + 1, after=after)
    page, following = paging.cut(found, most=most, of=_LIST)
    items: list[Json] = [shown(one) for one in page]
    return Reply(body={"items": items, "next": following})


async def impersonation(desk: Desk, call: Call) -> Reply:
    """Return one impersonation."""
    call.only()
    found = await desk.kept.find(call.path["name"])
    if found is None:
        raise NotFound(detail=f"there is no impersonation {call.path['name'][:60]!r}")
    return Reply(body=shown(found))


async def end_impersonation(desk: Desk, call: Call) -> Reply:
    """End an impersonation, with every token that came of it, on every node."""
    call.only()
    name = call.path["name"]
    fields = {"reason": None} if call.body is None else fields_of(call.body, reason=str)
    why = str(fields["reason"] or "")
    if len(why) > 500 or not why.isprintable():
        raise malformed("reason is one line of at most 500 characters")
    if await desk.kept.find(name) is None:
        raise NotFound(detail=f"there is no impersonation {name[:60]!r}")
    ended = await desk.impersonations.end(name, by=f"role {call.author.role}: {call.author.called}", why=why)
    if ended is None:
        raise Conflict(detail=f"the impersonation {name[:60]} has ended already")
    return Reply(body=shown(ended))
