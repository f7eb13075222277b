"""Who sees impersonations, who approves one, and who ends one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from tests.fakes.company import secret_of
from tests.fakes.house import NOW, House, claims_of
from tests.fakes.impersonating import (
    BY_IDENTIFIER,
    CAROL,
    DANA,
    administrator,
    by_identifier,
    house_of,
    own_token,
)

from actas.core.errors import OAuthError
from actas.core.party import Caller
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN
from actas.policy.impersonation import Approval, Impersonating, Terms
from actas.policy.rule import RuleSpec

FOUR_EYES = Impersonating(terms=Terms(approvals=(Approval(by="support-leads"),), max_age=600, at_once=9))


def guarded(*rules: RuleSpec, **more: Any) -> House:
    return house_of(*rules, **{"impersonating": FOUR_EYES, **more})


async def ask(
    house: House, action: str, who: str | None, *, kind: str = str(ID_TOKEN), **more: Any
) -> dict[str, Any]:
    form = {"client_id": "helpdesk", "client_secret": secret_of("helpdesk"), "action": action}
    if who is not None:
        form |= {"subject_token": who, "subject_token_type": kind}
    return dict(await house.supervision()(urlencode({**form, **more}).encode(), Caller(address="127.0.0.1")))


async def refused(house: House, action: str, who: str | None, **more: Any) -> OAuthError:
    with pytest.raises(OAuthError) as no:
        await ask(house, action, who, **more)
    assert house.writer.events[-1]["event"] == "impersonation:refused"
    return no.value


async def waiting(house: House, **more: Any) -> str:
    with pytest.raises(OAuthError) as no:
        await house.post(own_token(house, **more))
    return str(no.value.members["impersonation"])


async def test_a_second_person_approves_and_it_begins_with_the_same_request() -> None:
    house = guarded()
    name = await waiting(house)
    lee = administrator(house, "lee")
    told = await ask(house, "approve", lee, impersonation=name)
    assert (told["state"], told["reason"]) == ("approved", "the order does not load")
    assert told["decided_by"].endswith(" lee@acme.example")
    assert claims_of(await house.post(own_token(house)))["txn"] == name
    story = [event["event"] for event in house.writer.events if event.get("impersonation") == name]
    assert story == [
        "impersonation:requested",
        "exchange:refused",
        "impersonation:approved",
        "impersonation:started",
        "exchange:granted",
    ]


@pytest.mark.requirement("SEC-48")
@pytest.mark.parametrize("action", ["approve", "refuse"])
async def test_nobody_decides_on_his_own_nor_without_the_group_nor_stale_nor_twice(action: str) -> None:
    house = guarded()
    name = await waiting(house)
    own = administrator(house)
    assert (await refused(house, action, own, impersonation=name)).reason == "not_yours"
    stranger = administrator(house, "sam", groups=["support"])
    assert (await refused(house, action, stranger, impersonation=name)).reason == "not_yours"
    stale = administrator(house, "lee", auth_time=NOW - 700)
    assert (await refused(house, action, stale, impersonation=name)).reason == "sign_in_again"
    lee = administrator(house, "lee")
    assert (await refused(house, action, lee, impersonation="x" * 22)).reason == "not_yours"
    await ask(house, action, lee, impersonation=name)
    assert (await refused(house, action, lee, impersonation=name)).reason == "impersonation_ended"


@pytest.mark.requirement("SEC-24")
async def test_a_group_of_the_same_name_elsewhere_approves_nothing() -> None:
    house = guarded()
    name = await waiting(house)
    theirs = house.our_token(sub="partner:lee", client_id="helpdesk", act=None, groups=["support-leads"],
                             sub_id={"format": "iss_sub", "iss": "https://partner.example", "sub": "lee"})  # fmt: skip
    error = await refused(house, "approve", theirs, kind=str(ACCESS_TOKEN), impersonation=name)
    assert error.reason in ("not_yours", "bad_subject")


async def test_what_was_refused_gives_nothing() -> None:
    house = guarded()
    name = await waiting(house)
    told = await ask(house, "refuse", administrator(house, "lee"), impersonation=name)
    assert told["state"] == "refused"
    assert await waiting(house) != name
    assert "impersonation:rejected" in [event["event"] for event in house.writer.events]


async def test_everybody_sees_what_concerns_them_and_nothing_else() -> None:
    house = guarded()
    name = await waiting(house)
    for who, sees in ((administrator(house), True), (administrator(house, "lee"), True),
                      (administrator(house, "sam", groups=["support"]), False), (None, False)):  # fmt: skip
        listed = (await ask(house, "list", who))["impersonations"]
        assert [one["id"] for one in listed] == ([name] if sees else [])
    carol = house.our_token(sub=CAROL, client_id="helpdesk", act=None)
    (mine,) = (await ask(house, "list", carol, kind=str(ACCESS_TOKEN)))["impersonations"]
    assert mine["administrator"]["sub"] == DANA


@pytest.mark.requirement("SEC-48")
@pytest.mark.parametrize("who", ["administrator", "person"])
async def test_whoever_it_concerns_ends_it_and_every_token_is_dead(who: str) -> None:
    house = house_of()
    token = str((await house.post(own_token(house))).body["access_token"])
    (one,) = await house.impersonations.newest(most=2)
    carol = house.our_token(sub=CAROL, client_id="helpdesk", act=None)
    shown, kind = (carol, ACCESS_TOKEN) if who == "person" else (administrator(house), ID_TOKEN)
    told = await ask(house, "end", shown, kind=str(kind), impersonation=one.id, reason="enough")
    assert (told["state"], told["ended_why"]) == ("ended", "enough")
    form = house.form("orders", token, audience="inventory")
    assert (await house.turned_away(form)).reason == "revoked"
    assert (
        await refused(house, "end", shown, kind=str(kind), impersonation=one.id)
    ).reason == "impersonation_ended"


async def test_a_client_that_acts_by_itself_ends_its_own() -> None:
    house = house_of(BY_IDENTIFIER)
    name = claims_of(await house.post(by_identifier(house)))["txn"]
    assert (await ask(house, "end", None, impersonation=name))["state"] == "ended"


@pytest.mark.requirement("SEC-48", "SEC-50")
async def test_an_impersonated_token_shows_nobody_and_anothers_token_neither() -> None:
    house = house_of()
    token = str((await house.post(own_token(house))).body["access_token"])
    name = claims_of(await house.post(own_token(house)))["txn"]
    error = await refused(house, "end", token, kind=str(ACCESS_TOKEN), impersonation=name)
    assert error.reason == "impersonated"
    elsewhere = house.our_token(sub=CAROL, client_id="web", act=None)
    error = await refused(house, "end", elsewhere, kind=str(ACCESS_TOKEN), impersonation=name)
    assert error.reason == "bad_actor"
    acted = house.our_token(sub=CAROL, client_id="helpdesk")
    error = await refused(house, "end", acted, kind=str(ACCESS_TOKEN), impersonation=name)
    assert error.reason == "bad_subject"


@pytest.mark.parametrize(
    "more",
    [{"action": "steal"}, {"subject_token": ""}, {"reason": "x" * 501}],
    ids=["action", "half", "long"],
)
async def test_what_cannot_be_read_is_refused(more: dict[str, str]) -> None:
    house = house_of()
    name = claims_of(await house.post(own_token(house)))["txn"]
    action = more.pop("action", "end")
    error = await refused(house, action, administrator(house), impersonation=name, **more)
    assert error.reason == "malformed_request"
