"""What an app may do is for the person to say who was asked, and is told where it may be told by then."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.company import client, signing_in
from tests.fakes.front_door import FrontDoor, asked
from tests.fakes.house import CLIENTS, PEOPLE, House

from actas.audit.query import matches, read_query
from actas.core.client import ClientAuth, SignInTerms
from actas.core.errors import OAuthError
from actas.core.reasons import REASONS
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
    assert refused.value.reason == "unknown_redirect"
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


def found_by(event: dict[str, Any], query: str) -> bool:
    """Whether ``actas audit search`` finds an entry so."""
    return matches(read_query(query), event)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"redirect_uri": "https://evil.example/"}, "unknown_redirect"),
        ({"code_challenge": None}, "pkce_missing"),
        ({"prompt": "none"}, "not_signed_in"),
    ],
)
async def test_the_log_names_the_app_that_a_stranger_came_for(
    desk: Desk, changes: dict[str, Any], reason: str
) -> None:
    with contextlib.suppress(OAuthError):
        await desk.bring(form=asked(**changes))
    event = desk.house.writer.events[-1]
    assert (event["event"], event["reason"]) == ("authorization:refused", reason)
    assert event["client"] == {"name": "web", "kind": "app", "method": None}
    assert "asked_as" not in event
    assert found_by(event, "client:web")


async def test_the_log_names_the_app_when_somebody_goes_on_or_answers(desk: Desk) -> None:
    alice = await desk.visitor("alice")
    flow = (await desk.asked(alice)).flow
    del desk.house.catalog.clients["web"]
    for refused in (desk.authorizing.go_on(flow, alice), desk.decide(flow, alice)):
        with pytest.raises(OAuthError):
            await refused
        event = desk.house.writer.events[-1]
        assert (event["reason"], event["asked_as"], "client" in event) == ("unknown_app", "web", False)


async def test_a_misspelt_app_is_told_that_nobody_knows_it_and_the_log_has_which_was_meant(
    desk: Desk,
) -> None:
    refusal = await desk.refused(form=asked(client_id="webb"))
    event = desk.house.writer.events[-1]
    assert refusal.reason == "unknown_app"
    assert refusal.sentence == "No app of this name is known here."
    assert "redirect" not in REASONS["unknown_app"].remedy
    assert (event["asked_as"], "client" in event) == ("webb", False)
    assert event["detail"] == "nobody signs in to a client called 'webb'; did you mean \"web\"?"
    assert found_by(event, "client:webb")


async def test_what_is_no_name_is_cleaned_before_it_is_kept(desk: Desk) -> None:
    """Somebody who mixes up parameters sends a secret as the name; others send what steers terminals."""
    secret = "dGhpcyBpcyBhIHNlY3JldCBvZiBzb21lYm9keSE1"
    await desk.refused(form=asked(client_id=secret))
    assert secret not in desk.house.writer.lines[-1].decode()
    await desk.refused(form=asked(client_id="\x1b[2J\x85" + "w" * 500))
    line = desk.house.writer.lines[-1]
    assert b"\x1b" not in line
    assert b"\xc2\x85" not in line
    assert len(desk.house.writer.events[-1]["asked_as"]) == 64


@pytest.mark.requirement("SEC-90")
async def test_naming_an_app_fills_no_log_and_keeps_nobody_busy(desk: Desk) -> None:
    for place in range(150):
        await desk.refused(form=asked(client_id=f"web{place % 10}"))
        await desk.refused(form=asked(redirect_uri=f"https://evil.example/{place}"))
    events = desk.house.writer.events
    assert len(events) == 100
    suggested = [one for one in events if "did you mean" in one["detail"]]
    assert len(suggested) == 30
    desk.house.clock.advance(60)
    await desk.refused(form=asked(client_id="webb"))
    assert "did you mean" in events[-1]["detail"]
