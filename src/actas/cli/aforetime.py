"""What the log has of before an attempt: who redeemed the same grant first, who paused or disabled what.

The log's index is asked. Where it cannot be used, nothing more is said: the entry has why it was refused.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from actas.cli.recorded import Event, member, members, text
from actas.core.person import subject_of

if TYPE_CHECKING:
    from actas.audit.kept import KeptLog
    from actas.store.audit_search import Found

_MOST: Final = 500
"""Entries that are looked through at most."""

_FEW: Final = 3
"""Parties that are told of at most, where it is not known which is meant."""

_PARTIES: Final = ("users", "clients", "issuers", "apis")

_ENTRY: Final = re.compile(r"\bentry (x_\w+)")
_OFF: Final = re.compile(r"\bis disabled\b")


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
        elif event.get("reason") == "revoked" and (ended := _ENTRY.search(text(event.get("detail")))):
            yield from _ended(log, event, ended[1])
        elif event.get("outcome") == "refused" and _OFF.search(text(event.get("detail"))):
            yield from _disabled(log, event)


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
    names = text(event.get("detail")).removeprefix("the connection ").removesuffix(" is paused").split(", ")
    left = {*names}
    for one, change in _changes(log, event):
        name = text(change.get("name"))
        if change.get("kind") == "connections" and name in left and _switches_off(change):
            left.discard(name)
            yield f"{name} was paused by {_author(one)} at {one.at}: entry {one.id}"


def _disabled(log: KeptLog, event: Event) -> Iterator[str]:
    """Yield who disabled or took out what the refusal names, the last time before the attempt."""
    named = {*text(event.get("detail")).replace("'", "").replace(",", "").split()}
    for one, change in _changes(log, event):
        name = _called(change)
        if name in named and (said := _off(one, change)) is not None:
            named.discard(name)
            yield said


def _ended(log: KeptLog, event: Event, name: str) -> Iterator[str]:
    """Yield what revoked the token: who was disabled in the entry of that name, or else where it is shown."""
    from actas.store.audit_search import show

    entry = show(log, name)
    changes = [] if entry is None else members(entry.event.get("changes"))
    said = {} if entry is None else {_called(one): _off(entry, one) for one in changes}
    told = {name: one for name, one in said.items() if one is not None}
    meant = [one for name, one in told.items() if name in _parties(event)]
    yield from (meant or [*told.values()])[:_FEW]
    if not told:
        yield f"what ended it: actas audit show {name}"


def _parties(event: Event) -> set[str]:
    """Return who had a part in an attempt, as far as its entry says."""
    roles = [member(event, role) for role in ("subject", "actor")]
    actors = [one for role in roles for one in members(role.get("actors"))]
    named = {text(one.get("sub")) for one in (*roles, *actors, *members(event.get("chain")))}
    return {*named, *(text(one.get("issuer")) for one in roles), text(member(event, "client").get("name"))}


def _changes(log: KeptLog, event: Event) -> Iterator[tuple[Found, Event]]:
    """Yield the changes of the configuration before an attempt, the latest first."""
    from actas.store.audit_search import search

    at = text(event.get("at"))
    for one in search(log, 'event:"configuration:changed"', limit=_MOST):
        if one.at <= at:
            yield from ((one, change) for change in members(one.event.get("changes")))


def _called(change: Event) -> str:
    """Return what refusals call an object that was changed: of people, whom tokens name so."""
    name = text(change.get("name"))
    return subject_of(name) if change.get("kind") == "users" else name


def _off(entry: Found, change: Event) -> str | None:
    """Return who disabled or took out what a change is about; None when it did neither."""
    gone = "after" not in change
    if change.get("kind") not in _PARTIES or not (gone or _switches_off(change)):
        return None
    done = "taken out" if gone else "disabled"
    return f"{_called(change)} was {done} by {_author(entry)} at {entry.at}: entry {entry.id}"


def _author(entry: Found) -> str:
    by = member(entry.event, "by")
    return text(by.get("person")) or text(by.get("client")) or "the server's own files"


def _switches_off(change: Event) -> bool:
    return member(change, "after").get("disabled") is True and (
        member(change, "before").get("disabled") is not True
    )
