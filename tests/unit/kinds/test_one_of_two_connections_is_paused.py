"""A client redeems grants of one issuer by two connections, and one of them is paused: what is said, and what not."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.company import acceptance
from tests.fakes.house import INVENTORY, ORDERS
from tests.fakes.refused_abroad import deny
from tests.fakes.refused_grants import accepting, redeeming

from actas.core.errors import OAuthError
from actas.policy.rule import ClientSelector


def stock(**changes: Any) -> Any:
    scopes = frozenset({"stock:read"})
    return acceptance("stock-from-corp", **{"api": "inventory", "scopes": scopes, **changes})


async def refused(house: Any, asks: Any) -> OAuthError:
    here = house()
    with pytest.raises(OAuthError) as caught:
        await here.post(await asks(here))
    return caught.value


@pytest.mark.requirement("JAG-122")
async def test_a_grant_for_the_api_of_the_paused_one_is_refused_for_the_pause() -> None:
    no = await refused(accepting(stock(), paused=True), redeeming(resource=ORDERS))
    assert (no.code, no.reason) == ("invalid_grant", "connection_paused")
    assert no.detail == "the connection web-from-corp is paused"


async def test_a_grant_for_both_is_refused_for_the_pause_of_one() -> None:
    both = redeeming(resource=[ORDERS, INVENTORY], scope="orders:read stock:read")
    no = await refused(accepting(stock(paused=True)), both)
    assert (no.reason, no.detail) == ("connection_paused", "the connection stock-from-corp is paused")


async def test_a_grant_for_the_api_of_the_other_one_is_redeemed() -> None:
    here = accepting(stock(), paused=True)()
    answer = await here.post(await redeeming(resource=INVENTORY, scope="stock:read")(here))
    assert answer.body["scope"] == "stock:read"


async def test_one_that_is_paused_says_nothing_where_another_leads_to_the_same_api() -> None:
    other = acceptance("second-from-corp", groups=frozenset({"nobody"}))
    no = await refused(accepting(stock(), other, paused=True), redeeming(resource=ORDERS))
    assert no.reason == "no_rule"


async def test_a_pause_of_another_issuer_or_client_says_nothing() -> None:
    other = acceptance("helpdesk-from-corp", client="helpdesk", api="inventory", paused=True)
    no = await refused(accepting(other), redeeming(resource=INVENTORY))
    assert no.reason == "no_rule"


async def test_a_deny_comes_before_the_pause() -> None:
    house = accepting(stock(), rules=(deny(client=ClientSelector()),), paused=True)
    assert (await refused(house, redeeming(resource=ORDERS))).reason == "denied_by_rule"


async def test_the_word_for_a_pause_is_that_of_the_proposal_that_is_tried() -> None:
    house = accepting(stock(), paused=True, proposals=frozenset({"access_denied"}))
    no = await refused(house, redeeming(resource=ORDERS))
    assert (no.code, no.reason) == ("access_denied", "connection_paused")
