"""The servers that the tests of this folder share: one for development, one as in production."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.server import RealServer

PRODUCTION = "https://sts.acme.example"
"""The issuer of the server that runs as in production, behind a proxy that is not there."""


@pytest.fixture(scope="session")
def _development(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with RealServer(_folder(tmp_path_factory)) as server:
        yield server


@pytest.fixture(scope="session")
def _production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with RealServer(_folder(tmp_path_factory), dev=False, issuer=PRODUCTION) as server:
        yield server


@pytest.fixture
def server(_development: RealServer) -> Iterator[RealServer]:
    """A server with ``--dev``. Whatever a test sends it, it lives on and never meets the unexpected."""
    yield from _unharmed(_development)


@pytest.fixture
def production(_production: RealServer) -> Iterator[RealServer]:
    """A server without ``--dev``."""
    yield from _unharmed(_production)


def _unharmed(server: RealServer) -> Iterator[RealServer]:
    before = server.said.count("Traceback")
    yield server
    assert server.alive, server.said
    assert server.said.count("Traceback") == before, server.said


def _folder(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("server")
