"""People who hold a role, over a ``House``: they sign in to an app that is for managing, and manage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from actas.admin.entrance import Entrance
from actas.admin.record import Author
from actas.core.administrators import Administrators
from actas.core.client import Client
from actas.core.party import Caller, Identity
from actas.core.person import Person
from actas.core.secret import Secret
from actas.core.wire import AUTHORIZATION_CODE
from actas.signin.proving import Visitor
from actas.signin.steps import Answered, AskConsent
from tests.fakes.company import (
    CALLBACK,
    CLIENTS,
    CORP_FOR_PEOPLE,
    IDP,
    ISSUER,
    PEOPLE,
    client,
    secret_of,
    signing_in,
)
from tests.fakes.front_door import FrontDoor, asked
from tests.fakes.house import House
from tests.fakes.visits import VERIFIER

API = f"{ISSUER}/api"
ALL = "actas:auditor actas:operator actas:owner"
DANA = Person(name="dana", display="Dana", groups=("support-leads",))
HAND = Person(name="hand", display="Hand")
ADMINS = Administrators(
    clients={"hand": "operator"},
    users={"dana": "owner"},
    groups={"actas": {"executives": "auditor"}, "corp-idp": {"platform": "operator"}},
)
WEB = signing_in(client("web", kind="app"), management=True, consent="never")
FROM_CORP: dict[str, Any] = {
    "person": Identity(ISSUER, "corp-idp:id-erin"),
    "origin": Identity(IDP, "id-erin"),
    "origin_name": "corp-idp",
    "groups": ("platform",),
}
"""Somebody of the platform team, who signed in through the company's identity provider."""


def company(*clients: Client, **changes: Any) -> House:
    """A house in which dana is an owner, olga's group reads, and the platform team of the issuer operates."""
    return House(
        **{
            "clients": [*(one for one in CLIENTS if one.name != "web"), client("hand"), *(clients or (WEB,))],
            "people": [*PEOPLE, DANA, HAND],
            "issuers": (CORP_FOR_PEOPLE,),
            "administrators": ADMINS,
            **changes,
        }
    )


def with_admins(house: House, **admins: Any) -> House:
    """The same house after its configuration says something else of who holds a role."""
    return company(ring=house.ring, revoked=house.revoked, administrators=replace(ADMINS, **admins))


def asking(**changes: Any) -> dict[str, Any]:
    """What an app asks that is for managing."""
    return asked(**{"scope": f"openid {ALL}", "resource": API, **changes})


async def answer(
    house: House, name: str = "dana", /, form: dict[str, Any] | None = None, **how: Any
) -> Answered:
    """What the app hears when somebody signed in, and said yes if they were asked."""
    door = FrontDoor(house)
    visitor = await door.visitor(name, **how)
    step = await door.bring(visitor, form or asking())
    if isinstance(step, AskConsent):
        step = await say_yes(door, step, visitor)
    assert isinstance(step, Answered), step
    return step


async def say_yes(door: FrontDoor, step: AskConsent, visitor: Visitor) -> Answered:
    """Somebody lets the app have what it asks."""
    answered = await door.authorizing.decide(step.flow, allowed=True, visitor=visitor)
    assert isinstance(answered, Answered)
    return answered


def redeeming(answered: Answered, who: str = "web") -> dict[str, Any]:
    """The form by which the app redeems its code."""
    return {
        "grant_type": str(AUTHORIZATION_CODE),
        "client_id": who,
        "client_secret": secret_of(who),
        "code": dict(answered.members)["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }


async def token_of(
    house: House, name: str = "dana", /, form: dict[str, Any] | None = None, **how: Any
) -> str:
    """A token by which somebody manages."""
    body = (await house.post(redeeming(await answer(house, name, form=form, **how)))).body
    assert "refresh_token" not in body
    return str(body["access_token"])


async def enter(house: House, token: str) -> Author:
    """Who somebody is to the management API who shows a token."""
    door = Entrance(
        issuer=ISSUER,
        tokens=house.own_tokens,
        proofs=house.proofs,
        directory=house.catalog,
        fresh=house.follower.require_fresh,
    )
    caller = Caller(address="192.0.2.7", authorization=Secret(f"Bearer {token}"))
    return await door.enter(caller, method="GET", url=f"{API}/v1/whoami")
