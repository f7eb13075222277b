"""Whoever would manage this server without holding the role.

A person manages with a token like any other, of an app that an administrator chose for it. So there are many who
try: another app, which the person uses every day; a stranger's; somebody of another issuer, who calls a group of
theirs as ours is called; somebody who held the role when the token was made, and does not now; somebody called
like a client that holds one; whoever acts as an administrator. None of them gets in, and the app that may is
given nothing that the person was not asked about this time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.company import CORP_FOR_PEOPLE, IDP, ISSUER, PEOPLE, client, signing_in
from tests.fakes.front_door import FrontDoor
from tests.fakes.impersonating import CAROL, impersonated
from tests.fakes.people_who_manage import (
    ADMINS,
    ALL,
    API,
    DANA,
    FROM_CORP,
    WEB,
    answer,
    asking,
    company,
    enter,
    redeeming,
    say_yes,
    token_of,
    with_admins,
)
from tests.fakes.visits import claims_of

from actas.core.administrators import Administrators
from actas.core.errors import InvalidToken
from actas.core.party import Identity
from actas.core.wire import REFRESH
from actas.signin.steps import Answered, AskConsent

SCOPES = {"actas:auditor", "actas:operator", "actas:owner"}


async def said(house: Any, name: str = "dana", /, form: dict[str, Any] | None = None, **how: Any) -> str:
    """The error that the app hears."""
    return dict((await answer(house, name, form=form, **how)).members)["error"]


@pytest.mark.requirement("SEC-80")
async def test_a_person_is_let_in_with_no_more_than_the_role_and_the_token_hold() -> None:
    house = company()
    author = await enter(house, await token_of(house))
    assert (author.person, author.client, author.role) == ("actas:dana", "web", "owner")
    low = await token_of(house, form=asking(scope="actas:auditor"))
    assert (await enter(house, low)).role == "auditor"


@pytest.mark.requirement("SEC-80")
@pytest.mark.parametrize(
    ("person", "how", "held"),
    [
        ("olga", {"groups": ()}, {"actas:auditor"}),
        ("erin", FROM_CORP, {"actas:auditor", "actas:operator"}),
        ("dana", {}, SCOPES),
    ],
)
async def test_an_app_gets_what_the_persons_role_holds(
    person: str, how: dict[str, Any], held: set[str]
) -> None:
    house = company()
    answered = await house.post(redeeming(await answer(house, person, **how)))
    assert set(claims_of(answered)["scope"].split()) == held
    author = await enter(house, str(answered.body["access_token"]))
    assert f"actas:{author.role}" in held


@pytest.mark.requirement("SEC-80")
@pytest.mark.parametrize(
    ("person", "how"),
    [
        ("alice", {}),
        ("hand", {}),  # a person who is called like a client that holds a role
        ("erin", {**FROM_CORP, "groups": ("executives",)}),  # a group of ours, said by another issuer
        ("alice", {"groups": ("executives", "platform")}),  # what a session says of a person of ours
        ("erin", {**FROM_CORP, "person": Identity(ISSUER, "corp-idp:dana"), "groups": ("dana",)}),
    ],
)
async def test_whoever_holds_no_role_lets_no_app_have_one(person: str, how: dict[str, Any]) -> None:
    house = company()
    assert await said(house, person, **how) == "access_denied"
    assert house.writer.events[-1]["reason"] == "no_role"


@pytest.mark.requirement("SEC-80")
async def test_a_group_of_one_issuer_is_none_of_another() -> None:
    other = replace(CORP_FOR_PEOPLE, name="partner-idp", issuer="https://idp.partner.example")
    house = company(issuers=(CORP_FOR_PEOPLE, other))
    stranger = {**FROM_CORP, "origin": Identity(other.issuer, "id-erin"), "origin_name": "partner-idp"}
    assert await said(house, "erin", **stranger) == "access_denied"
    forged = house.our_token(
        aud=API, sub="partner-idp:id-erin", sub_profile="user", client_id="web", scope=ALL, act=None,
        sub_id={"format": "iss_sub", "iss": other.issuer, "sub": "id-erin"}, groups=["platform"],
    )  # fmt: skip
    with pytest.raises(InvalidToken, match="holds no role"):
        await enter(house, forged)


@pytest.mark.requirement("SEC-80", "SEC-23")
async def test_who_is_demoted_is_so_at_the_next_request() -> None:
    house = company()
    token = await token_of(house)
    assert (await enter(with_admins(house, users={"dana": "auditor"}), token)).role == "auditor"
    with pytest.raises(InvalidToken, match="holds no role"):
        await enter(with_admins(house, users={}), token)
    olga = await token_of(house, "olga", groups=())
    left = company(ring=house.ring, people=[replace_groups(one) for one in PEOPLE])
    with pytest.raises(InvalidToken, match="holds no role"):
        await enter(left, olga)
    erin = await token_of(house, "erin", **FROM_CORP)
    assert (await enter(house, erin)).role == "operator"
    with pytest.raises(InvalidToken, match="holds no role"):
        await enter(with_admins(house, groups={"actas": {"platform": "operator"}}), erin)


def replace_groups(person: Any) -> Any:
    """The person after they left every group."""
    return type(person)(name=person.name, display=person.display)


@pytest.mark.requirement("SEC-80", "SEC-52")
async def test_who_is_locked_out_manages_nothing_any_more() -> None:
    house = company()
    token, erin = await token_of(house), await token_of(house, "erin", **FROM_CORP)
    locked = type(DANA)(name="dana", display="Dana", disabled=True)
    for gone in ([*PEOPLE, locked], PEOPLE):
        with pytest.raises(InvalidToken, match="disabled or no longer listed"):
            await enter(company(ring=house.ring, people=gone), token)
    for issuer in (
        replace(CORP_FOR_PEOPLE, disabled=True),
        replace(CORP_FOR_PEOPLE, sign_in=None),
        replace(CORP_FOR_PEOPLE, sign_in=replace(CORP_FOR_PEOPLE.sign_in, clients=frozenset({"other"}))),  # type: ignore[type-var]
    ):
        with pytest.raises(InvalidToken):
            await enter(company(ring=house.ring, issuers=(issuer,)), erin)


@pytest.mark.requirement("SEC-80")
async def test_another_app_gets_no_token_for_managing_and_none_of_its_is_taken() -> None:
    plain = signing_in(client("web", kind="app"))
    for app in (plain, signing_in(client("web", kind="app", apis=frozenset({"orders", "actas"})))):
        house = company(app)
        assert await said(house) == "invalid_target"
    house = company()
    token = await token_of(house)
    with pytest.raises(InvalidToken, match="nobody manages this server with web"):
        await enter(company(plain, ring=house.ring), token)
    made = replace(WEB, registration="registered")
    with pytest.raises(InvalidToken, match="nobody manages this server with web"):
        await enter(company(made, ring=house.ring), token)


@pytest.mark.requirement("SEC-80")
async def test_an_app_that_holds_a_role_itself_is_not_one_that_people_manage_with() -> None:
    holding = replace(ADMINS, clients={"web": "owner"})
    house = company(signing_in(client("web", kind="app")), administrators=holding)
    assert await said(house) == "invalid_target"
    own = str((await house.own("web", audience=API)).body["access_token"])
    assert (await enter(house, own)).person is None
    as_person = house.our_token(
        aud=API, sub="actas:dana", sub_profile="user", client_id="web", scope=ALL, act=None
    )
    with pytest.raises(InvalidToken, match="nobody manages this server with web"):
        await enter(house, as_person)


@pytest.mark.requirement("SEC-80")
async def test_an_app_is_asked_about_each_time_and_gets_nothing_silently() -> None:
    house = company()
    door = FrontDoor(house)
    visitor = await door.visitor("dana")
    for _ in range(2):  # consent: never, and consent that was given a moment ago
        step = await door.bring(visitor, asking())
        assert isinstance(step, AskConsent)
        assert step.request.scope == SCOPES | {"openid"}
        await say_yes(door, step, visitor)
    quiet = await door.bring(visitor, asking(prompt="none"))
    assert isinstance(quiet, Answered)
    assert dict(quiet.members)["error"] == "consent_required"
    shown = await door.bring(await door.visitor("olga"), asking())
    assert isinstance(shown, AskConsent)
    assert shown.request.scope == {"openid", "actas:auditor"}


@pytest.mark.requirement("SEC-80")
async def test_managing_is_asked_for_by_its_name_and_alone() -> None:
    house = company()
    assert await said(house, form=asking(resource=None, scope=ALL)) == "invalid_scope"
    plain = claims_of(
        await house.post(redeeming(await answer(house, form=asking(resource=None, scope="openid"))))
    )
    assert (plain["scope"], plain["aud"]) == ("openid", f"{ISSUER}/userinfo")
    assert await said(house, form=asking(resource=[API, "https://orders.acme.example"])) == "invalid_target"
    both = house.our_token(
        aud=[API, f"{ISSUER}/userinfo"],
        sub="actas:dana",
        sub_profile="user",
        client_id="web",
        scope=ALL,
        act=None,
    )
    with pytest.raises(InvalidToken, match="not for managing"):
        await enter(house, both)


@pytest.mark.requirement("SEC-80")
async def test_nothing_that_outlives_the_session_comes_of_it() -> None:
    house = company(replace(WEB, grants=WEB.grants | {REFRESH}))
    body = (await house.post(redeeming(await answer(house, form=asking(scope=f"{ALL} offline_access"))))).body
    assert "refresh_token" not in body
    assert "offline_access" not in str(body["scope"])
    assert int(str(body["expires_in"])) <= 3600


@pytest.mark.requirement("SEC-48", "SEC-80")
@pytest.mark.parametrize(
    "changes",
    [
        {"act": {"iss": ISSUER, "sub": "assistant", "sub_profile": "ai_agent"}},
        {"may_act": {"iss": ISSUER, "sub": "assistant"}},
        {"sub_id": {"format": "iss_sub", "iss": IDP, "sub": "id-mallory"}},  # of an issuer, called like dana
        {"client_id": "orders"},
        {"client_id": "dana"},
        {"sub": "dana"},
        {"sub_profile": "service"},
        {"scope": "orders:read"},
        {"aud": ISSUER},
    ],
)
async def test_nobody_comes_in_through_somebody_else(changes: dict[str, Any]) -> None:
    house = company()
    good: dict[str, Any] = {
        "aud": API, "sub": "actas:dana", "sub_profile": "user", "client_id": "web", "scope": ALL, "act": None,
    }  # fmt: skip
    assert (await enter(house, house.our_token(**good))).role == "owner"
    with pytest.raises(InvalidToken):
        await enter(house, house.our_token(**{**good, **changes}))


async def test_where_no_person_holds_a_role_no_app_may_ask() -> None:
    house = company(administrators=Administrators(clients={"hand": "owner"}))
    assert await said(house) == "invalid_target"


@pytest.mark.requirement("SEC-48", "SEC-80")
async def test_whoever_acts_as_an_administrator_is_not_let_in_as_one() -> None:
    """Though both hold a role, and the app is for managing: carol is an owner, and dana acts as her."""
    house = company(administrators=replace(ADMINS, users={"dana": "owner", "carol": "owner"}))
    claims = {"aud": API, "client_id": "web", "sub_profile": "user", "scope": ALL}
    with pytest.raises(InvalidToken, match="somebody acts as actas:carol"):
        await enter(house, impersonated(house, claims))
    own = house.our_token(**claims, sub=CAROL, act=None)
    assert (await enter(house, own)).person == CAROL
