"""What counts as a form: one method, one content type, one encoding, bounded, and nothing beside it."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping

import pytest
from tests.fakes.server import RealServer
from tests.fakes.wire import FORM, Line, Reply, ask, encoded, request

LARGEST = 512 * 1024
MOST_FIELDS = 64
MOST_ESCAPES = 16 * 1024


def send(
    server: RealServer,
    body: bytes | None,
    *,
    method: str = "POST",
    target: str = "/token",
    headers: Mapping[str, str] | Iterable[tuple[str, str]] = (("Content-Type", FORM),),
) -> Reply:
    """Send a request from an address of its own, so that every refusal is written by itself."""
    return ask(server.port, method, target, headers=headers, body=body, source="127.0.0.3")


def chunked(*chunks: bytes, trailer: bytes = b"") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n" + trailer + b"\r\n"


MALFORMED = (400, "invalid_request", "malformed_request", "no-store")


def told(reply: Reply) -> tuple[object, ...]:
    """What a refusal says: status, error, reason, and whether it may be cached."""
    return reply.status, reply.json["error"], reply.reason, reply.header("cache-control")


@pytest.mark.requirement("TX-1", "SEC-05")
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_only_a_post_reaches_the_token_endpoint(method: str, server: RealServer) -> None:
    assert told(send(server, encoded(server.company.own()), method=method)) == MALFORMED


@pytest.mark.requirement("TX-1")
@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke", "/revocations"])
def test_every_address_says_of_itself_what_it_takes(path: str, server: RealServer) -> None:
    assert server.get(path).json["error_description"] == "this address takes POST only"
    reply = ask(server.port, "POST", f"{path}?token=a", headers={"Content-Type": FORM}, body=b"")
    assert reply.json["error_description"] == "this address takes no query"


def test_a_head_is_refused_without_a_body(server: RealServer) -> None:
    assert send(server, None, method="HEAD").status == 400


@pytest.mark.requirement("TX-4", "SEC-05")
@pytest.mark.parametrize("query", ["client_id=nightly", "grant_type=client_credentials", "x", "="])
def test_a_query_is_refused_whatever_is_in_it(query: str, server: RealServer) -> None:
    assert told(send(server, encoded(server.company.own()), target=f"/token?{query}")) == MALFORMED


@pytest.mark.requirement("TX-4")
def test_the_same_parameter_in_query_and_body_is_refused(server: RealServer) -> None:
    assert told(send(server, encoded(server.company.own()), target="/token?audience=inventory")) == MALFORMED


@pytest.mark.requirement("TX-1", "SEC-05")
@pytest.mark.parametrize(
    "kind",
    [
        "",
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        f"{FORM}; charset=utf-16",
        f"{FORM}; charset=iso-8859-1",
        f"{FORM}; boundary=x",
        f"{FORM}, application/json",
        f"{FORM}x",
        f"x{FORM}",
    ],
)
def test_another_content_type_is_refused_whatever_the_body_is(kind: str, server: RealServer) -> None:
    assert told(send(server, encoded(server.company.own()), headers={"Content-Type": kind})) == MALFORMED


@pytest.mark.requirement("TX-1")
@pytest.mark.parametrize("kind", [FORM.upper(), f"{FORM};charset=utf-8", f'{FORM}; charset="UTF-8"'])
def test_the_content_type_may_be_written_as_http_allows(kind: str, server: RealServer) -> None:
    assert send(server, encoded(server.company.own()), headers={"Content-Type": kind}).status == 200


@pytest.mark.requirement("TX-1")
def test_a_body_without_or_with_two_content_types_is_refused(server: RealServer) -> None:
    body = encoded(server.company.own())
    assert told(send(server, body, headers=())) == MALFORMED
    twice = [("Content-Type", FORM), ("Content-Type", "text/plain")]
    assert told(send(server, body, headers=twice)) == MALFORMED


@pytest.mark.requirement("SEC-05")
def test_json_and_multipart_bodies_are_not_read_as_forms(server: RealServer) -> None:
    assert told(send(server, b'{"grant_type":"client_credentials"}')) == MALFORMED
    part = b'--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\nclient_credentials\r\n--x--\r\n'
    assert told(send(server, part)) == MALFORMED


@pytest.mark.requirement("SEC-05", "SEC-26")
def test_a_compressed_body_is_refused(server: RealServer) -> None:
    bomb = gzip.compress(encoded(server.company.own()) + b"&x=" + b"a" * 10_000_000)
    assert told(send(server, bomb, headers={"Content-Type": FORM, "Content-Encoding": "gzip"})) == MALFORMED


@pytest.mark.requirement("TX-3", "SEC-05")
@pytest.mark.parametrize(
    "more", [b"&grant_type=client_credentials", b"&client_id=nightly", b"&scope=a&scope=a", b"&scope=&scope="]
)
def test_a_parameter_that_comes_twice_is_refused(more: bytes, server: RealServer) -> None:
    assert told(send(server, encoded(server.company.own()) + more)) == MALFORMED


@pytest.mark.requirement("SEC-05")
def test_a_semicolon_separates_nothing(server: RealServer) -> None:
    reply = send(server, encoded(server.company.own()) + b"&scope=stock:read;scope=stock:write")
    assert (reply.status, reply.json["error"]) == (400, "invalid_scope")


@pytest.mark.requirement("TX-2", "SEC-06")
def test_blank_and_unknown_parameters_are_left_out_and_the_log_says_so(server: RealServer) -> None:
    reply = send(server, encoded(server.company.own()) + b"&scope=&colour=blue")
    assert reply.status == 200
    assert server.entry(reply)["blank"] == ["scope"]


@pytest.mark.requirement("TX-18", "TX-3")
def test_audience_and_resource_may_repeat_over_the_wire(server: RealServer) -> None:
    form = [*server.company.own("orders", audience=None).items(), ("audience", "inventory")]
    form.append(("resource", "https://inventory.acme.example"))
    assert send(server, encoded(form)).status == 200


@pytest.mark.requirement("SEC-26", "SEC-05")
def test_a_form_of_exactly_512_kib_is_read_and_one_byte_more_is_refused(server: RealServer) -> None:
    body = encoded(server.company.own()) + b"&filler="
    whole = body + b"x" * (LARGEST - len(body))
    assert send(server, whole).status == 200
    assert told(send(server, whole + b"x")) == MALFORMED


@pytest.mark.requirement("SEC-26")
def test_64_fields_are_read_and_one_more_is_refused(server: RealServer) -> None:
    body = encoded(server.company.own())
    fields = body.count(b"&") + 1
    full = body + b"".join(b"&f%d=1" % number for number in range(MOST_FIELDS - fields))
    assert send(server, full).status == 200
    assert told(send(server, full + b"&one=more")) == MALFORMED
    assert told(send(server, body + b"&" * 100_000)) == MALFORMED


@pytest.mark.requirement("SEC-26")
def test_16384_percent_escapes_are_undone_and_one_more_is_refused(server: RealServer) -> None:
    body = encoded(server.company.own())
    full = body + b"&filler=" + b"%41" * (MOST_ESCAPES - body.count(b"%"))
    assert send(server, full).status == 200
    assert told(send(server, full + b"%41")) == MALFORMED


def test_a_chunked_form_is_read_however_it_is_cut(server: RealServer) -> None:
    body = encoded(server.company.own())
    headers = {"Content-Type": FORM, "Transfer-Encoding": "chunked"}
    assert send(server, chunked(body), headers=headers).status == 200
    assert send(server, chunked(*(bytes([byte]) for byte in body)), headers=headers).status == 200


@pytest.mark.requirement("SEC-26")
def test_a_chunked_form_without_end_is_refused_at_the_limit(server: RealServer) -> None:
    head = request("POST", "/token", headers={"Content-Type": FORM, "Transfer-Encoding": "chunked"})
    with Line(server.port, source="127.0.0.3") as line:
        line.send(head)
        for _ in range(10):
            line.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        assert told(line.reply()) == MALFORMED


def test_a_body_that_ends_early_issues_nothing(server: RealServer) -> None:
    body = encoded(server.company.own())
    before = len(server.lines())
    with Line(server.port, source="127.0.0.3") as line:
        line.send(request("POST", "/token", headers={"Content-Type": FORM}, body=body)[:-1])
    reply = send(server, b"")
    assert told(reply) == MALFORMED
    assert all(event.get("outcome") != "granted" for event in server.events()[before:])


def test_a_caller_that_waits_for_leave_to_send_its_body_gets_it(server: RealServer) -> None:
    body = encoded(server.company.own())
    headers = {"Content-Type": FORM, "Expect": "100-continue", "Content-Length": str(len(body))}
    with Line(server.port) as line:
        line.send(request("POST", "/token", headers=headers))
        assert line.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.send(body)
        assert line.reply().status == 200


@pytest.mark.requirement("SEC-05")
def test_two_authorization_headers_are_refused(server: RealServer) -> None:
    authorization, rest = server.company.basic(server.company.own())
    headers = [("Content-Type", FORM), ("Authorization", authorization), ("Authorization", authorization)]
    assert told(send(server, rest, headers=headers)) == MALFORMED


@pytest.mark.requirement("SEC-13", "SEC-04")
@pytest.mark.parametrize("secret", ["пароль", "\x7f", "\ufeff", "a" * 400_000, " ", "%00"])
def test_a_strange_secret_gets_the_usual_refusal(secret: str, server: RealServer) -> None:
    reply = send(server, encoded(server.company.own(client_secret=secret)))
    assert (reply.status, reply.json["error"]) == (401, "invalid_client")
