"""RFC 8707 section 2: what ``resource`` may be, and what becomes of one that is not known."""

from __future__ import annotations

import pytest
from tests.fakes.house import APIS, CLIENTS, INVENTORY, ORDERS, RULES, House, allow, client, sells

from actas.core.target import MAX_TARGETS, Api

QUERY = "https://shelf.acme.example/v2?part=a"
SHELF = Api(name="shelf", audience=QUERY, scopes={"read": "Read"})
HANDBOOK = "urn:acme:handbook"


def house() -> House:
    who = client("orders", api="orders", apis=frozenset({"inventory", "shelf", "handbook"}))
    rules = (
        *RULES,
        allow("shelf", "delegation", "orders", "handbook"),
        allow(
            "shelf-2",
            "delegation",
            "orders",
            "inventory",
            apis=frozenset({"shelf"}),
            scopes=sells(any="read"),
        ),
    )
    others = [one for one in CLIENTS if one.name != "orders"]
    return House(clients=(*others, who), apis=(*APIS, SHELF), rules=rules)


@pytest.mark.requirement("TX-15")
@pytest.mark.parametrize("resource", [INVENTORY, HANDBOOK, QUERY])
async def test_a_resource_is_an_absolute_uri_and_may_have_a_query(resource: str) -> None:
    home = house()
    assert (await home.claims("orders", home.our_token(), resource=resource))["aud"] == resource


@pytest.mark.requirement("TX-15", "TX-16")
@pytest.mark.parametrize(
    "resource",
    [
        f"{INVENTORY}#",
        f"{INVENTORY}#part",
        "#",
        "inventory",
        "/inventory",
        "//inventory.acme.example",
        "inventory.acme.example/path",
        "https://",
        "https://[::1",
        f"{INVENTORY} ",
        f"{INVENTORY}/a b",
        f"{INVENTORY}\n",
        f"{INVENTORY}\u2028",
        "https:",
        "https://" + "a" * 300,
    ],
)
async def test_a_malformed_resource_is_an_invalid_target(resource: str) -> None:
    home = house()
    error = await home.refused("orders", home.our_token(), resource=resource, scope="stock:read")
    assert (error.code, error.reason) == ("invalid_target", "unknown_target")


@pytest.mark.requirement("TX-16")
@pytest.mark.parametrize(
    "resource",
    [
        f"{INVENTORY}/",
        f"{INVENTORY}:443",
        f"{INVENTORY}/X",
        INVENTORY.replace("https", "http"),
        f"{INVENTORY}?",
        "https://unknown.acme.example",
        "https://evil.example/inventory.acme.example",
        ORDERS + "/x",
    ],
)
async def test_a_resource_is_known_by_its_exact_text_or_not_at_all(resource: str) -> None:
    home = house()
    error = await home.refused("orders", home.our_token(), resource=resource, scope="stock:read")
    assert (error.code, error.reason) == ("invalid_target", "unknown_target")


@pytest.mark.requirement("OP-141")
@pytest.mark.parametrize("resource", [INVENTORY.upper(), INVENTORY.replace("https", "HTTPS")])
async def test_scheme_and_host_are_one_in_any_letters(resource: str) -> None:
    home = house()
    claims = await home.claims("orders", home.our_token(), resource=resource, scope="stock:read")
    assert claims["aud"] == INVENTORY


@pytest.mark.requirement("TX-16", "TX-17")
async def test_a_name_is_an_audience_and_not_a_resource() -> None:
    home = house()
    assert (await home.claims("orders", home.our_token(), audience="handbook"))["aud"] == HANDBOOK
    assert (await home.refused("orders", home.our_token(), resource="handbook")).code == "invalid_target"


@pytest.mark.requirement("TX-20", "SEC-44")
async def test_a_target_the_client_may_not_ask_for_is_an_invalid_target() -> None:
    home = house()
    error = await home.refused("orders", home.our_token(), audience="orders")
    assert (error.code, error.reason) == ("invalid_target", "unknown_target")


@pytest.mark.requirement("TX-20")
async def test_a_target_that_no_rule_gives_is_an_invalid_target() -> None:
    home = House(rules=())
    error = await home.refused("orders", home.our_token(), audience="inventory")
    assert (error.code, error.reason) == ("invalid_target", "no_rule")


@pytest.mark.requirement("TX-20")
async def test_too_many_targets_at_once_are_an_invalid_target() -> None:
    home = house()
    fits = await home.claims("orders", home.our_token(), audience=["handbook"] * MAX_TARGETS)
    assert fits["aud"] == HANDBOOK
    many = ["handbook"] * (MAX_TARGETS - 1)
    error = await home.refused("orders", home.our_token(), audience=many, resource=[HANDBOOK, HANDBOOK])
    assert (error.code, error.reason) == ("invalid_target", "unknown_target")
