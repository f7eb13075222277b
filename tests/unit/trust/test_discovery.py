"""Where an issuer says its keys are, and when that is not followed."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.fetch import ScriptedFetch

from actas.core.ports import FetchFailed
from actas.core.wire import ID_TOKEN
from actas.trust.discovery import discover
from actas.trust.registry import TrustedIssuer

ISSUER = "https://idp.acme.example"
DOCUMENT = f"{ISSUER}/.well-known/openid-configuration"


def registered(issuer: str = ISSUER, *, jwks_hosts: frozenset[str] = frozenset()) -> TrustedIssuer:
    return TrustedIssuer(
        name="acme",
        issuer=issuer,
        kind="oidc",
        accepts=frozenset({ID_TOKEN}),
        algorithms=frozenset({"ES256"}),
        audiences={"orders": None},
        jwks_hosts=jwks_hosts,
    )


@pytest.mark.parametrize(
    ("issuer", "document"),
    [
        ("https://idp.acme.example", "https://idp.acme.example/.well-known/openid-configuration"),
        ("https://idp.acme.example/", "https://idp.acme.example/.well-known/openid-configuration"),
        ("https://idp.acme.example/t1", "https://idp.acme.example/t1/.well-known/openid-configuration"),
        ("https://idp.acme.example/t1/", "https://idp.acme.example/t1/.well-known/openid-configuration"),
    ],
)
async def test_the_document_is_at_the_well_known_path_below_the_issuer(issuer: str, document: str) -> None:
    jwks_uri = "https://idp.acme.example/keys"
    fetch = ScriptedFetch({document: {"issuer": issuer, "jwks_uri": jwks_uri}})
    assert await discover(registered(issuer), fetch) == jwks_uri
    assert fetch.asked == [document]


@pytest.mark.requirement("SEC-37", "SEC-02")
@pytest.mark.parametrize(
    "found",
    [
        "https://idp.acme.example/",
        "https://IDP.acme.example",
        "https://idp.acme.example:443",
        "http://idp.acme.example",
        "https://idp.acme.example/{tenantid}",
        "https://other.acme.example",
        "",
        None,
        ...,
        ["https://idp.acme.example"],
        True,
    ],
)
async def test_the_document_of_another_issuer_is_refused(found: object) -> None:
    document: dict[str, Any] = {"issuer": found, "jwks_uri": f"{ISSUER}/keys"}
    if found is ...:
        del document["issuer"]
    with pytest.raises(FetchFailed, match="another issuer"):
        await discover(registered(), ScriptedFetch({DOCUMENT: document}))


@pytest.mark.requirement("SEC-36", "SEC-02")
@pytest.mark.parametrize(
    "jwks_uri",
    [
        "https://evil.example/keys",
        "https://idp.acme.example.evil.example/keys",
        "https://evil-idp.acme.example/keys",
        "https://acme.example/keys",
        "https://sub.idp.acme.example/keys",
        "https://idp.acme.example:8443/keys",
        "https://idp.acme.example@evil.example/keys",
        "https://keys.acme.example:8443/keys",
        "http://idp.acme.example/keys",
        "http://idp.acme.example:443/keys",
        "https://169.254.169.254/latest",
        "https://idp.acme.example/keys#x",
        "/keys",
        "",
        None,
        ...,
        ["https://idp.acme.example/keys"],
    ],
)
async def test_keys_elsewhere_than_registered_are_not_followed(jwks_uri: object) -> None:
    document: dict[str, Any] = {"issuer": ISSUER, "jwks_uri": jwks_uri}
    if jwks_uri is ...:
        del document["jwks_uri"]
    fetch = ScriptedFetch({DOCUMENT: document})
    with pytest.raises(FetchFailed, match=r"jwks_uri|places its keys"):
        await discover(registered(jwks_hosts=frozenset({"keys.acme.example"})), fetch)
    assert fetch.asked == [DOCUMENT]


@pytest.mark.requirement("SEC-36")
@pytest.mark.parametrize(
    "jwks_uri",
    [
        "https://idp.acme.example/keys",
        "https://idp.acme.example:443/keys?p=policy",
        "https://keys.acme.example/keys",
        "https://cdn.acme.example:8443/keys",
    ],
)
async def test_keys_at_the_issuer_and_at_listed_hosts_are_followed(jwks_uri: str) -> None:
    hosts = frozenset({"keys.acme.example", "cdn.acme.example:8443"})
    fetch = ScriptedFetch({DOCUMENT: {"issuer": ISSUER, "jwks_uri": jwks_uri}})
    assert await discover(registered(jwks_hosts=hosts), fetch) == jwks_uri


@pytest.mark.requirement("SEC-02")
@pytest.mark.parametrize("host", ["", "*", "*.acme.example", "https://keys.acme.example"])
async def test_a_listed_host_that_is_no_host_permits_nothing(host: str) -> None:
    fetch = ScriptedFetch({DOCUMENT: {"issuer": ISSUER, "jwks_uri": "https://keys.acme.example/keys"}})
    with pytest.raises(FetchFailed):
        await discover(registered(jwks_hosts=frozenset({host})), fetch)
    assert fetch.asked == [DOCUMENT]
