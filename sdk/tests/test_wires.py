"""The two drivers do the same: wait, send, bound what they read, and name failures by kind alone."""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx2
import pytest
from sdk.tests.support import ISSUER

from actas_sdk.async_wire import AsyncWire
from actas_sdk.errors import Refused, Unreachable
from actas_sdk.flow import Answer, Ask, Failure, Flow, Pause, together
from actas_sdk.sync_wire import SyncWire

ASK = Ask(method="GET", url=f"{ISSUER}/x", headers={}, largest=10)


class Chunks(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A body in pieces, for both clients, that counts how many were taken."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.pieces:
            self.taken += 1
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            self.taken += 1
            yield piece


def one(ask: Ask = ASK) -> Flow[Answer | Failure]:
    reply: Answer | Failure = yield ask
    return reply


async def both(make: Callable[[], httpx2.Response]) -> list[Answer | Failure]:
    transport = httpx2.MockTransport(lambda _: make())
    with httpx2.Client(transport=transport) as http:
        blocking = SyncWire(http, trust_env=False).run(one())
    async with httpx2.AsyncClient(transport=transport) as async_http:
        return [blocking, await AsyncWire(async_http, trust_env=False).run(one())]


async def test_an_answer_comes_with_the_few_headers_that_are_read() -> None:
    headers = {"Content-Type": "a/b", "Retry-After": "1", "Actas-Entry": "x_1", "Set-Cookie": "a=b"}
    for got in await both(lambda: httpx2.Response(201, headers=headers, content=b"0123456789")):
        assert got == Answer(
            url=ASK.url,
            status=201,
            headers={"content-type": "a/b", "retry-after": "1", "actas-entry": "x_1"},
            body=b"0123456789",
        )


async def test_what_is_too_large_is_left_as_soon_as_it_is() -> None:
    stream = Chunks(b"01234", b"56789", b"x", b"y", b"z")
    for got in await both(lambda: httpx2.Response(200, stream=stream)):
        assert isinstance(got, Answer)
        assert got.body is None
    assert stream.taken == 6


async def test_what_is_encoded_is_not_even_unpacked() -> None:
    stream = Chunks(b"\x1f\x8b")
    for got in await both(lambda: httpx2.Response(200, headers={"Content-Encoding": "gzip"}, stream=stream)):
        assert isinstance(got, Answer)
        assert got.body is None
    assert stream.taken == 0


@pytest.mark.parametrize(
    ("fault", "sent"),
    [
        (httpx2.ConnectError("secret"), False),
        (httpx2.ConnectTimeout("secret"), False),
        (httpx2.PoolTimeout("secret"), False),
        (httpx2.ProxyError("secret"), False),
        (httpx2.ReadTimeout("secret"), True),
        (httpx2.ReadError("secret"), True),
        (httpx2.WriteError("secret"), True),
        (httpx2.RemoteProtocolError("secret"), True),
        (TimeoutError("secret"), True),
    ],
    ids=lambda each: type(each).__name__,
)
async def test_a_failure_says_its_kind_and_whether_the_request_may_have_arrived(
    fault: Exception, sent: bool
) -> None:
    def fail() -> httpx2.Response:
        raise fault

    for got in await both(fail):
        assert got == Failure(detail=f"{ASK.url}: {type(fault).__name__}", sent=sent)


async def test_both_wait_as_long_as_they_are_told() -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    def flow() -> Flow[str]:
        yield Pause(7.5)
        return "done"

    assert SyncWire(None, trust_env=False, sleep=waited.append).run(flow()) == "done"
    assert await AsyncWire(None, trust_env=False, sleep=sleep).run(flow()) == "done"
    assert waited == [7.5, 7.5]


async def test_what_an_inner_flow_raises_reaches_the_outer_one() -> None:
    def inner() -> Flow[str]:
        yield Pause(0)
        raise Refused("no")

    def outer() -> Flow[str]:
        try:
            return (yield from together("k", inner))
        except Refused as no:
            return no.sentence

    async def at_once(_seconds: float) -> None:
        """Do not wait."""

    assert SyncWire(None, trust_env=False, sleep=lambda _: None).run(outer()) == "no"
    assert await AsyncWire(None, trust_env=False, sleep=at_once).run(outer()) == "no"


def test_an_answer_in_drops_is_left_at_the_deadline() -> None:
    stream = Chunks(b"0", b"1", b"2")
    with httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(200, stream=stream))) as http:
        got = SyncWire(http, trust_env=False).run(one(replace(ASK, within=-1.0)))

    assert got == Failure(detail=f"{ASK.url}: TimeoutError", sent=True)
    assert stream.taken == 1


async def test_an_async_answer_in_drops_is_left_at_the_deadline() -> None:
    async def never(_request: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(never)) as http:
        got = await AsyncWire(http, trust_env=False).run(one(replace(ASK, within=0.0)))

    assert got == Failure(detail=f"{ASK.url}: TimeoutError", sent=True)


def test_an_interrupt_is_for_the_thread_it_came_to() -> None:
    running, go = threading.Event(), threading.Event()

    def hold(_seconds: float) -> None:
        running.set()
        go.wait(10)
        raise KeyboardInterrupt

    def slow() -> Flow[str]:
        yield Pause(1)
        return "never"

    wire = SyncWire(None, trust_env=False, sleep=hold)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(wire.run, together("k", slow))
        running.wait(10)
        shared = wire._flights["k"]
        go.set()
        assert isinstance(first.exception(10), KeyboardInterrupt)
    assert isinstance(shared.exception(10), Unreachable)
    assert wire._flights == {}


def test_closing_closes_what_was_opened_and_may_be_followed_by_more() -> None:
    wire = SyncWire(None, trust_env=False)
    wire.close()  # nothing was opened
    opened = wire._http()
    wire.close()
    assert opened.is_closed
    assert not wire._http().is_closed
    wire.close()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_waits_for_no_thread_that_did_not_come_along() -> None:
    running, go = threading.Event(), threading.Event()

    def hold(_seconds: float) -> None:
        running.set()
        go.wait(30)

    def slow() -> Flow[str]:
        yield Pause(1)
        return "here"

    def quick() -> Flow[str]:
        yield Pause(0)
        return "there"

    wire = SyncWire(None, trust_env=False, sleep=hold)
    opened = wire._http()

    def there() -> None:
        go.set()  # of this process alone
        assert wire.run(together("k", quick)) == "there"
        assert wire._http() is not opened

    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(wire.run, together("k", slow))
        running.wait(10)
        with wire._lock:
            process = multiprocessing.get_context("fork").Process(target=there)
            process.start()
        process.join(10)
        process.kill()
        go.set()
        assert first.result(10) == "here"
    assert process.exitcode == 0
    assert wire._http() is opened
    wire.close()
