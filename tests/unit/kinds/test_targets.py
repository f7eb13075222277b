"""Which APIs a request is for."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.house import APIS, INVENTORY, ORDERS, House, client

from actas.core.errors import InvalidScope, InvalidTarget
from actas.core.permit import ExchangeRequest
from actas.core.wire import ACCESS_TOKEN, TOKEN_EXCHANGE
from actas.kinds.targets import targets_of

CATALOG = House().catalog


def names(apis: Any = ("orders", "inventory"), **asked: Any) -> list[str]:
    scope = asked.pop("scope", None)
    request = ExchangeRequest(
        grant_type=TOKEN_EXCHANGE,
        subject=None,
        requested=ACCESS_TOKEN,
        scope=None if scope is None else frozenset(scope.split()),
        **asked,
    )
    return [
        api.name
        for api in targets_of(request, client("x", apis=frozenset(apis)), CATALOG, CATALOG.connections)
    ]


@pytest.mark.requirement("TX-17", "TX-18")
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"audience": ("orders",)}, ["orders"]),
        ({"audience": (ORDERS,)}, ["orders"]),
        ({"resource": (ORDERS,)}, ["orders"]),
        ({"audience": ("inventory", ORDERS)}, ["inventory", "orders"]),
        ({"audience": ("orders", ORDERS), "resource": (ORDERS,)}, ["orders"]),
        ({"audience": ("orders",), "resource": (INVENTORY,)}, ["orders", "inventory"]),
        ({"audience": ("handbook",)}, ["handbook"]),
    ],
)
def test_audience_and_resource_name_apis_each_once(asked: dict[str, Any], expected: list[str]) -> None:
    assert names(**asked) == expected


@pytest.mark.requirement("TX-16", "TX-21")
@pytest.mark.parametrize(
    "asked",
    [
        {"audience": ("x",)},
        {"resource": ("orders",)},
        {"audience": ("orders", "x")},
        {"audience": ("Orders",)},
    ],
)
def test_one_unknown_name_refuses_all(asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidTarget):
        names(**asked)


@pytest.mark.requirement("TX-122")
def test_what_is_not_named_is_inferred_from_scope_or_from_there_being_only_one() -> None:
    assert names(scope="stock:read") == ["inventory"]
    assert names(scope="orders:read orders:write") == ["orders"]
    assert names(apis=["inventory"]) == ["inventory"]
    assert names(apis=["inventory", "gone"]) == ["inventory"]


@pytest.mark.requirement("TX-122")
@pytest.mark.parametrize("scope", ["stock:read orders:read", "x", "pages:search", "stock:read x"])
def test_scopes_that_name_none_or_several_are_an_invalid_scope(scope: str) -> None:
    with pytest.raises(InvalidScope):
        names(scope=scope)


@pytest.mark.requirement("TX-122")
def test_neither_name_nor_scope_is_an_invalid_target_where_several_are_open() -> None:
    for apis in (["orders", "inventory"], [], ["gone"]):
        with pytest.raises(InvalidTarget):
            names(apis=apis)
    assert len(APIS) == 3
