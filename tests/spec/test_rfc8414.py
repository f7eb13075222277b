"""RFC 8414: what we publish about ourselves is where it is looked for, and true."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.door import call
from tests.fakes.house import ISSUER, House

from actas.web.documents import Document
from actas.web.metadata import metadata, metadata_paths

ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")
METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"]


def published(issuer: str = ISSUER) -> dict[str, Any]:
    house = House()
    return metadata(
        issuer,
        grant_types=house.exchange.grant_types,
        scopes={scope for api in house.apis for scope in api.scopes},
        methods=METHODS,
        assertion_algorithms=ALGORITHMS,
        signing_algorithms=("ES256",),
        proof_algorithms=ALGORITHMS,
        certificates=True,
    )


@pytest.mark.requirement("TX-140")
@pytest.mark.parametrize(
    ("issuer", "path"),
    [
        ("https://sts.example", "/.well-known/oauth-authorization-server"),
        ("https://sts.example/", "/.well-known/oauth-authorization-server"),
        ("https://sts.example/one", "/.well-known/oauth-authorization-server/one"),
        ("https://sts.example/one/two/", "/.well-known/oauth-authorization-server/one/two"),
    ],
)
def test_the_well_known_part_stands_between_host_and_path(issuer: str, path: str) -> None:
    assert metadata_paths(issuer)["oauth"] == path


@pytest.mark.requirement("TX-140")
def test_openid_connect_appends_it() -> None:
    assert metadata_paths("https://sts.example/one")["openid"] == "/one/.well-known/openid-configuration"


@pytest.mark.requirement("TX-141")
@pytest.mark.parametrize("issuer", ["https://sts.example", "https://sts.example/", "https://sts.example/one"])
def test_the_issuer_is_published_character_for_character(issuer: str) -> None:
    assert published(issuer)["issuer"] == issuer


@pytest.mark.requirement("TX-141")
async def test_tokens_name_the_issuer_that_is_published() -> None:
    house = House()
    claims = await house.claims("orders", house.our_token(), audience="inventory", scope="stock:read")
    assert claims["iss"] == published()["issuer"]


@pytest.mark.requirement("TX-142")
def test_only_what_is_true_is_published() -> None:
    assert published() == {
        "issuer": ISSUER,
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/jwks",
        "response_types_supported": [],
        "grant_types_supported": [
            "client_credentials",
            "urn:ietf:params:oauth:grant-type:token-exchange",
        ],
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        ],
        "token_endpoint_auth_signing_alg_values_supported": sorted(ALGORITHMS),
        "introspection_endpoint": f"{ISSUER}/introspect",
        "introspection_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        ],
        "introspection_endpoint_auth_signing_alg_values_supported": sorted(ALGORITHMS),
        "introspection_signing_alg_values_supported": ["ES256"],
        "dpop_signing_alg_values_supported": sorted(ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": True,
        "revocation_endpoint": f"{ISSUER}/revoke",
        "revocation_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint_auth_signing_alg_values_supported": sorted(ALGORITHMS),
        "actas_revocation_feed": f"{ISSUER}/revocations",
        "scopes_supported": sorted(
            ["orders:read", "orders:write", "stock:read", "stock:write", "pages:search"]
        ),
    }


@pytest.mark.requirement("TX-143")
def test_algorithms_of_assertions_are_listed_without_none() -> None:
    listed = published()["token_endpoint_auth_signing_alg_values_supported"]
    assert listed
    assert not any(one.lower() == "none" or one.startswith("HS") for one in listed)


@pytest.mark.requirement("TX-144")
def test_no_parameter_is_invented_for_subject_token_types() -> None:
    assert not any("subject_token" in name for name in published())


@pytest.mark.requirement("TX-142", "SEC-84")
async def test_the_document_is_json_and_does_not_depend_on_who_asks() -> None:
    document = Document(published, max_age=300)
    forged = [
        (b"host", b"evil.example"),
        (b"x-forwarded-host", b"evil.example"),
        (b"forwarded", b"host=evil"),
    ]
    plain = await call(document, method="GET", headers=())
    assert plain.status == 200
    assert plain.headers["content-type"] == "application/json"
    assert plain.json == published()
    assert (await call(document, method="GET", headers=forged)).body == plain.body
    assert (await call(document, method="POST")).status == 405
