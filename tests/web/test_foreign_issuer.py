"""An issuer on a real socket, found by discovery: it changes its keys, goes down, stalls and misleads.

What one of its answers can do is in ``tests/unit/trust``; here it is the whole way from the caller's form to the
issuer and back, in the process that serves.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.forge import SigningKey
from tests.fakes.hostile_issuer import DISCOVERY, KEYS, Answer, HostileIssuer, redirect, stall
from tests.fakes.server import RealServer
from tests.fakes.wire import FORM, Line, Reply, encoded, request

RELOADED = "configuration reloaded"


class SlowIssuer(HostileIssuer):
    """An issuer that answers when its gate is open.

    Attributes:
        gate: cleared while every answer waits.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    async def _send(self, writer: asyncio.StreamWriter, answer: Answer) -> None:
        await self.gate.wait()
        await super()._send(writer, answer)


@pytest.fixture(scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with RealServer(tmp_path_factory.mktemp("trusting")) as server:
        yield server
        assert "Traceback" not in server.said


@pytest.fixture
def server(_server: RealServer) -> Iterator[RealServer]:
    """A server of this file's own, which trusts whom the test makes it trust."""
    tree = copy.deepcopy(_server.company.tree)
    yield _server
    _server.company.tree = tree


async def trust(server: RealServer, *issuers: HostileIssuer, **changes: Any) -> None:
    """Make the server trust these issuers, found by discovery, besides those it trusts already."""
    for idp in issuers:
        server.company.trust(idp.issuer, name=f"idp-{idp.port}")
    server.company.tree |= changes
    server.company.write()
    await asyncio.to_thread(server.reload, told=RELOADED)


async def exchange(
    server: RealServer,
    idp: HostileIssuer,
    *,
    key: SigningKey | None = None,
    kid: str | None = None,
    form: dict[str, Any] | None = None,
    **claims: Any,
) -> Reply:
    """Exchange a fresh token of the issuer."""
    headers = {} if kid is None else {"kid": kid}
    token = idp.token({"aud": "acme-web", **claims}, key=key, headers=headers)
    return await asyncio.to_thread(server.post, server.company.for_alice(token, **(form or {})))


@pytest.mark.requirement("TX-32", "TX-43", "SEC-37")
async def test_an_id_token_is_exchanged_over_discovery(server: RealServer) -> None:
    async with HostileIssuer(path="/realms/acme") as idp:
        await trust(server, idp)
        assert idp.count() == 0
        first = await exchange(server, idp)
        assert first.status == 200
        entry = await asyncio.to_thread(server.entry, first)
        origin = entry["subject"]["origin"]
        assert (origin["iss"], origin["sub"]) == (idp.issuer, "a-17")
        assert [seen.target for seen in idp.requests] == [f"/realms/acme{DISCOVERY}", KEYS]
        assert all({"authorization", "cookie"}.isdisjoint(seen.headers) for seen in idp.requests)
        # Known keys cost no fetch, however the token is presented.
        for _ in range(10):
            assert (await exchange(server, idp)).status == 200
        assert idp.count() == 2
        # Nor does a token of somebody who is not trusted.
        stranger = await exchange(server, idp, iss="http://127.0.0.1:1/")
        assert (stranger.status, stranger.reason) == (400, "bad_subject")
        assert idp.count() == 2


@pytest.mark.requirement("SEC-40")
async def test_a_flood_of_unknown_keys_costs_the_issuer_one_fetch_and_good_tokens_pass(
    server: RealServer,
) -> None:
    async with HostileIssuer() as idp:
        await trust(server, idp)
        assert (await exchange(server, idp)).status == 200
        for number in range(80):
            refused = await exchange(server, idp, kid=f"made-up-{number}")
            assert (refused.status, refused.reason) == (400, "bad_subject")
            if number % 10 == 0:
                assert (await exchange(server, idp)).status == 200
        assert idp.count(KEYS) <= 2


@pytest.mark.requirement("REL-09", "SEC-38")
async def test_an_issuer_that_is_down_does_not_stop_known_keys(server: RealServer) -> None:
    async with HostileIssuer() as idp, HostileIssuer() as other:
        await trust(server, idp, other)
        assert (await exchange(server, idp)).status == 200
        known = idp.keys[0]
        for answer in (Answer(status=500), Answer(body=b"<html>"), Answer(pace="reset"), stall()):
            idp.answers = {KEYS: answer, DISCOVERY: answer}
            idp.add_key()
            assert (await exchange(server, idp, key=known)).status == 200
            refused = await exchange(server, idp)
            assert refused.status in (400, 503)
            assert "access_token" not in refused.json
        assert (await exchange(server, other)).status == 200


@pytest.mark.requirement("REL-09")
async def test_an_issuer_that_was_never_reached_is_our_trouble_and_not_the_callers(
    server: RealServer,
) -> None:
    async with HostileIssuer() as idp:
        await trust(server, idp)
        idp.answers[DISCOVERY] = Answer(status=500)
        reply = await exchange(server, idp)
        assert (reply.status, reply.json["error"]) == (503, "temporarily_unavailable")
        assert (reply.reason, reply.header("retry-after")) == ("upstream_down", "5")
        entry = await asyncio.to_thread(server.entry, reply)
        assert entry["reason"] == "upstream_down"
        assert f"the keys of idp-{idp.port} cannot be had" in entry["detail"]
        assert "it has failed since 2" in entry["detail"]
        ready = await asyncio.to_thread(server.manage, "/readyz")
        assert ready.status == 200
        told = (await asyncio.to_thread(server.manage, "/readyz?verbose")).json["warnings"]
        assert any(one.startswith(f"issuer idp-{idp.port} has not answered since 2") for one in told)


@pytest.mark.requirement("SEC-35", "SEC-36")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(status: int, server: RealServer) -> None:
    async with HostileIssuer() as idp, HostileIssuer() as other:
        await trust(server, idp)
        idp.answers[DISCOVERY] = redirect(status, other.origin + DISCOVERY)
        assert (await exchange(server, idp)).status == 503
        assert other.count() == 0


@pytest.mark.requirement("SEC-35", "SEC-36", "SEC-37")
async def test_discovery_leads_nowhere_else(server: RealServer) -> None:
    async with HostileIssuer() as idp, HostileIssuer() as other, HostileIssuer() as third:
        idp.discovery["jwks_uri"] = other.jwks_uri
        other.discovery["issuer"] = third.issuer
        third.answers[KEYS] = redirect(302, idp.jwks_uri)
        await trust(server, idp, other, third)
        for issuer in (idp, other, third):
            reply = await exchange(server, issuer)
            assert reply.status in (400, 503)
            assert "access_token" not in reply.json
        assert (idp.count(KEYS), other.count(KEYS), third.count(KEYS)) == (0, 0, 1)


@pytest.mark.requirement("SEC-39")
async def test_keys_of_two_issuers_never_cross(server: RealServer) -> None:
    async with HostileIssuer() as one, HostileIssuer() as two:
        for idp in (one, two):
            idp.keys = [SigningKey.generate("ES256", kid="same")]
        await trust(server, one, two)
        assert (await exchange(server, one)).status == 200
        assert (await exchange(server, two)).status == 200
        crossed = await exchange(server, one, key=two.keys[0])
        assert (crossed.status, crossed.reason) == (400, "bad_subject")


@pytest.mark.requirement("REL-10", "REL-12")
async def test_a_slow_issuer_delays_its_own_callers_only_and_is_asked_once(server: RealServer) -> None:
    async with SlowIssuer() as slow, HostileIssuer() as quick:
        await trust(server, slow, quick)
        waiting = [asyncio.create_task(exchange(server, slow)) for _ in range(4)]
        await asked(slow)
        for _ in range(5):
            assert (await exchange(server, quick)).status == 200
        assert not any(task.done() for task in waiting)
        slow.gate.set()
        replies = await asyncio.gather(*waiting)
        assert {reply.status for reply in replies} == {200}
        assert (slow.count(DISCOVERY), slow.count(KEYS)) == (1, 1)


@pytest.mark.requirement("REL-10", "REL-11")
async def test_who_waits_for_an_issuer_takes_no_place_from_others(server: RealServer) -> None:
    async with SlowIssuer() as idp:
        await trust(server, idp, limits={"in_flight": 2})
        waiting = [asyncio.create_task(exchange(server, idp)) for _ in range(2)]
        await asked(idp)
        for number in range(10):
            if number < 2:
                waiting.append(asyncio.create_task(exchange(server, idp)))
            assert (await asyncio.to_thread(server.post, server.company.own())).status == 200
        assert [task.result() for task in waiting if task.done()] == []
        idp.gate.set()
        replies = await asyncio.gather(*waiting)
        assert {reply.status for reply in replies} == {200}
        after = await asyncio.to_thread(server.post, server.company.own())
        assert after.status == 200


@pytest.mark.requirement("REL-11", "SEC-26")
async def test_callers_that_send_nothing_take_no_place_from_others(server: RealServer) -> None:
    await trust(server, limits={"in_flight": 3})
    head = request("POST", "/token", headers={"Content-Type": FORM, "Content-Length": "100"})
    with Line(server.port) as one, Line(server.port) as two, Line(server.port) as three:
        for line in (one, two, three):
            line.send(head)
        server.get("/jwks")
        assert server.post(server.company.own()).status == 200


@pytest.mark.requirement("REL-03")
async def test_a_token_whose_caller_hung_up_is_not_called_delivered(tmp_path: Path) -> None:
    server = RealServer(tmp_path)
    server.company.write()
    await asyncio.to_thread(server.start)
    try:
        async with SlowIssuer() as idp:
            await trust(server, idp)
            form = server.company.for_alice(idp.token({"aud": "acme-web"}))
            with Line(server.port) as line:
                line.send(request("POST", "/token", headers={"Content-Type": FORM}, body=encoded(form)))
                await asked(idp)
            server.get("/jwks")  # by then it has seen that the caller is gone
            idp.gate.set()
            async with asyncio.timeout(20):
                while not any(event.get("outcome") for event in await asyncio.to_thread(server.events)):
                    await asyncio.sleep(0.05)
        assert await asyncio.to_thread(server.stop) == 0
        granted = [event["id"] for event in server.events() if event.get("outcome") == "granted"]
        closed = server.events()[-1]
        assert closed["event"] == "log:closed"
        assert closed.get("facts", {}).get("delivery_unknown") == granted
    finally:
        await asyncio.to_thread(server.close)


async def asked(idp: HostileIssuer) -> None:
    """Wait until the issuer was asked for something."""
    async with asyncio.timeout(20):
        while not idp.requests:
            await asyncio.sleep(0.01)
