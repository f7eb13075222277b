"""Looking an installation over without changing it: what works, what does not, and what to do about it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from actas.app.checkup_connections import look_at_connections
from actas.app.checkup_keys import look_at_keys
from actas.app.checkup_logout import look_at_apps
from actas.app.checkup_resources import look_at_resources
from actas.app.checkup_sinks import look_at_sinks
from actas.app.finding import DAY, Result, ending
from actas.app.foundation import Foundation, foundation, place_of
from actas.app.outside import outside
from actas.core.errors import StoreUnavailable
from actas.core.ports import Clock
from actas.crypto.certificate import BadCertificate, read_certificates, valid_until
from actas.settings.faults import ConfigurationFaults
from actas.settings.load import Draft
from actas.store.database import connect_database, file_of, is_shared
from actas.store.marks_file import count_marks
from actas.trust.jwks import IssuerKeys

SLOW: Final = 0.1
"""Seconds beyond which a question to the database is slow: every request with a mark waits for one."""

LITTLE: Final = 1024**3
"""Bytes of free disk below which somebody should look."""

NONE: Final = 100 * 1024**2
"""Bytes of free disk below which the log may stop at any moment, and with it everything."""


async def look_over(draft: Draft, *, dev: bool, clock: Clock) -> AsyncGenerator[Result]:
    """Yield what is found, from the ground up: folder, disk, certificate, database, marks, keys, log,
    sinks, issuers, connections, MCP servers.

    Whatever cannot be looked at because of something below it is skipped, and says so.

    Args:
        draft: a configuration that was read.
    """
    for look in (_folder, _disk):
        yield look(draft.server.data)
    yield _certificate(draft, now=clock.now())
    database = await _database(draft, clock=clock)
    yield database
    if database.state == "bad":
        for name in ("keys", *_LOOKS):
            yield Result(name=name, state="skipped", says="not looked at: the database comes first")
        return
    async with contextlib.AsyncExitStack() as stack:
        try:
            base = await stack.enter_async_context(foundation(draft, dev=dev, clock=clock))
        except Exception as problem:  # noqa: BLE001 - whatever it is, that is what was found
            for result in _stops(problem):
                yield result
            for name in _LOOKS:
                yield Result(name=name, state="skipped", says="not looked at: the server does not start")
            return
        for result in await look_at_keys(base):
            yield result
        for name in _LOOKS:
            for result in await _looked(base, name):
                yield result


def _stops(problem: Exception) -> list[Result]:
    """Return what keeps a server over these files and this database from starting: each fault by itself."""
    remedy = "the server does not start like this; actas serve says the same and exits with what it is"
    if not isinstance(problem, ConfigurationFaults):
        return [Result(name="keys", state="bad", says=str(problem) or type(problem).__name__, remedy=remedy)]
    found = [Result(name="configuration", state="bad", says=str(one)) for one in problem.errors]
    return [*found[:-1], replace(found[-1], remedy=remedy)]


async def _looked(base: Foundation, name: str) -> Sequence[Result]:
    look, remedy = _LOOKS[name]
    try:
        return await look(base)
    except Exception as problem:  # noqa: BLE001 - whatever it is, that is what was found
        return [Result(name=name, state="bad", says=str(problem) or type(problem).__name__, remedy=remedy)]


def _folder(data: Path) -> Result:
    try:
        found = data.stat()
    except OSError as problem:
        return Result(
            name="data folder",
            state="warn",
            says=f"{data}: {problem.strerror}",
            remedy="the first start makes it; later, its absence is a disk that is not mounted",
        )
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        mode = stat.S_IMODE(found.st_mode)
        return Result(
            name="data folder",
            state="bad",
            says=f"others than its owner may enter {data} (mode {mode:o})",
            remedy=f"chmod 700 {data}",
        )
    if found.st_uid != os.geteuid() and os.geteuid() != 0:
        return Result(
            name="data folder",
            state="warn",
            says=f"{data} belongs to user {found.st_uid}, and this is user {os.geteuid()}",
            remedy="run actas doctor as the user that the server runs as",
        )
    if not os.access(data, os.W_OK):
        return Result(
            name="data folder", state="bad", says=f"{data} cannot be written", remedy="mount it writable"
        )
    return Result(name="data folder", state="good", says=f"{data} is its owner's alone")


def _disk(data: Path) -> Result:
    place = data
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        free = shutil.disk_usage(place).free
    except OSError as problem:
        return Result(name="disk", state="skipped", says=f"{place}: {problem.strerror}")
    said = f"{free / 1024**3:.1f} GiB free at {place}"
    if free < NONE:
        return Result(
            name="disk",
            state="bad",
            says=said,
            remedy="make room at once: when the log cannot be written, nothing is issued",
        )
    if free < LITTLE:
        return Result(
            name="disk", state="warn", says=said, remedy="make room; the audit log grows with traffic"
        )
    return Result(name="disk", state="good", says=said)


def _certificate(draft: Draft, *, now: float) -> Result:
    own = draft.server.tls.own
    if own is None:
        return Result(
            name="TLS", state="skipped", says="plain HTTP here; TLS is in front, or on this computer only"
        )
    try:
        chain = read_certificates(own[0].read_bytes())
        left = min(valid_until(one) for one in chain) - now
    except (OSError, BadCertificate, ValueError) as problem:
        return Result(
            name="TLS", state="bad", says=f"{own[0]}: {problem}", remedy="server.tls names a PEM file"
        )
    return ending(str(own[0]), left, remedy="renew it, and send the server SIGHUP")


async def _database(draft: Draft, *, clock: Clock) -> Result:
    place = place_of(draft)
    if not is_shared(place) and not file_of(place).exists():
        return Result(
            name="database",
            state="bad",
            says=f"there is none in {draft.server.data}: the server was never started",
            remedy="actas serve makes it",
        )
    try:
        database = await connect_database(place, accept_unsafe=draft.server.unsafe_database)
        try:
            began = time.perf_counter()
            standing = await database.standing()
            took = time.perf_counter() - began
            await database.require_same_time(clock)
            drift = database.drift
        finally:
            await database.close()
    except Exception as problem:  # noqa: BLE001 - whatever it is, that is what was found
        known = problem.hint if isinstance(problem, StoreUnavailable) else None
        return Result(
            name="database",
            state="bad",
            says=str(problem),
            remedy=known or "until it answers, and agrees about the time, nothing is issued",
        )
    if standing.pending:
        return Result(
            name="database",
            state="bad",
            says=f"{database.name} has schema {standing.version}, and this release needs {standing.newest}",
            remedy="actas db migrate",
        )
    said = f"{database.name}: schema {standing.version}, answered in {took * 1000:.0f} ms"
    said += "" if drift is None else f", clocks differ by {drift:.1f} s or less"
    if took > SLOW:
        return Result(name="database", state="warn", says=said, remedy="it is far away, or busy")
    return Result(name="database", state="good", says=said)


async def _marks(base: Foundation) -> Sequence[Result]:
    """Look at what may be used once: a server on files that cannot remember that does not start."""
    if base.database.shared:
        return ()  # they are in the database, which was looked at
    found = await asyncio.to_thread(count_marks, base.definitions.server.data, now=int(base.clock.now()))
    said = "there are none yet" if found is None else f"{found[0]:,} assertions and proofs are remembered"
    return [Result(name="marks", state="good", says=said)]


async def _log(base: Foundation) -> Sequence[Result]:
    return [await asyncio.to_thread(_sealed, base)]


def _sealed(base: Foundation) -> Result:
    every = base.definitions.audit.checkpoint_every
    last = base.notary().last()
    if last is None:
        return Result(
            name="audit log",
            state="warn",
            says="it has no checkpoint yet",
            remedy="a running server makes one; so does actas audit checkpoint",
        )
    age = base.clock.now() - datetime.fromisoformat(last.checkpoint.at).timestamp()
    said = (
        f"checkpoint {last.checkpoint.number} seals {_streams(len(last.checkpoint.heads))}, {_span(age)} ago"
    )
    if age > 3 * every:
        return Result(
            name="audit log",
            state="warn",
            says=said,
            remedy=f"a running server makes one every {_span(every)}; its log says why it does not",
        )
    return Result(name="audit log", state="good", says=said)


async def _issuers(base: Foundation) -> Sequence[Result]:
    out = outside(base)
    keys = IssuerKeys(out.fetch, base.clock)  # which tells the log of a server nothing
    try:
        found = [one for one in base.definitions.issuers.values() if not one.disabled]
        views = await asyncio.gather(*[keys.look(one) for one in found])
    finally:
        await keys.aclose()
        with contextlib.suppress(Exception):
            await out.close()
    if not views:
        return [Result(name="issuers", state="good", says="none is trusted")]
    results = list[Result]()
    for view in views:
        if view.error:
            results.append(
                Result(
                    name="issuers",
                    state="bad",
                    says=f"{view.issuer} cannot be asked: {view.error}",
                    remedy="its tokens are refused once its known keys are past their outage_grace",
                )
            )
        elif view.problems:
            said = f"{view.issuer}: {'; '.join(view.problems[:3])}"
            results.append(Result(name="issuers", state="warn", says=said, remedy="tell whoever runs it"))
        else:
            where = "in the configuration" if view.inline else "fetched just now"
            said = f"{view.issuer}: {len(view.kids)} key{'s' if len(view.kids) != 1 else ''} {where}"
            results.append(Result(name="issuers", state="good", says=said))
    return results


def _streams(count: int) -> str:
    return f"{count} stream{'s' if count != 1 else ''}"


def _span(seconds: float) -> str:
    for unit, size in (("days", DAY), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} seconds"


_LOOKS: Final[dict[str, tuple[Callable[[Foundation], Awaitable[Sequence[Result]]], str]]] = {
    "marks": (
        _marks,
        "it does not start like this; with marks.db moved away it does, and what was just used works again",
    ),
    "audit log": (_log, "actas audit verify says what is wrong"),
    "audit sinks": (look_at_sinks, "actas audit sinks list says how each stands"),
    "logout": (look_at_apps, "its log says more"),
    "issuers": (_issuers, "its log says more"),
    "connections": (look_at_connections, "actas connections try says more"),
    "MCP servers": (look_at_resources, "its log says more"),
}
"""What is looked at once a server could start, and what to do when it cannot be looked at."""
