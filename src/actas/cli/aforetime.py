"""What the log has of before an attempt: who redeemed the same grant first, who paused the connection.

The log's index is asked. Where it cannot be used, nothing more is said: the entry has why it was refused.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from actas.cli.recorded import Event, member, members, text

if TYPE_CHECKING:
    from actas.audit.kept import KeptLog

_MOST: Final = 500
"""Entries that are looked through at most."""


def before(log: KeptLog, event: Event) -> Iterator[str]:
    """Yield what happened before an attempt that was refused, of which it could not know.

    Args:
        event: its entry.
    """
    from actas.audit.kept import SearchUnavailable

    with contextlib.suppress(SearchUnavailable):
        if event.get("reason") == "grant_reused":
            yield from _redeemed(log, event)
        elif event.get("reason") == "connection_paused":
            yield from _paused(log, event)


def _redeemed(log: KeptLog, event: Event) -> Iterator[str]:
    """Yield which entry redeemed the same grant, of that issuer: another may give the same ``jti``."""
    from actas.store.audit_search import search

    subject = member(event, "subject")
    jti = text(member(subject, "token").get("jti"))
    if not jti or '"' in jti:
        return
    found = search(log, f'jti:"{jti}" outcome:granted', limit=_MOST)
    first = [one for one in found if _maker(member(one.event, "subject")) == _maker(subject)][-1:]
    for one in first:
        client = text(member(one.event, "client").get("name"))
        yield f"{client} redeemed it first at {one.at}: entry {one.id}"
    if not first:
        yield f"no entry of this log redeemed {jti}: it may have been before a restore, or is in another log"


def _maker(subject: Event) -> str:
    return text(member(subject, "origin").get("iss")) or text(subject.get("iss"))


def _paused(log: KeptLog, event: Event) -> Iterator[str]:
    """Yield who paused each connection, the last time before the attempt."""
    from actas.store.audit_search import search

    at = text(event.get("at"))
    names = text(event.get("detail")).removeprefix("the connection ").removesuffix(" is paused").split(", ")
    left = {*names}
    for one in search(log, 'event:"configuration:changed"', limit=_MOST):
        if one.at > at:
            continue
        for change in members(one.event.get("changes")):
            name = text(change.get("name"))
            if change.get("kind") == "connections" and name in left and _pauses(change):
                left.discard(name)
                by = member(one.event, "by")
                who = text(by.get("person")) or text(by.get("client")) or "the server's own files"
                yield f"{name} was paused by {who} at {one.at}: entry {one.id}"


def _pauses(change: Event) -> bool:
    return member(change, "after").get("disabled") is True and (
        member(change, "before").get("disabled") is not True
    )
