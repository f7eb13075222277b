"""A server on loopback that shows the samples of pages, and keeps what is posted to it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import parse_qsl

import uvicorn

from actas.web.asgi import Application, Receive, Scope, Send, respond
from actas.web.errors_page import ErrorsPage
from actas.web.pages import assets
from actas.web.pages.answers import SignOut
from actas.web.pages.rendering import Page, Pages
from tests.fakes.page_samples import CSRF, HOSTILE, USUAL, samples
from tests.fakes.ports import reserve

LEAVE: Final = "/posted/leave"
TAKEN: Final = "/posted/taken"
STARTING: Final = 10.0
"""Seconds that it may take to listen."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A form that came.

    Attributes:
        path: to which it was posted.
        form: its fields.
        headers: of the request.
    """

    path: str
    form: Mapping[str, str]
    headers: Mapping[str, str]


class PageServer:
    """Shows ``/usual/NAME`` and ``/hostile/NAME``, and ``/leaving/named`` and ``unnamed``, which lead elsewhere.

    Attributes:
        origin: where it listens.
        posted: every form that came.
        names: of the samples.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.posted: list[Posted] = []
        self.names = tuple(samples(USUAL))
        usual = Pages(prefix="", installation="acme")
        hostile = Pages(prefix="", installation=HOSTILE.name("acme"), setting="demo")
        leaving = SignOut(person="alice", action=LEAVE, csrf=CSRF)
        self._pages: dict[str, Page] = {
            **{f"/usual/{name}": usual.render(view) for name, view in samples(USUAL).items()},
            **{f"/hostile/{name}": hostile.render(view) for name, view in samples(HOSTILE).items()},
            "/leaving/unnamed": usual.render(leaving),
            "/leaving/named": usual.render(replace(leaving, leads_to=(self.elsewhere,))),
        }
        self._others: dict[str, Application] = {
            **assets.endpoints(""),
            "/usual/reasons": ErrorsPage(),
        }

    @property
    def elsewhere(self) -> str:
        """An address of another origin, to which ``/leave`` redirects."""
        return f"{self.origin.replace('127.0.0.1', 'localhost')}{TAKEN}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["method"] == "POST":
            await self._keep(scope, receive)
            target = self.elsewhere if path == LEAVE else TAKEN
            await respond(send, status=303, headers=[(b"location", target.encode("ascii"))], body=b"")
        elif path == TAKEN:
            await respond(send, status=200, headers=[(b"content-type", b"text/plain")], body=b"taken\n")
        elif path in self._others:
            await self._others[path](scope, receive, send)
        elif path in self._pages:
            await self._pages[path].send(send)
        else:
            await respond(send, status=404, headers=[(b"content-type", b"text/plain")], body=b"not found\n")

    async def _keep(self, scope: Scope, receive: Receive) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.posted.append(
            Posted(
                path=scope["path"],
                form=dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True)),
                headers={name.decode(): value.decode() for name, value in scope["headers"]},
            )
        )


class _Quiet(uvicorn.Server):
    """A server that leaves the signals of the process alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def page_server() -> AsyncIterator[PageServer]:
    """A server that runs in the loop of whoever asks."""
    held = reserve()
    application = PageServer(f"http://127.0.0.1:{held.number}")
    config = uvicorn.Config(
        application, host="127.0.0.1", port=held.number, lifespan="off", log_level="error", http="h11"
    )
    server = _Quiet(config)
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(STARTING):
            while not server.started:
                await asyncio.sleep(0.01)
        yield application
    finally:
        server.should_exit = True
        await task
        held.release()
