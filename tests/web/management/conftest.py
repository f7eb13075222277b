"""A real server that is managed, and those who hold its roles."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.fakes.managing import Managing, managed
from tests.fakes.server import RealServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with managed(tmp_path_factory.mktemp("managed")) as server:
        yield server


@pytest.fixture(scope="module")
def owner(server: RealServer) -> Managing:
    return Managing(server, "chief")


@pytest.fixture(scope="module")
def operator(server: RealServer) -> Managing:
    return Managing(server, "hand")


@pytest.fixture(scope="module")
def auditor(server: RealServer) -> Managing:
    return Managing(server, "eye")
