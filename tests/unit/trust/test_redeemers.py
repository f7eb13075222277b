"""Where other domains' servers redeem grants that we bring: found by what they say, and left alone while they fail."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.company import NOW, TICKETS
from tests.fakes.redeeming import ENDPOINT, TheirServer

from actas.core.ports import FetchFailed, NotSent
from actas.trust import redeemers
from actas.trust.counterpart import NotTheirs
from actas.trust.redeemers import AT_ONCE, RELOCATE, RETRY, LeftAlone, Redeemers, endpoint_of
from actas.trust.registry import OUTAGE_GRACE

DOWN = FetchFailed("nothing listens")


class Case:
    """A server, and what knows where it redeems grants."""

    def __init__(self, *hosts: str) -> None:
        self.there = TheirServer()
        self.clock = FixedClock(NOW)
        self.redeemers = Redeemers(self.there, self.clock)
        self.hosts = frozenset(hosts)
        self.by = "web-to-tickets"

    async def endpoint(self) -> str:
        return (await self.redeemers.find(TICKETS, hosts=self.hosts, by=self.by))[1]

    async def fails(self, says: Any) -> str:
        """Have it say that, and return why it is not found."""
        self.there.says = says
        with pytest.raises(FetchFailed) as failed:
            await self.endpoint()
        return failed.value.detail

    async def silences(self, many: int) -> None:
        """Note so many attempts on its token endpoint that brought no answer."""
        for _ in range(many):
            await self.ends(FetchFailed("no answer"))

    async def ends(self, error: BaseException | None = None, *, later: str | None = None) -> None:
        """Have an attempt on its token endpoint end so."""
        try:
            async with self.redeemers.attempt(TICKETS, by=self.by) as attempt:
                attempt.later = later
                if error is not None:
                    raise error
        except BaseException as raised:
            if raised is not error:
                raise


async def test_what_a_server_said_of_itself_is_used_for_an_hour_and_asked_again_then() -> None:
    case = Case()
    assert await case.endpoint() == ENDPOINT
    case.clock.advance(RELOCATE - 1)
    case.there.says = {"token_endpoint": f"{TICKETS}/moved"}
    assert (await case.endpoint(), case.there.asked) == (ENDPOINT, 1)
    case.clock.advance(1)
    assert (await case.endpoint(), case.there.asked) == (f"{TICKETS}/moved", 2)


async def test_a_clock_that_was_set_back_has_it_asked_again() -> None:
    case = Case()
    await case.endpoint()
    case.clock.advance(-60)
    await case.endpoint()
    assert case.there.asked == 2


async def test_what_is_known_of_one_that_cannot_be_asked_is_used_for_as_long_as_keys_would_be() -> None:
    case = Case()
    await case.endpoint()
    case.clock.advance(RELOCATE)
    case.there.says = DOWN
    assert await case.endpoint() == ENDPOINT
    assert case.redeemers.troubles() == (
        f"server {TICKETS}: grants cannot be redeemed there: nothing listens",
    )
    case.clock.advance(OUTAGE_GRACE)
    assert await case.fails(DOWN) == "nothing listens"


@pytest.mark.requirement("JAG-114")
async def test_one_that_says_that_it_is_another_is_not_known_any_more_and_does_not_count_as_silent() -> None:
    case = Case()
    await case.endpoint()
    case.clock.advance(RELOCATE)
    other = NotTheirs("it is another issuer's")
    for _ in range(4):
        assert await case.fails(other) == "it is another issuer's"
    assert case.redeemers.open() == {TICKETS: False}
    assert case.redeemers.troubles() == ()
    assert await case.fails(DOWN) == "nothing listens"  # and not what it said before


@pytest.mark.requirement("SEC-36")
@pytest.mark.parametrize(
    ("endpoint", "hosts", "why"),
    [
        (None, (), "names no token endpoint"),
        ("https://tokens.example/token", (), "neither its own host nor listed in redeem.hosts"),
        (
            "https://tokens.example:8443/token",
            ("tokens.example",),
            "at tokens.example:8443, which is neither",
        ),
        (f"{TICKETS}:8443/token", (), "neither its own host"),
        ("http://auth.tickets.example/token", ("auth.tickets.example",), "neither its own host"),
        ("https://tokens.example/token", ("tokens.example",), None),
        ("https://tokens.example:8443/token", ("tokens.example:8443",), None),
        (f"{TICKETS}:443/elsewhere", (), None),
    ],
)
async def test_its_token_endpoint_is_at_its_own_host_or_at_one_on_record(
    endpoint: str | None, hosts: tuple[str, ...], why: str | None
) -> None:
    case = Case(*hosts)
    case.there.says = {"token_endpoint": endpoint}
    if why is None:
        assert await case.endpoint() == endpoint
        return
    found = await case.there.describe(TICKETS)
    with pytest.raises(NotTheirs) as failed:
        endpoint_of(found, TICKETS, case.hosts)
    assert why in failed.value.detail
    assert why in await case.fails(case.there.says)


async def test_the_hosts_that_count_are_those_of_whoever_asks() -> None:
    """Two connections to one server may list different ones, and a reload takes one away."""
    case = Case("tokens.example")
    case.there.says = {"token_endpoint": "https://tokens.example/token"}
    await case.endpoint()
    case.hosts = frozenset()
    assert "neither its own host" in await case.fails(case.there.says)


@pytest.mark.requirement("IDC-60")
async def test_silence_of_both_kinds_counts_as_one() -> None:
    case = Case()
    assert await case.fails(DOWN) == "nothing listens"
    assert await case.fails(FetchFailed("still nothing")) == "still nothing"
    assert case.redeemers.open() == {TICKETS: False}
    await case.silences(1)
    assert case.redeemers.open() == {TICKETS: True}
    assert "left alone for a moment: no answer" in await case.fails({})
    assert case.there.asked == 2


async def test_a_failure_that_many_wait_for_is_one() -> None:
    case = Case()
    for _ in range(8):
        await case.fails(DOWN)  # the same answer, which is kept for a moment (``trust.counterpart``)
    assert case.redeemers.open() == {TICKETS: False}


@pytest.mark.requirement("IDC-60")
async def test_one_that_is_left_alone_is_tried_by_one_at_a_time_and_an_answer_ends_that() -> None:
    case = Case()
    await case.endpoint()
    await case.silences(3)
    assert "left alone" in await case.fails({})
    case.clock.advance(RETRY)
    assert [await case.endpoint() for _ in range(2)] == [ENDPOINT] * 2
    async with case.redeemers.attempt(TICKETS, by=case.by):
        assert "left alone" in await case.fails({})
        with pytest.raises(LeftAlone):
            async with case.redeemers.attempt(TICKETS, by="helpdesk-to-tickets"):
                pytest.fail("two tried it at once")
    assert case.redeemers.open() == {TICKETS: False}
    assert [await case.endpoint() for _ in range(2)] == [ENDPOINT] * 2


@pytest.mark.requirement("IDC-60", "REL-10")
async def test_who_looks_and_sends_nothing_takes_no_try_from_others() -> None:
    """One client asks about somebody who has no name there, ten times a second; another has a good grant."""
    case = Case()
    await case.endpoint()
    await case.silences(3)
    case.clock.advance(RETRY)
    for _ in range(10):
        assert await case.endpoint() == ENDPOINT
    await case.ends()
    assert case.redeemers.open() == {TICKETS: False}


@pytest.mark.requirement("IDC-60", "REL-10")
async def test_nor_does_who_finds_its_endpoint_elsewhere_or_asks_it_what_it_is() -> None:
    case = Case()
    await case.endpoint()
    await case.silences(3)
    case.clock.advance(RELOCATE)
    assert "neither its own host" in await case.fails({"token_endpoint": "https://elsewhere.example/token"})
    case.redeemers.keep_only({(TICKETS, case.by)})
    case.clock.advance(RELOCATE)
    case.there.says = {}
    assert await case.endpoint() == ENDPOINT
    await case.ends()
    assert case.redeemers.open() == {TICKETS: False}


@pytest.mark.requirement("IDC-60")
@pytest.mark.parametrize("ended", [asyncio.CancelledError(), RuntimeError("a bug")])
async def test_a_try_that_says_nothing_of_the_server_is_given_back(ended: BaseException) -> None:
    case = Case()
    await case.endpoint()
    await case.silences(3)
    case.clock.advance(RETRY)
    await case.ends(ended)
    assert await case.endpoint() == ENDPOINT
    assert case.redeemers.open() == {TICKETS: True}


async def test_who_gives_up_while_it_is_asked_what_it_is_gives_the_try_back() -> None:
    case = Case()
    await case.endpoint()
    await case.silences(3)
    case.clock.advance(RELOCATE)
    describe, gate = case.there.describe, asyncio.Event()

    async def hangs(issuer: str) -> Any:
        await gate.wait()
        return await describe(issuer)

    case.there.describe = hangs  # type: ignore[method-assign]
    first = asyncio.create_task(case.endpoint())
    await asyncio.sleep(0)
    assert "left alone" in await case.fails({})
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    gate.set()
    assert await case.endpoint() == ENDPOINT


@pytest.mark.requirement("IDC-60")
async def test_what_was_known_of_one_that_is_left_alone_is_tried_though_it_says_nothing_of_itself() -> None:
    case = Case()
    await case.endpoint()
    await case.silences(3)
    case.clock.advance(RELOCATE)
    case.there.says = DOWN
    assert [await case.endpoint() for _ in range(3)] == [ENDPOINT] * 3
    assert case.there.asked == 2, "who comes a moment later does not wait for that again"
    await case.ends()
    assert case.redeemers.open() == {TICKETS: False}
    case.clock.advance(RETRY)
    case.there.says = {"token_endpoint": f"{TICKETS}/moved"}
    assert await case.endpoint() == f"{TICKETS}/moved"
    assert case.redeemers.troubles() == ()


@pytest.mark.requirement("IDC-60", "REL-10")
async def test_one_that_answers_a_connection_that_it_cannot_now_is_left_alone_by_that_one() -> None:
    case = Case()
    await case.endpoint()
    for _ in range(3):
        await case.ends(later="it answers with status 429")
    assert "left alone for a moment: it answers with status 429" in await case.fails({})
    case.by = "helpdesk-to-tickets"
    assert await case.endpoint() == ENDPOINT
    await case.ends(FetchFailed("compressed", status=200))
    await case.ends(FetchFailed("compressed", status=502))
    says = "grants of the connection {}-to-tickets are not redeemed there now: {}"
    assert case.redeemers.open() == {TICKETS: True}
    assert case.redeemers.troubles() == tuple(
        f"server {TICKETS}: {says.format(*one)}"
        for one in (("helpdesk", "compressed"), ("web", "it answers with status 429"))
    )
    case.by = "web-to-tickets"
    case.clock.advance(RETRY)
    await case.endpoint()
    await case.ends()
    case.redeemers.keep_only({(TICKETS, "web-to-tickets")})
    assert (case.redeemers.open(), case.redeemers.troubles()) == ({TICKETS: False}, ())


async def test_silence_says_nothing_of_one_connection_and_an_answer_of_any_kind_ends_the_silence() -> None:
    case = Case()
    await case.endpoint()
    await case.silences(3)
    case.clock.advance(RETRY)
    await case.ends(later="it answers with status 503")
    case.by = "helpdesk-to-tickets"
    assert await case.endpoint() == ENDPOINT
    assert case.redeemers.open() == {TICKETS: False}


async def test_it_is_tried_more_rarely_the_longer_it_fails() -> None:
    case = Case()
    await case.endpoint()
    await case.silences(3)
    for _ in range(5):
        case.clock.advance(60)
        await case.silences(1)
    case.clock.advance(RETRY)
    assert "left alone" in await case.fails({})
    case.clock.advance(60)
    assert await case.endpoint() == ENDPOINT


async def test_what_is_known_of_servers_that_no_connection_leads_to_is_dropped() -> None:
    case = Case()
    await case.redeemers.find(
        "https://auth.wiki.example", hosts=frozenset({"auth.tickets.example"}), by="web-to-wiki"
    )
    await case.endpoint()
    await case.silences(3)
    case.redeemers.keep_only({(TICKETS, case.by)})
    assert case.redeemers.open() == {TICKETS: True}
    case.redeemers.keep_only(())
    assert case.redeemers.open() == {}
    assert await case.endpoint() == ENDPOINT


async def test_troubles_are_in_the_order_of_their_issuers() -> None:
    case = Case()
    case.there.says = DOWN
    for issuer in ("https://z.example", "https://a.example"):
        with pytest.raises(FetchFailed):
            await case.redeemers.find(issuer, hosts=frozenset(), by=case.by)
    assert [one.split()[1] for one in case.redeemers.troubles()] == [
        "https://a.example:",
        "https://z.example:",
    ]


@pytest.mark.requirement("IDC-60", "REL-10")
async def test_what_waits_in_our_own_queue_says_nothing_of_the_server_and_keeps_no_other_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = Case()
    done = asyncio.Event()
    under_way = 0

    async def redeems(by: str) -> None:
        nonlocal under_way
        async with case.redeemers.attempt(TICKETS, by=by):
            under_way += 1
            await done.wait()

    many = [asyncio.create_task(redeems(case.by)) for _ in range(3 * AT_ONCE)]
    await asyncio.sleep(0.01)
    assert under_way == AT_ONCE
    other = asyncio.create_task(redeems("helpdesk-to-tickets"))
    await asyncio.sleep(0.01)
    assert under_way == AT_ONCE + 1
    monkeypatch.setattr(redeemers, "PATIENCE", 0.01)
    with pytest.raises(LeftAlone, match=f"{AT_ONCE} grants of the connection {case.by} are under way to"):
        await redeems(case.by)
    done.set()
    await asyncio.gather(*many, other)
    assert under_way == 3 * AT_ONCE + 1
    for _ in range(3):
        await case.ends(NotSent("16 requests to that host were under way for 5 seconds"))
    assert (case.redeemers.open(), case.redeemers.troubles()) == ({TICKETS: False}, ())
