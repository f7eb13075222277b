"""The very first start: keys are made once, kept from others, and never made anew beside what they sealed."""

from __future__ import annotations

import secrets
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.server import RealServer, patiently

from actas.crypto import jose


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RealServer]:
    server = RealServer(tmp_path)
    yield server
    server.close()


def kids(server: RealServer) -> set[str]:
    return {key["kid"] for key in server.get("/jwks").json["keys"]}


def twin(server: RealServer) -> RealServer:
    """Another server over the same folder, at another address, with the same issuer."""
    other = RealServer(server.folder, issuer=server.issuer)
    other.company = server.company
    tree = server.company.tree["server"]
    port, management = other.port, other.management
    other.company.file.with_name("twin").mkdir(exist_ok=True)
    return _at(other, tree, port, management)


def _at(other: RealServer, tree: dict[str, object], port: int, management: int) -> RealServer:
    other.listen = {  # type: ignore[attr-defined]
        "ACTAS_SERVER__LISTEN": f"127.0.0.1:{port}",
        "ACTAS_SERVER__MANAGEMENT": f"127.0.0.1:{management}",
    }
    return other
