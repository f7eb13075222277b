"""Fixtures of the SDK's tests."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest
import uvicorn
from sdk.tests.support import HandMadeIssuer, StillWorld
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from actas_sdk.fake_server import FakeServer
from actas_sdk.flow import REAL


@pytest.fixture
def still() -> StillWorld:
    return StillWorld()


@pytest.fixture
def issuer() -> HandMadeIssuer:
    return HandMadeIssuer()


@dataclass
class Loopback:
    """A server on a real socket. `hits` are the paths asked for, in order."""

    address: str
    server: FakeServer
    hits: list[str]


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    listener = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = FakeServer(address, world=REAL)
    hits: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        hits.append(request.url.path)
        asked = httpx2.Request(
            request.method, str(request.url), headers=request.headers.raw, content=await request.body()
        )
        said = server.answer(asked)
        await Response(said.content, said.status_code, dict(said.headers))(scope, receive, send)

    serving = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error"))
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]})
    thread.start()
    yield Loopback(address=address, server=server, hits=hits)
    serving.should_exit = True
    thread.join()
    listener.close()
