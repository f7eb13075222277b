"""Verifiers that follow what is revoked, over real sockets: beside the requests, and no longer than they live."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sdk.tests.conftest import Loopback
from sdk.tests.support import ISSUER, ORDERS, who_am_i

from actas_sdk import InvalidToken, Misconfigured, Unreachable, Verifier, sync
from actas_sdk.fake_server import FakeServer
from actas_sdk.fastapi import Protect
from actas_sdk.testing import FakeActas

SHORT = 2.0
LIMIT = 10.0
ME: Any = {"client_id": "orders", "client_secret": "s"}
FEED = "/revocations"


@pytest.fixture(autouse=True)
def nobody_is_left_behind() -> Iterator[None]:
    yield
    assert [each.name for each in threading.enumerate() if each.name == "actas-sdk"] == []


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def fake_of(server: FakeServer) -> FakeActas:
    """A fake over the server that is behind the socket."""
    fake = FakeActas(audience=ORDERS)
    fake._server = server
    return fake


def outcome(check: Callable[[], object]) -> str:
    try:
        check()
    except (InvalidToken, Unreachable) as no:
        return type(no).__name__
    return "taken"


async def until_it_is(wanted: str, verifier: Verifier, token: str) -> None:
    for _ in range(int(LIMIT / 0.02)):
        found = "taken"
        try:
            await verifier.check_token(token)
        except (InvalidToken, Unreachable) as no:
            found = type(no).__name__
        if found == wanted:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(wanted)


def test_a_revoked_token_is_refused_without_a_call_for_each(loopback: Loopback) -> None:
    fake = fake_of(loopback.server)
    parent, other = fake.token("alice"), fake.token("dana")
    with sync.Verifier(
        loopback.address, audience=ORDERS, revocation=True, revocation_within=SHORT, **ME
    ) as verifier:
        for _ in range(50):
            verifier.check_token(parent.reveal())
        assert loopback.hits.count(FEED) <= 3
        fake.revoke(parent)
        until(lambda: outcome(lambda: verifier.check_token(parent.reveal())) == "InvalidToken")
        verifier.check_token(other.reveal())
        fake.revoke("dana")
        until(lambda: outcome(lambda: verifier.check_token(other.reveal())) == "InvalidToken")
    hits = loopback.hits.count(FEED)
    time.sleep(0.6)
    assert loopback.hits.count(FEED) == hits


async def test_the_async_one_does_the_same_and_leaves_no_task(loopback: Loopback) -> None:
    fake = fake_of(loopback.server)
    token = fake.token("alice")
    async with Verifier(
        loopback.address, audience=ORDERS, revocation=True, revocation_within=SHORT, **ME
    ) as verifier:
        for _ in range(50):
            await verifier.check_token(token.reveal())
        assert loopback.hits.count(FEED) <= 3
        fake.revoke(token)
        await until_it_is("InvalidToken", verifier, token.reveal())
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_one_that_cannot_follow_refuses_says_why_and_recovers(loopback: Loopback) -> None:
    token = fake_of(loopback.server).token("alice").reveal()
    with sync.Verifier(
        loopback.address, audience=ORDERS, revocation=True, revocation_within=SHORT, **ME
    ) as verifier:
        verifier.check_token(token)
        loopback.server.down_for = 1
        assert outcome(lambda: verifier.check_token(token)) == "taken"
        until(lambda: outcome(lambda: verifier.check_token(token)) == "Unreachable")
        with pytest.raises(Unreachable, match=r"read last .* answered 503") as down:
            verifier.check_token(token)
        assert down.value.retry_after == 1
        loopback.server.down_for = None
        until(lambda: outcome(lambda: verifier.check_token(token)) == "taken")


async def test_an_async_one_that_cannot_follow_refuses_and_recovers(loopback: Loopback) -> None:
    token = fake_of(loopback.server).token("alice").reveal()
    async with Verifier(
        loopback.address, audience=ORDERS, revocation=True, revocation_within=SHORT, **ME
    ) as verifier:
        await verifier.check_token(token)
        loopback.server.down_for = 1
        await until_it_is("Unreachable", verifier, token)
        with pytest.raises(Unreachable, match="answered 503"):
            await verifier.check_token(token)
        loopback.server.down_for = None
        await until_it_is("taken", verifier, token)


def test_a_server_that_hangs_holds_nobody_who_has_been_told(loopback: Loopback) -> None:
    """The first waits for its first round; once that is known to fail, each is refused at once."""
    token = fake_of(loopback.server).token("alice").reveal()
    hang, hung = threading.Event(), threading.Event()

    def send(request: httpx2.Request) -> httpx2.Response:
        if request.url.path != FEED:
            return loopback.server.answer(request)
        if not hung.is_set():
            hung.set()
            raise httpx2.ReadTimeout("hangs", request=request)
        hang.wait(LIMIT)
        raise httpx2.ReadTimeout("hangs", request=request)

    with httpx2.Client(transport=httpx2.MockTransport(send)) as http:
        verifier = sync.Verifier(loopback.address, audience=ORDERS, revocation=True, http=http, **ME)
        assert outcome(lambda: verifier.check_token(token)) == "Unreachable"
        for _ in range(3):  # the next round hangs, until this test lets it go
            assert outcome(lambda: verifier.check_token(token)) == "Unreachable"
            time.sleep(0.3)
        assert not hang.is_set()
        hang.set()
        verifier.close()


def test_many_threads_begin_with_one_request(loopback: Loopback) -> None:
    token = fake_of(loopback.server).token("alice").reveal()
    with (
        sync.Verifier(loopback.address, audience=ORDERS, revocation=True, **ME) as verifier,
        ThreadPoolExecutor(16) as pool,
    ):
        found = list(pool.map(lambda _: outcome(lambda: verifier.check_token(token)), range(64)))
        assert found == ["taken"] * 64
        assert loopback.hits.count(FEED) <= 2


def test_one_that_is_forgotten_asks_no_more(loopback: Loopback) -> None:
    verifier = sync.Verifier(
        loopback.address, audience=ORDERS, revocation=True, revocation_within=SHORT, **ME
    )
    verifier.follow()
    until(lambda: FEED in loopback.hits)
    assert "actas-sdk" in [each.name for each in threading.enumerate()]
    del verifier
    gc.collect()
    until(lambda: all(each.name != "actas-sdk" for each in threading.enumerate()))
    hits = loopback.hits.count(FEED)
    time.sleep(SHORT / 2)  # it asked every half second
    assert loopback.hits.count(FEED) == hits


async def test_an_async_one_that_is_forgotten_asks_no_more(loopback: Loopback) -> None:
    asked = asyncio.Event()

    async def send(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == FEED:
            asked.set()
        return loopback.server.answer(request)

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(send)) as http, asyncio.timeout(LIMIT):
        verifier = Verifier(loopback.address, audience=ORDERS, revocation=True, http=http, **ME)
        verifier.follow()
        await asked.wait()
        (beside,) = [each for each in asyncio.all_tasks() if each.get_name() == "actas-sdk"]
        del verifier
        gc.collect()
        await asyncio.wait({beside})
        assert beside.cancelled()


def test_each_event_loop_follows_for_itself(loopback: Loopback) -> None:
    """What Flask's async views and many test clients do: a loop for each request."""
    token = fake_of(loopback.server).token("alice").reveal()
    verifier = Verifier(loopback.address, audience=ORDERS, revocation=True, **ME)

    async def once() -> None:
        await verifier.check_token(token)
        await verifier.aclose()

    for _ in range(3):
        asyncio.run(once())
    assert loopback.hits.count(FEED) <= 3


def test_it_may_be_used_again_after_it_was_closed(loopback: Loopback) -> None:
    token = fake_of(loopback.server).token("alice").reveal()
    verifier = sync.Verifier(loopback.address, audience=ORDERS, revocation=True, **ME)
    for _ in range(2):
        assert outcome(lambda: verifier.check_token(token)) == "taken"
        verifier.close()


def test_a_wrong_secret_lets_nobody_in_and_says_so(loopback: Loopback) -> None:
    token = fake_of(loopback.server).token("alice").reveal()

    def send(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == FEED:
            return httpx2.Response(401, json={"error": "invalid_client"})
        return loopback.server.answer(request)

    with httpx2.Client(transport=httpx2.MockTransport(send)) as http:
        verifier = sync.Verifier(loopback.address, audience=ORDERS, revocation=True, http=http, **ME)
        with pytest.raises(Unreachable, match="invalid_client: The server does not accept this service"):
            verifier.check_token(token)
        verifier.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"revocation": True}, "client id"),
        ({"revocation": True, "client_id": "orders"}, "a secret or a key"),
        ({"client_id": "orders", "client_secret": "s"}, "revocation=True"),
        ({"client_secret": "s"}, "revocation=True"),
        ({"revocation": True, "revocation_within": 1, **ME}, "2 to 300"),
    ],
)
def test_what_cannot_work_is_said_at_once(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(Misconfigured, match=said):
        sync.Verifier(ISSUER, audience=ORDERS, **arguments)  # type: ignore[arg-type]


# The adapter and the stand-in.

protect = Protect(ISSUER, audience=ORDERS, revocation=True, client_id="orders", client_secret="s")


@pytest.fixture
def client(fake_actas: FakeActas) -> Iterator[TestClient]:
    fake_actas.stand_in(protect)
    with TestClient(who_am_i(protect)) as client:
        yield client


def test_the_adapter_refuses_what_the_test_revoked(client: TestClient, fake_actas: FakeActas) -> None:
    token, other = fake_actas.token("alice", via=["assistant"]), fake_actas.token("alice")
    assert client.get("/me", headers=token.headers()).status_code == 200

    fake_actas.revoke(token)
    answer = client.get("/me", headers=token.headers())
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert client.get("/me", headers=other.headers()).status_code == 200

    fake_actas.revoke("alice")
    assert client.get("/me", headers=other.headers()).status_code == 401
    later = fake_actas.token("alice", claims={"lineage": f"{int(time.time()) + 1} {'x' * 12}"})
    assert client.get("/me", headers=later.headers()).status_code == 200


def test_what_was_exchanged_from_a_revoked_token_is_dead_too(fake_actas: FakeActas) -> None:
    orders = sync.Actas(ISSUER, client_id="orders", client_secret="s")
    verifier = sync.Verifier(ISSUER, audience=ORDERS, revocation=True, **ME)
    fake_actas.stand_in(orders, verifier)
    parent = fake_actas.token("alice")
    child = orders.exchange(parent, to=ORDERS)
    verifier.check_token(child.reveal())
    fake_actas.revoke(parent)
    with pytest.raises(InvalidToken, match="revoked"):
        verifier.check_token(child.reveal())


def test_the_adapter_answers_503_while_it_does_not_know(client: TestClient, fake_actas: FakeActas) -> None:
    token = fake_actas.token("alice")
    assert client.get("/me", headers=token.headers()).status_code == 200
    fake_actas.go_down()
    answer = client.get("/me", headers=token.headers())
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    fake_actas.allow()
    assert client.get("/me", headers=token.headers()).status_code == 200


def test_an_app_follows_from_its_start_to_its_end(loopback: Loopback) -> None:
    guard = Protect(loopback.address, audience=ORDERS, revocation=True, client_id="orders", client_secret="s")
    with TestClient(FastAPI(lifespan=guard.lifespan)):
        until(lambda: FEED in loopback.hits)
    hits = loopback.hits.count(FEED)
    time.sleep(1.2)
    assert loopback.hits.count(FEED) == hits
