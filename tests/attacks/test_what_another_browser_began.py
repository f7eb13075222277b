"""Leading somebody into what another browser began.

What an app asks travels with the pages while somebody signs in, sealed: also that its person has just signed in anew for
it. Whoever begins at their own browser, and gets somebody who is signed in to follow a link to the next page, would have
them asked, or an app answered, by a request that is not theirs, past the sign-in that it demands. So what one browser
carries is good in that browser only, at every address that takes it.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.fakes.company import client, signing_in
from tests.fakes.front_door import STRANGER, FrontDoor, asked
from tests.fakes.house import CLIENTS, PEOPLE, House

from actas.core.errors import OAuthError
from actas.signin.beginning import Begun, begun_if_any
from actas.signin.proving import Visitor
from actas.signin.steps import Answered, AskConsent, AskWho


@pytest.fixture
def door() -> FrontDoor:
    return FrontDoor(House(clients=[*CLIENTS[:3], signing_in(client("web", kind="app"))], people=PEOPLE))


def elsewhere(visitor: Visitor) -> Visitor:
    """The same person, at whose browser nobody began this."""
    return msgspec.structs.replace(visitor, browser="browser-2")


async def refused(call: Any) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        await call
    return caught.value


@pytest.mark.requirement("SEC-78", "OP-13")
async def test_nobody_goes_on_with_what_another_browser_began(door: FrontDoor) -> None:
    alice = await door.visitor("alice")
    step = await door.bring(alice, asked(prompt="login", scope="openid"))
    assert isinstance(step, AskWho)
    begun = door.authorizing._begun
    # Somebody has signed in anew, over there.
    proved = begun.seal(msgspec.structs.replace(begun.open(step.flow), proved=True))
    for flow in (step.flow, proved):
        error = await refused(door.authorizing.go_on(flow, elsewhere(alice)))
        assert error.reason == "forged_form"
    assert isinstance(await door.authorizing.go_on(proved, alice), AskConsent)


@pytest.mark.requirement("SEC-78")
async def test_nobody_answers_what_was_asked_in_another_browser(door: FrontDoor) -> None:
    alice = await door.visitor("alice")
    step = await door.bring(alice, asked(scope="openid"))
    assert isinstance(step, AskConsent)
    error = await refused(door.authorizing.decide(step.flow, allowed=True, visitor=elsewhere(alice)))
    assert error.reason == "forged_form"
    assert isinstance(await door.authorizing.decide(step.flow, allowed=True, visitor=alice), Answered)


@pytest.mark.requirement("SEC-77", "SEC-78")
async def test_nobody_signs_in_for_what_another_browser_began(door: FrontDoor) -> None:
    """The sign-in page would lead on to the attacker's question."""
    step = await door.bring(STRANGER, asked())
    assert isinstance(step, AskWho)
    sealing = door.authorizing._begun
    with pytest.raises(OAuthError) as caught:
        begun_if_any(sealing, step.flow, elsewhere(STRANGER))
    assert caught.value.reason == "forged_form"
    assert begun_if_any(sealing, step.flow, STRANGER).request is not None
    assert begun_if_any(sealing, None, STRANGER) == Begun(browser=STRANGER.browser)
