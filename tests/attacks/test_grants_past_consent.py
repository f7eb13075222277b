"""An app that people are asked about each time, and that comes by another server's grant instead of asking.

The administrator of an app wrote ``consent: always``. The app redeems a grant about somebody who never let it do
anything, or something less, or who took it back: before, after, or while the token was being made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.agreeing import let, take_back
from tests.fakes.clock import FixedClock
from tests.fakes.company import CALLBACK, GRANTING, NOW, REDEEMERS, acceptance
from tests.fakes.house import PEOPLE, House, claims_of

from actas.core.client import SignInTerms
from actas.core.lineage import Lineage

ALICE = "actas:alice"
PAYMENT: dict[str, Any] = {"type": "payment", "max": 1_000_000}


def house(consent: Any = "always", **accepts: Any) -> House:
    terms = SignInTerms(redirect_uris=(CALLBACK,), consent=consent)
    clients = [replace(one, sign_in=terms) if one.name == "web" else one for one in REDEEMERS]
    accepted = (acceptance(match="email", **accepts),)
    return House(
        issuers=(GRANTING,),
        clients=clients,
        people=PEOPLE,
        accepted=accepted,
        clock=FixedClock(NOW),
    )


async def agreeing(**accepts: Any) -> House:
    here = house(**accepts)
    await let(here, "web", "orders:read", "orders:write", subject=ALICE, apis=("orders",))
    return here


@pytest.mark.requirement("SEC-62")
async def test_a_grant_about_somebody_who_was_never_asked_is_refused_and_not_used_up() -> None:
    here = house()
    form = here.redeeming(here.grant())
    error = await here.turned_away(form)
    assert (error.code, error.reason) == ("invalid_grant", "not_consented")
    await let(here, "web", "orders:read", "orders:write", subject=ALICE, apis=("orders",))
    assert claims_of(await here.post(form))["sub"] == ALICE


@pytest.mark.requirement("SEC-62")
@pytest.mark.parametrize(
    ("who", "app", "scope", "api"),
    [
        (ALICE, "web", "orders:read", "orders"),
        (ALICE, "web", "orders:read orders:write", "inventory"),
        (ALICE, "helpdesk", "orders:read orders:write", "orders"),
        ("actas:carol", "web", "orders:read orders:write", "orders"),
    ],
    ids=["less", "another API", "another app", "another person"],
)
async def test_another_consent_is_none(who: str, app: str, scope: str, api: str) -> None:
    here = house()
    await let(here, app, *scope.split(), subject=who, apis=(api,))
    assert (await here.turned_away(here.redeeming(here.grant()))).reason == "not_consented"


@pytest.mark.requirement("SEC-62")
async def test_one_that_was_taken_back_is_none() -> None:
    here = house()
    await let(here, "web", "orders:read", "orders:write", subject=ALICE, apis=("orders",))
    await take_back(here, "web", subject=ALICE)
    assert (await here.turned_away(here.redeeming(here.grant()))).reason == "not_consented"


@pytest.mark.requirement("SEC-62")
@pytest.mark.parametrize("consent", ["once", "never"])
async def test_where_nobody_is_asked_each_time_the_connection_stands_for_the_consent(consent: Any) -> None:
    here = house(consent)
    assert (await here.post(here.redeeming(here.grant()))).body["access_token"]


@pytest.mark.requirement("SEC-62", "SEC-23")
async def test_a_token_of_a_grant_ends_with_the_consent_and_so_does_what_came_of_it() -> None:
    here = await agreeing()
    token = str((await here.post(here.redeeming(here.grant()))).body["access_token"])
    onward = await here.ask("orders", token, audience="inventory")
    await take_back(here, "web", subject=ALICE)
    assert (await here.turned_away(here.redeeming(here.grant(jti="another")))).reason == "not_consented"
    assert (await here.refused("orders", token, audience="inventory")).reason == "revoked"
    further = str(onward.body["access_token"])
    assert (await here.refused("inventory", further, audience="orders")).reason == "revoked"


@pytest.mark.requirement("SEC-62", "SEC-23")
async def test_what_another_person_or_app_holds_does_not_end_with_it() -> None:
    here = await agreeing()
    token = str((await here.post(here.redeeming(here.grant()))).body["access_token"])
    await take_back(here, "helpdesk", subject=ALICE)
    await take_back(here, "web", subject="actas:carol")
    await here.ask("orders", token, audience="inventory")


@pytest.mark.requirement("SEC-62", "SEC-23")
async def test_what_is_taken_back_while_a_token_is_made_ends_that_token() -> None:
    here = await agreeing()
    mint: Any = here.exchange._fulfilment
    agrees = mint._agrees

    class Meanwhile:
        async def require(self, wanted: Any, lineage: Lineage) -> Lineage:
            upon: Lineage = await agrees.require(wanted, lineage)
            mint._agrees = agrees
            await take_back(here, "web", subject=ALICE)
            return upon

    mint._agrees = Meanwhile()
    token = str((await here.post(here.redeeming(here.grant()))).body["access_token"])
    assert (await here.refused("orders", token, audience="inventory")).reason == "revoked"


@pytest.mark.requirement("SEC-62", "SEC-23")
async def test_what_is_taken_back_while_it_is_looked_up_is_taken_back() -> None:
    here = await agreeing()
    mint: Any = here.exchange._fulfilment
    consents: Any = mint._agrees._consents
    given = consents.given

    async def read(subject: str, client: str, *, fingerprint: str = "") -> Any:
        found = await given(subject, client, fingerprint=fingerprint)
        await take_back(here, "web", subject=ALICE)
        return found

    consents.given = read
    assert (await here.turned_away(here.redeeming(here.grant()))).reason == "not_consented"


@pytest.mark.requirement("SEC-62", "SEC-23")
async def test_a_grant_from_before_is_not_revived_by_another_consent() -> None:
    here = await agreeing()
    old = here.grant()
    here.clock.advance(10)
    await take_back(here, "web", subject=ALICE)
    here.clock.advance(10)
    await let(here, "web", "orders:read", "orders:write", subject=ALICE, apis=("orders",))
    assert (await here.turned_away(here.redeeming(old))).reason == "not_consented"
    now = int(here.clock.now())
    token = await here.post(here.redeeming(here.grant(jti="another", iat=now, exp=now + 60)))
    await here.ask("orders", str(token.body["access_token"]), audience="inventory")


@pytest.mark.requirement("SEC-62")
@pytest.mark.parametrize("scope", ["orders:read", None], ids=["with scopes", "alone"])
async def test_no_consent_is_one_to_authorization_details(scope: str | None) -> None:
    said: dict[str, Any] = {"authorization_details": [PAYMENT], "scope": scope}
    grants = {name: value for name, value in said.items() if value is not None}
    here = await agreeing(details=(PAYMENT,))
    form = here.redeeming(here.grant(**grants))
    assert (await here.turned_away(form)).reason == "not_consented"
    without = house("once", details=(PAYMENT,))  # it is the consent that is missing
    answer = claims_of(await without.post(without.redeeming(without.grant(**grants))))
    assert answer["authorization_details"] == [PAYMENT]
