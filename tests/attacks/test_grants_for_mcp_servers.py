"""Attack: a grant for one MCP server, made to serve at another, or in the hands of another client.

An MCP server sees the tokens of whoever calls it, and some MCP servers are hostile. A token that is good at two of
them is passed on from the one to the other (RFC 9700 section 2.3), so whoever can name a second server in a
request, or in a grant that says none, would have such a token made. Clients that nobody registered are known by an
address that anybody can write down: what tells them from a thief is their key, and nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.chaining import PARTNER, chained, grant
from tests.fakes.company import GRANTING, acceptance
from tests.fakes.house import CLIENT_KEY, INVENTORY, ORDERS, House, claims_of
from tests.fakes.published import CLIENT_ID
from tests.spec.test_mcp_grants import (
    BOTH,
    KEYED,
    MCP,
    house,
    proven,
    redeeming,
    strangers,
    turned_away,
)

from actas.core.target import Api
from actas.crypto import jose

ANOTHER = "https://agents.example/another.json"


@pytest.mark.requirement("JAG-121")
@pytest.mark.parametrize(
    "parameters",
    [
        {"resource": INVENTORY},
        {"resource": [ORDERS, INVENTORY]},
        {"audience": "inventory"},
        {"audience": ["orders", "inventory"]},
        {"audience": "orders", "resource": INVENTORY},
    ],
    ids=repr,
)
async def test_no_parameter_adds_a_server_to_the_one_that_a_grant_names(parameters: dict[str, Any]) -> None:
    here = house(*BOTH)
    answer = await here.post(here.redeeming(here.grant(resource=ORDERS), **parameters))
    assert claims_of(answer)["aud"] == ORDERS


@pytest.mark.requirement("JAG-121", "JAG-123")
@pytest.mark.parametrize("plain", [False, True], ids=["identity assertion", "plain grant"])
async def test_a_server_with_the_scopes_of_another_does_not_stand_in_a_token_beside_it(plain: bool) -> None:
    """Scopes of one word at two servers are what would let one token through at both.

    No claim says for which APIs a plain grant is, so there the request would choose, or nobody.
    """
    twin = Api(name="twin", audience="https://mcp.evil.example", scopes={"orders:read": "Read"}, kind="mcp")
    first = chained() if plain else acceptance()
    here = house(
        first,
        replace(first, name="web-to-twin", api="twin", scopes=frozenset({"orders:read"})),
        apis=(*MCP, twin),
        clients=[replace(one, apis=one.apis | {"twin"}) for one in house().clients],
        issuers=(PARTNER if plain else GRANTING,),
    )
    made = grant if plain else House.grant
    attempts: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
        ({"resource": [ORDERS, twin.audience]}, {}),
        ({}, {"resource": [ORDERS, twin.audience]}),
        ({}, {"audience": ["orders", "twin"]}),
        ({}, {}),
    )
    for claims, parameters in attempts:
        error = await turned_away(here, made(here, scope="orders:read", **claims), **parameters)
        assert (error.code, error.reason) == ("invalid_grant", "unknown_target")
    assert not [one for one in here.writer.events if one["outcome"] == "granted"]
    answer = await here.post(here.redeeming(made(here, scope="orders:read"), audience="orders"))
    assert claims_of(answer)["aud"] == ORDERS


@pytest.mark.requirement("JAG-126", "JAG-63")
async def test_the_address_of_a_client_is_no_proof_that_one_is_that_client() -> None:
    here, thief = strangers(KEYED), jose.PrivateKey.generate("ES256")
    form = redeeming(here)
    bare = {name: value for name, value in form.items() if name != "client_secret"}
    for attempt in (
        bare,
        {**bare, "client_secret": CLIENT_ID},
        {**bare, "client_assertion": "e30.e30.", "client_assertion_type": "x"},
        proven(here, form, iss=ANOTHER, sub=ANOTHER),
        proven(here, form, sub=ANOTHER),
        proven(here, form, key=thief),
    ):
        assert (await here.turned_away(attempt)).code in ("invalid_client", "invalid_request")
    assert (await here.post(proven(here, form))).body["access_token"]


@pytest.mark.requirement("JAG-126")
async def test_a_document_that_changes_its_key_ends_what_the_old_one_opened() -> None:
    other = jose.PrivateKey.generate("ES256")
    here = strangers({**KEYED, "jwks": {"keys": [other.public.jwk()]}})
    assert (await here.turned_away(proven(here, redeeming(here), key=CLIENT_KEY))).code == "invalid_client"
