"""Several hosts of one database: which of them takes writes, without waiting for one that is gone (REL-29).

A host whose machine is lost does not say so: it says nothing. So the hosts are tried in the order of the URL,
each with a short head start before the next, and the first that can be used is. The other tries are given up.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol, TypeVar
from urllib.parse import unquote

HEAD_START: Final = 0.25
"""Seconds that a host has for itself before the next one is tried as well."""

_USUAL_PORT: Final = 5432


class _Ends(Protocol):
    def terminate(self) -> None: ...


C = TypeVar("C", bound=_Ends)
Host = tuple[str, int]
"""A name, an address or a folder of sockets; and a port."""


def hosts_of(authority: str, *, host: str | None, port: str | None) -> tuple[Host, ...]:
    """Return the hosts that a URL names, in its order, as libpq reads them.

    Args:
        authority: what stands between the credentials and the path: ``db1:5432,[::1]:5433``.
        host: its option ``host``, which counts when there is no authority; with commas too.
        port: its option ``port``: one for all, or one for each.

    Raises:
        ValueError: it cannot be read, or there are not as many ports as hosts.
    """
    written = (authority or host or "").split(",")
    ports = [int(one) for one in port.split(",")] if port else [_USUAL_PORT]
    if len(ports) not in (1, len(written)):
        raise ValueError("not as many ports as hosts")
    usual = ports * len(written) if len(ports) == 1 else ports
    return tuple(_host(one, usual[number]) for number, one in enumerate(written) if one)


def _host(written: str, usual: int) -> Host:
    if written.startswith("["):
        name, _, port = written[1:].partition("]")
        return name, int(port.removeprefix(":") or usual)
    if written.startswith("/"):
        return written, usual
    name, _, port = written.partition(":")
    return unquote(name), int(port or usual)


async def first_of(ways: Sequence[Callable[[], Awaitable[C]]], *, head_start: float = HEAD_START) -> C:
    """Return the connection of the first way that leads to one.

    Args:
        ways: each connects to one host, and raises when it cannot or when that host is not one to use.
        head_start: seconds before the next way is tried beside those that run.

    Raises:
        Exception: what the last of them raised, when none leads anywhere.
    """
    ahead = list(reversed(ways))
    running: list[asyncio.Future[C]] = []
    kept: asyncio.Future[C] | None = None
    trouble: BaseException = OSError("no host is named")
    try:
        while ahead or running:
            if ahead:
                running.append(asyncio.ensure_future(ahead.pop()()))
            await asyncio.wait(
                running, timeout=head_start if ahead else None, return_when=asyncio.FIRST_COMPLETED
            )
            for done in [one for one in running if one.done()]:
                problem = done.exception()
                if problem is None:
                    kept = done
                    return done.result()
                trouble = problem
                running.remove(done)
        raise trouble
    finally:
        await _give_up([one for one in running if one is not kept], kept)


async def _give_up(running: Sequence[asyncio.Future[C]], kept: asyncio.Future[C] | None) -> None:
    """End the other ways; the one that is kept too, when its caller is cancelled and gets no connection."""
    ending = [*running]
    for one in running:
        one.cancel()
    try:
        if running:
            await asyncio.wait(running)
    except asyncio.CancelledError:
        ending += [] if kept is None else [kept]
        raise
    finally:
        for one in ending:
            if one.done() and not one.cancelled() and one.exception() is None:
                one.result().terminate()


def what_failover_loses(name: str, *, waits: bool, standbys: int, hosts: int) -> str | None:
    """Return what may be lost when a standby takes over, as a sentence; None when nothing is (REL-29).

    Args:
        name: what the database is called.
        waits: whether a commit is acknowledged only when a standby has it too.
        standbys: how many follow right now.
        hosts: how many hosts the URL names; more than one means that somebody counts on a standby.
    """
    if waits or (standbys == 0 and hosts < 2):
        return None
    why = (
        "its standby follows asynchronously"
        if standbys
        else "several hosts are named, and no standby follows"
    )
    return (
        f"a failover of the database {name} may lose what was acknowledged last ({why}): what was used once"
        " could be used again, and revocations, changes and what the audit log holds there could be gone. Set"
        " synchronous_standby_names, and synchronous_commit to on, for a failover that loses nothing"
    )
