"""Several hosts of one database: read as libpq reads them, and one that is silent holds nobody up."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.fakes.between import Between

from actas.core.secret import Secret
from actas.store.postgresql import address, connect
from actas.store.postgresql_hosts import Host, first_of, hosts_of, what_failover_loses
from actas.store.trouble import DatabaseMisconfigured


@pytest.mark.parametrize(
    ("authority", "options", "hosts"),
    [
        ("db1:1,db2", {}, (("db1", 1), ("db2", 5432))),
        ("db1,db2", {"port": "6432"}, (("db1", 6432), ("db2", 6432))),
        ("[2001:db8::1]:7,[2001:db8::2]", {"port": "1,2"}, (("2001:db8::1", 7), ("2001:db8::2", 2))),
        ("", {"host": "/run/a,/run/b", "port": "1,2"}, (("/run/a", 1), ("/run/b", 2))),
        ("%2Frun%2Fa", {}, (("/run/a", 5432),)),
        ("db1", {"host": "ignored"}, (("db1", 5432),)),
        ("", {}, ()),
    ],
)
def test_hosts_are_read_as_libpq_reads_them(
    authority: str, options: dict[str, str], hosts: tuple[Host, ...]
) -> None:
    assert hosts_of(authority, host=options.get("host"), port=options.get("port")) == hosts


@pytest.mark.parametrize("port", ["1,2", "x", "1,2,3,4"])
def test_ports_that_fit_no_hosts_are_refused(port: str) -> None:
    with pytest.raises(DatabaseMisconfigured, match="cannot be read"):
        address(Secret(f"postgresql://db1,db2,db3/sts?port={port}"))


@pytest.mark.requirement("REL-29")
async def test_a_host_that_is_silent_does_not_keep_anybody_from_the_next(postgres: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, Between(postgres) as wire:
        there = urlsplit(wire.url)
        hosts = f"127.0.0.1:{silent.getsockname()[1]},127.0.0.1:{wire.port}"
        url = f"postgresql://{there.username}@{hosts}{there.path}"
        connection = await connect(address(Secret(url)), within=10)
        assert await connection.fetchval("SELECT 1") == 1
        connection.terminate()


class Made:
    """A connection that remembers whether it was ended."""

    def __init__(self) -> None:
        self.ended = False

    def terminate(self) -> None:
        self.ended = True


def way(
    made: Made | Exception, *, after: asyncio.Event | None = None
) -> Callable[[], Coroutine[Any, Any, Made]]:
    async def connecting() -> Made:
        if after is not None:
            await after.wait()
        if isinstance(made, Exception):
            raise made
        return made

    return connecting


async def test_the_first_host_that_answers_in_its_head_start_is_taken() -> None:
    first, second = Made(), Made()
    assert await first_of([way(first), way(second)], head_start=60) is first
    assert not first.ended


async def test_the_next_host_is_tried_at_once_when_one_fails() -> None:
    second = Made()
    assert await first_of([way(OSError("gone")), way(second)], head_start=60) is second


async def test_what_connects_too_late_is_ended() -> None:
    late, second = Made(), Made()
    slow = asyncio.Event()

    async def wakes_the_other() -> Made:
        slow.set()
        await asyncio.sleep(0)
        return second

    taken = await first_of([way(late, after=slow), wakes_the_other], head_start=0)
    (other,) = {late, second} - {taken}
    assert not taken.ended
    # It was ended, or cancelled before it was there.
    assert other.ended or other is late


async def test_who_is_cancelled_while_the_others_are_given_up_leaves_no_connection() -> None:
    second, reached, end = Made(), asyncio.Event(), asyncio.Event()

    async def stubborn() -> Made:
        try:
            await asyncio.Event().wait()
        finally:
            reached.set()
            await end.wait()
        raise AssertionError("it was cancelled")

    connecting = asyncio.create_task(first_of([stubborn, way(second)], head_start=0))
    await reached.wait()
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    assert second.ended
    end.set()


async def test_when_no_host_can_be_used_the_last_trouble_is_told() -> None:
    with pytest.raises(OSError, match="second"):
        await first_of([way(OSError("first")), way(OSError("second"))], head_start=60)


@pytest.mark.requirement("REL-29")
@pytest.mark.parametrize(
    ("waits", "standbys", "hosts", "said"),
    [
        (True, 1, 2, None),
        (True, 0, 1, None),
        (False, 0, 1, None),
        (False, 1, 1, "its standby follows asynchronously"),
        (False, 0, 2, "several hosts are named, and no standby follows"),
    ],
)
def test_what_a_failover_may_lose_is_said_when_it_is_something(
    *, waits: bool, standbys: int, hosts: int, said: str | None
) -> None:
    sentence = what_failover_loses("sts at db", waits=waits, standbys=standbys, hosts=hosts)
    assert (said is None) == (sentence is None)
    assert said is None or said in str(sentence)
