"""The objects of the configuration, verb by verb; and the secrets that are made for clients."""

from __future__ import annotations

import contextlib
import re
from typing import Final

from actas.admin.deeds import ABSENT, Condition
from actas.admin.objects import KEEPERS, Keeper, Kept, ObjectKind, own_name
from actas.core.errors import AuditUnavailable, StoreUnavailable
from actas.core.person import subject_of
from actas.core.ports import Json, JsonObject
from actas.web.api.call import Call, Desk, Reply, fields_of, limit_of, malformed
from actas.web.api.cursor import behind, cursor

_VERSION: Final = re.compile(r'"([0-9]{1,18})"')


def shown(kept: Kept) -> JsonObject:
    """Return an object as callers see it. A secret is nowhere in it (SEC-83)."""
    secrets: list[Json] = [{"made_at": one.made_at} for one in kept.digests]
    return {
        "kind": kept.kind,
        "name": kept.name,
        "version": kept.version,
        "kept_by": kept.keeper,
        "place": kept.place or None,
        "disabled": kept.disabled,
        "in_force": kept.in_force,
        "document": kept.body,
        **({"secrets": secrets} if kept.kind == "clients" else {}),
    }


def keepers_in(call: Call) -> tuple[Keeper, ...]:
    """Return whose objects the parameter ``kept_by`` wants; everybody's when it is left out.

    Raises:
        InvalidRequest: it is none of its words.
    """
    word = call.query.get("kept_by", "all")
    if word == "all":
        return KEEPERS
    for keeper in KEEPERS:
        if keeper == word:
            return (keeper,)
    raise malformed("kept_by is all, file or console")


async def listed(desk: Desk, call: Call) -> Reply:
    """Return a page of the objects of a kind, by name."""
    call.only("limit", "cursor", "kept_by")
    kind, keepers = _kind(call), keepers_in(call)
    limit = limit_of(call)
    page_of = f"{kind} {' '.join(keepers)}"
    after = call.query.get("cursor")
    start = "" if after is None else behind(after, of=page_of, key=desk.cursors)
    kept = await desk.keeping.snapshot()
    found = sorted(
        (
            one
            for one in kept.objects
            if one.kind == kind and one.exists and one.keeper in keepers and one.name > start
        ),
        key=lambda one: one.name,
    )
    page, more = found[:limit], len(found) > limit
    following = cursor(page[-1].name, of=page_of, key=desk.cursors) if more else None
    return Reply(body={"items": [shown(one) for one in page], "next": following})


async def show(desk: Desk, call: Call) -> Reply:
    """Return one object, with the version to name when it is changed."""
    call.only()
    return _reply(await desk.deeds.show(_kind(call), call.path["name"]))


async def put(desk: Desk, call: Call) -> Reply:
    """Make an object (``If-None-Match: *``) or replace its document (``If-Match``)."""
    call.only("dry_run")
    rehearsed = _rehearsed(call)
    kind, name = _kind(call), call.path["name"]
    document, condition = call.document(), _condition(call)
    if own_name(kind, document) != name:
        raise malformed("the document has another name than the path")
    kept = await desk.deeds.put(call.author, kind, name, document, condition, rehearsed=rehearsed)
    if rehearsed:
        return Reply(body=shown(kept))
    return _reply(kept, status=201 if condition == ABSENT else 200)


async def delete(desk: Desk, call: Call) -> Reply:
    """Delete an object (``If-Match``)."""
    call.only()
    kind, name = _kind(call), call.path["name"]
    await desk.deeds.delete(call.author, kind, name, _condition(call))
    if kind == "users":
        # What cannot be taken away now, the next sweep takes away: the user is deleted all the same.
        with contextlib.suppress(StoreUnavailable, AuditUnavailable):
            await desk.resetting.forget(subject_of(name))
    return Reply(body=None, status=204)


async def disable(desk: Desk, call: Call) -> Reply:
    """Switch an object off, whoever keeps it."""
    call.only()
    return _reply(await desk.deeds.switch(call.author, _kind(call), call.path["name"], disabled=True))


async def enable(desk: Desk, call: Call) -> Reply:
    """Switch an object on again."""
    call.only()
    return _reply(await desk.deeds.switch(call.author, _kind(call), call.path["name"], disabled=False))


async def make_secret(desk: Desk, call: Call) -> Reply:
    """Make a secret for a client and show it, this once."""
    call.only()
    wanted = fields_of(call.body or {}, end_earlier=bool)
    secret, kept = await desk.deeds.make_secret(
        call.author, call.path["name"], end_earlier=wanted["end_earlier"] is True
    )
    return Reply(body={"secret": secret, "client": shown(kept)}, status=201)


async def end_earlier(desk: Desk, call: Call) -> Reply:
    """End every secret of a client but the newest."""
    call.only()
    return _reply(await desk.deeds.end_earlier_secrets(call.author, call.path["name"]))


def _kind(call: Call) -> ObjectKind:
    if call.kind is None:
        raise LookupError("the route is about no kind of object")
    return call.kind


def _rehearsed(call: Call) -> bool:
    word = call.query.get("dry_run", "false")
    if word not in ("true", "false"):
        raise malformed("dry_run is true or false")
    return word == "true"


def _condition(call: Call) -> Condition | None:
    match, none = call.headers.get("if-match"), call.headers.get("if-none-match")
    if match is not None and none is not None:
        raise malformed("If-Match and If-None-Match contradict each other")
    if none is not None:
        if none.strip() != "*":
            raise malformed("If-None-Match is * here: there must be no such object yet")
        return ABSENT
    if match is None:
        return None
    found = _VERSION.fullmatch(match.strip())
    if found is None:
        raise malformed('If-Match is the ETag of one version, such as "3"')
    return Condition(version=int(found[1]))


def _reply(kept: Kept, *, status: int = 200) -> Reply:
    return Reply(body=shown(kept), status=status, headers={"etag": f'"{kept.version}"'})
