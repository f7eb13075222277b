"""What is refused at my access stands in the minutes, whether or not it was a form (SEC-86)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.door import FORM, call
from tests.fakes.house import House

from actas.core.errors import OAuthError
from actas.core.ports import SystemChance
from actas.web.account import END_SESSION, STOP_APP, AccountPages
from actas.web.admission import Admission
from actas.web.asgi import Headers, Send, respond
from actas.web.showing import ACCOUNT
from actas.web.visitor import Visitors


class Shows:
    """Shows errors, without a page around them."""

    async def error(self, refusal: OAuthError, send: Send, *, cookies: Headers) -> None:
        await respond(send, status=refusal.status, headers=cookies, body=(refusal.entry or "").encode())


class Nothing:
    """An account that nobody gets to ask."""

    async def asked(self, *_: Any) -> bool:
        raise AssertionError("it was asked")

    end_session = stop_app = mine = asked

    def __getattr__(self, name: str) -> Any:
        return self.asked


def pages(house: House, *, most: int = 8) -> AccountPages:
    account: Any = Nothing()
    showing: Any = Shows()
    visitors = Visitors(issuer="https://sts.acme.example", mark=house.ring.mark, chance=SystemChance())
    return AccountPages(
        account,
        prefix="",
        showing=showing,
        visitors=visitors,
        registered=house.catalog,
        audit=house.minutes,
        admission=Admission(most=most),
    )


@pytest.mark.requirement("SEC-86", "SEC-78")
@pytest.mark.parametrize("path", [END_SESSION, STOP_APP])
@pytest.mark.parametrize(
    ("headers", "body", "reason"),
    [
        ([FORM, (b"origin", b"https://evil.example")], b"session=s&app=a", "forged_form"),
        ([FORM, (b"origin", b"https://sts.acme.example")], b"session=s&app=a&csrf=x", "forged_form"),
        ([(b"content-type", b"text/plain")], b"session=s&app=a", "malformed_request"),
        ([FORM], b"session=s&session=t", "malformed_request"),
    ],
    ids=["origin", "csrf", "type", "twice"],
)
async def test_a_form_that_is_not_ours_is_written_down(
    path: str, headers: list[tuple[bytes, bytes]], body: bytes, reason: str
) -> None:
    house = House()
    reply = await call(pages(house).endpoints()[path], path=path, headers=headers, body=body)
    assert reply.status == 400
    (event,) = house.writer.events
    assert (event["event"], event["reason"], event["source"]) == ("account:refused", reason, "192.0.2.7")
    assert reply.body.decode() == event["id"]


@pytest.mark.requirement("SEC-86")
async def test_whoever_finds_no_place_is_written_down() -> None:
    house = House()
    reply = await call(pages(house, most=0).endpoints()[ACCOUNT], method="GET", path=ACCOUNT, headers=())
    assert reply.status == 503
    assert [one["event"] for one in house.writer.events] == ["account:refused"]
