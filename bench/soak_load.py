"""Callers who ask at a steady rate, and what they met: counted by the minute, so that days fit in memory.

Every token that arrives is remembered by its ``jti`` until it was compared with the log, and every third is
checked as an API would, by a verifier of the SDK that keeps the key set.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fakes.nginx import HOST, Nginx
from tests.fakes.wire import FORM, encoded, request

from actas.crypto import jose
from actas_sdk import InvalidToken, Verifier
from bench.measure import percentile

CALLERS: Final = 32
PATIENCE: Final = 30.0
"""Seconds after which a caller gives up: far more than anything here may take."""

FALLEN_BEHIND: Final = 2.0
"""Seconds after which what should have been asked meanwhile is not asked any more."""

CHECK_EVERY: Final = 3


@dataclass(slots=True)
class Minute:
    """What was met in one minute.

    Attributes:
        met: how many requests ended how.
        p50: milliseconds of a granted request; ``p99`` likewise.
    """

    number: int
    met: Counter[str] = field(default_factory=Counter[str])
    p50: float = 0.0
    p99: float = 0.0
    _latencies: list[float] = field(default_factory=list[float])

    def add(self, how: str, took: float) -> None:
        """Count one request."""
        self.met[how] += 1
        if how == GRANTED:
            self._latencies.append(took * 1e3)

    def close(self) -> None:
        """Keep two figures in the place of many."""
        latencies = sorted(self._latencies)
        if latencies:
            self.p50, self.p99 = percentile(latencies, 0.5), percentile(latencies, 0.99)
        self._latencies = []


GRANTED: Final = "granted"
Forms = Callable[[int], Mapping[str, Any]]


class Load:
    """Asks by way of the proxy.

    Args:
        proxy: where.
        forms: makes the form of the n-th request.
        verifiers: by audience, who check some of the tokens.
        minute: seconds that are counted together.

    Attributes:
        minutes: what was met, minute by minute.
        failed: every request that was not granted: when, in seconds from the beginning, and how it ended.
        pending: the ``jti`` of every token that arrived since the last comparison.
        doubled: those that came twice.
        checked: how many tokens a verifier was shown.
        unverified: when a verifier refused a token, and what it said.
        kids: how many tokens each key signed.
        skipped: requests that were due and not sent, because every caller waited.
    """

    def __init__(
        self, proxy: Nginx, forms: Forms, *, verifiers: Mapping[str, Verifier], minute: float
    ) -> None:
        self._proxy = proxy
        self.forms = forms
        self._verifiers = verifiers
        self._minute = minute
        self._began = time.monotonic()
        self._number = 0
        self.minutes = [Minute(1)]
        self.failed: list[tuple[float, str]] = []
        self.pending: set[str] = set()
        self.doubled: list[str] = []
        self.checked = 0
        self.unverified: list[tuple[float, str]] = []
        self.kids: Counter[str] = Counter()
        self.skipped = 0

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    def total(self) -> Counter[str]:
        """Return how many requests ended how."""
        return sum((minute.met for minute in self.minutes), Counter[str]())

    def begin(self) -> None:
        """Count the time from now."""
        self._began = time.monotonic()

    def take(self) -> set[str]:
        """Return the tokens that arrived since this was asked last."""
        taken, self.pending = self.pending, set()
        return taken

    async def ask(self, *, stop: asyncio.Event, rate: float | None) -> None:
        """Ask until ``stop`` is set.

        Args:
            rate: requests a second of all callers together; None asks as soon as one was answered.
        """
        pace = Pace(rate, stop)
        await asyncio.gather(*(self._caller(pace) for _ in range(CALLERS)))
        self.skipped += pace.skipped

    async def _caller(self, pace: Pace) -> None:
        while not pace.stop.is_set():
            writer: asyncio.StreamWriter | None = None
            try:
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", self._proxy.port, ssl=self._proxy.tls, server_hostname=HOST
                )
                while await pace.turn():
                    if await self._one(reader, writer):
                        break
            except OSError as refused:
                self._count(f"no connection ({type(refused).__name__})", 0.0)
                await asyncio.sleep(0.1)
            finally:
                if writer is not None:
                    writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Send one request; return whether the connection is over."""
        self._number += 1
        body = encoded(self.forms(self._number))
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                writer.write(request("POST", "/token", headers={"Content-Type": FORM}, body=body))
                status, headers, said = await _answer(reader)
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as ended:
            self._count(f"no answer ({type(ended).__name__})", 0.0)
            return True
        took = time.monotonic() - began  # without what is done with the answer here
        self._count(await self._judged(status, said), took)
        return headers.get("connection") == "close"

    async def _judged(self, status: int, said: bytes) -> str:
        """Return how a request ended, and keep its token."""
        if status == 200:
            await self._keep(str(json.loads(said)["access_token"]))
            return GRANTED
        with contextlib.suppress(ValueError):
            return f"{status} {str(json.loads(said).get('error_uri')).rpartition('#')[2]}"
        return f"{status} from the proxy"

    async def _keep(self, token: str) -> None:
        jws = jose.parse(token)
        claims = jws.unverified_claims
        self.kids[str(jws.unverified_kid)] += 1
        name = str(claims["jti"])
        if name in self.pending:
            self.doubled.append(name)
        self.pending.add(name)
        verifier = self._verifiers.get(str(claims["aud"]))
        if verifier is not None and self._number % CHECK_EVERY == 0:
            self.checked += 1
            try:
                await verifier.check_token(token)
            except InvalidToken as refused:
                self.unverified.append((self.now, str(refused)))

    def _count(self, how: str, took: float) -> None:
        now = self.now
        number = int(now / self._minute) + 1
        if number > self.minutes[-1].number:
            self.minutes[-1].close()
            self.minutes.append(Minute(number))
        self.minutes[-1].add(how, took)
        if how != GRANTED:
            self.failed.append((now, how))


class Pace:
    """Gives callers their turns at a steady rate.

    Args:
        rate: turns a second; None gives one whenever it is asked for.
        stop: set when there are no more.
    """

    def __init__(self, rate: float | None, stop: asyncio.Event) -> None:
        self._every = None if rate is None else 1 / rate
        self._next = time.monotonic()
        self.stop = stop
        self.skipped = 0

    async def turn(self) -> bool:
        """Wait for the next turn; whether there is one."""
        if self._every is not None:
            now = time.monotonic()
            if now - self._next > FALLEN_BEHIND:
                missed = int((now - self._next) / self._every)
                self._next += missed * self._every
                self.skipped += missed
            due, self._next = self._next, self._next + self._every
            if due > now:
                await asyncio.sleep(due - now)
        return not self.stop.is_set()


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    return int(head[0].split(" ")[1]), headers, await reader.readexactly(int(headers["content-length"]))
