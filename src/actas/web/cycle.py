"""One request and its answer: what an application sees of a connection, as ASGI has it.

An answer states its length. Its head leaves together with the first part of its body, in one write.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Final, Protocol

import structlog

from actas.web.asgi import CERTIFICATE, Application, Headers, Message, Scope
from actas.web.reading import Head

FAILED: Final = b'{"error":"server_error"}'
"""What a caller hears when an application failed before it answered (SEC-04)."""

_STATUS: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode("ascii") for status in HTTPStatus
}
_NO_BODY: Final[Message] = {"type": "http.disconnect"}

_log = structlog.get_logger("actas.web")


class Connection(Protocol):
    """What a cycle needs of its connection."""

    @property
    def date(self) -> bytes:
        """The Date header, as a whole line."""
        ...

    def write(self, data: bytes) -> None:
        """Hand bytes to the transport."""
        ...

    @property
    def blocked(self) -> bool:
        """Whether the peer has not read enough of what was written."""
        ...

    async def writable(self) -> None:
        """Return when it has."""
        ...

    def read_on(self) -> None:
        """More of a body may come."""
        ...

    def finished(self, cycle: Cycle) -> None:
        """The application has returned."""
        ...


class Cycle:
    """A request that was begun, and its answer.

    Args:
        scope: of ASGI.
        keep_alive: whether the caller may send another request after this one.
        expects: whether the caller waits for ``100 Continue`` before it sends the body.

    Attributes:
        task: the application at work, once it is.
        gone: whether the caller hung up or was hung up on; nothing is sent then.
        started: whether a part of the answer was handed to the transport.
        complete: whether all of it was.
        unread: bytes of the body that the application has not taken yet.
    """

    __slots__ = (
        "_connection",
        "_expects",
        "_head",
        "_left",
        "_pieces",
        "_waiting",
        "complete",
        "gone",
        "keep_alive",
        "more",
        "scope",
        "started",
        "task",
        "unread",
    )

    def __init__(self, connection: Connection, scope: Scope, *, keep_alive: bool, expects: bool) -> None:
        self._connection = connection
        self._expects = expects
        self._head = b""
        self._left = 0
        self._pieces: list[bytes] = []
        self._waiting: asyncio.Future[None] | None = None
        # Asked before an answer counts as delivered: one to a caller who hung up is dropped in silence.
        scope["extensions"] = {"actas.gone": self.is_gone}
        self.scope = scope
        self.keep_alive = keep_alive
        self.more = True
        self.unread = 0
        self.started = False
        self.complete = False
        self.gone = False
        self.task: asyncio.Task[None] | None = None

    async def run(self, application: Application) -> None:
        """Have the application answer. Whatever it does, the caller is not left waiting."""
        try:
            await application(self.scope, self.receive, self.send)
        except asyncio.CancelledError:
            self.keep_alive = False
        except Exception:  # noqa: BLE001  (logged with its traceback, answered with none)
            # Never a stack trace to the caller (SEC-04); the log has it.
            _log.exception("request failed", path=self.scope["path"])
            self._fail()
        else:
            if not self.complete and not self.gone:
                _log.error("a request was not answered", path=self.scope["path"])
                self._fail()
        finally:
            self._connection.finished(self)

    async def receive(self) -> Message:
        """Return what has come of the body since the last call; wait when nothing has."""
        if not self._pieces and self.more and not self.gone and not self.complete:
            if self._expects:
                self._expects = False
                self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._connection.read_on()
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
            self._waiting = None
        if self.gone or self.complete:
            return _NO_BODY
        pieces = self._pieces
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        self._pieces = []
        self.unread = 0
        return {"type": "http.request", "body": body, "more_body": self.more}

    async def send(self, message: Message) -> None:
        """Send a part of the answer.

        Raises:
            RuntimeError: the application does not keep to ASGI, or to the length that it stated.
        """
        if self.gone:
            return
        if message["type"] == "http.response.start":
            if self._head or self.started:
                raise RuntimeError("an answer was begun twice")
            self._head = self._begin(message["status"], message["headers"])
            return
        if self.complete or not (self._head or self.started):
            raise RuntimeError("a part of an answer that was not begun, or was complete")
        if self._connection.blocked:
            await self._connection.writable()
            if self.is_gone():
                return
        body: bytes = message.get("body", b"")
        more: bool = message.get("more_body", False)
        if self.scope["method"] == "HEAD":
            body, self._left = b"", 0
        self._left -= len(body)
        if self._left < 0 or (self._left and not more):
            raise RuntimeError("an answer is not as long as it says")
        self.started, self.complete = True, not more
        head, self._head = self._head, b""
        self._connection.write(head + body)

    def turn_away(self, headers: Headers, body: bytes) -> None:
        """Answer 503 in the place of the application; what comes of the body is dropped."""
        self._connection.write(self._begin(503, headers) + body)
        self.started = self.complete = True

    def is_gone(self) -> bool:
        """Whether the caller hung up."""
        return self.gone

    def feed(self, piece: bytes) -> None:
        """Take a piece of the body."""
        self._expects = False
        self._pieces.append(piece)
        self.unread += len(piece)
        self.ring()

    def end(self) -> None:
        """The body is whole."""
        self.more = False
        self.ring()

    def give_up(self) -> None:
        """The caller is gone."""
        self.gone = True
        self.ring()

    def ring(self) -> None:
        """Wake the application that waits for the body."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _begin(self, status: int, headers: Headers) -> bytes:
        if self._expects and self.more:
            # The body was neither asked for nor sent, and may or may not come: no other request can follow.
            self.keep_alive = False
        self._left = int(dict(headers).get(b"content-length", b"0"))
        fields = b"".join([b"%b: %b\r\n" % field for field in headers])
        end = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
        head = b"".join((_STATUS[status], self._connection.date, fields, end))
        lines = len(headers) + (3 if self.keep_alive else 4)
        if head.count(b"\n") != lines or head.count(b"\r") != lines:
            raise RuntimeError("a header is not one line")
        return head

    def _fail(self) -> None:
        """Answer that it failed, or break off an answer that was begun."""
        self.keep_alive = False
        if self.gone or self.complete:
            return
        if not self.started:
            length = b"%d" % len(FAILED)
            head = self._begin(500, [(b"content-type", b"application/json"), (b"content-length", length)])
            self._connection.write(head + FAILED)
            self.started = self.complete = True


def refusal(sentence: str, date: bytes) -> bytes:
    """Return the whole answer to what is not a request, after which the connection ends."""
    return b"".join(
        [
            _STATUS[400],
            date,
            b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n" % len(sentence),
            b"connection: close\r\n\r\n",
            sentence.encode("ascii"),
        ]
    )


def scope_of(
    head: Head,
    *,
    client: tuple[str, int] | None,
    server: tuple[str, int | None] | None,
    certificate: bytes | None = None,
) -> dict[str, Any]:
    """Return the scope of a request (ASGI 3.0, HTTP 2.3).

    Args:
        certificate: the peer's certificate in DER, which the gate passes on unless the peer is a proxy.
    """
    return {
        "type": "http",
        "asgi": _ASGI,
        "http_version": head.version,
        "method": head.method,
        "scheme": "http",
        "path": head.path,
        "raw_path": head.raw_path,
        "query_string": head.query,
        "root_path": "",
        "headers": head.headers,
        "client": client,
        "server": server,
        CERTIFICATE: certificate,
    }


_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}
