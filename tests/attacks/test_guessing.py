"""Guessing, and getting around what slows it down.

Whoever tries secret after secret, or forged token after forged token, has to wait after a few. The ways around: other
spellings of the name, a flood of other names that pushes the count out of memory, several addresses of one
network, asking in parallel, asking several processes and nodes. And the ways to turn it against others: locking somebody else's client out, using up
what it may ask for, learning from the answer which names exist.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.house import NOW, House, allow, secret_of
from tests.fakes.server import SPREAD, RealServer, until

from actas.clients.throttle import MOST_HELD, MOST_NEWS, MOST_WATCHED, Limits, Step, Throttle
from actas.core.errors import OAuthError, TooManyRequests
from actas.core.wire import CLIENT_CREDENTIALS

STEPS = (Step(3, 60), Step(5, 600))
LIMITS = Limits(failed_client_auth=STEPS, failed_tokens=STEPS)
RULES = tuple(allow(f"own-{one}", "own", one, "inventory") for one in ("web", "orders"))


def house(**how: Any) -> House:
    return House(**{"rules": RULES, "limits": LIMITS, "clock": FixedClock(NOW), **how})


def form(name: str, secret: str | None = None) -> dict[str, str]:
    return {
        "grant_type": str(CLIENT_CREDENTIALS),
        "audience": "inventory",
        "client_id": name,
        "client_secret": secret_of(name) if secret is None else secret,
    }


def counting(clock: FixedClock) -> Throttle:
    """Return what counts in one process."""
    return Throttle(LIMITS, clock=clock, mark=lambda *names: " ".join(names))


def has_to_wait(throttle: Throttle) -> int:
    """Return how long, in seconds; 0 for not at all."""
    try:
        throttle.require_patience("failed_client_auth", "web", "192.0.2.66")
    except TooManyRequests as error:
        return error.retry_after or 0
    return 0


async def reason(home: House, asked: dict[str, Any], address: str = "127.0.0.1") -> str:
    try:
        await home.post(asked, address=address)
    except OAuthError as refused:
        return refused.reason
    return "granted"


@pytest.mark.requirement("SEC-14", "TX-103")
async def test_after_some_failures_nothing_is_looked_at_until_the_wait_is_over() -> None:
    home = house()
    for _ in range(3):
        assert await reason(home, form("web", "wrong")) == "bad_client_auth"
    error = await home.turned_away(form("web"))
    assert isinstance(error, TooManyRequests)
    assert (error.status, error.reason, error.retry_after) == (429, "too_many_failures", 61)
    home.clock.advance(60)
    assert await reason(home, form("web", "wrong")) == "bad_client_auth"
    assert await reason(home, form("web")) == "too_many_failures"
    home.clock.advance(60)
    assert await reason(home, form("web", "wrong")) == "bad_client_auth"
    home.clock.advance(60)
    assert await reason(home, form("web")) == "too_many_failures"  # the fifth: ten minutes
    home.clock.advance(540)
    assert await reason(home, form("web")) == "granted"
    assert await reason(home, form("web", "wrong")) == "bad_client_auth"  # and all is forgotten
    assert await reason(home, form("web")) == "granted"


@pytest.mark.requirement("SEC-14")
async def test_other_clients_and_other_sources_are_unaffected() -> None:
    home = house()
    for _ in range(4):
        await reason(home, form("web", "wrong"), "192.0.2.66")
    assert await reason(home, form("web"), "192.0.2.66") == "too_many_failures"
    assert await reason(home, form("web"), "192.0.2.7") == "granted"
    assert await reason(home, form("orders"), "192.0.2.66") == "granted"


@pytest.mark.requirement("SEC-14", "SEC-13")
async def test_names_that_nobody_has_are_slowed_down_alike() -> None:
    seen = {}
    for name in ("web", "nobody", "gone", "robot"):
        home = house()
        seen[name] = [await reason(home, form(name, "wrong")) for _ in range(5)]
    assert len({tuple(reasons) for reasons in seen.values()}) == 1


@pytest.mark.requirement("SEC-14")
async def test_every_way_in_counts_together() -> None:
    import base64

    home = house()
    header = "Basic " + base64.b64encode(b"web:wrong").decode()
    bare = {"grant_type": str(CLIENT_CREDENTIALS), "audience": "inventory"}
    await home.turned_away(bare, authorization=header)
    await home.turned_away(form("web", "wrong"))
    await home.turned_away({**bare, "client_id": "web"})
    assert (await home.turned_away(form("web"))).reason == "too_many_failures"


@pytest.mark.requirement("SEC-14")
async def test_parallel_guesses_are_no_more_than_guesses_in_a_row() -> None:
    home = house()
    asked = (reason(home, form("web", f"wrong-{number}")) for number in range(50))
    assert (await asyncio.gather(*asked)).count("bad_client_auth") == 3


@pytest.mark.requirement("SEC-14")
async def test_addresses_of_one_network_are_one_source() -> None:
    home = house()
    for number in range(3):
        await reason(home, form("web", "wrong"), f"2001:db8:1:2::{number:x}")
    assert await reason(home, form("web"), "2001:db8:1:2:ffff::1") == "too_many_failures"
    assert await reason(home, form("web"), "2001:db8:1:3::1") == "granted"


@pytest.mark.requirement("SEC-14")
def test_a_flood_of_names_is_bounded_and_releases_nobody() -> None:
    clock = FixedClock(NOW)
    throttle = counting(clock)
    for _ in range(3):
        throttle.failed("failed_client_auth", "web", "192.0.2.66")
    for number in range(MOST_WATCHED + 100):
        throttle.failed("failed_client_auth", f"name-{number}", "192.0.2.66")
    assert len(throttle._watched) == MOST_WATCHED
    with pytest.raises(TooManyRequests):
        throttle.require_patience("failed_client_auth", "web", "192.0.2.66")
    for number in range(MOST_HELD + 10):
        for _ in range(3):
            throttle.failed("failed_tokens", f"name-{number}", "192.0.2.66")
    assert len(throttle._held) == MOST_HELD


@pytest.mark.requirement("SEC-14")
def test_guesses_at_several_processes_are_no_more_than_guesses_at_one() -> None:
    clock = FixedClock(NOW)
    here, there = counting(clock), counting(clock)
    for _ in range(2):
        here.failed("failed_client_auth", "web", "192.0.2.66")
    there.hear(here.news())
    assert (has_to_wait(here), has_to_wait(there)) == (0, 0)
    there.failed("failed_client_auth", "web", "192.0.2.66")
    here.hear(there.news())
    assert (has_to_wait(here), has_to_wait(there)) == (61, 61)
    # What was heard is not told again, or it would be counted for ever.
    assert (here.news(), there.news()) == ([], [])


@pytest.mark.requirement("SEC-14")
def test_who_knows_is_no_guesser_anywhere() -> None:
    clock = FixedClock(NOW)
    here, there = counting(clock), counting(clock)
    for _ in range(2):
        here.failed("failed_client_auth", "web", "192.0.2.66")
    there.hear(here.news())
    here.succeeded("failed_client_auth", "web", "192.0.2.66")
    here.failed("failed_client_auth", "web", "192.0.2.66")
    there.hear(here.news())
    there.failed("failed_client_auth", "web", "192.0.2.66")
    assert has_to_wait(there) == 0
    there.failed("failed_client_auth", "web", "192.0.2.66")
    assert has_to_wait(there) == 61


@pytest.mark.requirement("SEC-14")
def test_a_clock_that_is_ahead_elsewhere_holds_nobody_up_for_longer() -> None:
    here, ahead = counting(FixedClock(NOW)), counting(FixedClock(NOW + 5))
    for _ in range(3):
        ahead.failed("failed_client_auth", "web", "192.0.2.66")
    here.hear(ahead.news())
    assert has_to_wait(here) == 61


@pytest.mark.requirement("SEC-14")
def test_a_flood_of_names_is_told_of_in_part() -> None:
    here = counting(FixedClock(NOW))
    for number in range(MOST_NEWS + 10):
        here.failed("failed_client_auth", f"name-{number}", "192.0.2.66")
    told = here.news()
    assert len(told) == MOST_NEWS
    assert f"name-{MOST_NEWS + 9}" in told[-1].key


@pytest.mark.requirement("SEC-14")
def test_guesses_at_two_nodes_are_counted_together(tmp_path: Path, postgres: str) -> None:
    limits = {"failed_client_auth": [{"after": 4, "wait": "5m"}]}
    one = RealServer(tmp_path, database=postgres, changes={"limits": limits})
    another = one.twin()
    another.company.tree["limits"] = limits
    try:
        for node in (one, another):
            node.company.write()
            node.start()
        wrong = one.company.own(client_secret="wrong")
        for node in (one, another):
            assert [node.post(wrong).status for _ in range(2)] == [401, 401]
        right = one.company.own()
        # A right secret would make an end of the count, so what is asked with is wrong.
        until(lambda: {node.post(wrong).status for node in (one, another)} == {429}, limit=SPREAD)
        assert {node.post(right).status for node in (one, another)} == {429}
        assert one.post(right, source="127.0.0.9").status == 200
        assert (one.stop(), another.stop()) == (0, 0)
    finally:
        one.close()
        another.close()


@pytest.mark.requirement("SEC-14")
async def test_forged_tokens_are_slowed_down_and_costs_nothing_then(monkeypatch: pytest.MonkeyPatch) -> None:
    home = house()
    for _ in range(3):
        forged = home.our_token(client_id="orders")[:-4] + "AAAA"
        assert (await home.refused("orders", forged, audience="inventory")).reason == "bad_subject"

    async def prove(*_: Any) -> None:
        raise AssertionError("it was looked at")

    monkeypatch.setattr(type(home.validators), "prove", prove)
    error = await home.refused("orders", home.our_token(), audience="inventory")
    assert (error.status, error.reason) == (429, "too_many_failures")


@pytest.mark.requirement("SEC-14")
async def test_an_expired_token_is_no_guess() -> None:
    home = house()
    old = home.our_token(client_id="orders", iat=NOW - 900, exp=NOW - 600)
    for _ in range(6):
        assert (await home.refused("orders", old, audience="inventory")).reason == "expired"


@pytest.mark.requirement("REL-11")
async def test_a_client_at_its_limit_hurts_no_other_and_nobody_uses_it_up_for_it() -> None:
    home = house(limits=Limits(per_client=5.0))
    for number in range(200):
        assert await reason(home, form("web", f"wrong-{number}")) == "bad_client_auth"
    answers = [await reason(home, form("web")) for _ in range(20)]
    assert (answers.count("granted"), answers.count("rate_limited")) == (5, 15)
    assert await reason(home, form("orders")) == "granted"
    home.clock.advance(0.4)
    assert [await reason(home, form("web")) for _ in range(3)] == ["granted", "granted", "rate_limited"]
    quiet = house(limits=Limits(per_client=1.0))
    assert await reason(quiet, form("web")) == "granted"
    error = await quiet.turned_away(form("web"))
    assert (error.status, error.code, error.retry_after) == (429, "temporarily_unavailable", 1)


@pytest.mark.requirement("SEC-14", "REL-11")
def test_the_configuration_decides_and_the_answer_says_when(tmp_path: Any) -> None:
    server = RealServer(tmp_path / "server")
    server.company.tree["limits"] = {
        "per_client": "600/m",
        "failed_client_auth": [{"after": 2, "wait": "5m"}, {"after": 4, "wait": "1h"}],
    }
    with server:
        wrong = server.company.own(client_secret="wrong")
        assert [server.post(wrong).status for _ in range(3)] == [401, 401, 429]
        reply = server.post(server.company.own())
        assert (reply.status, reply.reason) == (429, "too_many_failures")
        assert 290 <= int(str(reply.header("retry-after"))) <= 301
        assert server.entry(reply)["reason"] == "too_many_failures"
        assert server.post(server.company.own(), source="127.0.0.9").status == 200
        assert server.post(server.company.own("orders")).status == 200
        server.company.tree["limits"] = {"failed_client_auth": [{"after": 100, "wait": "1s"}]}
        server.company.write()
        server.reload(told="configuration reloaded")
        assert server.post(server.company.own()).status == 429  # what was begun is waited out
