"""What the tests of the command line share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.program import Program
from tests.fakes.token_server import TokenServer


@pytest.fixture
def actas(tmp_path: Path) -> Program:
    """The program, with a home of its own."""
    return Program(tmp_path / "home")


@pytest.fixture
def server() -> Iterator[TokenServer]:
    """A server to ask."""
    with TokenServer() as running:
        yield running
