"""What a caller gets when the code behind the protocol fails, or does not keep to ASGI (SEC-04)."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from typing import TypeVar

import pytest
from tests.fakes.wire import Line, Reply, request

from actas.web.asgi import Application, Receive, Scope, Send
from actas.web.server import Listener, listen, serve

Found = TypeVar("Found")

LENGTH_2 = [(b"content-length", b"2")]


async def fails(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise RuntimeError("a secret")


async def says_nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    return


async def fails_once_begun(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": LENGTH_2})
    raise RuntimeError("a secret")


async def splits_a_header(_scope: Scope, _receive: Receive, send: Send) -> None:
    headers = [*LENGTH_2, (b"x", b"a\r\nset-cookie: b")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


async def says_too_much(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": LENGTH_2})
    await send({"type": "http.response.body", "body": b"okay"})


async def says_too_little(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": LENGTH_2})
    await send({"type": "http.response.body", "body": b"o"})


async def begins_twice(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": LENGTH_2})
    await send({"type": "http.response.start", "status": 200, "headers": LENGTH_2})


async def ends_without_beginning(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.body", "body": b"ok"})


async def breaks_off(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": LENGTH_2})
    await send({"type": "http.response.body", "body": b"o", "more_body": True})
    raise RuntimeError("a secret")


async def comes_in_parts(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": LENGTH_2})
    await send({"type": "http.response.body", "body": b"o", "more_body": True})
    await send({"type": "http.response.body", "body": b"k"})


@pytest.mark.requirement("SEC-04")
@pytest.mark.parametrize(
    "application",
    [
        fails,
        says_nothing,
        fails_once_begun,
        splits_a_header,
        says_too_much,
        says_too_little,
        begins_twice,
        ends_without_beginning,
    ],
)
async def test_a_failure_is_a_500_that_says_nothing_and_the_last_answer(application: Application) -> None:
    def ask(line: Line) -> Reply:
        line.send(request("GET", "/"))
        reply = line.reply()
        assert line.ended()
        return reply

    reply = await served(application, ask)
    assert (reply.status, reply.body) == (500, b'{"error":"server_error"}')
    assert reply.header("connection") == "close"
    assert reply.header("set-cookie") is None


@pytest.mark.requirement("SEC-04")
async def test_an_answer_that_breaks_off_is_seen_to_be_incomplete() -> None:
    def ask(line: Line) -> None:
        line.send(request("GET", "/"))
        with pytest.raises(ConnectionError):
            line.reply()

    await served(breaks_off, ask)


async def test_an_answer_may_come_in_parts() -> None:
    def ask(line: Line) -> list[bytes]:
        line.send(request("GET", "/") * 2)
        return [line.reply().body for _ in range(2)]

    assert await served(comes_in_parts, ask) == [b"ok", b"ok"]


async def served(application: Application, ask: Callable[[Line], Found]) -> Found:
    """Serve an application on a socket of its own while ``ask`` talks to it."""
    listening = listen("127.0.0.1", 0)
    ready = asyncio.Event()
    serving = asyncio.create_task(
        serve([Listener(application, listening)], ready=ready.set, on_hangup=_nothing)
    )
    await ready.wait()
    try:
        with Line(listening.getsockname()[1], timeout=5) as line:
            return await asyncio.to_thread(ask, line)
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        await serving


async def _nothing() -> None:
    return
