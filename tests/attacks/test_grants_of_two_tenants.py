"""One ``sub`` in two tenants of one issuer.

An identity provider that serves many companies signs for all of them with one key and under one ``iss``, and gives
each company names of its own: ``u-1`` is the director of one and a trainee of the other. Who runs one of them can
have any grant made for any of its people. If this server asked for issuer and ``sub`` alone, that would be anybody's
account here. So nothing that a grant of one tenant is redeemed for is ever about a person of another.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.company import GRANTING, NOW, PEOPLE, REDEEMERS, acceptance
from tests.fakes.house import IDP, ORDERS, House, claims_of

from actas.core.errors import OAuthError
from actas.core.person import subject_from, subject_in_tenant

FOR_TENANT: dict[str, Any] = {"match": "subject", "unknown": "create"}


def house(*accepted: Any) -> House:
    return House(
        issuers=(GRANTING,),
        clients=REDEEMERS,
        people=PEOPLE,
        accepted=accepted,
        clock=FixedClock(NOW),
    )


def shared() -> House:
    """Two clients redeem the grants of two tenants, and a third those that name no tenant."""
    return house(
        acceptance("a", tenant="a", **FOR_TENANT),
        acceptance("b", client="helpdesk", tenant="b", **FOR_TENANT),
        acceptance("none", client="assistant", **FOR_TENANT),
    )


async def redeemed(here: House, who: str, **claims: Any) -> dict[str, Any]:
    grant = here.grant(client_id=who, jti=f"{who}-{claims}", **claims)
    return claims_of(await here.post(here.redeeming(grant, who=who, resource=ORDERS)))


@pytest.mark.requirement("SEC-62", "JAG-66")
async def test_the_same_sub_of_two_tenants_is_two_people_to_us_and_to_every_api() -> None:
    here = shared()
    told = [
        await redeemed(here, "web", tenant="a"),
        await redeemed(here, "helpdesk", tenant="b"),
        await redeemed(here, "assistant"),
    ]
    assert len({one["sub"] for one in told}) == 3
    assert len({str(one["sub_id"]) for one in told}) == 3
    again = await redeemed(here, "web", tenant="a", name="Somebody")
    assert again["sub"] == told[0]["sub"]


@pytest.mark.requirement("SEC-62")
async def test_who_was_here_in_one_tenant_was_not_here_in_another() -> None:
    here = shared()
    known = (await redeemed(here, "web", tenant="a"))["sub"]
    assert await here.known.was_here(known, IDP)
    closed = house(acceptance("b", client="helpdesk", tenant="b", match="subject"))
    closed.known_store = here.known_store
    with pytest.raises(OAuthError):
        await redeemed(closed, "helpdesk", tenant="b")


@pytest.mark.requirement("SEC-62", "JAG-94")
@pytest.mark.parametrize(
    ("who", "tenant"), [("web", "b"), ("web", None), ("helpdesk", "a"), ("assistant", "a")]
)
async def test_a_grant_of_one_tenant_is_nothing_by_the_connection_of_another(
    who: str, tenant: str | None
) -> None:
    here = shared()
    with pytest.raises(OAuthError) as caught:
        await redeemed(here, who, tenant=tenant)
    assert caught.value.reason == "wrong_tenant"


@pytest.mark.requirement("SEC-62")
@pytest.mark.parametrize(
    ("tenant", "sub"),
    [
        ("a", "b/u"),
        ("a/b", "u"),
        ("a:b", "u"),
        ("a", "b:u"),
        ("ab", "u"),
        ("a", "bu"),
        ("~", "u"),
        ("a", "~u"),
    ],
)
def test_no_tenant_and_sub_are_spelled_like_another_pair(tenant: str, sub: str) -> None:
    pairs = [
        ("a", "b/u"),
        ("a/b", "u"),
        ("a:b", "u"),
        ("a", "b:u"),
        ("ab", "u"),
        ("a", "bu"),
        ("~", "u"),
        ("a", "~u"),
    ]
    mine = subject_in_tenant("corp", tenant, sub)
    assert [subject_in_tenant("corp", *one) for one in pairs].count(mine) == 1
    # Nor is anybody without a tenant, also not who is called like the digest, or like both with the break between.
    for plain in (sub, f"{tenant}/{sub}", f"{tenant}:{sub}", mine.removeprefix("corp:")):
        assert subject_from("corp", plain) != mine
