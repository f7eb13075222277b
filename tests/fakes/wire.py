"""HTTP/1.1 byte by byte, over a real socket: what a well-behaved client library would not send."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode

FORM: Final = "application/x-www-form-urlencoded"
PATIENCE: Final = 20.0
"""Seconds after which a test gives up waiting."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    Attributes:
        headers: in order, names in lower case.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the one value of a header, or None."""
        found = [value for key, value in self.headers if key == name]
        assert len(found) <= 1, self.headers
        return found[0] if found else None

    @property
    def json(self) -> dict[str, Any]:
        """The JSON object in the body."""
        found = json.loads(self.body)
        assert isinstance(found, dict)
        return found

    @property
    def reason(self) -> str:
        """The word at the end of an error's ``error_uri``."""
        return str(self.json["error_uri"]).rpartition("#")[2]


class Line:
    """A connection.

    Args:
        port: of 127.0.0.1.
        source: the address to come from; any of 127.0.0.0/8 will do.
        tls: speak TLS, to a server that is ``localhost``.
    """

    def __init__(
        self,
        port: int,
        *,
        source: str = "127.0.0.1",
        timeout: float = PATIENCE,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        plain = socket.create_connection(("127.0.0.1", port), timeout=timeout, source_address=(source, 0))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = plain if tls is None else tls.wrap_socket(plain, server_hostname="localhost")
        self._read = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._read.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        """Send exactly these bytes."""
        self.socket.sendall(data)

    def reply(self, *, head: bool = False) -> Reply:
        """Read one answer.

        Args:
            head: it answers a HEAD, so nothing follows its headers.

        Raises:
            ConnectionError: the connection ended before a whole one came.
        """
        while True:
            status, headers = self._head()
            if status >= 200:
                break
        length = dict(headers).get("content-length", "0")
        body = b"" if head else self._read.read(int(length))
        if not head and len(body) < int(length):
            raise ConnectionError("the connection ended within a body")
        return Reply(status, headers, body)

    def ended(self) -> bool:
        """Wait until the other side hangs up; whether it said nothing more before."""
        try:
            return self._read.read(1) == b""
        except ConnectionError:
            return True

    def _head(self) -> tuple[int, tuple[tuple[str, str], ...]]:
        lines: list[str] = []
        while (line := self._read.readline()) not in (b"\r\n", b""):
            lines.append(line.decode("latin-1").rstrip("\r\n"))
        if not lines:
            raise ConnectionError("the connection ended before an answer")
        headers = [line.partition(":") for line in lines[1:]]
        return int(lines[0].split(" ")[1]), tuple((name.lower(), value.strip()) for name, _, value in headers)


def request(
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    body: bytes | None = None,
    host: str | None = "localhost",
) -> bytes:
    """Return one request. Its length is stated when it has a body and no header states it otherwise."""
    pairs = [*(headers.items() if isinstance(headers, Mapping) else headers)]
    names = {name.lower() for name, _ in pairs}
    if host is not None and "host" not in names:
        pairs.insert(0, ("Host", host))
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        pairs.append(("Content-Length", str(len(body))))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in pairs), "", ""]
    return "\r\n".join(lines).encode("latin-1") + (body or b"")


def encoded(form: Mapping[str, Any] | Iterable[tuple[str, Any]] | bytes | str) -> bytes:
    """Return a form as bytes; what is written already stays as it is."""
    if isinstance(form, bytes):
        return form
    if isinstance(form, str):
        return form.encode()
    pairs = [*(form.items() if isinstance(form, Mapping) else form)]
    return urlencode([(name, value) for name, value in pairs if value is not None], doseq=True).encode()


def ask(
    port: int,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    body: bytes | None = None,
    source: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
) -> Reply:
    """Send one request on a connection of its own and return the answer."""
    with Line(port, source=source, tls=tls) as line:
        line.send(request(method, target, headers=headers, body=body))
        return line.reply(head=method == "HEAD")
