"""HTTP/1.1 for uvicorn's server: one connection, bounded in size and in time.

uvicorn's own protocol bounds neither a head, nor trailers, nor the time in which a request must arrive or an
answer be taken, and costs a quarter of a token exchange. What comes is read by ``reading`` and answered by
``cycle``; requests that come at once are answered in order.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from actas.web.admission import most_connections
from actas.web.alarm import Alarm
from actas.web.asgi import Application
from actas.web.bounds import KEEP_ALIVE, LINGER, MAX_AHEAD, MAX_DROPPED, MAX_UNREAD, SLOWEST
from actas.web.cycle import Cycle, refusal, scope_of
from actas.web.peer import certificate_of, end_of
from actas.web.reading import Head, Reader
from actas.web.turnstile import Sheds


class HttpConnection(asyncio.Protocol):
    """One connection. uvicorn makes it, keeps it in its state, and calls ``shutdown``.

    In this order below: what the transport calls, the reader, a cycle, the server, and the alarm.

    Args:
        sheds: asked before a request is answered; None lets every request in.

    Attributes:
        blocked: whether the peer has not read enough of what was written.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # noqa: ARG002  (uvicorn's signature)
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        sheds: Sheds | None = None,
    ) -> None:
        self.blocked = False
        self._blocked_at = 0.0
        self._application = cast("Application", config.loaded_app)  # pyright: ignore[reportUnknownMemberType]
        self._state = server_state
        self._connections = cast("set[HttpConnection]", server_state.connections)
        self._loop = _loop or asyncio.get_running_loop()
        self._transport: asyncio.Transport  # from connection_made on
        self._client: tuple[str, int] | None = None
        self._server: tuple[str, int | None] | None = None
        self._certificate: bytes | None = None
        self._reader = Reader(self, self._loop)
        self._reading: Cycle | None = None
        # The requests that are being answered: the first is at work.
        self._cycles: deque[Cycle] = deque()
        self._bad: str | None = None
        self._paused = self._eof = self._resting = self._draining = False
        self._sheds = sheds
        self._writable: asyncio.Future[None] | None = None
        self._alarm = Alarm(self._loop, self._look)
        self._rested: float | None = None
        self._ends_at: float | None = None
        self._dropped = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's do not derive from it
        self._connections.add(self)
        if len(self._connections) > most_connections():
            self._transport.abort()
            return
        self._client = end_of(transport, "peername")
        self._server = end_of(transport, "sockname")
        self._certificate = certificate_of(transport)
        self._alarm.ring_by(self._loop.time() + SLOWEST)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._connections.discard(self)
        self._alarm.cancel()
        for cycle in self._cycles:
            cycle.give_up()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        if self._bad is not None:
            return
        if self._ended:
            self._dropped += len(data)
            if self._dropped > MAX_DROPPED:
                self._transport.close()
            return
        wrong = self._reader.read(data)
        if wrong is not None:
            self._refuse(wrong)
        elif self._reader.began is not None:
            self._alarm.ring_by(self._reader.began + SLOWEST)

    def eof_received(self) -> None:
        """The caller hung up. One that only sends no more cannot be told apart from one that is gone."""
        self._eof = True
        self._hang_up()
        self._transport.close()

    def pause_writing(self) -> None:
        self.blocked = True
        self._blocked_at = self._loop.time()
        self._alarm.ring_by(self._blocked_at + SLOWEST)

    def resume_writing(self) -> None:
        self.blocked = False
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)

    def begin(self, head: Head) -> None:
        """Have a request answered, now or in its turn.

        Raises:
            ValueError: too many wait for their answers.
        """
        if self._resting:
            self._hang_up()  # told to come back later, and has sent more already
        if self._resting or len(self._cycles) >= MAX_AHEAD:
            raise ValueError("too many requests at once")
        scope = scope_of(head, client=self._client, server=self._server, certificate=self._certificate)
        keep_alive = head.keep_alive and not self._draining
        cycle = self._reading = Cycle(self, scope, keep_alive=keep_alive, expects=head.expects)
        self._cycles.append(cycle)
        if len(self._cycles) == 1:
            self._take(cycle)
        else:
            self._pause()

    def feed(self, piece: bytes) -> None:
        """Give a piece of the body to whom it belongs."""
        cycle = self._reading
        if cycle is None or cycle.complete:
            return
        cycle.feed(piece)
        if cycle.unread > MAX_UNREAD:
            self._pause()

    def end(self) -> None:
        """The body is whole."""
        if self._reading is not None:
            self._reading.end()
            self._reading = None

    @property
    def date(self) -> bytes:
        """The Date header, as a whole line; uvicorn renews it every second."""
        return b"".join([b"date: %b\r\n" % value for _, value in self._state.default_headers])

    def write(self, data: bytes) -> None:
        """Hand bytes to the transport."""
        self._transport.write(data)

    async def writable(self) -> None:
        """Return when the peer has read enough of what was written, or is gone."""
        if self.blocked:
            if self._writable is None:
                self._writable = self._loop.create_future()
            await self._writable

    def read_on(self) -> None:
        """More of a body may come."""
        if self._paused and not (self._resting or self._eof) and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def finished(self, cycle: Cycle) -> None:
        """Go on with the request after this one, or wait for it."""
        if cycle.task is not None:
            self._state.tasks.discard(cycle.task)
        self._state.total_requests += 1
        self._cycles.popleft()
        if self._ended:
            return
        if self._paused and self._reader.began is not None:
            self._reader.began = self._loop.time()  # it could not come sooner: nothing was read
            self._alarm.ring_by(self._reader.began + SLOWEST)
        if not cycle.keep_alive:
            self._hang_up()
        elif self._cycles:
            self._take(self._cycles[0])
        elif self._bad is not None:
            self._refuse(self._bad)
        else:
            self._rested = self._loop.time()
            self.read_on()

    def shutdown(self) -> None:
        """Close as soon as what came is answered, or has not come whole in time."""
        self.drain()
        if not self._cycles and self._reader.began is None:
            self._hang_up()

    def drain(self) -> None:
        """Answer at most one more request; whoever sends none is hung up on by the owner's limit."""
        self._draining = True
        if self._cycles:
            self._cycles[-1].keep_alive = False

    def _take(self, cycle: Cycle) -> None:
        """Have a request answered whose turn it is, or tell its caller to come back later and rest."""
        shed = None if self._sheds is None else self._sheds(cycle.scope)
        if shed is None:
            task = cycle.task = self._loop.create_task(cycle.run(self._application))
            self._state.tasks.add(task)
            return
        if len(self._cycles) > 1:
            cycle.keep_alive = False  # more have come already, and the same would be said to each
        cycle.turn_away(shed.headers, shed.body)
        self._pause()
        if not self._resting:
            self._resting = True
            shed.rest(self._wake)
        self.finished(cycle)

    def _wake(self) -> None:
        self._resting = False
        if not self._ended:
            self.read_on()

    def _refuse(self, sentence: str) -> None:
        """Answer 400 in its turn and close; what is being read is not understood any further."""
        if self._ended:
            return
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.give_up()
            if reading.started:
                self._hang_up()
                return
            if self._cycles[0] is not reading:
                self._cycles.remove(reading)
        if self._cycles and self._cycles[0] is not reading:
            self._bad = sentence
            self._pause()
            return
        self._transport.write(refusal(sentence, self.date))
        self._hang_up()

    @property
    def _ended(self) -> bool:
        """Whether nothing more is said on this connection."""
        return self._ends_at is not None or self._transport.is_closing()

    def _hang_up(self) -> None:
        """Close once everything is written; nothing more is said to whoever still asks."""
        if self._ended:
            return
        for cycle in self._cycles:
            cycle.give_up()
        # Closing on a body that is still coming would reset the connection, and the answer be lost on its
        # way: what comes is dropped until the caller has read it and hangs up.
        lingers = self._reader.began is not None and not self._eof
        self._ends_at = self._loop.time() + (LINGER if lingers else SLOWEST)
        self._alarm.ring_by(self._ends_at)
        if lingers:
            if self._transport.can_write_eof():  # not within TLS
                self._transport.write_eof()
            self.read_on()
        else:
            self._transport.close()

    def _pause(self) -> None:
        if not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def _look(self) -> None:
        """Hang up on whoever takes too long, else look again when he would."""
        now = self._loop.time()
        limit = self._limit(now)
        if now < limit:
            self._alarm.ring_by(limit)
        elif self.blocked or self._ended:
            self._transport.abort()
        elif self._reader.began is not None:
            self._refuse("The request did not arrive in time.")
        else:
            self._hang_up()

    def _limit(self, now: float) -> float:
        """Return when the caller takes too long; while a request is at work, that is not up to the caller."""
        if self.blocked:
            return self._blocked_at + SLOWEST
        if self._ends_at is not None:
            return self._ends_at
        if any(not cycle.more for cycle in self._cycles):
            return now + SLOWEST
        if self._reader.began is not None:
            return self._reader.began + SLOWEST
        return now if self._rested is None else self._rested + KEEP_ALIVE
