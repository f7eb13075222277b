"""RFC 9728, from the side of the authorization server: what the keeper of an API is told to publish about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from actas.core.confirmation import Binding
from actas.core.ports import Json
from actas.core.resource_metadata import Difference, advice, differences, well_known
from actas.core.target import Api

ISSUER = "https://sts.acme.example"
HANDBOOK = "https://mcp.acme.example/handbook"
AT = "https://mcp.acme.example/.well-known/oauth-protected-resource/handbook"


def said(usual: Binding = "optional", **fields: Any) -> Any:
    api = Api(**{"name": "handbook", "audience": HANDBOOK, "scopes": {"pages:search": "Search"}, **fields})
    return advice(api, issuer=ISSUER, binding=usual, proof_algorithms=("RS256", "ES256"))


def found(published: Mapping[str, Json], **fields: Any) -> list[Difference]:
    return [*differences(published, said(**fields).document)]


@pytest.mark.requirement("TX-145")
@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ("https://mcp.acme.example", ""),
        ("https://mcp.acme.example/", ""),
        ("https://mcp.acme.example/handbook", "/handbook"),
        ("https://mcp.acme.example/a/b/", "/a/b/"),
        ("https://mcp.acme.example?v=1", "?v=1"),
        ("https://mcp.acme.example/?v=1", "?v=1"),
        ("https://mcp.acme.example/a?v=1", "/a?v=1"),
    ],
)
def test_the_well_known_part_stands_between_host_and_path(resource: str, path: str) -> None:
    assert well_known(resource) == f"https://mcp.acme.example/.well-known/oauth-protected-resource{path}"


@pytest.mark.parametrize(
    "audience", ["handbook", "urn:acme:handbook", "https://a.example#b", "ftp://a.example"]
)
def test_what_has_no_address_publishes_nothing(audience: str) -> None:
    assert well_known(audience) is None
    assert said(audience=audience) is None


@pytest.mark.requirement("TX-145")
def test_the_advice_is_the_whole_document_and_the_challenge_that_leads_to_it() -> None:
    told = said()
    assert (told.address, told.challenge) == (AT, f'Bearer resource_metadata="{AT}"')
    assert told.document == {
        "resource": HANDBOOK,
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["pages:search"],
        "dpop_signing_alg_values_supported": ["ES256", "RS256"],
        "dpop_bound_access_tokens_required": False,
    }


@pytest.mark.requirement("TX-145")
@pytest.mark.parametrize(
    ("binding", "member"),
    [
        ("none", {}),
        (
            "dpop",
            {
                "dpop_signing_alg_values_supported": ["ES256", "RS256"],
                "dpop_bound_access_tokens_required": True,
            },
        ),
        ("mtls", {"tls_client_certificate_bound_access_tokens": True}),
    ],
)
def test_it_says_what_tokens_are_bound_to(binding: Binding, member: dict[str, Json]) -> None:
    plain = {
        "resource": HANDBOOK,
        "authorization_servers": [ISSUER],
        "bearer_methods_supported": ["header"],
        "scopes_supported": ["pages:search"],
    }
    for told in (said(binding), said("dpop" if binding == "none" else "none", binding=binding)):
        assert told.document == {**plain, **member}
    assert said("dpop").challenge.startswith("DPoP ")
    assert "scopes_supported" not in said(scopes={}).document


@pytest.mark.requirement("TX-146")
@pytest.mark.parametrize(
    "resource", [f"{HANDBOOK}/", "https://mcp.acme.example", HANDBOOK.upper(), None, [HANDBOOK]]
)
def test_a_document_about_another_resource_is_one_that_clients_throw_away(resource: Json) -> None:
    (one,) = found({**said().document, "resource": resource})
    assert one.breaks
    assert one.says.startswith("resource is ")


def test_whoever_says_what_is_advised_differs_in_nothing() -> None:
    assert found(said().document) == []
    for binding in ("none", "dpop", "mtls"):
        assert [*differences(said(binding).document, said(binding).document)] == []


def test_its_keeper_may_say_more_and_fewer_scopes() -> None:
    document = {**said().document, "resource_name": "Handbook", "jwks_uri": "https://mcp.acme.example/jwks"}
    del document["scopes_supported"]
    document["authorization_servers"] = ["https://as.other.example", ISSUER]
    assert found(document) == []


@pytest.mark.parametrize(
    ("change", "says", "breaks"),
    [
        ({"authorization_servers": None}, f"authorization_servers lacks {ISSUER}", True),
        ({"authorization_servers": [f"{ISSUER}/"]}, f"authorization_servers lacks {ISSUER}", True),
        ({"authorization_servers": ISSUER}, f"authorization_servers lacks {ISSUER}", True),
        ({"bearer_methods_supported": ["body"]}, "bearer_methods_supported lacks header", True),
        (
            {"bearer_methods_supported": ["header", "query"]},
            "it takes tokens in addresses (bearer_methods_supported: query)",
            False,
        ),
        (
            {"scopes_supported": ["pages:search", "pages:burn"]},
            "scopes_supported has what is no scope of it here: pages:burn",
            False,
        ),
        (
            {"dpop_bound_access_tokens_required": True},
            "dpop_bound_access_tokens_required is not false",
            False,
        ),
        (
            {"tls_client_certificate_bound_access_tokens": True},
            "tls_client_certificate_bound_access_tokens is not false",
            False,
        ),
    ],
    ids=repr,
)
def test_what_differs_is_said_and_whether_anything_breaks_of_it(
    change: dict[str, Json], says: str, breaks: bool
) -> None:
    assert found({**said().document, **change}) == [Difference(says=says, breaks=breaks)]


def test_where_bound_tokens_are_needed_and_nobody_says_so_clients_bring_others() -> None:
    (one,) = differences(said("none").document, said("dpop").document)
    assert one == Difference(says="dpop_bound_access_tokens_required is not true", breaks=True)
