"""Clients that publish what they are: which addresses are one, and what a document may say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.published import CALLED_BACK, CLIENT_ID, LOCAL, TERMS, document

from actas.clients.document import NoDocument, with_keys
from actas.clients.metadata import BadMetadata, read_metadata, require_of_type
from actas.core.ports import JsonObject
from actas.core.wire import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH, TOKEN_EXCHANGE
from actas.crypto.key import PrivateKey

KEY = PrivateKey.generate("ES256").public.jwk()
ANYBODY = replace(TERMS, hosts=frozenset(), anybody=True)


def refused(client_id: str = CLIENT_ID, terms: Any = TERMS, **changes: Any) -> str:
    with pytest.raises(NoDocument) as caught:
        terms.client(client_id, document(**changes))
    return str(caught.value)


@pytest.mark.requirement("OP-125", "OP-132")
def test_a_document_makes_a_public_client_that_people_sign_in_to() -> None:
    client, keys_uri = TERMS.client(CLIENT_ID, document())
    assert (client.name, client.auth.method, client.registration) == (CLIENT_ID, "none", "document")
    assert client.grants == {AUTHORIZATION_CODE, REFRESH}
    assert client.apis == {"orders"}
    assert client.sign_in is not None
    assert client.sign_in.redirect_uris == (CALLED_BACK, LOCAL)
    assert (client.sign_in.display, client.sign_in.consent) == ("Example Assistant", "once")
    assert keys_uri is None


@pytest.mark.requirement("OP-120", "SEC-41")
@pytest.mark.parametrize(
    "client_id",
    [
        "https://agents.example",
        "https://agents.example/",
        "https://agents.example:443/assistant.json",
        "https://Agents.example/assistant.json",
        "https://agents.example/../assistant.json",
        "https://agents.example/a/./assistant.json",
        "https://agents.example/a/%2e%2E/assistant.json",
        "https://agents.example/assistant.json#top",
        "https://agents.example/assistant.json?v=1",
        "https://agents.example//assistant.json",
        "https://agents.example@127.0.0.1/",
        "https://agents.example@127.0.0.1/assistant.json",
        "https://agents.example\\@127.0.0.1/assistant.json",
        "https://agents.example./assistant.json",
        "https://93.184.215.14/assistant.json",
        "https://[2606:4700::1111]/assistant.json",
        "https:///assistant.json",
        "https://agents.example/" + "a" * 300,
        "https://agents.example/as sistant.json",
        "https://agents.example/assist\u00e4nt.json",
    ],
)
def test_an_address_that_could_be_written_in_two_ways_is_no_client(client_id: str) -> None:
    for terms in (TERMS, ANYBODY):
        with pytest.raises(NoDocument):
            terms.address(client_id)
        assert terms.outline(client_id) is None


@pytest.mark.requirement("OP-131")
def test_only_those_hosts_are_let_in_that_are_listed() -> None:
    below = replace(TERMS, hosts=frozenset(), below=frozenset({"tools.example"}))
    assert below.address("https://a.b.tools.example/c").host == "a.b.tools.example"
    for terms, host in (
        (TERMS, "www.agents.example"),
        (TERMS, "agents.example.evil.test"),
        (TERMS, "evilagents.example"),
        (below, "tools.example"),
        (below, "eviltools.example"),
        (replace(TERMS, hosts=frozenset()), "agents.example"),
    ):
        with pytest.raises(NoDocument, match="not let in"):
            terms.address(f"https://{host}/assistant.json")
    assert ANYBODY.address("https://anywhere.example/c").port == 443
    assert TERMS.address("https://agents.example:8443/c").port == 8443
    with pytest.raises(NoDocument, match="usual port"):
        ANYBODY.address("https://anywhere.example:8443/c")
    with pytest.raises(NoDocument, match="refuses"):
        replace(ANYBODY, refused=frozenset({CLIENT_ID})).address(CLIENT_ID)


@pytest.mark.requirement("OP-122")
@pytest.mark.parametrize(
    "other", [..., None, 7, CLIENT_ID + "/", CLIENT_ID.upper(), "https://agents.example/other.json"]
)
def test_a_document_about_another_client_is_refused(other: Any) -> None:
    with pytest.raises(NoDocument, match="another client_id"):
        TERMS.client(CLIENT_ID, document(client_id=other))


@pytest.mark.requirement("OP-123")
@pytest.mark.parametrize(
    "changes",
    [
        {"client_secret": "s3cret"},
        {"client_secret": None},
        {"client_secret_expires_at": 0},
        {"token_endpoint_auth_method": "client_secret_basic"},
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": "anything"},
        {"token_endpoint_auth_method": None},
        {"jwks": {"keys": [{**KEY, "d": "AAAA"}]}},
        {"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}},
        {
            "jwks": {"keys": [KEY, {"kty": "oct", "k": "AAAA"}]},
            "token_endpoint_auth_method": "private_key_jwt",
        },
    ],
)
def test_a_document_that_holds_a_secret_is_refused(changes: dict[str, Any]) -> None:
    refused(**changes)


@pytest.mark.requirement("OP-124")
def test_a_document_with_keys_makes_a_client_that_must_prove_it_has_them() -> None:
    terms = replace(TERMS, grants=TERMS.grants | {TOKEN_EXCHANGE, CLIENT_CREDENTIALS})
    said = {"token_endpoint_auth_method": "private_key_jwt", "grant_types": ["client_credentials"]}
    client, keys_uri = terms.client(CLIENT_ID, document(jwks={"keys": [KEY]}, redirect_uris=..., **said))
    assert (client.auth.method, keys_uri) == ("private_key_jwt", None)
    assert client.grants == {CLIENT_CREDENTIALS}
    elsewhere = "https://agents.example/keys.json"
    client, keys_uri = terms.client(CLIENT_ID, document(jwks_uri=elsewhere, redirect_uris=..., **said))
    assert (client.auth.keys, keys_uri) == ((), elsewhere)
    assert with_keys(client, {"keys": [KEY]}).auth.keys == (KEY,)
    bad: list[JsonObject] = [{}, {"keys": []}, {"keys": [{"kty": "oct", "k": "AAAA"}]}, {"keys": [KEY, KEY]}]
    for keys in bad:
        with pytest.raises(NoDocument):
            with_keys(client, keys)


@pytest.mark.requirement("SEC-08", "OP-114")
def test_a_client_without_a_key_exchanges_nothing_whatever_the_configuration_lets_such_clients_do() -> None:
    terms = replace(TERMS, grants=TERMS.grants | {TOKEN_EXCHANGE, CLIENT_CREDENTIALS})
    client, _ = terms.client(CLIENT_ID, document(grant_types=["authorization_code", str(TOKEN_EXCHANGE)]))
    assert client.grants == {AUTHORIZATION_CODE}


@pytest.mark.requirement("OP-121", "OP-125", "OP-132", "OP-93", "OP-92")
@pytest.mark.parametrize(
    "changes",
    [
        {"client_name": ...},
        {"client_name": " "},
        {"client_name": "Your Bank\u202e"},
        {"client_name": "a" * 101},
        {"client_name": ["x"]},
        {"redirect_uris": ...},
        {"redirect_uris": []},
        {"redirect_uris": "https://agents.example/callback"},
        {"redirect_uris": ["http://agents.example/callback"]},
        {"redirect_uris": ["https://agents.example/callback#"]},
        {"redirect_uris": ["https://agents.example@evil.example/callback"]},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": ["myapp:/callback"]},
        {"redirect_uris": [7]},
        {"redirect_uris": [f"https://agents.example/{number}" for number in range(51)]},
        {"grant_types": "authorization_code"},
        {"response_types": ["token"]},
        {"application_type": "web"},
        {"application_type": "desktop"},
        {"id_token_signed_response_alg": "none"},
        {"jwks": {"keys": [KEY]}, "jwks_uri": "https://agents.example/keys.json"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": [KEY]},
        {"token_endpoint_auth_signing_alg": "HS256"},
    ],
)
def test_a_document_that_says_something_else_than_it_should_is_refused(changes: dict[str, Any]) -> None:
    refused(**changes)


@pytest.mark.requirement("OP-126")
@pytest.mark.parametrize(
    "address",
    [
        "http://agents.example/keys.json",
        "https://10.0.0.1/keys.json",
        "https://elsewhere.example/keys.json",
        "https://agents.example@127.0.0.1/",
        "https://localhost/keys.json",
    ],
)
def test_keys_are_fetched_from_no_host_whose_documents_are_not(address: str) -> None:
    with pytest.raises(NoDocument):
        TERMS.keys_at(address)


@pytest.mark.requirement("OP-131")
def test_the_fingerprint_is_of_keys_and_redirect_addresses_and_of_nothing_else() -> None:
    def fingerprint(**changes: Any) -> str:
        client, _ = TERMS.client(CLIENT_ID, document(**changes))
        assert client.sign_in is not None
        return client.sign_in.fingerprint

    first = fingerprint()
    assert first
    assert fingerprint(client_name="Another name", redirect_uris=[LOCAL, CALLED_BACK]) == first
    other = PrivateKey.generate("ES256").public.jwk()
    keyed = {"token_endpoint_auth_method": "private_key_jwt"}
    changed = [
        fingerprint(redirect_uris=[CALLED_BACK]),
        fingerprint(redirect_uris=[CALLED_BACK, LOCAL, "https://agents.example/more"]),
        fingerprint(jwks={"keys": [KEY]}, **keyed),
        fingerprint(jwks={"keys": [other]}, **keyed),
    ]
    assert len({first, *changed}) == 5


def test_without_its_document_a_client_has_neither_a_key_nor_an_address() -> None:
    outline = TERMS.outline(CLIENT_ID)
    assert outline is not None
    assert outline.sign_in is not None
    assert (outline.sign_in.redirect_uris, outline.sign_in.display) == ((), "agents.example")
    assert outline.auth.keys == ()


@pytest.mark.requirement("OP-113")
def test_a_web_app_is_not_called_back_on_somebodys_own_computer() -> None:
    for uri in (
        "http://127.0.0.1/callback",
        "https://localhost/callback",
        "https://127.0.0.1/callback",
        "https://127.8.0.1:8443/callback",
        "https://[::1]/callback",
        "com.example.app:/callback",
    ):
        with pytest.raises(BadMetadata) as caught:
            read_metadata({"redirect_uris": [uri], "application_type": "web"})
        assert caught.value.redirect
        assert read_metadata({"redirect_uris": [uri], "application_type": "native"}).redirect_uris == (uri,)
    require_of_type(["https://web.example/callback"], "web")


@pytest.mark.requirement("JAG-113")
def test_a_client_that_takes_part_in_cross_app_access_lists_both_grants() -> None:
    profile = "urn:ietf:params:oauth:grant-profile:id-jag"
    profiles: dict[str, Any] = {"authorization_grant_profiles_supported": [profile]}
    exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
    redeem = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    lacking: tuple[list[Any], ...] = ([exchange], [redeem], [], ["authorization_code"])
    for grants in lacking:
        with pytest.raises(BadMetadata, match="lacks one of the two grants"):
            read_metadata({**profiles, "grant_types": grants})
        assert read_metadata({"grant_types": grants}).grants == frozenset(grants)
    with pytest.raises(BadMetadata, match="lacks one of the two grants"):
        read_metadata(profiles)
    assert read_metadata({**profiles, "grant_types": [exchange, redeem]}).grants == {exchange, redeem}
    other: dict[str, Any] = {**profiles, "grant_types": [redeem]}
    other["authorization_grant_profiles_supported"] = ["urn:example:other"]
    assert read_metadata(other).grants == {redeem}
    wrong: tuple[Any, ...] = ("id-jag", [1], None, {})
    for odd in wrong:
        with pytest.raises(BadMetadata, match="authorization_grant_profiles_supported"):
            read_metadata({"authorization_grant_profiles_supported": odd})
