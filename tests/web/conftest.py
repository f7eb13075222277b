"""The servers that the tests of this folder share: one for development, one as in production, one to reload."""

from __future__ import annotations

import asyncio
import copy
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.fakes.hostile_issuer import HostileIssuer
from tests.fakes.server import RealServer, until
from tests.fakes.wire import PATIENCE

PRODUCTION = "https://sts.acme.example"
"""The issuer of the server that runs as in production, behind a proxy that is not there."""

RELOADED = "configuration reloaded"
NOT_RELOADED = "configuration not reloaded"


@dataclass(frozen=True, slots=True)
class Followed:
    """An issuer whose keys a server has fetched.

    Attributes:
        fetched: when, on the monotonic clock: the next fetch is half a minute away.
    """

    server: RealServer
    idp: HostileIssuer
    fetched: float


@contextmanager
def in_background(idp: HostileIssuer) -> Generator[None]:
    """Open an issuer in a thread of its own, for tests that do not wait for it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(idp.__aenter__(), loop).result(PATIENCE)
        yield
        asyncio.run_coroutine_threadsafe(idp.__aexit__(None, None, None), loop).result(PATIENCE)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="session")
def _development(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Followed]:
    idp = HostileIssuer()
    with in_background(idp):
        server = RealServer(_folder(tmp_path_factory))
        server.company.trust(idp.issuer, name="followed")
        with server:
            fetched = time.monotonic()
            server.token(server.company.for_alice(idp.token({"aud": "acme-web"})))
            yield Followed(server, idp, fetched)


@pytest.fixture(scope="session")
def _production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with RealServer(_folder(tmp_path_factory), dev=False, issuer=PRODUCTION) as server:
        yield server


@pytest.fixture
def server(_development: Followed) -> Iterator[RealServer]:
    """A server with ``--dev``. Whatever a test sends it, it lives on and never meets the unexpected."""
    yield from _unharmed(_development.server)


@pytest.fixture
def followed(_development: Followed) -> Followed:
    """The same server, and an issuer it trusts: nobody else uses it, so that its first fetch was long ago."""
    return _development


@pytest.fixture
def production(_production: RealServer) -> Iterator[RealServer]:
    """A server without ``--dev``."""
    yield from _unharmed(_production)


@pytest.fixture(scope="module")
def _own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with RealServer(_folder(tmp_path_factory)) as server:
        yield server


@pytest.fixture
def reloading(_own: RealServer) -> Iterator[RealServer]:
    """A server of a file's own, to reload; each test finds the configuration it started with."""
    tree = copy.deepcopy(_own.company.tree)
    yield _own
    _own.company.tree = tree
    _own.company.write()
    _own.reload(told=RELOADED)
    # Signals that came close together may still be at work on what was there before.
    until(lambda: _own.post(_own.company.own()).status == 200)


def _unharmed(server: RealServer) -> Iterator[RealServer]:
    before = server.said.count("Traceback")
    yield server
    assert server.alive, server.said
    assert server.said.count("Traceback") == before, server.said


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("server")


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RealServer, RealServer]]:
    """Two nodes on one database."""
    with (
        RealServer(tmp_path_factory.mktemp("nodes")) as first,
        first.twin() as second,
    ):
        yield first, second
