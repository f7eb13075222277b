"""Which addresses are called, and where things are published."""

from __future__ import annotations

import pytest

from actas_sdk.address import (
    absolute,
    endpoint_allowed,
    host_label,
    loopback_http,
    protected_resource,
    same_target,
    well_known,
)


@pytest.mark.parametrize(
    ("issuer", "first", "second"),
    [
        (
            "https://sts.acme.example",
            "https://sts.acme.example/.well-known/oauth-authorization-server",
            "https://sts.acme.example/.well-known/openid-configuration",
        ),
        (
            "https://acme.example/tenant/1/",
            "https://acme.example/.well-known/oauth-authorization-server/tenant/1",
            "https://acme.example/tenant/1/.well-known/openid-configuration",
        ),
    ],
)
def test_metadata_is_between_host_and_path_and_then_after_it(issuer: str, first: str, second: str) -> None:
    assert well_known(issuer) == (first, second)


@pytest.mark.parametrize(
    ("audience", "where"),
    [
        ("https://orders.acme.example", "https://orders.acme.example/.well-known/oauth-protected-resource"),
        ("https://orders.acme.example/", "https://orders.acme.example/.well-known/oauth-protected-resource"),
        ("https://acme.example/orders", "https://acme.example/.well-known/oauth-protected-resource/orders"),
        ("https://acme.example/o?v=1", "https://acme.example/.well-known/oauth-protected-resource/o?v=1"),
        ("orders", None),
        ("urn:acme:orders", None),
        ("spiffe://acme.example/orders", None),
    ],
)
def test_a_protected_resource_is_described_where_the_standard_says(audience: str, where: str | None) -> None:
    assert protected_resource(audience) == where


@pytest.mark.parametrize(
    ("audience", "label"),
    [
        ("https://inventory.acme.example", "inventory"),
        ("https://inventory.acme.example:8443/v2", "inventory"),
        ("http://127.0.0.1:9001", "127.0.0.1"),
        ("http://[::1]:9001", "::1"),
        ("http://localhost:9001", "localhost"),
        ("inventory", "inventory"),
        ("urn:acme:inventory", "urn:acme:inventory"),
    ],
)
def test_an_api_is_called_by_the_first_label_of_its_host(audience: str, label: str) -> None:
    assert host_label(audience) == label


@pytest.mark.parametrize(
    ("name", "is_address"),
    [
        ("https://inventory.acme.example", True),
        ("https://inventory.acme.example/v2?x=1", True),
        ("https://inventory.acme.example#", False),
        ("https://inventory.acme.example/a b", False),
        ("inventory", False),
        ("urn:acme:inventory", False),
        ("/v2", False),
        ("//host/v2", False),
    ],
)
def test_an_absolute_address_has_no_fragment(name: str, is_address: bool) -> None:
    assert absolute(name) is is_address


def test_only_a_loopback_issuer_leads_to_loopback_http() -> None:
    assert endpoint_allowed("http://127.0.0.1:1/t", issuer="http://127.0.0.1:1")
    assert endpoint_allowed("https://sts.acme.example/t", issuer="http://127.0.0.1:1")
    assert not endpoint_allowed("http://10.0.0.1/t", issuer="http://127.0.0.1:1")
    assert not endpoint_allowed("http://127.0.0.1:1/t", issuer="https://sts.acme.example")
    assert loopback_http("http://127.9.9.9/")
    assert not loopback_http("https://127.0.0.1/")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("https://inventory.acme.example/stock/7", True),
        ("HTTPS://Inventory.acme.example:443/stock/%37?deep=1#top", True),
        ("https://inventory.acme.example:0/stock/7", False),
        ("https://inventory.acme.example:8443/stock/7", False),
        ("https://inventory.acme.example/stock%2F7", False),
        ("https://inventory.acme.example/x/../stock/7", False),
        ("https://inventory.acme.example/stock/7/", False),
        ("http://inventory.acme.example/stock/7", False),
        ("https://user@inventory.acme.example/stock/7", False),
    ],
)
def test_one_target_has_several_spellings_but_one_port_and_one_path(other: str, same: bool) -> None:
    assert same_target("https://inventory.acme.example/stock/7", other) is same
