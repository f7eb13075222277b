"""What apps get of somebody who signed in through an issuer: a code, once the sign-in is as they want it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlencode

import msgspec
import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.company import CALLBACK
from tests.fakes.elsewhere import DESK, VISITOR, WEB, Desk, registered
from tests.fakes.front_door import FrontDoor
from tests.fakes.hostile_issuer import HostileIssuer
from tests.fakes.house import ISSUER, NOW, House

from actas.core.errors import OAuthError
from actas.core.lineage import Revoked
from actas.core.party import Identity
from actas.net.fetch import GuardedFetch
from actas.signin.authorizing import Authorizing
from actas.signin.granting import Granting
from actas.signin.steps import Answered, AskConsent, AskWho, GoOn
from actas.subjects.revoked import mark_of_party


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    fetch = GuardedFetch(dev=True)
    clock = FixedClock(NOW)
    async with HostileIssuer(now=clock.now) as idp:
        made = Desk(idp, fetch=fetch, clock=clock)
        yield made
        await made.aclose()
    fetch.close()


def authorizing(desk: Desk, house: House | None = None) -> Authorizing:
    """Answers apps; over the registrations of another house, when one is given."""
    over = house or desk.house
    return FrontDoor(over, desk.sessions_under(over.catalog)).authorizing


async def signed_in(desk: Desk, **changes: object) -> GoOn:
    sent = await desk.go(desk.flow(**changes))
    step = await desk.back(sent)
    assert isinstance(step, GoOn)
    return step


@pytest.mark.requirement("OP-13")
@pytest.mark.parametrize(
    "changes", [{}, {"max_age": 90}, {"prompt": frozenset({"select_account"})}], ids=["any", "age", "account"]
)
async def test_who_was_signed_in_there_before_is_not_asked_again(
    desk: Desk, changes: dict[str, object]
) -> None:
    """Their proof is a minute old (``tokens``), which is what the app hears, and what it asked for."""
    step = await signed_in(desk, **changes)
    visitor = msgspec.structs.replace(VISITOR, session=step.session)
    door = authorizing(desk)
    asked = await door.go_on(step.flow, visitor)
    assert isinstance(asked, AskConsent)
    assert (asked.person, asked.account) == (None, "okta:a-17")
    answer = await door.decide(asked.flow, allowed=True, visitor=visitor)
    assert isinstance(answer, Answered)
    assert dict(answer.members)["code"]


@pytest.mark.requirement("OP-12")
async def test_where_nobody_may_be_asked_nobody_is_sent_anywhere(desk: Desk) -> None:
    form = {
        "client_id": "web",
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
        "prompt": "none",
    }
    answer = await authorizing(desk).ask(urlencode(form).encode(), VISITOR)
    assert isinstance(answer, Answered)
    assert dict(answer.members)["error"] == "login_required"
    assert desk.idp.count() == 0


async def test_a_sign_in_is_good_for_the_apps_that_the_issuer_is_offered_to(desk: Desk) -> None:
    step = await signed_in(desk)
    visitor = msgspec.structs.replace(VISITOR, session=step.session)
    for_desk = House(clients=desk.house.clients, issuers=(registered(desk.idp, clients=frozenset({"desk"})),))
    assert isinstance(await authorizing(desk, for_desk).go_on(step.flow, visitor), AskWho)


async def test_nor_is_it_good_for_other_apps_on_devices(desk: Desk) -> None:
    step = await signed_in(desk)
    session = await desk.sessions.find(step.session)
    assert session is not None
    over = House(clients=desk.house.clients, issuers=(registered(desk.idp, clients=frozenset({"desk"})),))
    granting = Granting(
        issuer=ISSUER,
        directory=over.catalog,
        consents=FrontDoor(over).consents,
        audit=over.minutes,
        chance=over.chance,
        clock=over.clock,
    )
    granting.require_member(DESK, session)
    with pytest.raises(OAuthError) as refused:
        granting.require_member(WEB, session)
    assert (refused.value.reason, refused.value.detail) == ("no_rule", "nobody signs in to web through okta")


@pytest.mark.requirement("SEC-23", "SEC-52")
async def test_a_session_ends_with_what_it_came_of(desk: Desk) -> None:
    step = await signed_in(desk)
    session = await desk.sessions.find(step.session)
    assert session is not None
    issuer = registered(desk.idp)
    for gone in (replace(issuer, disabled=True), replace(issuer, sign_in=None)):
        house = House(clients=desk.house.clients, issuers=(gone,))
        assert await desk.sessions_under(house.catalog).find(step.session) is None
    assert await desk.sessions.find(step.session) is not None
    for identity in (Identity(ISSUER, "okta:a-17"), Identity(desk.idp.issuer, "a-17")):
        step = await signed_in(desk)
        mark = mark_of_party(desk.house.ring, identity)
        ended = Revoked(mark=mark, up_to=int(desk.clock.now()), until=NOW + 9999, entry="e")
        await desk.house.revoked.add([ended])
        assert await desk.sessions.find(step.session) is None
        desk.clock.advance(60)
