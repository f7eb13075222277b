"""RFC 7521 section 4.2 and RFC 7523: client assertions, for us alone, by a registered key, and once."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

import pytest
from tests.fakes.forge import SigningKey, b64, forge
from tests.fakes.house import (
    CLIENT_KEY,
    CLIENTS,
    ISSUER,
    NOW,
    House,
    SetMarks,
    allow,
    client,
    secret_of,
)

from actas.clients.assertion import MAX_LIFE
from actas.core.client import ClientAuth
from actas.core.errors import OAuthError, StoreUnavailable
from actas.core.wire import CLIENT_CREDENTIALS, JWT_BEARER_CLIENT_ASSERTION
from actas.crypto import jose

RULES: Final = tuple(allow(f"own-{who}", "own", who, "inventory") for who in ("robot", "odd"))


def house(*more: Any, **how: Any) -> House:
    return House(**{"clients": (*CLIENTS, *more), "rules": RULES, **how})


def own(**parameters: Any) -> dict[str, Any]:
    """A client credentials form without any authentication."""
    return {"grant_type": str(CLIENT_CREDENTIALS), "audience": "inventory", **parameters}


def asserted(assertion: str, **parameters: Any) -> dict[str, Any]:
    return own(client_assertion=assertion, client_assertion_type=JWT_BEARER_CLIENT_ASSERTION, **parameters)


def robots_key() -> SigningKey:
    """A key that is not the robot's, under the name of the robot's key."""
    return SigningKey.generate().named(CLIENT_KEY.kid)


@pytest.mark.requirement("TX-104", "AG-41", "AG-42", "SEC-10")
@pytest.mark.parametrize("audience", [ISSUER, [ISSUER]])
async def test_an_assertion_for_our_issuer_alone_is_accepted(audience: Any) -> None:
    home = house()
    assert (await home.post(asserted(home.assertion(aud=audience)))).body["scope"]


@pytest.mark.requirement("AG-42", "SEC-10")
@pytest.mark.parametrize(
    "audience",
    [
        f"{ISSUER}/token",
        f"{ISSUER}/",
        ISSUER.upper(),
        ISSUER.replace("https", "http"),
        [ISSUER, "https://other.example"],
        ["https://other.example", ISSUER],
        [ISSUER, ISSUER],
        ["https://other.example"],
        [],
        "",
        [""],
        None,
        f" {ISSUER}",
        [[ISSUER]],
        {"0": ISSUER},
    ],
)
async def test_any_other_audience_of_an_assertion_is_refused(audience: Any) -> None:
    home = house()
    error = await home.turned_away(asserted(home.assertion(aud=audience)))
    assert (error.code, error.reason) == ("invalid_client", "bad_client_auth")


@pytest.mark.requirement("AG-4", "AG-40")
@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"client_assertion_type": JWT_BEARER_CLIENT_ASSERTION}, "invalid_request"),
        ({"client_assertion": "x.y.z"}, "invalid_request"),
        ({"client_assertion": "x.y.z", "client_assertion_type": ""}, "invalid_request"),
        (
            {
                "client_assertion": "x.y.z",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer",
            },
            "invalid_client",
        ),
        ({"client_assertion": "x.y.z", "client_assertion_type": "jwt-bearer"}, "invalid_client"),
        (
            {"client_assertion": "x.y.z", "client_assertion_type": JWT_BEARER_CLIENT_ASSERTION},
            "invalid_client",
        ),
    ],
)
async def test_an_assertion_comes_with_its_type(form: dict[str, str], code: str) -> None:
    assert (await house().turned_away(own(**form))).code == code


@pytest.mark.requirement("AG-10", "AG-41", "AG-46")
@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "web"},
        {"iss": ISSUER},
        {"iss": None},
        {"sub": None},
        {"sub": "web"},
        {"sub": "Robot"},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"exp": None},
        {"iat": None},
        {"exp": NOW - 31},
        {"iat": NOW + 31, "exp": NOW + 60},
        {"exp": NOW + MAX_LIFE + 1},
        {"iat": NOW - MAX_LIFE - 31, "exp": NOW - 31},
        {"nbf": NOW + 31},
    ],
)
async def test_an_assertion_with_a_wrong_or_missing_claim_is_an_invalid_client(
    claims: dict[str, Any],
) -> None:
    home = house()
    error = await home.turned_away(asserted(home.assertion(**claims)))
    assert (error.code, error.reason) == ("invalid_client", "bad_client_auth")


@pytest.mark.requirement("AG-43")
@pytest.mark.parametrize("typ", [None, "JWT", "client-authentication+jwt"])
async def test_the_type_of_an_assertion_may_be_absent(typ: str | None) -> None:
    key = SigningKey.generate()
    auth = ClientAuth(method="private_key_jwt", keys=(key.jwk(),))
    home = house(client("odd", auth=auth))
    claims = {"iss": "odd", "sub": "odd", "aud": ISSUER, "iat": NOW, "exp": NOW + 60, "jti": "a-1"}
    token = forge(claims, key=key, headers={"typ": ... if typ is None else typ})
    assert (await home.post(asserted(token))).body["scope"]


@pytest.mark.requirement("AG-46")
@pytest.mark.parametrize("life", [1, 60, MAX_LIFE])
async def test_an_assertion_may_live_five_minutes(life: int) -> None:
    home = house()
    assert (await home.post(asserted(home.assertion(exp=NOW + life)))).body["scope"]


@pytest.mark.requirement("AG-47", "SEC-16")
async def test_only_a_registered_key_verifies() -> None:
    home = house()
    key = robots_key()
    claims = dict(jose.parse(home.assertion()).unverified_claims)
    for headers in ({}, {"jwk": key.jwk()}, {"jku": "https://evil.example"}, {"kid": ...}, {"kid": "x"}):
        error = await home.turned_away(asserted(forge(claims, key=key, headers=headers)))
        assert error.reason == "bad_client_auth"


@pytest.mark.requirement("AG-47", "SEC-91")
async def test_another_clients_key_does_not_verify() -> None:
    key = SigningKey.generate()
    home = house(client("odd", auth=ClientAuth(method="private_key_jwt", keys=(key.jwk(),))))
    claims = dict(jose.parse(home.assertion()).unverified_claims)
    assert (await home.turned_away(asserted(forge(claims, key=key)))).reason == "bad_client_auth"


@pytest.mark.requirement("AG-48")
@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512", "none"])
async def test_no_symmetric_algorithm_signs_an_assertion(algorithm: str) -> None:
    home = house()
    claims = dict(jose.parse(home.assertion()).unverified_claims)
    key = robots_key()
    for secret in (b"", secret_of("robot").encode(), key.pem()):
        token = forge(claims, key=secret, alg=algorithm, headers={"kid": CLIENT_KEY.kid})
        assert (await home.turned_away(asserted(token))).reason == "bad_client_auth"


@pytest.mark.requirement("AG-48", "AG-47")
async def test_an_algorithm_the_client_is_not_registered_for_does_not_sign() -> None:
    key = SigningKey.generate("ES256")
    auth = ClientAuth(method="private_key_jwt", keys=(key.jwk(),), algorithms=("EdDSA",))
    home = house(client("odd", auth=auth))
    claims = {"iss": "odd", "sub": "odd", "aud": ISSUER, "iat": NOW, "exp": NOW + 60, "jti": "a-1"}
    with pytest.raises(OAuthError):
        await home.post(asserted(forge(claims, key=key)))


# Once (SEC-11).


@pytest.mark.requirement("AG-46", "SEC-11")
async def test_an_assertion_works_once() -> None:
    home = house()
    token = home.assertion()
    assert (await home.post(asserted(token))).body["scope"]
    error = await home.turned_away(asserted(token))
    assert (error.code, error.reason) == ("invalid_client", "bad_client_auth")
    assert "used before" in error.detail


@pytest.mark.requirement("SEC-11")
async def test_of_fifty_at_once_one_succeeds() -> None:
    home = house()
    token = home.assertion()
    done = await asyncio.gather(*(home.post(asserted(token)) for _ in range(50)), return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in done) == 1


@pytest.mark.requirement("SEC-11")
async def test_a_forged_copy_that_comes_first_does_not_use_up_the_real_one() -> None:
    home = house()
    token = home.assertion(jti="contested")
    claims = dict(jose.parse(token).unverified_claims)
    assert (await home.turned_away(asserted(forge(claims, key=robots_key())))).reason == "bad_client_auth"
    assert home.marks.seen == set()
    assert (await home.post(asserted(token))).body["scope"]


@pytest.mark.requirement("SEC-11")
@pytest.mark.parametrize("claims", [{"aud": "https://other.example"}, {"exp": NOW - 60}, {"sub": "web"}])
async def test_an_assertion_that_is_refused_is_not_used_up(claims: dict[str, Any]) -> None:
    home = house()
    await home.turned_away(asserted(home.assertion(jti="contested", **claims)))
    assert home.marks.seen == set()


@pytest.mark.requirement("SEC-11", "REL-19")
async def test_nothing_is_issued_when_the_use_cannot_be_recorded() -> None:
    class Broken(SetMarks):
        async def claim(self, **_: Any) -> bool:
            raise StoreUnavailable("the disk is full")

    home = house(marks=Broken())
    error = await home.turned_away(asserted(home.assertion()))
    assert (error.code, error.reason) == ("temporarily_unavailable", "storage_unavailable")


@pytest.mark.requirement("SEC-12")
async def test_two_clients_may_use_one_id() -> None:
    key = SigningKey.generate()
    home = house(client("odd", auth=ClientAuth(method="private_key_jwt", keys=(key.jwk(),))))
    claims = {"iss": "odd", "sub": "odd", "aud": ISSUER, "iat": NOW, "exp": NOW + 60, "jti": "same"}
    assert (await home.post(asserted(home.assertion(jti="same")))).body["scope"]
    assert (await home.post(asserted(forge(claims, key=key)))).body["scope"]
    assert home.marks.seen == {("client_assertion", "robot", "same"), ("client_assertion", "odd", "same")}


@pytest.mark.requirement("SEC-12")
@pytest.mark.parametrize("tail", ["=", "==", "\n", " ", "."])
async def test_another_spelling_of_a_used_assertion_is_no_new_one(tail: str) -> None:
    home = house()
    token = home.assertion()
    await home.post(asserted(token))
    assert (await home.turned_away(asserted(token + tail))).reason == "bad_client_auth"


@pytest.mark.parametrize("header", [{"alg": "ES256"}, {"alg": "HS256"}])
async def test_the_detail_says_what_is_wrong_and_not_that_another_kind_was_tried(
    header: dict[str, Any],
) -> None:
    """An assertion is read as a signed one, then as one under a secret; whichever it is has its own fault."""
    text = ".".join(b64(part) for part in (json.dumps(header).encode(), b"[]", b"signature"))
    error = await house().turned_away(asserted(text))
    assert (
        error.detail
        == "client assertion: the claims of the token are refused: the JSON text is not an object"
    )
