"""What people sign in with, as far as administrators have to do with it: they take away what was lost."""

from __future__ import annotations

from typing import cast, get_args

from actas.admin.refusals import NotFound
from actas.core.person import subject_of
from actas.core.ports import Json
from actas.signin.resetting import Lost
from actas.web.api.call import Call, Desk, Reply, fields_of, malformed

LONGEST: int = 500
"""Characters of a reason."""


async def reset(desk: Desk, call: Call) -> Reply:
    """Take away what a person signs in with and has lost, and end their sessions."""
    call.only()
    fields = fields_of(call.document(), what=list, reason=str)
    name, why = call.path["name"], str(fields["reason"] or "").strip()
    if not why or len(why) > LONGEST or not why.isprintable():
        raise malformed(f"reason is one line of at most {LONGEST} characters")
    wanted = fields["what"]
    words = get_args(Lost)
    if not isinstance(wanted, list) or not wanted or any(one not in words for one in wanted):
        raise malformed(f"what is a list of {', '.join(words)}")
    kept = (await desk.keeping.snapshot()).get("users", name)
    if kept is None or not kept.exists:
        raise NotFound(detail=f"there is no user {name[:60]!r}")
    lost = cast("list[Lost]", wanted)
    removed = await desk.resetting.reset(subject_of(name), lost, by=call.author.told(), why=why)
    told: list[Json] = [*removed]
    return Reply(body={"name": name, "removed": told})
