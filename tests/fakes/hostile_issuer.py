"""An identity provider that does whatever a test tells it to, on a real socket.

It signs anything, serves any discovery document and any key set, redirects, stalls, drips, never ends,
sends gzip bombs, changes its keys, and remembers every request it was sent::

    async with HostileIssuer() as idp:
        token = idp.token({"sub": "a-17", "aud": "https://sts.acme.example"})
        idp.answers["/jwks"] = stall()
        assert idp.count("/jwks") == 0
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import ssl
import struct
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

from tests.fakes.forge import Algorithm, SigningKey, forge
from tests.fakes.turns import settled

DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/jwks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, byte for byte.

    Attributes:
        content_type: None sends none.
        pace: ``whole`` at once; ``drip`` a byte every ``interval`` seconds; ``endless`` the body over
            and over; ``stall`` nothing, ever; ``cut`` half of the body and then the end; ``reset`` half of
            the body and then a broken connection.
    """

    body: bytes = b"{}"
    status: int = 200
    content_type: str | None = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    pace: Literal["whole", "drip", "endless", "stall", "cut", "reset"] = "whole"
    interval: float = 0.01


def document(value: object) -> Answer:
    """Answer with a JSON document."""
    return Answer(body=json.dumps(value).encode())


def redirect(status: int, location: str) -> Answer:
    """Send the caller elsewhere."""
    return Answer(status=status, headers=(("Location", location),))


def stall() -> Answer:
    """Accept the request and never answer."""
    return Answer(pace="stall")


def drip(body: bytes, *, interval: float = 0.01) -> Answer:
    """Answer one byte at a time, so that no single read is late."""
    return Answer(body=body, pace="drip", interval=interval)


def endless(chunk: bytes = b" " * 65536) -> Answer:
    """Answer without end."""
    return Answer(body=chunk, pace="endless")


def gzip_bomb(size: int = 64 * 1024 * 1024) -> Answer:
    """A few kilobytes that become ``size`` bytes when unpacked."""
    return Answer(body=gzip.compress(b" " * size, 9), headers=(("Content-Encoding", "gzip"),))


@dataclass(frozen=True, slots=True)
class Seen:
    """A request the issuer was sent.

    Attributes:
        headers: names in lower case.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


class HostileIssuer:
    """A server on loopback, open while the context is.

    Args:
        host: the host of its addresses; the socket is on 127.0.0.1 whatever it says.
        algorithm: of its first key.
        path: what follows the host in ``issuer``.
        tls: serves https with this server-side context.
        now: the time by which its tokens are dated.

    Attributes:
        keys: its signing keys, the newest first; ``/jwks`` publishes them all.
        discovery: members of its discovery document that differ from honest ones; ``...`` leaves out.
        answers: answers by path (without query), in front of the honest ones.
        requests: everything it was asked.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        algorithm: Algorithm = "ES256",
        path: str = "",
        tls: ssl.SSLContext | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.host = host
        self.path = path
        self.port = 0
        self.keys = [SigningKey.generate(algorithm)]
        self.discovery: dict[str, Any] = {}
        self.answers: dict[str, Answer] = {}
        self.requests: list[Seen] = []
        self._tls = tls
        self._now = now
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def origin(self) -> str:
        """``scheme://host:port``."""
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    @property
    def issuer(self) -> str:
        """Its ``iss``."""
        return self.origin + self.path

    @property
    def jwks_uri(self) -> str:
        """Where its keys are."""
        return self.origin + KEYS

    def count(self, path: str | None = None) -> int:
        """How many requests it was sent, to one path or at all."""
        return sum(path is None or seen.target.partition("?")[0] == path for seen in self.requests)

    def add_key(self, algorithm: Algorithm = "ES256", *, kid: str | None = "", slot: int = 0) -> SigningKey:
        """Publish one more key and sign with it from now on."""
        key = SigningKey.generate(algorithm, kid=kid, slot=slot)
        self.keys.insert(0, key)
        return key

    def change_keys(self) -> SigningKey:
        """Throw every key away and start over with another."""
        self.keys = []
        return self.add_key()

    def token(
        self,
        claims: Mapping[str, Any] | bytes | None = None,
        *,
        headers: Mapping[str, Any] | bytes | None = None,
        key: SigningKey | bytes | None = None,
        alg: str | None = None,
        omit: Collection[str] = (),
    ) -> str:
        """Return a token.

        Args:
            claims: put over honest ``iss``, ``sub``, ``iat``, ``exp`` and ``jti``; or the payload's bytes.
            headers: put over an honest header, ``...`` leaves a member out; or the header's bytes.
            key: what signs; its newest key when left out. Bytes are an HMAC secret or the signature.
            alg: what the header claims; ``none`` and ``HS256`` are also done.
            omit: claims to leave out.
        """
        if isinstance(claims, bytes):
            payload: Mapping[str, Any] | bytes = claims
        else:
            now = int(self._now())
            honest = {
                "iss": self.issuer,
                "sub": "a-17",
                "iat": now,
                "exp": now + 300,
                "jti": f"t-{time.monotonic_ns()}",
            }
            merged = {**honest, **(claims or {})}
            payload = {name: value for name, value in merged.items() if name not in omit}
        return forge(payload, key=key or self.keys[0], alg=alg, headers=headers)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        await settled()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()
        await settled()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._converse(reader, writer)
        finally:
            self._open.discard(task)
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        named = {name: value for name, value in headers.items() if name}
        self.requests.append(Seen(method, target, named, body))
        await self._send(writer, self._answer(target.partition("?")[0]))

    def _answer(self, path: str) -> Answer:
        if path in self.answers:
            return self.answers[path]
        if path == KEYS:
            return document({"keys": [key.jwk() for key in self.keys]})
        if path == self.path.rstrip("/") + DISCOVERY:
            honest = {"issuer": self.issuer, "jwks_uri": self.jwks_uri, **self.discovery}
            return document({name: value for name, value in honest.items() if value is not ...})
        return Answer(status=404)

    async def _send(self, writer: asyncio.StreamWriter, answer: Answer) -> None:
        if answer.pace == "stall":
            await asyncio.Event().wait()
        lines = [f"HTTP/1.1 {answer.status} Whatever", "Connection: close"]
        if answer.content_type is not None:
            lines.append(f"Content-Type: {answer.content_type}")
        if answer.pace != "endless" and not any(name == "Content-Length" for name, _ in answer.headers):
            lines.append(f"Content-Length: {len(answer.body)}")
        lines += [f"{name}: {value}" for name, value in answer.headers]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        await self._send_body(writer, answer)
        await writer.drain()
        if answer.pace == "reset":  # with nothing to linger for, the abort that follows is a TCP reset
            connection = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        writer.close()
        await writer.wait_closed()

    async def _send_body(self, writer: asyncio.StreamWriter, answer: Answer) -> None:
        match answer.pace:
            case "drip":
                for byte in answer.body:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(answer.interval)
            case "endless":
                while True:
                    writer.write(answer.body)
                    await writer.drain()
            case "cut" | "reset":
                writer.write(answer.body[: len(answer.body) // 2])
            case _:
                writer.write(answer.body)
