"""Getting more than somebody said yes to, out of two answers that are harmless each.

An app asks to read at one API, and later to write at another. Put together as a heap of scopes beside a heap of
APIs, the two answers would let it write at the first, and nobody would be asked: scopes of two APIs are often
called alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.fakes.company import client, signing_in
from tests.fakes.front_door import FrontDoor, asked
from tests.fakes.house import CLIENTS, PEOPLE, House

from actas.core.target import Api
from actas.signin.proving import Visitor
from actas.signin.steps import Answered, AskConsent

NOTES, PAY = "https://notes.acme.example", "https://pay.acme.example"
APIS = tuple(
    Api(name=name, audience=audience, scopes={"read": "Read", "write": "Change"})
    for name, audience in (("notes", NOTES), ("pay", PAY))
)
WEB = signing_in(client("web", kind="app", apis=frozenset({"notes", "pay"})))


@pytest.fixture
def desk() -> FrontDoor:
    return FrontDoor(House(clients=[*CLIENTS[:3], WEB], apis=APIS, rules=(), people=PEOPLE))


async def is_asked(desk: FrontDoor, alice: Visitor, scope: str, at: Sequence[str], **more: str) -> bool:
    """Whether she is asked; she says yes."""
    step = await desk.bring(alice, asked(scope=scope, resource=list(at), **more))
    if isinstance(step, AskConsent):
        assert isinstance(await desk.authorizing.decide(step.flow, allowed=True, visitor=alice), Answered)
        return True
    assert isinstance(step, Answered)
    return False


@pytest.mark.requirement("OP-13")
@pytest.mark.parametrize("at", [[PAY], [PAY, NOTES]])
async def test_two_answers_are_no_third(desk: FrontDoor, at: list[str]) -> None:
    alice = await desk.visitor("alice")
    assert await is_asked(desk, alice, "openid read", [PAY])
    assert await is_asked(desk, alice, "openid write", [NOTES])
    quiet = await desk.bring(alice, asked(scope="openid write", resource=at, prompt="none"))
    assert isinstance(quiet, Answered)
    assert ("error", "consent_required") in quiet.members
    assert await is_asked(desk, alice, "openid write", at)


async def test_what_was_answered_is_not_asked_again(desk: FrontDoor) -> None:
    alice = await desk.visitor("alice")
    assert await is_asked(desk, alice, "openid read", [PAY])
    assert await is_asked(desk, alice, "openid profile write", [NOTES])
    assert not await is_asked(desk, alice, "openid read", [PAY])
    assert not await is_asked(desk, alice, "openid write", [NOTES])
    assert await is_asked(desk, alice, "read", [NOTES])
    # By now it may read at both, and each answer counts where it was given.
    assert not await is_asked(desk, alice, "openid read", [PAY, NOTES])


async def test_scopes_of_one_api_are_no_matter_of_another() -> None:
    apis = (APIS[0], Api(name="pay", audience=PAY, scopes={"pay:now": "Pay"}))
    desk = FrontDoor(House(clients=[*CLIENTS[:3], WEB], apis=apis, rules=(), people=PEOPLE))
    alice = await desk.visitor("alice")
    assert await is_asked(desk, alice, "openid read", [NOTES])
    assert await is_asked(desk, alice, "openid pay:now", [PAY])
    assert not await is_asked(desk, alice, "openid read pay:now", [NOTES, PAY])
