"""Forwarded headers that nobody trusted wrote.

A caller writes ``Client-Cert`` with somebody else's public certificate, or a source address that is not its own:
to become another client, to slip out of a limit, to put another name into the minutes. A proxy that adds its own
value behind the caller's makes two, and a reader that takes the first of them believes the caller
(CVE-2025-64101, CVE-2026-54282).
"""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from tests.fakes.certificates import self_signed
from tests.fakes.door import FORM, call
from tests.fakes.server import RealServer

from actas.core.party import Caller
from actas.web.asgi import FORWARDING, Receive, Scope, Send, respond
from actas.web.body import caller_of
from actas.web.gate import Gate
from actas.web.proxies import Proxies

PEER = "192.0.2.7"  # whom ``call`` comes from
PROXIES = ("192.0.2.0/29", "2001:db8::1")


async def settled(*headers: tuple[str, str], proxies: tuple[str, ...] = PROXIES) -> tuple[Caller, str | None]:
    """Return who asks behind the gate, and what is wrong with what was forwarded."""
    seen: list[Scope] = []

    async def endpoint(scope: Scope, _receive: Receive, send: Send) -> None:
        seen.append(scope)
        await respond(send, status=204, headers=[], body=b"")

    known = Proxies([ipaddress.ip_network(one) for one in proxies]) if proxies else None
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    await call(Gate({"/token": endpoint}, proxies=known), headers=[FORM, *raw])
    return caller_of(seen[0]), seen[0].get(FORWARDING)


@pytest.mark.requirement("TX-108", "SEC-84")
@pytest.mark.parametrize("proxies", [(), ("192.0.2.8/32", "10.0.0.0/8")])
async def test_nothing_is_believed_from_an_address_that_is_not_listed(proxies: tuple[str, ...]) -> None:
    caller, wrong = await settled(
        ("Client-Cert", ":AAAA:"),
        ("Client-Cert", ":BBBB:"),
        ("X-Forwarded-For", "203.0.113.9"),
        ("Forwarded", "for=203.0.113.10"),
        proxies=proxies,
    )
    assert (caller.address, caller.certificate, wrong) == (PEER, None, None)


@pytest.mark.requirement("TX-108")
async def test_a_trusted_proxy_forwards_one_certificate() -> None:
    caller, wrong = await settled(("Client-Cert", ":AAEC:"), ("X-Forwarded-For", "203.0.113.9"))
    assert (caller.address, caller.certificate, wrong) == ("203.0.113.9", b"\x00\x01\x02", None)
    assert (await settled(("Client-Cert", "::")))[0].certificate is None
    assert (await settled())[0].certificate is None


@pytest.mark.requirement("TX-108")
@pytest.mark.parametrize(
    "values",
    [
        (":AAEC:", ":AAED:"),
        (":AAEC:", ":AAEC:"),
        (":AAEC:, :AAED:",),
        ("AAEC",),
        (":AAEC",),
        (":A:",),
        (":AAEC:;a=1",),
        (":AA EC:",),
        (":" + "A" * 20_000 + ":",),
        ("-----BEGIN CERTIFICATE-----",),
    ],
)
async def test_two_certificates_or_something_else_are_refused_and_not_ignored(
    values: tuple[str, ...],
) -> None:
    caller, wrong = await settled(*(("Client-Cert", one) for one in values))
    assert caller.certificate is None
    assert wrong is not None


@pytest.mark.requirement("SEC-84")
@pytest.mark.parametrize(
    ("headers", "source"),
    [
        ([("X-Forwarded-For", "203.0.113.9")], "203.0.113.9"),
        ([("X-Forwarded-For", "198.51.100.1, 203.0.113.9")], "203.0.113.9"),
        ([("X-Forwarded-For", "198.51.100.1"), ("X-Forwarded-For", "203.0.113.9")], "203.0.113.9"),
        ([("X-Forwarded-For", "203.0.113.9, 192.0.2.3, 192.0.2.4")], "203.0.113.9"),
        ([("X-Forwarded-For", "garbage, 203.0.113.9:4711")], "203.0.113.9"),
        ([("X-Forwarded-For", "192.0.2.2")], "192.0.2.2"),
        ([("Forwarded", "for=203.0.113.9;proto=https")], "203.0.113.9"),
        ([("Forwarded", 'proto=http; For="[2001:db8:cafe::17]:4711"')], "2001:db8:cafe::17"),
        ([("Forwarded", 'for=198.51.100.1, for="203.0.113.9"')], "203.0.113.9"),
        ([("Forwarded", 'for="198.51.100.1, for=198.51.100.2", for=203.0.113.9')], "203.0.113.9"),
        ([("Forwarded", 'host="a;for=198.51.100.1"')], PEER),
        ([("Forwarded", 'host="a;for=198.51.100.1";for=203.0.113.9')], "203.0.113.9"),
        ([("Forwarded", "for=unknown")], PEER),
        ([("Forwarded", "for=_hidden, for=192.0.2.3")], "192.0.2.3"),
        ([("Forwarded", "proto=https")], PEER),
        ([("Forwarded", "for=203.0.113.9"), ("X-Forwarded-For", "203.0.113.9")], "203.0.113.9"),
        ([("X-Forwarded-For", "::ffff:203.0.113.9")], "203.0.113.9"),
    ],
)
async def test_the_source_is_the_last_address_that_no_proxy_has(
    headers: list[tuple[str, str]], source: str
) -> None:
    caller, wrong = await settled(*headers)
    assert (caller.address, wrong) == (source, None)


@pytest.mark.requirement("SEC-84")
@pytest.mark.parametrize(
    "headers",
    [
        [("Forwarded", "for=198.51.100.1"), ("X-Forwarded-For", "203.0.113.9")],
        [("Forwarded", 'for="'), ("X-Forwarded-For", "203.0.113.9")],
        [("Forwarded", 'for="'), ("Forwarded", "for=203.0.113.9")],
        [("Forwarded", "for=203.0.113.9;for=198.51.100.1")],
        [("Forwarded", "for = 203.0.113.9")],
        [("X-Forwarded-For", "203.0.113.9, orders.acme.example")],
        [("X-Forwarded-For", "")],
        [("X-Forwarded-For", ",".join(["192.0.2.3"] * 40))],
    ],
)
async def test_what_two_readers_would_read_differently_is_refused(headers: list[tuple[str, str]]) -> None:
    caller, wrong = await settled(*headers)
    assert caller.address == PEER
    assert wrong is not None


@pytest.mark.requirement("TX-108", "SEC-84", "SEC-86")
def test_a_real_server_refuses_a_proxy_that_contradicts_itself(tmp_path: Any) -> None:
    server = RealServer(tmp_path / "server")
    server.company.tree["server"]["trusted_proxies"] = ["127.0.0.2"]
    stolen, _ = self_signed(tmp_path, "stolen")
    with server:
        forged = {"Client-Cert": stolen.forwarded, "X-Forwarded-For": "203.0.113.9"}
        reply = server.post(server.company.own(), headers=forged, source="127.0.0.3")
        assert (reply.status, server.entry(reply)["source"]) == (200, "127.0.0.3")
        reply = server.post(server.company.own(), headers=forged, source="127.0.0.2")
        assert (reply.status, server.entry(reply)["source"]) == (200, "203.0.113.9")
        for name, value in (("Client-Cert", "no certificate"), ("Forwarded", "for=198.51.100.7")):
            reply = server.post(server.company.own(), headers=forged | {name: value}, source="127.0.0.2")
            assert (reply.status, reply.reason) == (400, "malformed_request")
            assert "a trusted proxy (127.0.0.2) forwards" in server.entry(reply)["detail"]
