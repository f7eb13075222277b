"""Sending something out: through the same bounds as getting something."""

from __future__ import annotations

import pytest
from tests.fakes.fetch import QUICK
from tests.fakes.hostile_issuer import Answer, HostileIssuer, drip, endless, gzip_bomb, redirect, stall

from actas.core.ports import FetchFailed
from actas.net.fetch import GuardedFetch

JSON = {"Content-Type": "application/json"}


async def not_sent(url: str, *, headers: dict[str, str] | None = None, dev: bool = True) -> str:
    with pytest.raises(FetchFailed) as failed:
        await GuardedFetch(dev=dev, time_limit=QUICK).post(url, b"{}", headers=headers or JSON)
    return failed.value.detail


async def test_a_body_arrives_with_what_is_said_of_it_and_nothing_ambient() -> None:
    async with HostileIssuer() as other:
        other.answers["/in"] = Answer(body=b'{"taken": true}')
        sent = await GuardedFetch(dev=True).post(
            f"{other.origin}/in?a=1", b'{"x": 1}', headers={**JSON, "X-Vault-Token": "hvs.secret"}
        )
        assert (sent.status, sent.body) == (200, b'{"taken": true}')
        (seen,) = other.requests
        assert (seen.method, seen.target, seen.body) == ("POST", "/in?a=1", b'{"x": 1}')
        assert set(seen.headers) == {
            "host",
            "content-type",
            "content-length",
            "x-vault-token",
            "accept-encoding",
            "user-agent",
            "connection",
        }


@pytest.mark.parametrize("status", [200, 202, 400, 403, 404, 429, 500, 503])
async def test_an_answer_of_any_status_is_returned_with_its_body(status: int) -> None:
    async with HostileIssuer() as other:
        other.answers["/in"] = Answer(status=status, body=b'{"errors": []}')
        answer = await GuardedFetch(dev=True).post(f"{other.origin}/in", b"{}", headers=JSON)
        assert (answer.status, answer.body) == (status, b'{"errors": []}')


@pytest.mark.requirement("SEC-35")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_what_is_sent_is_not_sent_on_to_where_an_answer_leads(status: int) -> None:
    async with HostileIssuer() as other, HostileIssuer() as elsewhere:
        other.answers["/in"] = redirect(status, f"{elsewhere.origin}/in")
        assert f"redirect ({status})" in await not_sent(f"{other.origin}/in")
        assert elsewhere.count() == 0


@pytest.mark.requirement("SEC-38", "REL-10")
async def test_an_answer_is_bounded_in_time_and_size() -> None:
    async with HostileIssuer() as other:
        for answer, why in (
            (stall(), "no complete answer"),
            (drip(b"{" * 4096), "no complete answer"),
            (endless(), "longer than"),
            (gzip_bomb(), "compressed"),
        ):
            other.answers["/in"] = answer
            assert why in await not_sent(f"{other.origin}/in")


async def test_of_what_went_wrong_it_is_known_whether_anything_was_sent() -> None:
    async def sent(url: str, *, within: float = 5.0) -> bool:
        with pytest.raises(FetchFailed) as failed:
            await GuardedFetch(dev=True, time_limit=within).post(url, b"{}", headers=JSON)
        return failed.value.sent

    async with HostileIssuer() as other:
        other.answers["/in"] = stall()
        assert await sent(f"{other.origin}/in", within=1.5) is True
    assert await sent(f"{other.origin}/in") is False  # nothing accepts connections any more
    assert await sent("https://169.254.169.254/in") is False


@pytest.mark.requirement("SEC-33", "SEC-34")
@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1/in", "plain http is used for loopback addresses in development only"),
        ("https://10.0.0.1/in", "a private address"),
        ("https://169.254.169.254/in", "a link-local address"),
        ("ftp://a.example/", "not of the form https://"),
    ],
)
async def test_nothing_is_sent_to_where_nothing_may_be_fetched_from(url: str, why: str) -> None:
    assert why in await not_sent(url, dev=False)


async def test_a_header_cannot_be_two() -> None:
    async with HostileIssuer() as other:
        detail = await not_sent(f"{other.origin}/in", headers={"X-Vault-Token": "a\r\nX-Other: b"})
        assert "a\r\n" not in detail
        assert other.count() == 0
