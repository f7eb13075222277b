"""The other server's token endpoint on a real socket, through the real way out: what each odd answer is called."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from tests.fakes.crossing import APPS
from tests.fakes.fetch import QUICK
from tests.fakes.hostile_issuer import (
    Answer as Said,
)
from tests.fakes.hostile_issuer import HostileIssuer, drip, endless, gzip_bomb, redirect, stall
from tests.fakes.house import PEOPLE, House
from tests.fakes.redeeming import CAME, TOKEN, TheirServer, handed_on, not_handed_on, standing_in

from actas.core.ports import Answer
from actas.net.fetch import GuardedFetch

WHOLE = json.dumps(CAME).encode()


class OverASocket(TheirServer):
    """What it says of itself is settled; grants reach it as they do in a server."""

    def __init__(self, within: float = QUICK) -> None:
        super().__init__()
        self.out = GuardedFetch(dev=True, time_limit=within)

    async def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], within: float | None = None
    ) -> Answer:
        return await self.out.post(url, body, headers=headers, within=within)


def house(other: HostileIssuer, there: OverASocket) -> House:
    there.says = {"token_endpoint": f"{other.origin}/token"}
    one = standing_in(issuer=other.origin)
    return House(clients=APPS, people=PEOPLE, connections=[one], there=there)


async def test_a_token_comes_over_it() -> None:
    async with HostileIssuer() as other:
        other.answers["/token"] = Said(body=WHOLE)
        it = house(other, OverASocket(within=5.0))
        assert (await handed_on(it)).body["access_token"] == TOKEN
        (seen,) = other.requests
        assert (seen.method, seen.target) == ("POST", "/token")
        assert seen.headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.requirement("IDC-60", "SEC-35", "SEC-38")
@pytest.mark.parametrize(
    ("answer", "reason", "status"),
    [
        (stall(), "upstream_down", 503),
        (drip(WHOLE), "upstream_down", 503),
        (endless(), "bad_answer_there", 502),
        (gzip_bomb(), "bad_answer_there", 502),
        (Said(body=b" " * 65_536 + WHOLE), "bad_answer_there", 502),
        (Said(body=WHOLE, pace="cut"), "upstream_down", 503),
        (Said(body=WHOLE, pace="reset"), "upstream_down", 503),
    ],
    ids=["stall", "drip", "endless", "gzip bomb", "too long", "cut", "reset"],
)
async def test_slow_huge_and_broken_answers_bring_nothing(answer: Said, reason: str, status: int) -> None:
    async with HostileIssuer() as other:
        other.answers["/token"] = answer
        refused = await not_handed_on(house(other, OverASocket()))
        assert (refused.reason, refused.status) == (reason, status)
        assert other.count("/token") == 1  # nobody knows what became of a grant, so it is not sent again


@pytest.mark.requirement("IDC-60", "SEC-35")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_grant_goes_nowhere_that_an_answer_leads_to(status: int) -> None:
    async with HostileIssuer() as other, HostileIssuer() as elsewhere:
        other.answers["/token"] = redirect(status, f"{elsewhere.origin}/token")
        refused = await not_handed_on(house(other, OverASocket(within=5.0)))
        assert refused.reason == "bad_answer_there"
        assert elsewhere.count() == 0
