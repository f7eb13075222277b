"""What an app may do is for the person to say who was asked, and is told where it may be told by then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.company import client, signing_in
from tests.fakes.front_door import FrontDoor, asked
from tests.fakes.house import CLIENTS, PEOPLE, House

from actas.core.client import ClientAuth, SignInTerms
from actas.core.errors import OAuthError
from actas.signin.proving import Begun, Visitor
from actas.signin.steps import Answered, AskConsent

WEB = signing_in(client("web", kind="app"))


class Desk(FrontDoor):
    """Everything that answers an app, over a house."""

    def __init__(self) -> None:
        super().__init__(House(clients=[*CLIENTS[:3], WEB], people=PEOPLE))

    async def asked(self, visitor: Visitor) -> AskConsent:
        """The question that an app's request leads to."""
        step = await self.bring(visitor, asked(state=None, scope="openid"))
        assert isinstance(step, AskConsent)
        return step

    async def decide(self, flow: str, visitor: Visitor, *, allowed: bool = True) -> Any:
        return await self.authorizing.decide(flow, allowed=allowed, visitor=visitor)

    @property
    def events(self) -> list[str]:
        return [one["event"] for one in self.house.writer.events]


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_who_was_asked_answers(desk: Desk) -> None:
    alice = await desk.visitor("alice")
    answered = await desk.decide((await desk.asked(alice)).flow, alice)
    assert isinstance(answered, Answered)
    assert [name for name, _ in answered.members] == ["code", "iss"]
    assert desk.events == ["consent:given", "authorization:granted"]


@pytest.mark.requirement("SEC-78")
@pytest.mark.parametrize("allowed", [True, False])
async def test_nobody_answers_what_another_was_asked(desk: Desk, allowed: bool) -> None:
    """The page stood open while somebody else signed in, in another window of the same browser."""
    flow = (await desk.asked(await desk.visitor("alice"))).flow
    carol = await desk.visitor("carol")
    again = await desk.decide(flow, carol, allowed=allowed)
    assert isinstance(again, AskConsent)
    assert again.account == "actas:carol"
    assert desk.events == []
    assert await desk.consents.given("actas:carol", "web") is None
    answered = await desk.decide(again.flow, carol)
    assert isinstance(answered, Answered)
    assert desk.house.writer.events[-1]["subject"]["sub"] == "actas:carol"


@pytest.mark.requirement("SEC-78")
async def test_who_was_shown_no_question_has_answered_none(desk: Desk) -> None:
    """What the sign-in page carries is no answer, with whatever decision it is sent."""
    alice = await desk.visitor("alice")
    begun = desk.authorizing._begun
    shown = begun.open((await desk.asked(alice)).flow)
    flow = begun.seal(Begun(browser=alice.browser, request=shown.request, proved=True))
    assert isinstance(await desk.decide(flow, alice), AskConsent)


@pytest.mark.requirement("OP-4")
@pytest.mark.parametrize("step", ["go_on", "decide"])
async def test_an_address_that_was_removed_meanwhile_is_told_nothing(desk: Desk, step: str) -> None:
    alice = await desk.visitor("alice")
    flow = (await desk.asked(alice)).flow
    elsewhere = SignInTerms(redirect_uris=("https://web.acme.example/new",))
    desk.house.catalog.clients["web"] = replace(desk.house.catalog.clients["web"], sign_in=elsewhere)
    asked = desk.decide(flow, alice) if step == "decide" else desk.authorizing.go_on(flow, alice)
    with pytest.raises(OAuthError) as refused:
        await asked
    assert refused.value.reason == "unknown_app"
    assert "consent:given" not in desk.events


@pytest.mark.requirement("OP-90")
@pytest.mark.parametrize(
    ("method", "address", "again"),
    [
        ("none", "http://127.0.0.1/callback", True),
        ("none", "com.acme.app:/callback", True),
        ("none", "https://web.acme.example/callback", False),
        ("client_secret", "http://127.0.0.1/callback", False),
    ],
)
async def test_an_app_that_any_program_can_say_it_is_asks_each_time(
    desk: Desk, method: Any, address: str, again: bool
) -> None:
    """RFC 8252 section 8.6: nothing else tells the app from another program on that computer."""
    alice, clients = await desk.visitor("alice"), desk.house.catalog.clients
    auth = ClientAuth(method="none") if method == "none" else clients["web"].auth
    clients["web"] = replace(clients["web"], auth=auth, sign_in=SignInTerms(redirect_uris=(address,)))
    query = asked(state=None, scope="openid", redirect_uri=address)
    first = await desk.bring(alice, query)
    assert isinstance(first, AskConsent)
    await desk.decide(first.flow, alice)
    assert isinstance(await desk.bring(alice, query), AskConsent if again else Answered)
