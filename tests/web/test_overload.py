"""More callers than there are places: most are refused before anything is done for them, and nobody is queued (REL-11).

The connections are real, and so is what lets them in; behind it stands an application that works until it is let
go, or a whole server. How much is left of what a server can do is measured by ``bench.overload``.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, TypeVar

import pytest
from tests.fakes.load import Load, press
from tests.fakes.managing import Managing, managed
from tests.fakes.server import until
from tests.fakes.wire import FORM, Line, Reply, request

from actas.core.places import waiting_for_others
from actas.web.admission import Admission
from actas.web.asgi import Receive, Scope, Send, respond
from actas.web.server import Listener, listen, serve
from actas.web.turnstile import Turnstile

Found = TypeVar("Found")

PLACES: Final = 3
REFUSED: Final = b'{"error":"temporarily_unavailable"}'


class Works:
    """Works on every form until it is let go; documents it answers at once.

    Attributes:
        go: set to let every request be answered.
        at_work: how many are now; ``most_at_work`` at the highest; ``begun`` in all.
    """

    def __init__(self) -> None:
        self.admission = Admission(most=PLACES)
        self.turnstile = Turnstile(self.admission, behind=["/token"], headers=[], body=REFUSED)
        self.go = asyncio.Event()
        self.at_work = self.most_at_work = self.begun = 0
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/token":
            self.bodies.append(await _body(receive))
            with self.admission:
                self.begun += 1
                self.at_work += 1
                self.most_at_work = max(self.most_at_work, self.at_work)
                await self.go.wait()
                self.at_work -= 1
        await respond(send, status=200, headers=[], body=b"done")


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


class Rig:
    """The application behind a real listener, and connections to it."""

    def __init__(self, works: Works, port: int, stack: AsyncExitStack) -> None:
        self.works = works
        self.port = port
        self._stack = stack

    def line(self) -> Line:
        """Return a new connection."""
        return self._stack.enter_context(Line(self.port, timeout=60))

    async def occupied(self) -> list[Line]:
        """Take every place, and return who has them."""
        lines = [self.line() for _ in range(PLACES)]
        for line in lines:
            line.send(form())
        await self.until(lambda: self.works.at_work == PLACES)
        return lines

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it holds."""
        async with asyncio.timeout(60):
            while not holds():
                await asyncio.sleep(0.002)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    works, listening, ready = Works(), listen("127.0.0.1", 0), asyncio.Event()
    serving = asyncio.create_task(
        serve([Listener(works, listening, sheds=works.turnstile)], ready=ready.set, on_hangup=_nothing)
    )
    await ready.wait()
    async with AsyncExitStack() as stack:
        yield Rig(works, listening.getsockname()[1], stack)
    works.go.set()
    os.kill(os.getpid(), signal.SIGTERM)
    await serving


async def _nothing() -> None:
    return


def form(body: bytes = b"a=b", *, target: str = "/token") -> bytes:
    return request("POST", target, headers={"Content-Type": FORM}, body=body)


async def told(line: Line) -> Reply:
    return await asyncio.to_thread(line.reply)


async def silent(line: Line) -> bool:
    """Whether nothing comes for a moment."""
    line.socket.settimeout(0.2)
    try:
        return await asyncio.to_thread(_peek, line) is None
    finally:
        line.socket.settimeout(60)


def _peek(line: Line) -> bytes | None:
    import socket

    try:
        return line.socket.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return None


@pytest.mark.requirement("REL-11")
async def test_who_finds_no_place_is_told_so_before_anything_is_done_for_him(rig: Rig) -> None:
    lines = await rig.occupied()
    late = rig.line()
    late.send(form())
    reply = await told(late)
    assert (reply.status, reply.body) == (503, REFUSED)
    assert reply.header("retry-after") == "1"
    assert reply.header("x-content-type-options") == "nosniff"
    assert reply.header("connection") is None
    assert len(rig.works.bodies) == PLACES  # his was never read
    rig.works.go.set()
    assert [(await told(line)).status for line in lines] == [200] * PLACES
    late.send(form())
    assert (await told(late)).status == 200


@pytest.mark.requirement("REL-11")
async def test_who_was_refused_is_not_listened_to_until_there_is_room(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actas.web.turnstile.LONGEST_REST", 1000.0)  # so that only room can end it
    await rig.occupied()
    rig.works.turnstile.rate = 0.1
    others = [rig.line() for _ in range(40)]
    for line in others:
        line.send(form())
    assert {(await told(line)).status for line in others} == {503}
    for line in others:
        line.send(form())
    assert await silent(others[-1])  # 40 refusals are paid for, one after the other
    assert rig.works.begun == PLACES
    rig.works.go.set()  # and now there is room: at once
    answered = [await told(line) for line in others]
    assert {reply.status for reply in answered} <= {200, 503}
    assert [reply.status for reply in answered].count(200) > PLACES


@pytest.mark.requirement("REL-11")
async def test_of_many_that_come_at_one_moment_no_more_are_let_in_than_there_are_places(rig: Rig) -> None:
    lines = [rig.line() for _ in range(40)]
    for line in lines:
        line.send(form())
    await rig.until(lambda: rig.works.at_work == PLACES)
    rig.works.go.set()
    statuses = [(await told(line)).status for line in lines]
    assert set(statuses) == {200, 503}
    assert rig.works.most_at_work == PLACES
    assert len(rig.works.bodies) == statuses.count(200)


@pytest.mark.requirement("REL-11")
async def test_documents_and_managing_have_no_bound(rig: Rig) -> None:
    await rig.occupied()
    line = rig.line()
    for target in ("/jwks", "/api/v1/clients"):
        line.send(request("GET", target))
        assert (await told(line)).status == 200
    line.send(form(target="/api/v1/apply"))
    assert (await told(line)).status == 200


@pytest.mark.requirement("REL-11", "SEC-26")
async def test_what_still_comes_of_a_refused_form_is_never_another_request(rig: Rig) -> None:
    await rig.occupied()
    late = rig.line()
    whole = form(form(b"x=y"))  # its body reads like a request
    head = whole.index(b"\r\n\r\n") + 4
    late.send(whole[: head + 5])
    assert (await told(late)).status == 503
    rig.works.go.set()
    late.send(whole[head + 5 :] + form(b"after=it"))
    assert (await told(late)).status in (200, 503)
    assert b"x=y" not in rig.works.bodies
    assert await silent(late)


@pytest.mark.requirement("REL-11")
async def test_who_waits_for_a_sign_before_he_sends_a_body_is_told_and_hung_up_on(rig: Rig) -> None:
    await rig.occupied()
    late = rig.line()
    late.send(request("POST", "/token", headers={"Expect": "100-continue", "Content-Length": "3"}, body=None))
    reply = await told(late)
    assert (reply.status, reply.header("connection")) == (503, "close")


@pytest.mark.requirement("REL-11")
async def test_who_sends_many_at_once_is_told_once_and_hung_up_on(rig: Rig) -> None:
    lines = await rig.occupied()
    late = rig.line()
    late.send(form() * 30)
    assert (await told(late)).status == 503
    assert await asyncio.to_thread(late.ended)
    # One that has a place, and more behind it, gets what he was let in for.
    lines[0].send(form() * 3)
    await asyncio.sleep(0.05)
    rig.works.go.set()
    assert (await told(lines[0])).status == 200
    assert rig.works.most_at_work == PLACES


@pytest.mark.requirement("REL-11")
async def test_refusals_are_spread_over_time_and_the_header_says_how_long(rig: Rig) -> None:
    await rig.occupied()
    rig.works.turnstile.rate = 20.0
    seconds = []
    for _ in range(60):
        line = rig.line()
        line.send(form())
        seconds.append(int((await told(line)).header("retry-after") or 0))
    assert seconds[0] == 1
    assert seconds == sorted(seconds)
    assert 2 < seconds[-1] <= 5  # bounded, however many come


@pytest.mark.requirement("REL-10", "REL-11")
async def test_a_place_is_free_while_its_request_waits_for_others() -> None:
    from actas.core.places import occupying

    admission = Admission(most=1)
    with admission, occupying(admission):
        assert admission.room == 0
        with waiting_for_others():
            assert admission.room == 1
        assert admission.room == 0
    with waiting_for_others():  # nobody's place
        assert admission.room == 1


@pytest.mark.requirement("REL-11", "REL-01", "REL-31")
def test_a_server_with_ten_times_the_callers_goes_on(tmp_path: Path) -> None:
    load = Load()
    server = managed(tmp_path)
    server.company.tree["limits"]["in_flight"] = 6

    async def loaded(eye: Managing) -> None:
        stop = asyncio.Event()
        asking = asyncio.create_task(
            press(server, load, lambda _: server.company.own(), callers=60, stop=stop)
        )
        try:
            await asyncio.to_thread(until, lambda: load.statuses()[503] > 60)
            assert (await asyncio.to_thread(server.manage, "/readyz")).status == 200
            assert (await asyncio.to_thread(eye, "GET", "/clients")).status == 200
            assert (await asyncio.to_thread(server.get, "/jwks")).status == 200
            granted = load.statuses()[200]
            await asyncio.to_thread(until, lambda: load.statuses()[200] > granted + 100)
        finally:
            stop.set()
            await asking

    with server:
        asyncio.run(loaded(Managing(server, "eye")))
        assert load.statuses().keys() == {200, 503}
        assert load.broken == {}
        refused = [one for one in load.answered if one.status == 503]
        assert {one.body["error_uri"].rpartition("#")[2] for one in refused} == {"overloaded"}
        assert {one.body["error"] for one in refused} == {"temporarily_unavailable"}
        assert server.post(server.company.own()).status == 200
        shed = [line for line in server.manage("/metrics").body.decode().splitlines() if "in_flight" in line]
        assert any(float(line.rpartition(" ")[2]) >= len(refused) for line in shed)
    granted = {event["id"] for event in server.events() if event.get("outcome") == "granted"}
    assert load.tokens.keys() <= granted
