"""Runs flows by awaiting: the driver of the async client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

import httpx2

from actas_sdk.errors import ActasError, Unreachable
from actas_sdk.flow import Answer, Ask, Failure, Flow, Step, Together
from actas_sdk.wire import DEADLINE, FAULTS, TIMEOUT, answer_of, bounded, failure_of, request_of

__all__ = ["AsyncWire"]

T = TypeVar("T")


class AsyncWire:
    """One way out, and one flight for those who want the same thing at the same time.

    Args:
        http: the client to send through, which stays the caller's to close; None opens one when
            it is first needed.
        trust_env: whether a client of ours obeys proxy settings in the environment.
        sleep: waits this many seconds.
    """

    def __init__(
        self,
        http: httpx2.AsyncClient | None,
        *,
        trust_env: bool,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._given = http
        self._trust_env = trust_env
        self._sleep = sleep
        self._own: tuple[asyncio.AbstractEventLoop, httpx2.AsyncClient] | None = None
        self._flights: dict[Hashable, asyncio.Task[Any]] = {}

    async def run(self, flow: Flow[T]) -> T:
        """Do what ``flow`` yields until it returns, and return what it returns.

        Raises:
            ActasError: what the flow raises.
        """
        reply: object = None
        error: ActasError | None = None
        while True:
            try:
                step = flow.throw(error) if error is not None else flow.send(reply)
            except StopIteration as done:
                result: T = done.value
                return result
            reply = error = None
            try:
                reply = await self._do(step)
            except ActasError as problem:
                error = problem

    async def aclose(self) -> None:
        """Stop what is in flight and close what was opened. It may be used again afterwards."""
        flights, self._flights = list(self._flights.values()), {}
        here = asyncio.get_running_loop()
        for task in flights:
            if task.get_loop() is here:
                task.cancel()
        if self._own is not None:
            loop, http = self._own
            self._own = None
            # What belongs to a loop that is gone is closed with it.
            if loop is here:
                await http.aclose()

    async def _do(self, step: Step) -> object:
        if isinstance(step, Ask):
            return await self._send(step)
        if isinstance(step, Together):
            return await self._together(step.key, step.flow)
        await self._sleep(step.seconds)
        return None

    async def _together(self, key: Hashable, flow: Callable[[], Flow[Any]]) -> object:
        """Run ``flow``, or wait for the same one that is already running.

        It runs in a task of its own: whoever asked first may give up, and the others still get
        their answer.
        """
        task = self._flights.get(key)
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            task = asyncio.create_task(self.run(flow()))
            self._flights[key] = task
            task.add_done_callback(lambda done: self._landed(key, done))
        await asyncio.wait({task})
        if task.cancelled():
            raise Unreachable("the client was closed while it waited")
        return task.result()

    def _landed(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        if self._flights.get(key) is task:
            del self._flights[key]
        if not task.cancelled():
            task.exception()  # seen, also when everybody who waited has left

    async def _send(self, ask: Ask) -> Answer | Failure:
        try:
            async with asyncio.timeout(DEADLINE):
                http = self._http()
                response = await http.send(
                    request_of(http, ask), stream=True, auth=None, follow_redirects=False
                )
                try:
                    body = bounded(response, largest=ask.largest)
                    if body is not None:
                        async for chunk in response.aiter_bytes():
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
        here = asyncio.get_running_loop()
        if self._own is None or self._own[0] is not here:
            self._own = (here, httpx2.AsyncClient(timeout=TIMEOUT, trust_env=self._trust_env))
        return self._own[1]
