"""Whoever has knocked is let in, nobody new is, and then the door is closed (REL-25)."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator

import pytest

from actas.web.leaving import Leave, knocked, turn_away
from actas.web.server import listen


@pytest.fixture
def door() -> Iterator[socket.socket]:
    with listen("127.0.0.1", 0) as door:
        yield door


def come(door: socket.socket) -> socket.socket:
    caller = socket.create_connection(door.getsockname(), timeout=30)
    caller.sendall(b"who is there?")
    return caller


@pytest.mark.requirement("REL-25")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has filters on sockets")
def test_who_has_knocked_is_let_in_and_who_comes_later_is_refused(door: socket.socket) -> None:
    early = [come(door) for _ in range(3)]
    turn_away(door)
    late = socket.socket()
    late.settimeout(0.2)
    with pytest.raises(TimeoutError):
        late.connect(door.getsockname())
    inside = list(knocked(door))
    assert [one.recv(100) for one in inside] == [b"who is there?"] * 3
    assert {one.getpeername() for one in inside} == {one.getsockname() for one in early}
    address = door.getsockname()
    door.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=30)
    inside[0].sendall(b"a friend")  # the filter is of no consequence for those inside
    assert early[0].recv(100) == b"a friend"
    for one in (*early, *inside, late):
        one.close()


def test_nobody_at_the_door_is_nobody(door: socket.socket) -> None:
    assert list(knocked(door)) == []
    with come(door):
        (inside,) = knocked(door)
        inside.close()


async def test_health_hears_of_a_stop() -> None:
    leave = Leave()
    assert await leave.probe() is None
    leave.told = True
    assert await leave.probe() == "this server was told to stop"
