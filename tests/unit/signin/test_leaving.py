"""Signing out at an app's wish: who is asked, what counts as the app's word, and where one is sent afterwards.

Anybody can send a browser here. So the person is asked, whatever came along; and nobody is sent on but to an
address that an app registered which proved itself by an ID token of ours, however old. What a stranger made, or
another app's, or a hint that speaks against the ``client_id`` beside it, proves nothing.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from tests.fakes.company import IDP_KEY, client, signing_in
from tests.fakes.house import CLIENTS, ISSUER, NOW, OPAQUE_KEY, PEOPLE, House
from tests.fakes.sessions import sessions_of

from actas.core.errors import OAuthError
from actas.core.party import Identity
from actas.core.ports import SystemChance
from actas.core.records import Record
from actas.core.sign_in import SignIn
from actas.signin.ending import Endings
from actas.signin.flow import Flow
from actas.signin.hints import Hints
from actas.signin.leaving import AskLeave, Leave, Leaving, Left
from actas.signin.proving import Visitor
from actas.signin.sessions import Session

GOODBYE = "https://web.acme.example/goodbye"
WEB = signing_in(client("web", kind="app"), after_sign_out=(GOODBYE,))
OTHER = signing_in(client("desk", kind="app"), after_sign_out=("https://desk.acme.example/",))
NOBODY = Visitor(source="192.0.2.7", agent="Firefox", browser="browser-1", session=None)


def never(session: Session) -> Record:
    raise AssertionError(f"nobody's session is ended: {session.sid}")


class Door:
    """What answers who wants somebody signed out, over a house."""

    def __init__(self) -> None:
        self.house = house = House(clients=[*CLIENTS[:3], WEB, OTHER], people=PEOPLE)
        chance, catalog = SystemChance(), house.catalog
        self.sessions = sessions_of(house)
        self.leaving = Leaving(
            directory=catalog,
            hints=Hints(issuer=ISSUER, keys=house.ring),
            sessions=self.sessions,
            endings=Endings(issuer=ISSUER, sessions=self.sessions, audit=house.minutes),
            leave=Flow("leave", Leave, key=OPAQUE_KEY, chance=chance, clock=house.clock),
            audit=house.minutes,
            fresh=house.follower.require_fresh,
        )

    async def visitor(self, name: str = "alice") -> Visitor:
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

    async def ask(self, visitor: Visitor = NOBODY, **parameters: str) -> AskLeave | Left:
        return await self.leaving.ask(urlencode(parameters).encode(), visitor)

    async def is_signed_in(self, visitor: Visitor) -> bool:
        assert visitor.session is not None
        return await self.sessions.find(visitor.session) is not None


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.mark.requirement("OP-83")
async def test_who_is_signed_in_is_asked_whatever_came_along(door: Door) -> None:
    alice = await door.visitor()
    hint = door.house.our_id_token()
    sent: list[dict[str, str]] = [
        {},
        {"id_token_hint": hint},
        {"id_token_hint": hint, "post_logout_redirect_uri": GOODBYE, "state": "s", "client_id": "web"},
        {"logout_hint": "alice", "ui_locales": "de en"},
    ]
    for parameters in sent:
        asked = await door.ask(alice, **parameters)
        assert isinstance(asked, AskLeave)
        assert (asked.account, asked.person and asked.person.display) == ("actas:alice", "Alice")
        assert await door.is_signed_in(alice)
    assert door.house.revoked.listed == []


@pytest.mark.requirement("OP-80", "OP-82")
async def test_who_says_yes_is_signed_out_and_sent_where_the_app_registered(door: Door) -> None:
    alice = await door.visitor()
    asked = await door.ask(
        alice,
        id_token_hint=door.house.our_id_token(),
        client_id="web",
        post_logout_redirect_uri=GOODBYE,
        state="bye",
        logout_hint="alice",
        ui_locales="en",
    )
    assert isinstance(asked, AskLeave)
    left = await door.leaving.confirm(asked.flow, alice)
    assert left.leave == Leave(client="web", uri=GOODBYE, state="bye")
    assert not await door.is_signed_in(alice)
    (written,) = [one for one in door.house.writer.events if one["event"] == "session:ended"]
    assert (written["client"], written["by"]) == ("web", "the person")


@pytest.mark.requirement("OP-81")
@pytest.mark.parametrize("years", [0, 1, 20])
async def test_an_old_hint_is_as_good_as_a_new_one(door: Door, years: int) -> None:
    made = NOW - years * 365 * 86_400
    hint = door.house.our_id_token(iat=made, exp=made + 300, auth_time=made)
    asked = await door.ask(await door.visitor(), id_token_hint=hint, post_logout_redirect_uri=GOODBYE)
    assert asked.leave.uri == GOODBYE


@pytest.mark.requirement("OP-81", "OP-83")
async def test_a_hint_of_another_session_ends_nothing_by_itself(door: Door) -> None:
    """Whose it is, is for the person at the browser to see, and to say."""
    carol = await door.visitor("carol")
    hint = door.house.our_id_token(sub="actas:alice", sid="another-session")
    asked = await door.ask(carol, id_token_hint=hint, post_logout_redirect_uri=GOODBYE)
    assert isinstance(asked, AskLeave)
    assert asked.account == "actas:carol"
    assert await door.is_signed_in(carol)


@pytest.mark.requirement("OP-81", "OP-82", "SEC-22")
@pytest.mark.parametrize(
    "case", ["none", "client", "disagrees", "stranger", "no ID token", "logout token", "changed", "text"]
)
async def test_nobody_is_sent_on_without_the_apps_word(door: Door, case: str) -> None:
    house = door.house
    hint = house.our_id_token()
    head, body, signature = hint.split(".")
    sent: dict[str, dict[str, str]] = {
        "none": {},
        "client": {"client_id": "web"},
        "disagrees": {"id_token_hint": hint, "client_id": "desk"},
        "stranger": {"id_token_hint": house.our_id_token(key=IDP_KEY)},
        "no ID token": {"id_token_hint": house.our_token(aud="web")},
        "logout token": {"id_token_hint": house.our_id_token(typ="logout+jwt")},
        "changed": {"id_token_hint": ".".join((head, body, signature[::-1]))},
        "text": {"id_token_hint": "no token at all"},
    }
    alice = await door.visitor()
    asked = await door.ask(alice, post_logout_redirect_uri=GOODBYE, state="s", **sent[case])
    assert isinstance(asked, AskLeave)
    assert asked.leave == Leave()
    assert asked.client is None
    assert await door.ask(NOBODY, post_logout_redirect_uri=GOODBYE, **sent[case]) == Left(leave=Leave())


@pytest.mark.requirement("OP-82")
@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        f"{GOODBYE}/",
        f"{GOODBYE}?a=1",
        GOODBYE.upper(),
        "https://desk.acme.example/",  # of another app
        "https://web.acme.example:443/goodbye",
        "//web.acme.example/goodbye",
        "javascript:alert(1)",
    ],
)
async def test_nobody_is_sent_to_an_address_that_is_not_registered(door: Door, uri: str) -> None:
    asked = await door.ask(
        await door.visitor(),
        id_token_hint=door.house.our_id_token(),
        post_logout_redirect_uri=uri,
        state="s",
    )
    assert asked.leave == Leave(client="web")


@pytest.mark.requirement("OP-80")
async def test_what_cannot_be_read_is_refused_and_ends_nothing(door: Door) -> None:
    alice = await door.visitor()
    twice = [("state", "a"), ("state", "b")]
    with pytest.raises(OAuthError) as caught:
        await door.leaving.ask(urlencode(twice).encode(), alice)
    assert caught.value.reason == "malformed_request"
    assert await door.is_signed_in(alice)


@pytest.mark.requirement("SEC-78", "OP-83")
@pytest.mark.parametrize("flow", ["", "no flow", None])
async def test_without_a_question_of_ours_nobody_is_signed_out(door: Door, flow: Any) -> None:
    alice = await door.visitor()
    with pytest.raises(OAuthError):
        await door.leaving.confirm(flow, alice)
    assert await door.is_signed_in(alice)
