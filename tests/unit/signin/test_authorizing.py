"""What an app may do is for the person to say who was asked, and is told where it may be told by then."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.fakes.company import CALLBACK, client, signing_in
from tests.fakes.house import CLIENTS, ISSUER, OPAQUE_KEY, PEOPLE, House
from tests.fakes.visits import VERIFIER, challenge_of

from actas.core.client import SignInTerms
from actas.core.errors import OAuthError
from actas.core.party import Identity
from actas.core.ports import SystemChance
from actas.core.records import Record
from actas.core.sign_in import SignIn
from actas.keys.opaque import OpaqueTexts
from actas.signin.authorizing import Authorizing
from actas.signin.consents import Consents
from actas.signin.flow import Flow
from actas.signin.proving import Begun, Visitor
from actas.signin.sessions import Session, Sessions
from actas.signin.steps import Answered, AskConsent
from actas.store.memory_sign_in import MemoryConsents, MemorySessions
from actas.subjects.live import LiveParties

WEB = signing_in(client("web", kind="app"))


def never(_session: Session) -> Record:
    raise AssertionError("no session is replaced here")


class Desk:
    """Everything that answers an app, over a house."""

    def __init__(self) -> None:
        self.house = house = House(clients=[*CLIENTS[:3], WEB], people=PEOPLE)
        chance, catalog = SystemChance(), house.catalog
        kept: dict[str, Any] = {
            "issuer": ISSUER, "revocations": house.revoked, "marking": house.ring, "clock": house.clock,
        }  # fmt: skip
        self.sessions = Sessions(
            store=MemorySessions(clock=house.clock),
            texts=OpaqueTexts(key=OPAQUE_KEY, digest=house.ring.digest, chance=chance),
            live=LiveParties(issuer=ISSUER, clients=catalog, trust=catalog, people=catalog),
            **kept,
        )
        self.consents = Consents(store=MemoryConsents(), **kept)
        self.authorizing = Authorizing(
            issuer=ISSUER,
            directory=catalog,
            sessions=self.sessions,
            consents=self.consents,
            codes=house.codes,
            begun=Flow("begun", Begun, key=OPAQUE_KEY, chance=chance, clock=house.clock),
            audit=house.minutes,
            chance=chance,
            clock=house.clock,
            fresh=house.follower.require_fresh,
        )

    async def visitor(self, name: str) -> Visitor:
        """A browser in which somebody has signed in."""
        identity, now = Identity(ISSUER, f"actas:{name}"), int(self.house.clock.now())

        def sign_in(sid: str, ends_at: int) -> SignIn:
            return SignIn(
                person=identity, origin=identity, origin_name="actas", groups=(), claims={}, at=now, acr="pwd",
                amr=("pwd",), sid=sid, ends_at=ends_at,
            )  # fmt: skip

        text, _ = await self.sessions.begin(
            sign_in, source="192.0.2.7", browser="Firefox", replaces=None, ended=never
        )
        return Visitor(source="192.0.2.7", agent="Firefox", browser="browser-1", session=text.reveal())

    async def asked(self, visitor: Visitor) -> AskConsent:
        """The question that an app's request leads to."""
        form = {
            "client_id": "web",
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": "openid",
            "code_challenge": challenge_of(VERIFIER),
            "code_challenge_method": "S256",
        }
        step = await self.authorizing.ask(urlencode(form).encode(), visitor)
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
    flow = begun.seal(Begun(request=shown.request, proved=True))
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
