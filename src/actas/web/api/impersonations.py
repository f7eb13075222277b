"""Impersonations, for whoever holds a role: all of them are seen, and any of them is ended."""

from __future__ import annotations

from typing import Final

from actas.admin.refusals import Conflict, NotFound
from actas.core.ports import Json
from actas.supervision import shown
from actas.web.api.call import Call, Desk, Reply, fields_of, malformed

MOST: Final = 500
"""Impersonations in one answer."""


async def impersonations(desk: Desk, call: Call) -> Reply:
    """Return who acts, or acted, as whom and why, the newest first."""
    call.only("before")
    text = call.query.get("before")
    if text is not None and not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise malformed("before is seconds since the epoch")
    found = await desk.kept.newest(most=MOST, before=None if text is None else int(text))
    items: list[Json] = [shown(one) for one in found]
    following = str(found[-1].requested_at) if len(found) == MOST else None
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
    ended = await desk.impersonations.end(name, by=f"role {call.author.role}: {call.author.client}", why=why)
    if ended is None:
        raise Conflict(detail=f"the impersonation {name[:60]} has ended already")
    return Reply(body=shown(ended))
