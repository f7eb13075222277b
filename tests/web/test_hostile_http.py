"""Requests that are bad HTTP, or HTTP that means two things: refused, bounded, and never a second request."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from tests.fakes.server import RealServer
from tests.fakes.wire import FORM, Line, Reply, ask, encoded, request

HEAD = 32 * 1024
SLOWEST = 10.0
"""Seconds for a head, and for a form."""

POSTED = {"Content-Type": FORM}
UPGRADE = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAoAAA"}


def sent(server: RealServer, data: bytes) -> Reply:
    with Line(server.port) as line:
        line.send(data)
        return line.reply()


def is_turned_away(reply: Reply) -> None:
    """Refused by the protocol itself, before any of our own code saw a request."""
    assert (reply.status, reply.header("connection")) == (400, "close")
    assert reply.header("actas-entry") is None


def own(server: RealServer, **headers: str) -> bytes:
    return request("POST", "/token", headers={**POSTED, **headers}, body=encoded(server.company.own()))


# Too much.


@pytest.mark.requirement("SEC-26")
def test_a_head_that_comes_in_pieces_is_bounded(server: RealServer) -> None:
    with Line(server.port) as line:
        line.send(b"POST /token HTTP/1.1\r\nHost: a\r\n")
        try:
            for number in range(1000):
                line.send(b"X-%d: %b\r\n" % (number, b"a" * 1000))
        except ConnectionError:
            return
        is_turned_away(line.reply())


@pytest.mark.requirement("SEC-26")
@pytest.mark.parametrize("size", [40_000, 60_000])
def test_a_head_that_comes_at_once_is_bounded_too(size: int, server: RealServer) -> None:
    is_turned_away(sent(server, own(server, Filler="a" * size)))


@pytest.mark.requirement("SEC-26")
def test_a_head_without_end_is_cut_off(server: RealServer) -> None:
    endless = b"GET /" + b"a" * 100_000_000
    with Line(server.port) as line, pytest.raises(ConnectionError):
        line.send(endless)


@pytest.mark.requirement("SEC-26")
def test_64_headers_are_read_and_more_are_not(server: RealServer) -> None:
    few = [("Content-Type", FORM), *((f"X-{number}", "a") for number in range(61))]
    body = encoded(server.company.own())
    assert ask(server.port, "POST", "/token", headers=few, body=body).status == 200
    many = [*few, ("X-62", "a")]
    is_turned_away(sent(server, request("POST", "/token", headers=many, body=body)))


def test_a_target_of_30_kib_is_only_unknown(server: RealServer) -> None:
    assert server.get("/" + "a" * 30_000).status == 404


@pytest.mark.requirement("SEC-26", "SEC-05")
def test_trailers_without_end_are_cut_off(server: RealServer) -> None:
    before = _memory(server.pid)
    with Line(server.port) as line:
        line.send(request("POST", "/token", headers={**POSTED, "Transfer-Encoding": "chunked"}))
        line.send(b"1\r\na\r\n0\r\n")
        try:
            for _ in range(400):
                line.send(b"".join(b"X-%d: %b\r\n" % (number, b"a" * 1000) for number in range(50)))
        except ConnectionError:
            pass
        assert _memory(server.pid) - before < 10_000_000


# Too slow.


@pytest.mark.requirement("SEC-26", "REL-11")
def test_what_drips_is_ended_after_ten_seconds_and_nobody_waits_for_it(server: RealServer) -> None:
    head = request("POST", "/token", headers={**POSTED, "Content-Length": "100000"})
    began = time.monotonic()
    with (
        Line(server.port) as silent,
        Line(server.port) as head_drips,
        Line(server.port) as body_drips,
        Line(server.port) as second_drips,
    ):
        body_drips.send(head)
        second_drips.send(request("GET", "/jwks"))
        assert second_drips.reply().status == 200
        for line in (head_drips, second_drips):
            line.send(b"GET /")
        while time.monotonic() - began < SLOWEST - 1:
            for line in (head_drips, second_drips):
                line.send(b"a")
            body_drips.send(b"a")
            time.sleep(0.5)
            assert server.get("/jwks").status == 200
        assert silent.ended()
        assert head_drips.reply().status == 400
        assert second_drips.reply().status == 400
        assert body_drips.reply().status == 400
    assert SLOWEST - 1 < time.monotonic() - began < 2 * SLOWEST


@pytest.mark.requirement("REL-11")
def test_who_lets_answers_lie_is_hung_up_on(server: RealServer) -> None:
    """Answers that nobody takes are neither made without end nor kept for ever."""
    with Line(server.port) as line:
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.socket.settimeout(3 * SLOWEST)
        hung_up = False
        for _ in range(2000):
            try:
                line.send(request("GET", "/errors") * 50)
            except ConnectionError:
                hung_up = True
                break
        assert hung_up
    assert server.get("/jwks").status == 200


# Two meanings.


@pytest.mark.requirement("SEC-05")
@pytest.mark.parametrize(
    "damage",
    [
        (b"Content-Length:", b"Transfer-Encoding: chunked\r\nContent-Length:"),
        (b"Content-Length:", b"Content-Length: 1\r\nContent-Length:"),
        (b"Content-Length: ", b"Content-Length: +"),
        (b"Content-Length: ", b"Content-Length: 0x"),
        (b"Content-Length:", b"Content-Length :"),
        (b"Content-Type:", b"X-Folded: a\r\n b\r\nContent-Type:"),
        (b"Content-Type:", b"Transfer-Encoding: xchunked\r\nContent-Type:"),
        (b"Content-Type:", b"Content\x00Type:"),
        (b"\r\nContent-Type:", b"\nContent-Type:"),
        (b"HTTP/1.1", b"HTTP/9.9"),
        (b"HTTP/1.1", b"HTTP/2.0"),
        (b"HTTP/1.1", b"HTTP/0.9"),
        (b"/token", b"/token#a"),
        (b"/token", b"http://localhost/token#a"),
        (b"Content-Length:", b"Transfer-Encoding: gzip, chunked\r\nX:"),
        (b"Content-Length:", b"Transfer-Encoding: ,chunked\r\nX:"),
        (b"/token", b"/tok\xffen"),
        (b"/token", b"/tok\x00en"),
    ],
    ids=lambda pair: (
        pair[1].decode("latin-1").strip().splitlines()[0][:24].encode("ascii", "replace").decode()
    ),
)
def test_a_request_that_readers_may_understand_differently_is_refused(
    damage: tuple[bytes, bytes], server: RealServer
) -> None:
    is_turned_away(sent(server, own(server).replace(*damage, 1)))


@pytest.mark.requirement("SEC-05")
def test_what_is_no_http_at_all_is_turned_away(server: RealServer) -> None:
    for data in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 300,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ):
        is_turned_away(sent(server, data))


@pytest.mark.requirement("SEC-05", "SEC-09")
def test_a_trailer_is_no_header(server: RealServer) -> None:
    authorization, rest = server.company.basic(server.company.own())
    body = b"%x\r\n%b\r\n0\r\nAuthorization: %b\r\n\r\n" % (len(rest), rest, authorization.encode())
    reply = sent(
        server, request("POST", "/token", headers={**POSTED, "Transfer-Encoding": "chunked"}, body=body)
    )
    assert reply.status != 200


@pytest.mark.requirement("SEC-05")
def test_a_body_is_never_read_as_a_request(server: RealServer) -> None:
    """An upgrade that a proxy passes on must not let its caller put a request behind the proxy's back."""
    head, _, body = request(
        "POST", "/token", headers={**POSTED, **UPGRADE}, body=request("GET", "/jwks")
    ).partition(b"\r\n\r\n")
    with Line(server.port) as line:
        line.send(head + b"\r\n\r\n")
        first = line.reply()
        line.send(body)
        assert first.status in (200, 400)
        with pytest.raises(ConnectionError):
            line.reply()


def test_a_request_that_asks_for_an_upgrade_is_turned_away(server: RealServer) -> None:
    """Its body would be lost or read as another request: a client is told at once, and loses nothing."""
    assert sent(server, own(server, **UPGRADE)).status == 400


@pytest.mark.parametrize("hosts", [[], ["a", "b"]], ids=["none", "two"])
def test_a_request_names_exactly_one_host(hosts: list[str], server: RealServer) -> None:
    headers = [("Content-Type", FORM), *(("Host", host) for host in hosts)]
    data = request("POST", "/token", headers=headers, body=encoded(server.company.own()), host=None)
    assert sent(server, data).status == 400


@pytest.mark.requirement("SEC-05")
@pytest.mark.parametrize("target", ["/token?x", "/jwks", "/nowhere"])
def test_a_body_that_was_announced_and_not_asked_for_is_no_request(target: str, server: RealServer) -> None:
    """After a final answer to ``Expect`` the body may or may not come: nothing may follow on the connection."""
    head = request("POST", target, headers={**POSTED, "Expect": "100-continue", "Content-Length": "500"})
    with Line(server.port) as line:
        line.send(head)
        reply = line.reply()
        assert reply.status in (400, 404, 405)
        assert reply.header("connection") == "close"
        assert line.ended()


def test_an_answer_arrives_though_its_body_was_not_read(server: RealServer) -> None:
    """Closing on unread input resets the connection, and the answer is lost on its way."""
    body = b"a" * 900_000
    with Line(server.port) as line:
        line.send(request("POST", "/jwks", headers={"Connection": "close"}, body=body))
        assert line.reply().status == 405
        assert line.ended()


def test_http_1_0_knows_no_expectation(server: RealServer) -> None:
    with Line(server.port) as line:
        line.send(own(server, Expect="100-continue").replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert line.socket.recv(12) == b"HTTP/1.1 200"


def test_what_is_bad_behind_a_request_does_not_answer_that_request(server: RealServer) -> None:
    with Line(server.port) as line:
        line.send(own(server) + request("GET", "/jwks") + b"GARBAGE\r\n\r\n" + request("GET", "/jwks"))
        assert line.reply().status == 200
        assert line.reply().header("content-type") == "application/json"
        is_turned_away(line.reply())
        assert line.ended()


def test_more_requests_at_once_than_may_wait_are_turned_away_after_the_others(server: RealServer) -> None:
    with Line(server.port) as line:
        line.send(request("GET", "/jwks") * 100)
        statuses: list[int] = []
        while not statuses or statuses[-1] == 200:
            statuses.append(line.reply().status)
        assert statuses == [200] * 64 + [400]


# As it should be.


def test_a_body_is_sent_when_the_server_says_go_on(server: RealServer) -> None:
    whole = own(server, Expect="100-continue")
    head, _, body = whole.partition(b"\r\n\r\n")
    with Line(server.port) as line:
        line.send(head + b"\r\n\r\n")
        assert line.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.send(body)
        assert line.reply().status == 200


def test_requests_that_come_all_at_once_are_answered_in_order(server: RealServer) -> None:
    targets = ["/jwks", "/errors", "/nowhere", "/.well-known/oauth-authorization-server"] * 10
    with Line(server.port) as line:
        line.send(b"".join(request("GET", target) for target in targets) + own(server))
        found = [line.reply().header("content-type") for _ in targets]
        assert (
            found == ["application/json", "text/html; charset=utf-8", "text/plain", "application/json"] * 10
        )
        assert line.reply().status == 200


def test_a_refusal_leaves_the_connection_fit_for_the_next_request(server: RealServer) -> None:
    with Line(server.port) as line:
        for _ in range(3):
            line.send(request("POST", "/token?query", headers=POSTED, body=b"x" * 100_000))
            assert line.reply().status == 400
            line.send(own(server))
            assert line.reply().status == 200


def test_http_1_0_is_answered_and_the_connection_closed(server: RealServer) -> None:
    with Line(server.port) as line:
        line.send(own(server).replace(b"HTTP/1.1", b"HTTP/1.0"))
        reply = line.reply()
        assert (reply.status, reply.header("connection")) == (200, "close")
        assert line.ended()


@pytest.mark.requirement("SEC-84")
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:443", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
        {"Forwarded": "for=203.0.113.9;host=evil.example;proto=https"},
        {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "X-Forwarded-Prefix": "/evil"},
        {"X-Original-URL": "/jwks", "X-Rewrite-URL": "/jwks", "X-HTTP-Method-Override": "GET"},
    ],
    ids="-".join,
)
def test_host_and_forwarded_headers_change_nothing(headers: dict[str, str], server: RealServer) -> None:
    granted = sent(server, own(server, **headers))
    assert granted.status == 200
    entry = server.entry(granted)
    assert entry["source"] == "127.0.0.1"
    refused = sent(server, request("POST", "/token", headers={**POSTED, **headers}, body=b""))
    assert refused.json["error_uri"].startswith(f"{server.issuer}/errors#")
    about = ask(server.port, "GET", "/.well-known/oauth-authorization-server", headers=headers)
    assert about.body == server.get("/.well-known/oauth-authorization-server").body
    assert b"evil" not in granted.body + refused.body + about.body


@pytest.mark.requirement("SEC-84")
def test_an_absolute_request_line_changes_nothing(server: RealServer) -> None:
    reply = sent(server, own(server).replace(b" /token", b" http://evil.example/token"))
    assert reply.status == 200
    assert b"evil" not in reply.body


def test_the_server_does_not_say_what_it_is_made_of(server: RealServer) -> None:
    for reply in (
        server.get("/jwks"),
        server.get("/nowhere"),
        server.post(b""),
        sent(server, b"\x00\r\n\r\n"),
    ):
        assert reply.header("server") is None
        assert reply.header("x-powered-by") is None
        assert b"uvicorn" not in reply.body.lower()


def test_bad_requests_leave_nothing_in_the_log_of_the_process(server: RealServer) -> None:
    before = server.said
    for _ in range(3):
        sent(server, b"\x00\r\n\r\n")
        ask(server.port, "GET", "/jwks", headers={"Connection": "Upgrade", "Upgrade": "websocket"})
    assert server.said == before


def _memory(pid: int) -> int:
    """Bytes of a process that are in memory."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096
