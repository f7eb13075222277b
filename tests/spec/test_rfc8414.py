"""RFC 8414: what we publish about ourselves is where it is looked for, and true."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.door import call
from tests.fakes.house import CLIENTS, ISSUER, PEOPLE, House, signing_in

from actas.core.wire import AUTHORIZATION_CODE, DEVICE_CODE, ID_JAG, JWT_BEARER
from actas.crypto import jose
from actas.web.documents import Document
from actas.web.metadata import Chaining, SigningIn, metadata, metadata_paths

ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")
METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt"]


def published(issuer: str = ISSUER, **more: Any) -> dict[str, Any]:
    house = House()
    return metadata(
        issuer,
        grant_types={*house.exchange.grant_types} - {AUTHORIZATION_CODE, DEVICE_CODE, JWT_BEARER},
        scopes={scope for api in house.apis for scope in api.scopes},
        methods=METHODS,
        assertion_algorithms=ALGORITHMS,
        signing_algorithms=("ES256",),
        proof_algorithms=ALGORITHMS,
        certificates=True,
        **more,
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
            "refresh_token",
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


def test_that_grants_for_other_servers_are_given_is_published_and_to_whom_they_lead_is_not() -> None:
    more = published(chaining=Chaining(requested=(ID_JAG,)))
    assert {name: value for name, value in more.items() if name not in published()} == {
        "identity_chaining_requested_token_types_supported": ["urn:ietf:params:oauth:token-type:id-jag"],
        # Clients of such grants want one, also where nobody signs in.
        "authorization_endpoint": f"{ISSUER}/authorize",
    }


# OpenID Connect Discovery section 3: once people sign in to a client.

SERVED = SigningIn(
    served=frozenset({"authorize", "userinfo", "logout"}),
    algorithms={"ES256"},
    acr_values=("pwd", "mfa"),
    prompts=("none", "login"),
    locales=("en",),
)


@pytest.mark.requirement("OP-24", "TX-142")
def test_what_clients_need_to_have_people_sign_in_is_published() -> None:
    added = {
        name: value for name, value in published(signing_in=SERVED).items() if published().get(name) != value
    }
    assert added == {
        "authorization_endpoint": f"{ISSUER}/authorize",
        "userinfo_endpoint": f"{ISSUER}/userinfo",
        "end_session_endpoint": f"{ISSUER}/logout",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "RS256"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "pushed_authorization_request_endpoint": f"{ISSUER}/par",
        "require_pushed_authorization_requests": False,
        "claims_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "prompt_values_supported": ["none", "login"],
        "acr_values_supported": ["pwd", "mfa"],
        "ui_locales_supported": ["en"],
        "claims_supported": [
            *("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"),
            *("name", "preferred_username", "email", "email_verified", "groups"),
        ],
    }


@pytest.mark.requirement("OP-34")
def test_that_every_request_must_be_pushed_is_published() -> None:
    only = published(signing_in=replace(SERVED, only_pushed=True))
    assert only["require_pushed_authorization_requests"] is True


@pytest.mark.requirement("TX-142")
def test_an_address_that_is_not_there_is_not_published_nor_what_belongs_to_it() -> None:
    found = published(signing_in=SigningIn(served=frozenset({"userinfo"}), algorithms=()))
    assert found["userinfo_endpoint"] == f"{ISSUER}/userinfo"
    assert found["id_token_signing_alg_values_supported"] == ["RS256"]
    assert found["response_types_supported"] == []
    absent = (
        "authorization_endpoint",
        "end_session_endpoint",
        "acr_values_supported",
        "prompt_values_supported",
        "pushed_authorization_request_endpoint",
    )
    assert not {*absent, "authorization_response_iss_parameter_supported"} & set(found)


@pytest.mark.requirement("OP-24")
async def test_the_id_token_says_nothing_that_is_not_published() -> None:
    web = replace(next(one for one in CLIENTS if one.name == "web"), kind="app")
    house = House(clients=[signing_in(web)], people=PEOPLE)
    answer = await house.post(await house.code_form(scope=frozenset({"openid", "groups"})))
    told = set(jose.parse(str(answer.body["id_token"])).unverified_claims)
    ours = {"jti", "txn", "lineage", "sub_id"}  # for this server, when the token comes back to it
    assert told - ours <= set(published(signing_in=SERVED)["claims_supported"])
