"""Runs flows by blocking: the driver of the blocking client. Safe to use from several threads."""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from functools import partial
from typing import Any, Final, TypeVar
from weakref import WeakSet

import httpx2

from actas_sdk.errors import ActasError, Unreachable
from actas_sdk.flow import Answer, Ask, Call, Failure, Flow, Step, Together
from actas_sdk.wire import FAULTS, TIMEOUT, answer_of, bounded, failure_of, request_of

__all__ = ["SyncWire"]

T = TypeVar("T")
Sleep = Callable[[float], None]

_LONGEST_END: Final = 5.0
"""Seconds that closing waits for what runs beside, which may be in the middle of a request."""


class _Stopped(Exception):
    """Whoever closed the wire wants this thread to end."""


class _Beside(threading.Thread):
    """Runs a flow until it is stopped. The process does not wait for it."""

    def __init__(self, run: Callable[[_Beside], None]) -> None:
        super().__init__(name="actas-sdk", daemon=True)
        self._stopped = threading.Event()
        self._job = run

    def run(self) -> None:
        self._job(self)

    def stop(self) -> None:
        """Let it end at its next step."""
        self._stopped.set()

    def sleep(self, seconds: float) -> None:
        """Wait, or end when it was stopped.

        Raises:
            _Stopped: it was.
        """
        if self._stopped.wait(seconds):
            raise _Stopped


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
        sleep: Sleep = time.sleep,
    ) -> None:
        self._given = http
        self._trust_env = trust_env
        self._tls: ssl.SSLContext | bool = True if tls is None else tls
        self._sleep = sleep
        self._own: httpx2.Client | None = None
        self._flights: dict[Hashable, Future[Any]] = {}
        self._lock = threading.Lock()
        self._beside: _Beside | None = None
        _WIRES.add(self)

    def run(self, flow: Flow[T]) -> T:
        """Do what ``flow`` yields until it returns, and return what it returns.

        Raises:
            ActasError: what the flow raises.
        """
        return self._run(flow, sleep=self._sleep)

    def keep_running(self, flow: Callable[[], Flow[None]]) -> None:
        """Run ``flow`` in a thread of its own until this is closed, unless one does.

        Also in a process that was forked from one where it ran: threads do not come along.
        """
        if self._beside is not None and self._beside.is_alive():
            return
        with self._lock:
            if self._beside is None or not self._beside.is_alive():
                self._beside = _Beside(partial(self._run_beside, flow))
                self._beside.start()

    def forked(self) -> None:
        """Begin anew in a process that was just forked: what other threads were at ends here without them.

        Connections are let go and not closed: the other process goes on with them.
        """
        self._lock = threading.Lock()
        self._flights, self._own, self._beside = {}, None, None

    def stop(self) -> None:
        """Let what runs beside end, and then close what was opened, without waiting for it."""
        beside = self._beside
        if beside is not None and beside.is_alive():
            beside.stop()
        else:
            self._close()

    def close(self) -> None:
        """Stop what runs beside and close what was opened. It may be used again afterwards."""
        with self._lock:
            beside, self._beside = self._beside, None
        if beside is not None:
            beside.stop()
            beside.join(_LONGEST_END)
        self._close()

    def _close(self) -> None:
        with self._lock:
            own, self._own = self._own, None
        if own is not None:
            own.close()

    def _run_beside(self, flow: Callable[[], Flow[None]], thread: _Beside) -> None:
        try:
            self._run(flow(), sleep=thread.sleep)
        except _Stopped:
            self._close()

    def _run(self, flow: Flow[T], *, sleep: Sleep) -> T:
        reply: object = None
        while True:
            try:
                step = flow.send(reply)
            except StopIteration as done:
                result: T = done.value
                return result
            reply = self._do(step, sleep=sleep)

    def _do(self, step: Step, *, sleep: Sleep) -> object:
        if isinstance(step, Ask):
            return self._send(step)
        if isinstance(step, Together):
            try:
                return self._together(step.key, step.flow)
            except ActasError as problem:
                return problem
        if isinstance(step, Call):
            return step.function()
        sleep(step.seconds)
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
                        if time.monotonic() - started > ask.within:
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


_WIRES: Final[WeakSet[SyncWire]] = WeakSet()
"""Every wire of this process, for one that is forked from it."""


def _forked() -> None:
    for wire in list(_WIRES):
        wire.forked()


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_forked)
