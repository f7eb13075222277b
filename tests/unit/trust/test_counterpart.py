"""What another domain's server says of itself: read within bounds, and believed of nothing but itself."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.fetch import QUICK
from tests.fakes.hostile_issuer import Answer, HostileIssuer, drip, endless, gzip_bomb, redirect, stall
from tests.fakes.hostile_issuer import document as answering

from actas.core.ports import Fetched, FetchFailed, SystemClock
from actas.core.wire import ID_JAG, ID_JAG_PROFILE, JWT_BEARER
from actas.net.fetch import GuardedFetch
from actas.trust.counterpart import KEPT, Counterpart, Counterparts, NotTheirs, addresses_of

OAUTH = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"


def honest(idp: HostileIssuer, **changes: Any) -> dict[str, Any]:
    said = {
        "issuer": idp.issuer,
        "token_endpoint": f"{idp.issuer}/token",
        "grant_types_supported": [str(JWT_BEARER)],
        "authorization_grant_profiles_supported": [ID_JAG_PROFILE],
        "identity_chaining_requested_token_types_supported": [str(ID_JAG)],
        **changes,
    }
    return {name: value for name, value in said.items() if value is not ...}


async def asked(idp: HostileIssuer, answer: Answer | None = None) -> Counterpart:
    idp.answers[OAUTH] = answering(honest(idp)) if answer is None else answer
    counterparts = Counterparts(GuardedFetch(dev=True, time_limit=QUICK), SystemClock())
    try:
        return await counterparts.describe(idp.issuer)
    finally:
        await counterparts.aclose()


@pytest.mark.parametrize(
    ("issuer", "first", "second"),
    [
        ("https://as.example", "https://as.example" + OAUTH, "https://as.example" + OPENID),
        ("https://as.example/", "https://as.example" + OAUTH, "https://as.example" + OPENID),
        ("https://as.example/t", f"https://as.example{OAUTH}/t", f"https://as.example/t{OPENID}"),
        (
            "https://as.example:8443/t/",
            f"https://as.example:8443{OAUTH}/t",
            f"https://as.example:8443/t{OPENID}",
        ),
    ],
)
def test_metadata_is_where_rfc_8414_has_it(issuer: str, first: str, second: str) -> None:
    assert addresses_of(issuer) == (first, second)


async def test_what_it_says_is_read() -> None:
    async with HostileIssuer() as idp:
        found = await asked(idp)
        assert found.token_endpoint == f"{idp.issuer}/token"
        assert found.grants == {str(JWT_BEARER)}
        assert found.profiles == {ID_JAG_PROFILE}
        assert found.requested == {str(ID_JAG)}
        assert found.ahead is None


async def test_one_that_knows_the_address_of_openid_connect_alone_is_asked_there() -> None:
    async with HostileIssuer() as idp:
        idp.answers[OPENID] = answering(honest(idp))
        found = await asked(idp, Answer(status=404))
        assert found.address == idp.issuer + OPENID
        with pytest.raises(NotTheirs, match="status 500"):
            await asked(idp, Answer(status=500))
        assert idp.count(OPENID) == 1  # a server that is in trouble is asked for nothing else


@pytest.mark.requirement("JAG-114", "SEC-37")
@pytest.mark.parametrize("issuer", ["https://evil.example", "/", 7, None, ...])
async def test_the_metadata_of_another_is_not_theirs(issuer: Any) -> None:
    async with HostileIssuer() as idp:
        said = idp.issuer + issuer if issuer == "/" else issuer
        with pytest.raises(NotTheirs, match="is another issuer's"):
            await asked(idp, answering(honest(idp, issuer=said)))


@pytest.mark.requirement("SEC-35", "SEC-38")
@pytest.mark.parametrize(
    "answer",
    [
        redirect(302, "https://elsewhere.example/"),
        gzip_bomb(),
        Answer(body=b" " * 300_000),
        Answer(body=b"[1]"),
        Answer(body=b"{"),
        Answer(body=b'{"issuer": "a", "issuer": "b"}'),
        Answer(body=b'{"a":' * 2000 + b"1" + b"}" * 2000),
        Answer(body=b"<html>", content_type="text/html"),
        Answer(status=404),
        endless(),
    ],
)
async def test_an_answer_that_is_no_such_document_is_refused(answer: Answer) -> None:
    async with HostileIssuer() as idp:
        idp.answers[OPENID] = Answer(status=404)
        with pytest.raises(NotTheirs):
            await asked(idp, answer)


@pytest.mark.requirement("REL-10")
@pytest.mark.parametrize("answer", [stall(), drip(b" " * 10_000, interval=0.05), Answer(pace="reset")])
async def test_one_that_does_not_answer_in_time_is_out_of_reach(answer: Answer) -> None:
    began = time.monotonic()
    async with HostileIssuer() as idp:
        with pytest.raises(FetchFailed) as failed:
            await asked(idp, answer)
    assert not isinstance(failed.value, NotTheirs)
    assert time.monotonic() - began < 20 * QUICK


@pytest.mark.requirement("SEC-34")
async def test_no_address_of_the_inside_is_asked() -> None:
    for issuer in ("http://127.0.0.1:1", "https://127.0.0.1", "https://10.0.0.1", "https://as.example?x=1"):
        counterparts = Counterparts(GuardedFetch(), SystemClock())
        with pytest.raises(FetchFailed) as failed:
            await counterparts.describe(issuer)
        assert not isinstance(failed.value, NotTheirs)


ODD: Any = [7, None, {}, "urn:x", [1, None, {}, []], [["urn:x"]]]


@pytest.mark.parametrize("odd", ODD)
async def test_what_is_odd_is_as_if_it_were_not_there(odd: Any) -> None:
    names = ("grant_types_supported", "authorization_grant_profiles_supported")
    async with HostileIssuer() as idp:
        document = honest(
            idp, **dict.fromkeys(names, odd), identity_chaining_requested_token_types_supported=odd
        )
        found = await asked(idp, answering(document))
        assert not found.grants | found.profiles | found.requested


async def test_without_a_word_it_takes_what_rfc_8414_says() -> None:
    async with HostileIssuer() as idp:
        found = await asked(idp, answering(honest(idp, grant_types_supported=...)))
        assert found.grants == {"authorization_code", "implicit"}


@pytest.mark.parametrize(
    "endpoint", [..., 7, None, "", "/token", "javascript:x", "https://a@b/token", "ftp://as.example/t"]
)
async def test_a_token_endpoint_that_no_client_would_call_is_none(endpoint: Any) -> None:
    async with HostileIssuer() as idp:
        assert (await asked(idp, answering(honest(idp, token_endpoint=endpoint)))).token_endpoint is None


class Says:
    """A way out that leads to one document, and says what time it is there."""

    def __init__(self, document: Mapping[str, Any], dated: float | None = None) -> None:
        self.document = document
        self.dated = dated
        self.asked = 0
        self.gate: asyncio.Event | None = None

    async def get_document(self, url: str, *, most: int, listed: bool) -> Fetched:
        assert (most, listed, url.startswith("https://as.example")) == (256 * 1024, True, True)
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        return Fetched(self.document, dated=self.dated)


@pytest.mark.requirement("SEC-36")
async def test_an_endpoint_in_the_clear_is_none_where_the_server_itself_is_not() -> None:
    said = {"issuer": "https://as.example", "token_endpoint": "http://as.example/token"}
    found = await Counterparts(Says(said), FixedClock(1000)).describe("https://as.example")
    assert found.token_endpoint is None


@pytest.mark.parametrize(
    ("dated", "ahead"), [(1000, 0), (999, 0), (1041, 41), (958, -41), (None, None), (1e18, 1e18 - 1000)]
)
async def test_clocks_are_compared_to_the_second_that_a_header_has(dated: Any, ahead: Any) -> None:
    fetch = Says({"issuer": "https://as.example"}, dated)
    found = await Counterparts(fetch, FixedClock(1000)).describe("https://as.example")
    assert found.ahead == ahead


@pytest.mark.requirement("REL-10")
async def test_who_looks_often_asks_once() -> None:
    clock = FixedClock(1000)
    fetch = Says({"issuer": "https://as.example"})
    fetch.gate = asyncio.Event()
    counterparts = Counterparts(fetch, clock)
    waiting = [asyncio.create_task(counterparts.describe("https://as.example")) for _ in range(20)]
    await asyncio.sleep(0)
    waiting[0].cancel()  # whoever gives up ends nobody else's question
    await asyncio.sleep(0)
    fetch.gate.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert sum(isinstance(one, Counterpart) for one in found) == 19
    await counterparts.describe("https://as.example")
    assert fetch.asked == 1
    clock.advance(KEPT)
    await counterparts.describe("https://as.example")
    assert fetch.asked == 2


async def test_what_is_remembered_is_bounded() -> None:
    fetch = Says({})
    counterparts = Counterparts(fetch, FixedClock(1000))
    for number in range(600):
        with pytest.raises(NotTheirs):
            await counterparts.describe(f"https://as.example/{number}")
    assert len(vars(counterparts)["_kept"]) <= 256


async def test_a_date_on_the_wire_is_read_and_nonsense_is_not() -> None:
    for said, expected in (
        ("Fri, 27 Nov 2026 00:00:00 GMT", 1795737600.0),
        ("27 Nov 999999999 00:00:00 GMT", None),
        ("yesterday", None),
        ("", None),
    ):
        async with HostileIssuer() as idp:
            headers = (("Date", said), ("Age", "30")) if expected else (("Date", said),)
            body = json.dumps(honest(idp)).encode()
            idp.answers["/a"] = Answer(body=body, headers=headers)
            fetched = await GuardedFetch(dev=True).get_document(f"{idp.origin}/a", most=9999, listed=True)
            assert fetched.dated == (None if expected is None else expected + 30)
