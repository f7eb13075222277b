"""Tokens at hand: how long they serve, when they are renewed, and that there are not too many."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from sdk.tests.support import INVENTORY, ISSUER, METADATA, NOW, Script, StillWorld, play

from actas_sdk import Actas, Token, sync
from actas_sdk.errors import BadAnswer, Refused, SignInAgain, Unreachable
from actas_sdk.flow import Together
from actas_sdk.requests import wanted_for
from actas_sdk.testing import FakeActas
from actas_sdk.token_cache import TokenCache


@pytest.fixture
def fake(still: StillWorld) -> FakeActas:
    return FakeActas(ISSUER, audience=INVENTORY, world=still.world())


@pytest.fixture
def actas(fake: FakeActas, still: StillWorld) -> sync.Actas:
    actas = sync.Actas(ISSUER, client_id="orders", client_secret="s", world=still.world())
    fake.stand_in(actas)
    return actas


def test_a_token_is_renewed_before_it_expires(actas: sync.Actas, fake: FakeActas, still: StillWorld) -> None:
    alice = fake.token("alice")
    first = actas.exchange(alice, to=INVENTORY, scopes=["r"])

    still.now = NOW + 95
    assert actas.exchange(alice, to=INVENTORY, scopes=["r"]) is first
    still.now = NOW + 96  # a fifth of 120 seconds is left
    second = actas.exchange(alice, to=INVENTORY, scopes=["r"])
    assert second is not first
    assert second.expires_at == still.now + 120


def test_nothing_outlives_the_token_it_was_bought_with(
    actas: sync.Actas, fake: FakeActas, still: StillWorld
) -> None:
    brief = fake.token("alice", life=50)
    actas.exchange(brief, to=INVENTORY, scopes=["r"])

    still.now = NOW + 49
    actas.exchange(brief, to=INVENTORY, scopes=["r"])
    assert len(fake.exchanges) == 2
    still.now = NOW + 50
    with pytest.raises(SignInAgain):
        actas.exchange(brief, to=INVENTORY, scopes=["r"])


def test_an_outage_at_renewal_does_not_take_a_token_that_is_still_good(
    actas: sync.Actas, fake: FakeActas, still: StillWorld
) -> None:
    alice = fake.token("alice")
    first = actas.exchange(alice, to=INVENTORY, scopes=["r"])
    fake.go_down()

    still.now = NOW + 114
    assert actas.exchange(alice, to=INVENTORY, scopes=["r"]) is first
    still.now = NOW + 115
    with pytest.raises(Unreachable) as down:
        actas.exchange(alice, to=INVENTORY, scopes=["r"])
    assert down.value.retry_after == 60


def test_a_refusal_at_renewal_ends_the_token_at_hand(
    actas: sync.Actas, fake: FakeActas, still: StillWorld
) -> None:
    alice = fake.token("alice")
    actas.exchange(alice, to=INVENTORY, scopes=["r"])
    still.now = NOW + 100
    fake.refuse("no_rule")
    with pytest.raises(Refused):
        actas.exchange(alice, to=INVENTORY, scopes=["r"])

    fake.allow()
    fake.go_down()
    with pytest.raises(Unreachable):
        actas.exchange(alice, to=INVENTORY, scopes=["r"])


def test_a_refusal_is_asked_once_and_nothing_is_tried_instead(actas: sync.Actas, fake: FakeActas) -> None:
    fake.refuse("excess")
    with pytest.raises(Refused) as no:
        actas.exchange(fake.token("alice"), to=INVENTORY, scopes=["w"])

    assert no.value.reason == "excess"
    assert no.value.entry == "x_TEST1"
    assert [(each.subject, each.granted) for each in fake.exchanges] == [("alice", False)]


def test_a_token_whose_life_is_not_known_is_not_kept(still: StillWorld) -> None:
    script = Script(
        {
            f"{ISSUER}/.well-known/oauth-authorization-server": httpx2.Response(200, json=METADATA),
            f"{ISSUER}/token": httpx2.Response(200, json={"access_token": "t", "token_type": "Bearer"}),
        }
    )
    actas = sync.Actas(
        ISSUER, client_id="orders", client_secret="s", http=script.client(), world=still.world()
    )
    for _ in range(2):
        actas.own_token(to=INVENTORY)

    assert script.asked(f"{ISSUER}/token") == 2


def test_the_cache_is_bounded_and_the_least_used_goes_first() -> None:
    cache = TokenCache(most=2)
    for number in range(3):
        token = Token(f"t{number}", audience=INVENTORY, expires_at=NOW + 120)
        cache.keep(bytes([number]), token, asked_at=NOW, until=None)
        cache.fresh(bytes([0]), now=NOW)

    assert len(cache) == 2
    assert [cache.fresh(bytes([number]), now=NOW) is not None for number in range(3)] == [True, False, True]


def test_a_token_that_is_already_over_is_not_kept() -> None:
    cache = TokenCache()
    cache.keep(b"k", Token("t", audience=INVENTORY, expires_at=NOW + 120), asked_at=NOW, until=NOW)

    assert len(cache) == 0


def test_a_clock_that_was_set_back_does_not_make_a_token_live_longer() -> None:
    cache = TokenCache()
    cache.keep(b"k", Token("t", audience=INVENTORY, expires_at=NOW + 120), asked_at=NOW, until=None)

    assert cache.fresh(b"k", now=NOW - 1) is None
    assert cache.usable(b"k", now=NOW - 1) is None


class Gate:
    """Holds token requests back until it is opened."""

    def __init__(self, fake: FakeActas) -> None:
        self._fake = fake
        self.opened = asyncio.Event()
        self.waiting = asyncio.Event()

    async def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/token":
            self.waiting.set()
            await self.opened.wait()
        return await self._fake.transport.handle_async_request(request)


async def test_those_who_want_the_same_token_at_once_share_one_request(
    fake: FakeActas, still: StillWorld
) -> None:
    gate = Gate(fake)
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(gate))
    actas = Actas(ISSUER, client_id="orders", client_secret="s", http=http, world=still.world())
    alice, dana = fake.token("alice"), fake.token("dana")

    wants = [
        asyncio.create_task(actas.exchange(whom, to=INVENTORY, scopes=["r"])) for whom in [alice, dana] * 10
    ]
    await gate.waiting.wait()
    gate.opened.set()
    got = await asyncio.gather(*wants)

    assert len(fake.exchanges) == 2
    assert len({each.reveal() for each in got}) == 2
    await http.aclose()


async def test_one_who_gives_up_does_not_take_the_answer_from_the_others(
    fake: FakeActas, still: StillWorld
) -> None:
    gate = Gate(fake)
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(gate))
    actas = Actas(ISSUER, client_id="orders", client_secret="s", http=http, world=still.world())
    alice = fake.token("alice")
    first = asyncio.create_task(actas.exchange(alice, to=INVENTORY))
    await gate.waiting.wait()
    second = asyncio.create_task(actas.exchange(alice, to=INVENTORY))
    await asyncio.sleep(0)

    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    gate.opened.set()
    assert (await second).chain[0].id == "alice"
    assert len(fake.exchanges) == 1
    await http.aclose()


async def test_a_shared_refusal_reaches_everybody(fake: FakeActas, still: StillWorld) -> None:
    gate = Gate(fake)
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(gate))
    actas = Actas(ISSUER, client_id="orders", client_secret="s", http=http, world=still.world())
    fake.refuse("no_rule")
    alice = fake.token("alice")
    wants = [asyncio.create_task(actas.exchange(alice, to=INVENTORY)) for _ in range(5)]
    await gate.waiting.wait()
    gate.opened.set()

    outcomes = await asyncio.gather(*wants, return_exceptions=True)
    assert all(isinstance(each, Refused) for each in outcomes)
    assert len(fake.exchanges) == 1
    await http.aclose()


async def test_closing_ends_the_wait_of_those_in_flight(fake: FakeActas, still: StillWorld) -> None:
    gate = Gate(fake)
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(gate))
    actas = Actas(ISSUER, client_id="orders", client_secret="s", http=http, world=still.world())
    waiting = asyncio.create_task(actas.exchange(fake.token("alice"), to=INVENTORY))
    await gate.waiting.wait()

    await actas.aclose()
    with pytest.raises(Unreachable):
        await waiting
    await http.aclose()


def test_threads_that_want_the_same_token_at_once_share_one_request(
    fake: FakeActas, still: StillWorld
) -> None:
    together = threading.Barrier(8)

    def answer(request: httpx2.Request) -> httpx2.Response:
        return fake.transport.handle_request(request)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    actas = sync.Actas(ISSUER, client_id="orders", client_secret="s", http=http, world=still.world())
    alice = fake.token("alice")

    def want(_number: int) -> str:
        together.wait()
        return actas.exchange(alice, to=INVENTORY, scopes=["r"]).reveal()

    with ThreadPoolExecutor(8) as threads:
        got = set(threads.map(want, range(8)))

    assert len(got) == 1
    assert len(fake.exchanges) == 1


def test_a_thread_that_waited_for_another_hears_of_its_refusal(fake: FakeActas, still: StillWorld) -> None:
    asked, go = threading.Event(), threading.Event()

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/token":
            asked.set()
            go.wait(10)
        return fake.transport.handle_request(request)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    actas = sync.Actas(ISSUER, client_id="orders", client_secret="s", http=http, world=still.world())
    alice = fake.token("alice")
    fake.refuse("no_rule")
    with ThreadPoolExecutor(4) as threads:
        wants = [threads.submit(actas.exchange, alice, to=INVENTORY) for _ in range(4)]
        asked.wait(10)
        go.set()
        assert all(isinstance(each.exception(10), Refused) for each in wants)


def test_whoever_comes_after_another_has_landed_asks_nothing(actas: sync.Actas, fake: FakeActas) -> None:
    wanted = wanted_for(fake.token("alice"), to=INVENTORY, scopes=[], subject_type="access_token")
    late = next(actas._core.obtain(wanted))
    assert isinstance(late, Together)
    first = actas._wire.run(actas._core.obtain(wanted))

    assert play(late.flow()) == (first, [], [])


def test_a_server_without_a_token_endpoint_is_a_bad_answer(still: StillWorld) -> None:
    said = {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/jwks"}
    script = Script({f"{ISSUER}/.well-known/oauth-authorization-server": httpx2.Response(200, json=said)})
    actas = sync.Actas(
        ISSUER, client_id="orders", client_secret="s", http=script.client(), world=still.world()
    )

    with pytest.raises(BadAnswer, match="no token endpoint"):
        actas.own_token(to=INVENTORY)
