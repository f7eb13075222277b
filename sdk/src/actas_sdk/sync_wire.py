"""Runs flows by blocking: the driver of the blocking client. Safe to use from several threads."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar

import httpx2

from actas_sdk.errors import ActasError, Unreachable
from actas_sdk.flow import Answer, Ask, Call, Failure, Flow, Step, Together
from actas_sdk.wire import DEADLINE, FAULTS, TIMEOUT, answer_of, bounded, failure_of, request_of

__all__ = ["SyncWire"]

T = TypeVar("T")


class SyncWire:
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
        http: httpx2.Client | None,
        *,
        trust_env: bool,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._given = http
        self._trust_env = trust_env
        self._tls: ssl.SSLContext | bool = True if tls is None else tls
        self._sleep = sleep
        self._own: httpx2.Client | None = None
        self._flights: dict[Hashable, Future[Any]] = {}
        self._lock = threading.Lock()

    def run(self, flow: Flow[T]) -> T:
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
            reply = self._do(step)

    def close(self) -> None:
        """Close what was opened. It may be used again afterwards."""
        with self._lock:
            own, self._own = self._own, None
        if own is not None:
            own.close()

    def _do(self, step: Step) -> object:
        if isinstance(step, Ask):
            return self._send(step)
        if isinstance(step, Together):
            try:
                return self._together(step.key, step.flow)
            except ActasError as problem:
                return problem
        if isinstance(step, Call):
            return step.function()
        self._sleep(step.seconds)
        return None

    def _together(self, key: Hashable, flow: Callable[[], Flow[Any]]) -> object:
        """Run ``flow`` in this thread, or wait for the thread that already runs the same one."""
        with self._lock:
            flight = self._flights.get(key)
            first = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        if not first:
            return flight.result()
        try:
            result = self.run(flow())
        except BaseException as problem:
            self._land(key)
            # An interrupt is for the thread it came to; the others learn only that no answer came.
            stopped = Unreachable("whoever asked first was stopped")
            flight.set_exception(problem if isinstance(problem, ActasError) else stopped)
            raise
        self._land(key)
        flight.set_result(result)
        return result

    def _land(self, key: Hashable) -> None:
        with self._lock:
            del self._flights[key]

    def _send(self, ask: Ask) -> Answer | Failure:
        started = time.monotonic()
        try:
            http = self._http()
            response = http.send(request_of(http, ask), stream=True, auth=None, follow_redirects=False)
            try:
                body = bounded(response, largest=ask.largest)
                if body is not None:
                    for chunk in response.iter_bytes():
                        if not body.take(chunk):
                            break
                        if time.monotonic() - started > DEADLINE:
                            raise TimeoutError
            finally:
                response.close()
            return answer_of(response, ask, body)
        except FAULTS as fault:
            return failure_of(fault, ask)

    def _http(self) -> httpx2.Client:
        if self._given is not None:
            return self._given
        with self._lock:
            if self._own is None:
                self._own = httpx2.Client(timeout=TIMEOUT, trust_env=self._trust_env, verify=self._tls)
            return self._own
