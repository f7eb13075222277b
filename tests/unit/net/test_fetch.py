"""The one way out: what it sends, what it takes, and where it stops."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

import httpcore2
import pytest
from tests.fakes.fetch import QUICK, refused
from tests.fakes.hostile_issuer import (
    Answer,
    HostileIssuer,
    document,
    drip,
    endless,
    gzip_bomb,
    redirect,
    stall,
)
from tests.fakes.resolver import HangingResolver, LoopbackNetwork

from actas.core.ports import NotSent
from actas.net.fetch import MAX_AT_ONCE, MAX_BODY, GuardedFetch


async def test_a_document_is_fetched() -> None:
    async with HostileIssuer() as idp:
        idp.answers["/a"] = document({"keys": []})
        assert await GuardedFetch(dev=True).get_json(f"{idp.origin}/a?p=1") == {"keys": []}
        assert idp.requests[0].target == "/a?p=1"


@pytest.mark.requirement("SEC-35")
async def test_nothing_ambient_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with HostileIssuer() as idp, HostileIssuer() as proxy:
        netrc = tmp_path / ".netrc"
        netrc.write_text(f"machine {idp.host} login admin password hunter2\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("HOME", str(tmp_path))
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, proxy.origin)
        monkeypatch.delenv("NO_PROXY", raising=False)
        idp.answers["/a"] = Answer(headers=(("Set-Cookie", "session=1"),))
        fetch = GuardedFetch(dev=True)
        await fetch.get_json(f"{idp.origin}/a")
        await fetch.get_json(f"{idp.origin}/a")
        assert proxy.count() == 0
        assert set(idp.requests[1].headers) == {
            "host",
            "accept",
            "accept-encoding",
            "user-agent",
            "connection",
        }
        assert idp.requests[1].headers["accept-encoding"] == "identity"


@pytest.mark.requirement("SEC-35")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with HostileIssuer() as idp, HostileIssuer() as other:
        fetch = GuardedFetch(dev=True)
        for location in (f"{other.origin}/jwks", f"{idp.origin}/jwks", "/jwks"):
            idp.answers["/a"] = redirect(status, location)
            assert f"redirect ({status})" in await refused(fetch, f"{idp.origin}/a")
        assert other.count() == 0
        assert idp.count("/jwks") == 0


@pytest.mark.parametrize("status", [101, 201, 204, 206, 400, 401, 404, 500, 503])
async def test_only_an_answer_200_is_used(status: int) -> None:
    async with HostileIssuer() as idp:
        idp.answers["/a"] = Answer(status=status, body=b"" if status == 204 else b"{}")
        assert "/a: " in await refused(GuardedFetch(dev=True, time_limit=QUICK), f"{idp.origin}/a")


@pytest.mark.requirement("SEC-38")
@pytest.mark.parametrize(
    ("content_type", "accepted"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("Application/JSON", True),
        ("application/jwk-set+json", True),
        ("application/problem+json", True),
        (None, False),
        ("", False),
        ("text/html", False),
        ("text/plain", False),
        ("text/json", False),
        ("application/octet-stream", False),
        ("application/jsonp", False),
        ("application/x-json", False),
        ("application/+json", False),
        ("multipart/mixed+json", False),
        ("application/json, text/html", False),
    ],
)
async def test_only_json_is_accepted(content_type: str | None, accepted: bool) -> None:
    async with HostileIssuer() as idp:
        idp.answers["/a"] = Answer(content_type=content_type)
        fetch = GuardedFetch(dev=True)
        if accepted:
            assert await fetch.get_json(f"{idp.origin}/a") == {}
        else:
            assert "not declared to be JSON" in await refused(fetch, f"{idp.origin}/a")


@pytest.mark.requirement("SEC-38")
async def test_two_content_types_are_none() -> None:
    async with HostileIssuer() as idp:
        idp.answers["/a"] = Answer(headers=(("Content-Type", "text/html"),))
        assert "not declared to be JSON" in await refused(GuardedFetch(dev=True), f"{idp.origin}/a")


@pytest.mark.requirement("SEC-07", "SEC-38")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'"a"',
        b"1",
        b"null",
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":1e999}',
        b"{}{}",
        b'{"a":"\xff"}',
        b"\xff\xfe{\x00}\x00",
        b"[" * 100_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    ],
)
async def test_what_is_not_one_strict_json_object_is_refused(body: bytes) -> None:
    async with HostileIssuer() as idp:
        idp.answers["/a"] = Answer(body=body)
        assert "the answer is refused" in await refused(GuardedFetch(dev=True), f"{idp.origin}/a")


@pytest.mark.requirement("SEC-38")
async def test_a_document_of_the_largest_size_is_taken_and_one_byte_more_is_not() -> None:
    async with HostileIssuer() as idp:
        padded = json.dumps({"a": ""}).encode()
        idp.answers["/a"] = Answer(body=padded + b" " * (MAX_BODY - len(padded)))
        idp.answers["/b"] = Answer(body=padded + b" " * (MAX_BODY - len(padded) + 1))
        fetch = GuardedFetch(dev=True)
        assert await fetch.get_json(f"{idp.origin}/a") == {"a": ""}
        assert "longer than 256 KiB" in await refused(fetch, f"{idp.origin}/b")


@pytest.mark.requirement("SEC-38")
async def test_an_endless_answer_is_cut_off_by_its_size() -> None:
    async with HostileIssuer() as idp:
        idp.answers["/a"] = endless()
        assert "longer than 256 KiB" in await refused(GuardedFetch(dev=True), f"{idp.origin}/a")


@pytest.mark.requirement("SEC-38")
async def test_an_endless_head_is_cut_off() -> None:
    async with HostileIssuer() as idp:
        idp.answers["/a"] = Answer(headers=tuple((f"X-{number}", "a" * 1000) for number in range(300)))
        assert "not proper HTTP" in await refused(GuardedFetch(dev=True), f"{idp.origin}/a")


@pytest.mark.requirement("SEC-38")
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity, gzip"])
async def test_a_compressed_answer_is_refused_before_it_is_read(encoding: str) -> None:
    async with HostileIssuer() as idp:
        idp.answers["/a"] = Answer(body=gzip.compress(b"{}"), headers=(("Content-Encoding", encoding),))
        assert "compressed" in await refused(GuardedFetch(dev=True), f"{idp.origin}/a")


@pytest.mark.requirement("SEC-38")
async def test_a_gzip_bomb_stays_packed() -> None:
    async with HostileIssuer() as idp:
        idp.answers["/a"] = gzip_bomb(8 * 1024 * 1024)
        assert "compressed" in await refused(GuardedFetch(dev=True), f"{idp.origin}/a")


@pytest.mark.requirement("SEC-38", "REL-10")
@pytest.mark.parametrize("answer", [stall(), drip(b" " * 1000 + b"{}", interval=0.02)])
async def test_a_stall_and_a_drip_end_at_the_same_limit(answer: Answer) -> None:
    async with HostileIssuer() as idp:
        idp.answers["/a"] = answer
        fetch = GuardedFetch(dev=True, time_limit=QUICK)
        before = asyncio.get_running_loop().time()
        assert "no complete answer within 0.25 seconds" in await refused(fetch, f"{idp.origin}/a")
        assert asyncio.get_running_loop().time() - before < QUICK * 12


@pytest.mark.requirement("SEC-38")
async def test_a_name_server_that_hangs_counts_towards_the_limit() -> None:
    fetch = GuardedFetch(resolve=HangingResolver(), time_limit=QUICK)
    assert "no complete answer" in await refused(fetch, "https://idp.example/a")


async def test_a_truncated_answer_is_refused() -> None:
    async with HostileIssuer() as idp:
        idp.answers["/a"] = Answer(body=b'{"a":1}' + b" " * 50, pace="cut")
        assert "not proper HTTP" in await refused(GuardedFetch(dev=True), f"{idp.origin}/a")


async def test_a_connection_that_breaks_is_named() -> None:
    async with HostileIssuer() as idp:
        idp.answers["/a"] = Answer(body=b" " * 100, pace="reset")
        assert "the connection broke" in await refused(GuardedFetch(dev=True), f"{idp.origin}/a")


@pytest.mark.requirement("SEC-04")
async def test_whatever_a_library_raises_is_a_failed_fetch() -> None:
    class Broken(LoopbackNetwork):
        async def connect_tcp(self, *args: object, **kwargs: object) -> httpcore2.AsyncNetworkStream:
            raise RuntimeError("a defect")

    why = await refused(GuardedFetch(dev=True, network=Broken(1)), "http://127.0.0.1/a")
    assert why == "http://127.0.0.1/a: failed unexpectedly (RuntimeError)"


async def test_an_address_where_nothing_listens_is_named() -> None:
    async with HostileIssuer() as idp:
        gone = f"{idp.origin}/a"
    assert "nothing accepts connections at 127.0.0.1" in await refused(GuardedFetch(dev=True), gone)


@pytest.mark.requirement("SEC-02")
@pytest.mark.parametrize("limit", [0, -1, 5.1, float("inf"), float("nan")])
def test_the_time_limit_may_be_tightened_only(limit: float) -> None:
    with pytest.raises(ValueError, match="time limit"):
        GuardedFetch(time_limit=limit)


@pytest.mark.requirement("SEC-35")
async def test_an_odd_address_is_refused_on_use_without_repeating_it() -> None:
    fetch = GuardedFetch(dev=True)
    for url in (
        "https://admin:hunter2@idp.example/",
        "https:///evil",
        "https://idp\t.example/",
        "https://127.1/",
    ):
        why = await refused(fetch, url)
        assert "hunter2" not in why
        assert "an address on record cannot be used" in why


async def test_a_failure_does_not_repeat_the_query() -> None:
    async with HostileIssuer() as idp:
        why = await refused(GuardedFetch(dev=True), f"{idp.origin}/missing?code=hunter2")
        assert "/missing: answered with status 404" in why
        assert "hunter2" not in why


@pytest.mark.requirement("REL-10")
async def test_a_stalling_host_holds_sixteen_places_of_its_own_and_no_other_host() -> None:
    async with HostileIssuer() as slow, HostileIssuer(host="localhost") as quick:
        slow.answers["/a"] = stall()
        fetch = GuardedFetch(dev=True, time_limit=5)
        waiting = [asyncio.create_task(refused(fetch, f"{slow.origin}/a")) for _ in range(MAX_AT_ONCE + 8)]
        while slow.count() < MAX_AT_ONCE:
            await asyncio.sleep(0.005)
        assert "keys" in await fetch.get_json(quick.jwks_uri)
        assert slow.count() == MAX_AT_ONCE
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert not fetch._places._hosts


@pytest.mark.requirement("REL-10")
async def test_what_found_no_place_in_time_was_not_sent() -> None:
    async with HostileIssuer() as slow:
        slow.answers["/a"] = stall()
        fetch = GuardedFetch(dev=True)
        waiting = [asyncio.create_task(refused(fetch, f"{slow.origin}/a")) for _ in range(MAX_AT_ONCE)]
        while slow.count() < MAX_AT_ONCE:
            await asyncio.sleep(0.005)
        with pytest.raises(NotSent, match=r"16 requests to that host were under way for 0\.05 s"):
            await fetch.post(f"{slow.origin}/a", b"grant", headers={}, within=0.05)
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert slow.count() == MAX_AT_ONCE


async def test_a_fetch_that_is_given_up_leaves_nothing_open() -> None:
    async with HostileIssuer() as idp:
        idp.answers["/a"] = stall()
        fetch = GuardedFetch(dev=True)
        task = asyncio.create_task(fetch.get_json(f"{idp.origin}/a"))
        while not idp.count():
            await asyncio.sleep(0.005)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not fetch._places._hosts
