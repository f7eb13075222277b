"""Making the server think about an address.

The management API stands on the public listener and writes down whatever it refuses, with the address that was
asked for; what looks like a secret in one is taken out first. Anybody can ask for an address of thirty thousand
characters, chosen so that looking through it takes long, and ask again at once. One process answers everybody,
so while it looks, nobody gets a token, and what other nodes changed is not read: a few such requests at a time
would be an outage for as long as somebody sends them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.fakes.managing import managed
from tests.fakes.server import RealServer

PIECES = ("a-", "api-", "://a:", "-token", "%22token%22:%22", "aB1+")
SENT = 31_000
"""Characters of an address: nearly what a head may have."""

ROUNDS = 3


def seconds_of(server: RealServer) -> float:
    """The processor time that a server took so far."""
    fields = Path(f"/proc/{server.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.requirement("REL-11", "SEC-90")
def test_a_long_address_costs_hardly_more_than_a_short_one(tmp_path: Path) -> None:
    with managed(tmp_path) as server:
        before = seconds_of(server)
        for piece in PIECES * ROUNDS:
            assert server.get(f"/api/v1/{piece * (SENT // len(piece))}").status == 401
        # Some of it is what a server does anyway in that time.
        assert seconds_of(server) - before < 0.05 * len(PIECES) * ROUNDS
        entry = server.events()[-1]
        assert (entry["event"], entry["reason"]) == ("management:refused", "bad_token")
        assert len(entry["detail"]) <= 500
