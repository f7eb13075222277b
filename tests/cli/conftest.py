"""What the tests of the command line share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.exchanging import Exchanging
from tests.fakes.kept_log import KeptLog, keep_log
from tests.fakes.program import Audit, Program, Ran
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


@pytest.fixture
def acme(actas: Program, server: TokenServer, tmp_path: Path) -> Exchanging:
    """A server that grants the ordinary hop, and the program pointed at it."""
    return Exchanging(actas, server, tmp_path)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> KeptLog:
    """A real log, only to be read."""
    return keep_log(tmp_path_factory.mktemp("log"))


@pytest.fixture
def audit(actas: Program, kept: KeptLog) -> Audit:
    """Run ``actas audit …`` over the log."""

    def ran(*words: str, over: Path | None = None, **how: Any) -> Ran:
        actas.environ |= {"ACTAS_CONFIG": str(over or kept.file), "ACTAS_DEV": "1"}
        return actas("audit", *words, **how)

    return ran


@pytest.fixture
def damaged(kept: KeptLog, tmp_path: Path) -> KeptLog:
    """A copy of the log, to be harmed."""
    shutil.copytree(kept.folder, tmp_path / "copy")
    return KeptLog(tmp_path / "copy", kept.first, kept.second, kept.refused, kept.nobody)
