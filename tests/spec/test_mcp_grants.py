"""MCP Enterprise-Managed Authorization: what holds for grants for MCP servers, here and at other domains."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.company import GRANTING, PEOPLE, REDEEMERS, acceptance, connection
from tests.fakes.crossing import crossing, refused, told
from tests.fakes.house import APIS, CLIENT_KEY, CLIENTS, INVENTORY, NOW, ORDERS, House, claims_of
from tests.fakes.published import CLIENT_ID, TERMS, DocumentsAt, Published, document

from actas.core.errors import InvalidGrant, OAuthError
from actas.core.wire import JWT_BEARER, JWT_BEARER_CLIENT_ASSERTION, TOKEN_EXCHANGE
from actas.policy.rule import PolicyDefaults

MCP = tuple(replace(api, kind="mcp") if api.name in ("orders", "inventory") else api for api in APIS)
ANOTHER = "https://mcp.tickets.example/another"
BOTH = (
    acceptance(),
    acceptance("web-to-stock", api="inventory", scopes=frozenset({"stock:read"})),
)


def house(*accepted: Any, **changes: Any) -> House:
    """The house, whose APIs are MCP servers, and in which web redeems grants of the identity provider."""
    terms: dict[str, Any] = {
        "apis": MCP,
        "issuers": (GRANTING,),
        "clients": [replace(one, apis=one.apis | {"inventory"}) for one in REDEEMERS],
        "people": PEOPLE,
        "accepted": accepted or (acceptance(),),
        "clock": FixedClock(NOW),
    }
    return House(**{**terms, **changes})


async def turned_away(here: House, assertion: str, **parameters: Any) -> OAuthError:
    return await here.turned_away(here.redeeming(assertion, **parameters))


@pytest.mark.requirement("JAG-72", "JAG-124")
async def test_a_grant_for_an_mcp_server_is_good_once_whatever_its_connection_says() -> None:
    here, plain = house(acceptance(repeatable=True)), house(acceptance(repeatable=True), apis=APIS)
    form = here.redeeming(here.grant())
    assert (await here.post(form)).body["access_token"]
    error = await here.turned_away(form)
    assert (error.code, error.reason) == ("invalid_grant", "grant_reused")
    for _ in range(2):
        assert (await plain.post(plain.redeeming(plain.grant()))).body["access_token"]


@pytest.mark.requirement("JAG-121", "JAG-123")
async def test_what_comes_of_it_is_for_the_one_server_that_the_grant_names() -> None:
    here = house(*BOTH)
    answer = await here.post(here.redeeming(here.grant(resource=ORDERS)))
    assert claims_of(answer)["aud"] == ORDERS
    several: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
        ({"resource": [ORDERS, INVENTORY]}, {}),
        ({"scope": "orders:read stock:read"}, {}),  # it names none, and there are two
        ({}, {"resource": [ORDERS, INVENTORY]}),
        ({}, {"audience": ["orders", "inventory"]}),
    )
    for number, (claims, parameters) in enumerate(several):
        error = await turned_away(here, here.grant(jti=f"g-{number}", **claims), **parameters)
        assert (error.code, error.reason) == ("invalid_grant", "unknown_target")
        assert "for nothing else" in error.detail
    narrowed = here.grant(jti="both", resource=[ORDERS, INVENTORY])
    answer = await here.post(here.redeeming(narrowed, resource=ORDERS))
    assert claims_of(answer)["aud"] == ORDERS


@pytest.mark.requirement("JAG-121")
async def test_an_ordinary_api_stands_beside_no_mcp_server_either() -> None:
    one = tuple(replace(api, kind="api") if api.name == "inventory" else api for api in MCP)
    here = house(*BOTH, apis=one)
    assert (await turned_away(here, here.grant(resource=[ORDERS, INVENTORY]))).code == "invalid_grant"


@pytest.mark.requirement("JAG-123")
@pytest.mark.parametrize(
    "claims",
    [
        {"resource": "https://mcp.other.example"},
        {"resource": f"{ORDERS}/"},
        {"resource": INVENTORY},
        {"scope": "pages:search"},
        {"scope": None},
        {"aud": "https://as.other.example"},
    ],
    ids=repr,
)
async def test_whatever_is_wrong_with_a_grant_for_one_is_an_invalid_grant(claims: dict[str, Any]) -> None:
    assert isinstance(await turned_away(house(), house().grant(**claims)), InvalidGrant)


@pytest.mark.requirement("JAG-125")
@pytest.mark.parametrize("excess", ["reject", "trim"])
@pytest.mark.parametrize(
    ("said", "asked", "given"),
    [
        ("orders:read orders:write", None, "orders:read orders:write"),
        ("orders:read orders:write", "orders:read", "orders:read"),
        ("orders:read", "orders:read orders:write", "orders:read"),
        ("orders:read", "orders:read orders:burn", "orders:read"),
        ("orders:read", "orders:write", None),
        ("pages:search", "orders:read pages:search", None),
    ],
    ids=repr,
)
async def test_its_scopes_are_those_that_request_and_grant_both_have(
    said: str, asked: str | None, given: str | None, excess: Any
) -> None:
    here = house(defaults=PolicyDefaults(on_excess_scope=excess))
    grant = here.grant(scope=said)
    if given is None:
        assert isinstance(await turned_away(here, grant, scope=asked), InvalidGrant)
    else:
        assert (await here.post(here.redeeming(grant, scope=asked))).body["scope"] == given


@pytest.mark.requirement("JAG-69", "JAG-125")
async def test_what_its_connection_does_not_list_is_left_out_and_the_answer_says_so() -> None:
    here = house(acceptance(scopes=frozenset({"orders:read"})))
    both = "orders:read orders:write"
    answer = await here.post(here.redeeming(here.grant(scope=both), scope=both))
    assert (answer.body["scope"], claims_of(answer)["scope"]) == ("orders:read", "orders:read")
    error = await turned_away(here, here.grant(scope=both, jti="g-2"), scope="orders:write")
    assert (error.code, error.reason) == ("invalid_grant", "excess")
    assert "not available on this path: orders:write" in error.detail
    # Somewhere else a request for more than there is, is refused as ever.
    plain = house(acceptance(scopes=frozenset({"orders:read"})), apis=APIS)
    error = await turned_away(plain, plain.grant(scope=both), scope=both)
    assert (error.code, error.reason) == ("invalid_scope", "excess")


@pytest.mark.requirement("JAG-128")
async def test_an_api_is_no_mcp_server_unless_somebody_says_so() -> None:
    assert {api.kind for api in APIS} == {"api"}
    plain = house(apis=APIS)
    error = await turned_away(plain, plain.grant(scope="orders:read"), scope="orders:read orders:write")
    assert error.code == "invalid_scope"


@pytest.mark.requirement("JAG-120", "JAG-122")
async def test_a_grant_for_another_domains_mcp_servers_is_for_one_of_them() -> None:
    resource = "https://mcp.tickets.example/one"
    there: dict[str, Any] = {"mcp": True, "resources": (resource, ANOTHER)}
    here = crossing(connections=[connection(**there)])
    assert (await told(here, resource=resource))["resource"] == resource
    for asked in (None, [resource, ANOTHER], f"{resource}/", "https://mcp.tickets.example", "urn:one"):
        more: dict[str, Any] = {} if asked is None else {"resource": asked}
        error = await refused(here, **more)
        reason = "several_connections" if asked is None or ANOTHER in asked else "no_connection"
        assert (error.code, error.reason) == ("invalid_target", reason)
    alone = crossing(connections=[connection(mcp=True, resources=(resource,))])
    assert (await told(alone))["resource"] == resource
    plain = crossing(connections=[connection(resources=(resource, ANOTHER))])
    assert (await told(plain))["resource"] == [resource, ANOTHER]


KEYED: dict[str, Any] = {
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": {"keys": [CLIENT_KEY.public.jwk()]},
    "grant_types": [str(TOKEN_EXCHANGE), str(JWT_BEARER)],
}
REDEEMING = replace(TERMS, grants=TERMS.grants | {JWT_BEARER, TOKEN_EXCHANGE})


def strangers(said: dict[str, Any], *, terms: Any = REDEEMING, **changes: Any) -> House:
    """A house in which a client that publishes what it is redeems grants, or asks for them."""
    fetch = DocumentsAt({CLIENT_ID: document(**said)})
    let_in = Published(terms=terms, fetch=fetch)
    rest: dict[str, Any] = {"accepted": (acceptance(client=CLIENT_ID),), "clients": CLIENTS[:3], **changes}
    return house(published_clients=let_in, **rest)


def proven(here: House, form: dict[str, Any], **claims: Any) -> dict[str, Any]:
    form = {name: value for name, value in form.items() if name != "client_secret"}
    assertion = here.assertion(CLIENT_ID, **claims)
    return {**form, "client_assertion": assertion, "client_assertion_type": JWT_BEARER_CLIENT_ASSERTION}


def redeeming(here: House, **claims: Any) -> dict[str, Any]:
    return here.redeeming(here.grant(**{"client_id": CLIENT_ID, **claims}), CLIENT_ID)


@pytest.mark.requirement("JAG-126", "JAG-91")
async def test_a_client_that_publishes_what_it_is_redeems_grants_that_name_its_address() -> None:
    here = strangers(KEYED)
    answer = await here.post(proven(here, redeeming(here)))
    claims = claims_of(answer)
    assert (claims["client_id"], claims["sub"], claims["aud"]) == (CLIENT_ID, "actas:alice", ORDERS)
    assert here.writer.events[-1]["rules"] == ["connection:web-from-corp"]


@pytest.mark.requirement("JAG-126", "JAG-75", "JAG-63")
async def test_it_proves_that_it_is_the_client_and_its_document_lists_the_grant() -> None:
    here = strangers(KEYED)
    bare = {name: value for name, value in redeeming(here).items() if name != "client_secret"}
    assert (await here.turned_away(bare)).code == "invalid_client"
    assert (await here.turned_away(proven(here, redeeming(here), exp=NOW - 1))).code == "invalid_client"
    other = await here.turned_away(proven(here, redeeming(here, client_id="web")))
    assert other.code == "invalid_grant"
    assert (await here.post(proven(here, redeeming(here)))).body["access_token"]
    public = strangers({"grant_types": KEYED["grant_types"]})
    assert (await public.turned_away(bare)).reason == "client_may_not_exchange"
    unlisted = strangers({**KEYED, "grant_types": ["authorization_code"]})
    assert (
        await unlisted.turned_away(proven(unlisted, redeeming(unlisted)))
    ).reason == "client_may_not_exchange"
    unlet = strangers(KEYED, terms=TERMS)
    assert (await unlet.turned_away(proven(unlet, redeeming(unlet)))).reason == "client_may_not_exchange"


@pytest.mark.requirement("JAG-126")
async def test_without_a_connection_that_names_it_no_such_client_redeems_anything() -> None:
    here = strangers(KEYED, accepted=(acceptance(),))
    error = await here.turned_away(proven(here, redeeming(here)))
    assert error.code == "invalid_grant"


@pytest.mark.requirement("JAG-91", "JAG-30")
async def test_a_client_of_one_address_is_the_same_client_on_both_sides() -> None:
    to = connection(client=CLIENT_ID, client_id=CLIENT_ID)
    here = strangers(KEYED, accepted=(), connections=[to])
    token = here.our_id_token(aud=CLIENT_ID)
    asked = {
        "requested_token_type": "urn:ietf:params:oauth:token-type:id-jag",
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "audience": to.to.issuer,
    }
    answer = await here.post(proven(here, here.form(CLIENT_ID, token, **asked)))
    claims = claims_of(answer)
    assert (claims["client_id"], claims["aud"]) == (CLIENT_ID, to.to.issuer)
    nobody = strangers(KEYED, accepted=(), connections=[connection()])
    error = await nobody.turned_away(proven(nobody, nobody.form(CLIENT_ID, token, **asked)))
    assert error.reason == "no_connection"
