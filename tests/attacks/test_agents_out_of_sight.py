"""Agents whose token looks like one of the person themselves.

A rule says that no agent, wherever it stands in the chain, writes to the stock. It holds for as long as every
token about a person that an agent gets says so. So an agent that wants to be overlooked gets its token in a
way that names nobody: by a grant of another domain, by a sign-in, by a code on a device, by a refresh. Or it
has another server put a name of its choice in front of its own. The service that gets such a token goes on in
good faith.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import pytest
from tests.fakes.company import CALLBACK, GRANTING, REDEEMERS, acceptance
from tests.fakes.house import FROM_CORP, IDP, ISSUER, PEOPLE, RULES, House, allow, claims_of
from tests.fakes.refreshing import again

from actas.core.client import Client, SignInTerms
from actas.core.errors import OAuthError
from actas.core.wire import AUTHORIZATION_CODE, DEVICE_CODE, ID_TOKEN, JWT, REFRESH
from actas.policy.rule import PartySelector

AGENT = {"iss": ISSUER, "sub": "web", "sub_profile": "ai_agent"}
WRITE: dict[str, Any] = {"audience": "inventory", "scope": "stock:write"}


def agent(one: Client) -> Client:
    grants = one.grants | {AUTHORIZATION_CODE, DEVICE_CODE, REFRESH}
    return replace(one, kind="agent", grants=grants, sign_in=SignInTerms(redirect_uris=(CALLBACK,)))


def house(*rules: Any, kind: Literal["agent", "app"] = "agent", **changes: Any) -> House:
    """The house, in which the client web is an agent, unless another kind is said."""
    web = replace(agent(next(one for one in REDEEMERS if one.name == "web")), kind=kind)
    terms: dict[str, Any] = {
        "clients": [web if one.name == "web" else one for one in REDEEMERS],
        "rules": (*RULES, *rules),
        "issuers": (GRANTING,),
        "accepted": (acceptance(),),
        "people": PEOPLE,
    }
    return House(**{**terms, **changes})


async def writes_stock(here: House, token: object) -> str:
    """What comes of the service that the token is for, going on with it: granted, or why not."""
    try:
        await here.ask("orders", str(token), **WRITE)
    except OAuthError as refused:
        return refused.reason
    return "granted"


async def token_of(here: House, way: str) -> str:
    scope = "openid orders:read orders:write"
    if way == "grant":
        return str((await here.post(here.redeeming(here.grant()))).body["access_token"])
    made = here.device_form if way == "device" else here.code_form
    answer = await here.post(await made(scope=frozenset(scope.split())))
    if way == "refresh":
        answer = await here.post(again(str(answer.body["refresh_token"]), "web"))
    return str(answer.body["access_token"])


def _named_by(issuer: str, act: dict[str, Any]) -> dict[str, Any]:
    """The same chain, with the issuer of each named."""
    inner = {} if "act" not in act else {"act": _named_by(issuer, act["act"])}
    return {"iss": issuer, "sub": act["sub"], **inner}


WAYS = pytest.mark.parametrize("way", ["grant", "code", "device", "refresh"])


@pytest.mark.requirement("SEC-49", "SEC-52")
@WAYS
async def test_an_agent_is_named_by_whatever_way_it_gets_a_token_about_a_person(way: str) -> None:
    here = house()
    token = await token_of(here, way)
    (written,) = here.writer.events[-1]["given"]["actors"]
    assert (written["sub"], written["kind"]) == ("web", "agent")
    assert await writes_stock(here, token) == "denied_by_rule"


@pytest.mark.requirement("SEC-49")
@WAYS
async def test_an_app_is_not_named_and_goes_on_as_the_person(way: str) -> None:
    here = house(kind="app")
    token = await token_of(here, way)
    assert here.writer.events[-1]["given"]["actors"] == []
    assert await writes_stock(here, token) == "granted"


@pytest.mark.requirement("SEC-49")
async def test_no_name_that_another_server_writes_stands_in_front_of_our_client() -> None:
    kinds: tuple[tuple[Literal["agent", "app"], str], ...] = (("agent", "ai_agent"), ("app", "web_app"))
    for kind, profile in kinds:
        here = house(kind=kind)
        there = {"sub": "payroll", "sub_profile": "service"}
        answer = await here.post(here.redeeming(here.grant(act=there)))
        client = {"iss": ISSUER, "sub": "web", "sub_profile": profile}
        assert claims_of(answer)["act"] == {**client, "act": {"iss": IDP, **there}}
    assert await writes_stock(house(), answer.body["access_token"]) == "granted"


@pytest.mark.requirement("SEC-49")
async def test_an_agent_behind_another_servers_service_is_still_an_agent() -> None:
    here = house()
    grant = here.grant(act={"sub": "payroll", "sub_profile": "service"})
    answer = await here.post(here.redeeming(grant))
    assert await writes_stock(here, answer.body["access_token"]) == "denied_by_rule"
    here = house(kind="app")
    grant = here.grant(act={"sub": "payroll", "sub_profile": "ai_agent"})
    answer = await here.post(here.redeeming(grant))
    assert await writes_stock(here, answer.body["access_token"]) == "denied_by_rule"


@pytest.mark.requirement("SEC-53")
@pytest.mark.parametrize(
    "act",
    [
        {"sub": "id-alice"},
        {"sub": "x", "act": {"sub": "x"}},
        {"sub": "x", "act": {"sub": "y", "act": {"sub": "x"}}},
        {"sub": "x", "act": {"sub": "id-alice"}},
    ],
)
async def test_nobody_is_twice_in_the_chain_of_a_grant_nor_acts_for_themselves(act: dict[str, Any]) -> None:
    here = house()
    refused = await here.turned_away(here.redeeming(here.grant(act=act)))
    assert (refused.code, refused.reason) == ("invalid_grant", "actor_not_allowed")
    assert "in the chain already" in refused.detail


@pytest.mark.requirement("SEC-53")
async def test_the_chain_of_a_grant_counts_with_our_client_towards_its_limit() -> None:
    act: dict[str, Any] = {"sub": "a0"}
    for number in range(1, 5):
        act = {"sub": f"a{number}", "act": act}
    here = house()
    refused = await here.turned_away(here.redeeming(here.grant(act=act)))
    assert refused.reason == "chain_too_deep"
    claims = claims_of(await here.post(here.redeeming(here.grant(act=act["act"]))))
    assert claims["act"]["act"] == _named_by(IDP, act["act"])


@pytest.mark.requirement("SEC-53")
@pytest.mark.parametrize("way", ["grant", "code"])
async def test_an_agent_that_goes_on_with_its_own_token_is_named_once_and_is_not_lost(way: str) -> None:
    rule = allow("web-on", "delegation", "web", "inventory")
    here = house(rule)
    token = await token_of(here, way)
    assert (await here.claims("web", token, audience="inventory", scope="stock:read"))["act"] == AGENT
    refused = await here.refused("web", token, **WRITE)
    assert refused.reason == "denied_by_rule"


@pytest.mark.requirement("SEC-53")
@pytest.mark.parametrize("kind", ["impersonation", "downscope"])
async def test_no_agent_gets_rid_of_its_own_name(kind: str) -> None:
    rule = allow("less", kind, "web", "orders")
    here = house(rule)
    form = here.form("web", await token_of(here, "code"), audience="orders", scope="orders:read")
    if kind == "impersonation":
        assert (await here.turned_away(form)).reason == "actor_not_allowed"
    else:
        assert claims_of(await here.post(form))["act"] == AGENT


@pytest.mark.requirement("SEC-49")
async def test_an_agent_that_translates_a_persons_token_is_named_and_a_services_own_is_not() -> None:
    rule = allow("in", "translation", "web", "orders", subject=FROM_CORP)
    here = house(rule)
    sent = {"subject_token_type": str(ID_TOKEN), "audience": "orders"}
    assert (await here.claims("web", here.id_token(nonce="n"), **sent))["act"] == AGENT
    corp = replace(
        GRANTING,
        accepts=frozenset({JWT}),
        party_kind="service",
        email_domains=frozenset(),
        subject="'svc:' + claims.sub",
    )
    rule = replace(rule, subject=PartySelector(issuers=frozenset({"corp-idp"})))
    here = house(rule, issuers=(corp,), accepted=())
    sent = {"subject_token_type": str(JWT), "audience": "orders"}
    assert "act" not in await here.claims("web", here.id_token(), **sent)


@pytest.mark.requirement("SEC-50", "SEC-53")
async def test_an_agent_does_not_hide_behind_a_person_whose_token_it_shows() -> None:
    in_person = replace(FROM_CORP, required=True)
    rule = allow("with-dana", "delegation", "web", "inventory", actor=in_person)
    here = house(rule)
    dana = {"actor_token": here.id_token("dana", nonce="n"), "actor_token_type": str(ID_TOKEN)}
    web = here.our_token(act=None, client_id="web")
    claims = await here.claims("web", web, audience="inventory", scope="stock:read", **dana)
    assert claims["act"]["sub"] == "dana@acme.example"
    assert claims["act"]["act"] == AGENT
    assert (await here.refused("web", web, **WRITE, **dana)).reason == "denied_by_rule"
