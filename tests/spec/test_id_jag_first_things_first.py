"""What is looked at of a grant before anything else is told of it: whose key it is, and how long it lives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.company import GRANTING, acceptance
from tests.fakes.house import IDP, NOW, ORDERS, House, claims_of
from tests.fakes.prover import Prover
from tests.spec.test_id_jag_redeeming import house, refused

from actas.core.errors import InvalidGrant, OAuthError
from actas.core.spans import span

BESIDES: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
    "a scope that the connection lacks": ((acceptance(scopes=frozenset({"orders:read"})),), {}),
    "somebody who was never here": ((acceptance(match="subject"),), {}),
    "somebody who is in no group": ((acceptance(groups=frozenset({"platform"})),), {}),
    "a policy that says access_denied": (
        (acceptance(groups=frozenset({"platform"}), proposals=frozenset({"access_denied"})),),
        {},
    ),
}


@pytest.mark.requirement("JAG-102", "JAG-103")
@pytest.mark.parametrize(("accepted", "changes"), BESIDES.values(), ids=BESIDES)
@pytest.mark.parametrize("proves", [False, True], ids=["no proof", "another key"])
async def test_who_does_not_hold_the_key_hears_of_nothing_else(
    accepted: tuple[Any, ...], changes: dict[str, Any], *, proves: bool
) -> None:
    here = house(*accepted, **changes)
    bound = here.grant(cnf={"jkt": Prover().jkt}, scope="orders:write")
    with pytest.raises(OAuthError) as caught:
        await here.post(
            here.redeeming(bound, scope="orders:write"), proofs=[Prover().proof()] if proves else ()
        )
    assert isinstance(caught.value, InvalidGrant)
    assert caught.value.reason == "key_not_proven"
    assert "bound to the DPoP key" in caught.value.detail


@pytest.mark.requirement("JAG-102")
async def test_who_holds_it_is_told_of_the_scope() -> None:
    here, owner = house(acceptance(scopes=frozenset({"orders:read"}))), Prover()
    bound = here.grant(cnf={"jkt": owner.jkt}, scope="orders:write")
    with pytest.raises(OAuthError) as caught:
        await here.post(here.redeeming(bound), proofs=[owner.proof()])
    assert caught.value.reason == "excess"


def living(seconds: int) -> dict[str, Any]:
    return {"iat": NOW - 5, "exp": NOW - 5 + seconds}


@pytest.mark.requirement("JAG-7", "SEC-59")
@pytest.mark.parametrize("seconds", [331, 600, 3600, 86_400])
async def test_a_grant_that_lives_longer_than_five_minutes_is_refused(seconds: int) -> None:
    here = house()
    error = await refused(here, here.grant(**living(seconds)))
    assert isinstance(error, InvalidGrant)
    assert error.reason == "expired"
    assert f"lives {span(seconds)}" in error.detail
    assert here.writer.events[-1]["subject"]["iss"] == IDP


@pytest.mark.requirement("JAG-7")
@pytest.mark.parametrize("seconds", [60, 300, 330])
async def test_one_that_lives_five_minutes_is_taken(seconds: int) -> None:
    here = house()
    assert (await here.post(here.redeeming(here.grant(**living(seconds))))).body["access_token"]


@pytest.mark.requirement("JAG-7")
async def test_the_registration_of_an_issuer_says_otherwise_and_for_that_issuer_alone() -> None:
    def of(longest: int, *, most: int = 86_400) -> House:
        return house(issuers=(replace(GRANTING, longest_id_jag=longest, max_life=most),))

    longer = of(1800)
    assert (await longer.post(longer.redeeming(longer.grant(**living(1800))))).body["access_token"]
    assert (await refused(longer, longer.grant(**living(1831), jti="g-2"))).reason == "expired"
    shorter = of(60)
    assert (await refused(shorter, shorter.grant(**living(91)))).reason == "expired"
    capped = of(1800, most=120)
    assert (await refused(capped, capped.grant(**living(300)))).reason == "expired"


@pytest.mark.requirement("JAG-74", "JAG-69")
@pytest.mark.parametrize("asked", [{}, {"scope": "orders:read"}], ids=["grant", "request"])
async def test_a_grant_that_names_no_api_goes_where_all_of_its_scopes_belong(asked: dict[str, str]) -> None:
    stock = acceptance("stock-from-corp", api="inventory", scopes=frozenset({"stock:read"}))
    here = house(acceptance(), stock)
    claims = claims_of(await here.post(here.redeeming(here.grant(scope="orders:read"), **asked)))
    assert (claims["aud"], claims["scope"]) == (ORDERS, "orders:read")
    paused = house(acceptance(paused=True), stock)
    with pytest.raises(OAuthError):  # a pause opens no other way
        await paused.post(paused.redeeming(paused.grant(scope="orders:read"), **asked))
