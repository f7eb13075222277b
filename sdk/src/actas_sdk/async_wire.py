"""Runs flows by awaiting: the driver of the async client."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Hashable
from contextlib import aclosing
from contextvars import Context
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

import httpx2

from actas_sdk.errors import ActasError, Unreachable
from actas_sdk.flow import Answer, Ask, Call, Failure, Flow, Step, Together
from actas_sdk.wire import FAULTS, TIMEOUT, answer_of, bounded, failure_of, request_of

__all__ = ["AsyncWire"]

T = TypeVar("T")


@dataclass(slots=True)
class _Here:
    """What belongs to one event loop: connections and tasks cannot leave the loop they were made in."""

    http: httpx2.AsyncClient | None = None
    flights: dict[Hashable, asyncio.Task[Any]] = field(default_factory=dict[Hashable, asyncio.Task[Any]])
    beside: asyncio.Task[None] | None = None


class AsyncWire:
    """One way out, and one flight for those who want the same thing at the same time.

    Args:
        http: the client to send through, which stays the caller's to close; None opens one when
            it is first needed.
        trust_env: whether a client of ours obeys proxy settings in the environment.
        tls: how a client of ours speaks TLS; None as usual.
        sleep: waits this many seconds.
    """

    def __init__(
        self,
        http: httpx2.AsyncClient | None,
        *,
        trust_env: bool,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._given = http
        self._trust_env = trust_env
        self._tls: ssl.SSLContext | bool = True if tls is None else tls
        self._sleep = sleep
        self._by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, _Here] = WeakKeyDictionary()

    async def run(self, flow: Flow[T]) -> T:
        """Do what ``flow`` yields until it returns, and return what it returns.

        Raises:
            ActasError: what the flow raises.
        """
        reply: object = None
        while True:
            try:
                step = flow.send(reply)
            except StopIteration as done:
                result: T = done.value
                return result
            reply = await self._do(step)

    def keep_running(self, flow: Callable[[], Flow[None]]) -> None:
        """Run ``flow`` in a task of its own until this is closed in this event loop, unless one does."""
        here = self._here()
        if here.beside is None or here.beside.done():
            # Not in the context of the request that happened to be the first.
            here.beside = asyncio.create_task(self.run(flow()), name="actas-sdk", context=Context())

    def stop(self) -> None:
        """Let what runs beside end, in every event loop, without waiting for it. Also from another thread."""
        for loop, here in list(self._by_loop.items()):
            if here.beside is not None and not loop.is_closed():
                with contextlib.suppress(RuntimeError):  # closed since
                    loop.call_soon_threadsafe(here.beside.cancel)

    async def aclose(self) -> None:
        """Stop what is in flight and close what was opened, in this event loop. It may be used again."""
        here = self._by_loop.pop(asyncio.get_running_loop(), _Here())
        tasks = [*here.flights.values(), *([] if here.beside is None else [here.beside])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if here.http is not None:
            await here.http.aclose()

    async def _do(self, step: Step) -> object:
        if isinstance(step, Ask):
            return await self._send(step)
        if isinstance(step, Together):
            try:
                return await self._together(step.key, step.flow)
            except ActasError as problem:
                return problem
        if isinstance(step, Call):
            found: object = step.function()
            return await cast("Awaitable[object]", found) if isinstance(found, Awaitable) else found
        await self._sleep(step.seconds)
        return None

    async def _together(self, key: Hashable, flow: Callable[[], Flow[Any]]) -> object:
        """Run ``flow``, or wait for the same one that is already running.

        It runs in a task of its own: whoever asked first may give up, and the others still get
        their answer.
        """
        flights = self._here().flights
        task = flights.get(key)
        if task is None:
            task = flights[key] = asyncio.create_task(self.run(flow()))
            task.add_done_callback(lambda done: _landed(flights, key, done))
        await asyncio.wait({task})
        if task.cancelled():
            raise Unreachable("the client was closed while it waited")
        return task.result()

    async def _send(self, ask: Ask) -> Answer | Failure:
        try:
            async with asyncio.timeout(ask.within):
                http = self._http()
                response = await http.send(
                    request_of(http, ask), stream=True, auth=None, follow_redirects=False
                )
                try:
                    body = bounded(response, largest=ask.largest)
                    if body is not None:
                        async with aclosing(response.aiter_bytes()) as chunks:
                            async for chunk in chunks:
                                if not body.take(chunk):
                                    break
                finally:
                    await response.aclose()
            return answer_of(response, ask, body)
        except FAULTS as fault:
            return failure_of(fault, ask)

    def _http(self) -> httpx2.AsyncClient:
        if self._given is not None:
            return self._given
        here = self._here()
        if here.http is None:
            here.http = httpx2.AsyncClient(timeout=TIMEOUT, trust_env=self._trust_env, verify=self._tls)
        return here.http

    def _here(self) -> _Here:
        return self._by_loop.setdefault(asyncio.get_running_loop(), _Here())


def _landed(flights: dict[Hashable, asyncio.Task[Any]], key: Hashable, task: asyncio.Task[Any]) -> None:
    del flights[key]
    if not task.cancelled():
        task.exception()  # seen, also when everybody who waited has left
