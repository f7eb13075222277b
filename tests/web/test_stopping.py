"""A stop signal drains: what was begun is finished, nothing new is begun, the log is closed (REL-25)."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.fakes.load import Load, press
from tests.fakes.server import RealServer, until
from tests.fakes.wire import FORM, Line, encoded, request

from actas.web.bounds import SLOWEST
from actas.web.server import Listener, listen, serve


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RealServer]:
    with RealServer(tmp_path) as server:
        yield server


@pytest.mark.requirement("REL-25")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_requests_that_were_begun_are_answered_and_the_log_is_closed(
    number: signal.Signals, server: RealServer
) -> None:
    body = encoded(server.company.own())
    whole = request("POST", "/token", headers={"Content-Type": FORM}, body=body)
    with ExitStack() as open_lines:
        lines = [open_lines.enter_context(Line(server.port)) for _ in range(20)]
        for line in lines:
            line.send(whole[:-10])
        server.get("/jwks")  # whatever came before it was read
        server.signal(number)
        until(lambda: _is_refused(server.management), because="it stops")
        for line in lines:
            line.send(whole[-10:])
        replies = [line.reply() for line in lines]
        assert {reply.status for reply in replies} == {200}
        assert {reply.header("connection") for reply in replies} == {"close"}
        assert all(line.ended() for line in lines)
    assert server.wait() == 0
    events = server.events()
    assert {reply.header("actas-entry") for reply in replies} <= {event["id"] for event in events}
    assert events[-1]["event"] == "log:closed"
    assert "facts" not in events[-1]  # nothing whose delivery is unknown
    verdict = server.verdict()
    assert verdict.findings == ()
    assert verdict.streams[0].unsealed == 0


@pytest.mark.requirement("REL-25")
def test_a_stop_does_not_wait_for_callers_that_send_nothing(server: RealServer) -> None:
    with Line(server.port) as idle, Line(server.port) as kept:
        kept.send(request("GET", "/jwks"))
        assert kept.reply().status == 200
        server.signal(signal.SIGTERM)
        assert server.wait(SLOWEST - 1) == 0
        assert idle.ended()
        assert kept.ended()


@pytest.mark.requirement("REL-25")
def test_a_request_of_which_only_a_part_came_is_answered_once_it_is_whole(server: RealServer) -> None:
    whole = request("POST", "/token", headers={"Content-Type": FORM}, body=encoded(server.company.own()))
    with Line(server.port) as line:
        line.send(whole[:30])
        server.get("/jwks")
        server.signal(signal.SIGTERM)
        time.sleep(2)
        line.send(whole[30:])
        reply = line.reply()
        assert (reply.status, reply.header("connection")) == (200, "close")
    assert server.wait() == 0


@pytest.mark.requirement("REL-25")
def test_a_stop_does_not_wait_for_callers_that_let_answers_lie(server: RealServer) -> None:
    with Line(server.port) as line:
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(20):
            line.send(request("GET", "/errors") * 4)
        server.get("/jwks")
        server.signal(signal.SIGTERM)
        assert server.wait(25) == 0


@pytest.mark.requirement("REL-25", "SEC-26")
def test_a_stop_does_not_wait_for_ever_for_bodies_that_do_not_come(server: RealServer) -> None:
    head = request("POST", "/token", headers={"Content-Type": FORM, "Content-Length": "100"})
    with Line(server.port) as begun, Line(server.port) as silent:
        begun.send(head + b"a")
        silent.send(head)
        server.get("/jwks")
        server.signal(signal.SIGTERM)
        assert begun.reply().status == 400
        assert server.wait(15) == 0
        assert silent.reply().status == 400


@pytest.mark.requirement("REL-25")
def test_nothing_new_is_taken_while_it_stops(server: RealServer) -> None:
    whole = request("POST", "/token", headers={"Content-Type": FORM}, body=encoded(server.company.own()))
    with Line(server.port) as begun:
        begun.send(whole[:-1])
        server.get("/jwks")
        server.signal(signal.SIGTERM)
        try:
            until(lambda: _is_refused(server.port), limit=SLOWEST - 1)
        finally:
            begun.send(whole[-1:])
            server.wait()


@pytest.mark.requirement("REL-25")
def test_a_stop_under_load_answers_everything_that_was_begun(server: RealServer) -> None:
    load = Load()

    async def loaded() -> None:
        stop = asyncio.Event()
        asking = asyncio.create_task(
            press(server, load, lambda _: server.company.own(), callers=16, stop=stop)
        )
        await asyncio.to_thread(until, lambda: len(load.answered) > 100)
        server.signal(signal.SIGTERM)
        code = await asyncio.to_thread(server.wait)
        stop.set()
        await asking
        assert code == 0

    asyncio.run(loaded())
    assert load.statuses().keys() == {200}
    # No token was made that its caller did not get, and none was got that is not in the log.
    granted = {event["id"] for event in server.events() if event.get("outcome") == "granted"}
    assert load.tokens.keys() == granted
    assert "facts" not in server.events()[-1]


@pytest.mark.requirement("REL-25")
def test_a_caller_between_two_requests_is_told_before_its_connection_ends(server: RealServer) -> None:
    """What he sends in the moment of the stop would be lost, and a POST is not sent again by itself."""
    own = request("POST", "/token", headers={"Content-Type": FORM}, body=encoded(server.company.own()))
    with Line(server.port) as line:
        line.send(own)
        assert line.reply().status == 200
        server.signal(signal.SIGTERM)
        until(lambda: _is_refused(server.port), because="it stops")
        line.send(own)
        reply = line.reply()
        assert (reply.status, reply.header("connection")) == (200, "close")


@pytest.mark.requirement("REL-25", "SEC-90")
def test_what_was_counted_is_written_when_it_stops(server: RealServer) -> None:
    for _ in range(150):
        server.post(b"", source="127.0.0.4")
    assert server.stop() == 0
    events = server.events()
    single = [event for event in events if event.get("source") == "127.0.0.4" and event.get("outcome")]
    many = [event for event in events if event["event"] == "exchange:refused_many"]
    # A minute may have turned meanwhile: then there are two.
    assert len(single) + sum(one["counted"] for one in many) == 150
    assert all(one["source"] == "127.0.0.4" for one in many)


@pytest.mark.requirement("REL-25")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_caller_who_comes_while_it_stops_is_answered_or_refused_and_never_reset(
    workers: int, tmp_path: Path
) -> None:
    """A listening socket that is just closed resets whoever has knocked; one that a parent keeps open lets
    callers in whom nobody answers.
    """
    met: Counter[str] = Counter()

    def come_again_and_again() -> None:
        while not over.is_set():
            try:
                met[str(server.post(server.company.own()).status)] += 1
            except ConnectionRefusedError:
                met["refused"] += 1
                return
            except OSError as ended:
                met[type(ended).__name__] += 1

    with RealServer(tmp_path, workers=workers) as server:
        over = threading.Event()
        with ThreadPoolExecutor(8) as callers:
            coming = [callers.submit(come_again_and_again) for _ in range(8)]
            try:
                until(lambda: met["200"] > 100)
                assert server.stop() == 0
            finally:
                over.set()
            for one in coming:
                one.result()
    assert met.keys() == {"200", "refused"}, met
    assert met["refused"] == 8


@pytest.mark.requirement("REL-25", "REL-31")
def test_whoever_follows_its_health_hears_of_the_stop_before_callers_are_turned_away(tmp_path: Path) -> None:
    with RealServer(tmp_path, dev=False, issuer="https://sts.acme.example") as server:
        assert server.manage("/readyz").status == 200
        with Line(server.port) as kept:
            kept.send(request("GET", "/jwks"))
            assert kept.reply().header("connection") is None
            server.signal(signal.SIGTERM)
            until(lambda: server.manage("/readyz").status == 503)
            assert server.manage("/readyz").body == b"stop: this server was told to stop\n"
            assert server.manage("/livez").status == 200
            kept.send(request("GET", "/jwks"))
            assert kept.reply().header("connection") == "close"
            assert kept.ended()
        assert server.post(server.company.own()).status == 200
        assert server.alive
        began = time.monotonic()
        server.signal(signal.SIGTERM)  # a second one: whoever sends it does not want to wait
        until(lambda: _is_refused(server.port))
        assert time.monotonic() - began < 4
        assert server.wait() == 0
        assert server.events()[-1]["event"] == "log:closed"


@pytest.mark.requirement("REL-25", "REL-31")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_reaches_every_process_is_one_stop_and_the_second_ends_the_notice(
    number: signal.Signals, tmp_path: Path
) -> None:
    """Systemd and a terminal send it to the parent and to each worker, and the parent tells its workers too."""
    with RealServer(tmp_path, dev=False, issuer="https://sts.acme.example", workers=2) as server:
        until(lambda: _answered_by(server) == {"s1", "s2"}, limit=40, because="both serve")
        server.signal(number, everybody=True)
        began = time.monotonic()
        until(lambda: server.manage("/readyz").status == 503)
        while time.monotonic() - began < 2:  # of five seconds of notice
            assert server.post(server.company.own()).status == 200
        server.signal(signal.SIGTERM)
        until(lambda: _is_refused(server.port))
        assert time.monotonic() - began < 4.8  # and the notice was not over
        assert server.wait() == 0
        assert server.events()[-1]["event"] == "log:closed"


def _answered_by(server: RealServer) -> set[str]:
    """Ask once more, and return the streams of those who have answered so far."""
    assert server.post(server.company.own()).status == 200
    return {event["stream"] for event in server.events() if event.get("outcome") == "granted"}


@pytest.mark.requirement("REL-25")
async def test_a_stop_before_signals_are_heard_leaves_nobody_who_answers() -> None:
    """As Ctrl-C does that comes while a configuration is compiled: the task is cancelled as soon as it waits."""

    async def application(_scope: object, _receive: object, _send: object) -> None:
        return

    async def nothing() -> None:
        return

    listening = listen("127.0.0.1", 0)
    serving = asyncio.create_task(
        serve([Listener(application, listening)], ready=lambda: None, on_hangup=nothing)
    )
    asyncio.get_running_loop().call_soon(serving.cancel)
    await asyncio.wait([serving])
    assert serving.cancelled()
    assert listening.fileno() == -1


def _is_refused(port: int) -> bool:
    try:
        Line(port).close()
    except ConnectionError:  # refused, or reset by a listener that closes at this very moment
        return True
    return False
