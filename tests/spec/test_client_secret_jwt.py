"""``client_secret_jwt`` (OpenID Connect Core section 9), secrets that end, and keys by address."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.fetch import ScriptedFetch
from tests.fakes.forge import SigningKey, forge
from tests.fakes.house import CLIENT_KEY, CLIENTS, ISSUER, NOW, PEPPER, House, allow, client

from actas.core.client import ClientAuth, EndingSecret
from actas.core.secret import Secret
from actas.core.wire import CLIENT_CREDENTIALS, JWT_BEARER_CLIENT_ASSERTION, JWT_SPIFFE_CLIENT_ASSERTION
from actas.crypto.passwords import digest_secret
from actas.trust.jwks import IssuerKeys

SECRET, OLD = "s" * 20 + "-canary-" + "0" * 40, "o" * 20 + "-canary-" + "1" * 40
SHARED = ClientAuth(method="client_secret_jwt", secret_keys=(Secret(SECRET),))
URI = "https://robot.acme.example/jwks.json"


def house(auth: ClientAuth, **how: Any) -> House:
    rules = (allow("own-odd", "own", "odd", "inventory"),)
    return House(clients=(*CLIENTS, client("odd", auth=auth)), rules=rules, **how)


def claims(**changes: Any) -> dict[str, Any]:
    honest = {"iss": "odd", "sub": "odd", "aud": ISSUER, "iat": NOW, "exp": NOW + 60, "jti": "one"}
    return {name: value for name, value in {**honest, **changes}.items() if value is not None}


def mac(secret: str = SECRET, *, alg: str = "HS256", cut: int | None = None, **changes: Any) -> str:
    def part(value: bytes) -> bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    head = part(json.dumps({"alg": alg, "typ": "client-authentication+jwt"}).encode())
    signed = head + b"." + part(json.dumps(claims(**changes)).encode())
    name = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}.get(alg, "sha256")
    found = hmac.digest(secret.encode(), signed, name)[:cut]
    return (signed + b"." + part(found)).decode()


def form(assertion: str, **parameters: str) -> dict[str, str]:
    return {
        "grant_type": str(CLIENT_CREDENTIALS),
        "audience": "inventory",
        "client_assertion": assertion,
        "client_assertion_type": JWT_BEARER_CLIENT_ASSERTION,
        **parameters,
    }


@pytest.mark.requirement("TX-104", "AG-48")
async def test_a_secret_authenticates_an_assertion_once() -> None:
    home = house(SHARED)
    assert (await home.post(form(mac()))).body["scope"]
    assert home.writer.events[-1]["client"]["method"] == "client_secret_jwt"
    assert "jti" in (await home.turned_away(form(mac()))).detail
    assert SECRET not in repr(home.catalog.clients) + repr(SHARED)


@pytest.mark.requirement("AG-48", "SEC-16", "AG-41", "AG-42", "SEC-10")
@pytest.mark.parametrize(
    "bad",
    [
        mac("x" * 64),
        mac(""),
        mac(digest_secret(SECRET, pepper=PEPPER).hex()),
        mac(alg="HS384"),
        mac(alg="HS512"),
        mac(alg="none"),
        mac(alg="hs256"),
        mac(cut=16),
        mac(cut=0),
        mac(iss="web"),
        mac(aud=f"{ISSUER}/token"),
        mac(aud=[ISSUER, ISSUER]),
        mac(exp=None),
        mac(exp=NOW + 301),
        mac(jti=None),
        forge(claims(), key=SigningKey.generate()),
    ],
)
async def test_anything_else_proves_nothing(bad: str) -> None:
    assert (await house(SHARED).turned_away(form(bad))).reason == "bad_client_auth"


@pytest.mark.requirement("AG-48", "SEC-09", "SEC-16")
async def test_a_public_key_is_no_secret_and_a_secret_no_weaker_way_in() -> None:
    """The classic confusion: a MAC under the bytes of a public key that everybody has."""
    public = CLIENT_KEY.public.jwk()
    signs = house(ClientAuth(method="private_key_jwt", keys=(public,)))
    for text in (json.dumps(public), str(public["x"]), CLIENT_KEY.kid):
        await signs.turned_away(form(mac(text)))
    home = house(SHARED)
    await home.turned_away({**form(""), "client_id": "odd", "client_secret": SECRET, "client_assertion": ""})
    sends = house(ClientAuth(method="client_secret", secret_digests=(digest_secret(SECRET, pepper=PEPPER),)))
    await sends.turned_away(form(mac()))


@pytest.mark.requirement("AG-49")
async def test_a_saml_assertion_authenticates_no_client() -> None:
    declared = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"
    error = await house(SHARED).turned_away(form("PEFzc2VydGlvbi8-", client_assertion_type=declared))
    assert error.code == "invalid_client"


@pytest.mark.requirement("AG-45", "SEC-10")
async def test_the_token_endpoint_is_an_audience_where_the_client_is_registered_so() -> None:
    home = house(replace(SHARED, endpoint_audience=True))
    for number, aud in enumerate((ISSUER, f"{ISSUER}/token", [f"{ISSUER}/token"])):
        assert (await home.post(form(mac(aud=aud, jti=f"good-{number}")))).body["scope"]
    for aud in (
        [ISSUER, f"{ISSUER}/token"],
        f"{ISSUER}/token/",
        f"{ISSUER}/introspect",
        "https://sts.other/token",
    ):
        await home.turned_away(form(mac(aud=aud)))


@pytest.mark.requirement("SEC-13")
async def test_an_old_secret_ends_when_it_is_said_to() -> None:
    clock = FixedClock(NOW)
    ending = EndingSecret(until=NOW + 100, key=Secret(OLD), digest=digest_secret(OLD, pepper=PEPPER))
    home = house(replace(SHARED, ending=(ending,)), clock=clock)
    assert (await home.post(form(mac(OLD)))).body["scope"]
    digest = digest_secret(SECRET, pepper=PEPPER)
    sends = house(ClientAuth(method="client_secret", secret_digests=(digest,), ending=(ending,)), clock=clock)
    by_secret = {"grant_type": str(CLIENT_CREDENTIALS), "audience": "inventory", "client_id": "odd"}
    for secret in (SECRET, OLD):
        assert (await sends.post({**by_secret, "client_secret": secret})).body["scope"]
    clock.advance(100)
    late: dict[str, Any] = {"iat": NOW + 100, "exp": NOW + 160, "jti": "two"}
    await home.turned_away(form(mac(OLD, **late)))
    await sends.turned_away({**by_secret, "client_secret": OLD})
    assert (await home.post(form(mac(**late)))).body["scope"]
    assert (await sends.post({**by_secret, "client_secret": SECRET})).body["scope"]


def published(*keys: dict[str, Any]) -> ScriptedFetch:
    return ScriptedFetch({URI: {"keys": list(keys)}})


@pytest.mark.requirement("SEC-41", "AG-47")
async def test_keys_by_address_are_fetched_seldom_and_never_hold_a_secret() -> None:
    key, clock = SigningKey.generate(), FixedClock(NOW)
    oct_key = {"kty": "oct", "k": base64.urlsafe_b64encode(b"k" * 32).decode().rstrip("="), "kid": "oct"}
    fetch = published(key.jwk(), {**SigningKey.generate().jwk(), "d": "AA", "kid": "private"}, oct_key)
    home = house(
        ClientAuth(method="private_key_jwt", keys_uri=URI), clock=clock, published=IssuerKeys(fetch, clock)
    )
    for number in range(3):
        assert (await home.post(form(forge(claims(jti=f"n{number}"), key=key)))).body["scope"]
    assert fetch.asked == [URI]
    for kid in ("private", "oct", "made-up", "made-up-2"):
        forged = forge(claims(jti=kid), key=SigningKey.generate(), headers={"kid": kid})
        await home.turned_away(form(forged))
    await home.turned_away(form(mac("k" * 32)))
    assert len(fetch.asked) <= 2


@pytest.mark.requirement("SEC-41")
async def test_an_address_that_does_not_answer_is_said_to_be_down_and_opens_nothing() -> None:
    clock = FixedClock(NOW)
    fetch = ScriptedFetch({})
    home = house(
        ClientAuth(method="private_key_jwt", keys_uri=URI), clock=clock, published=IssuerKeys(fetch, clock)
    )
    error = await home.turned_away(form(forge(claims(), key=SigningKey.generate())))
    assert (error.code, error.reason) == ("temporarily_unavailable", "upstream_down")


@pytest.mark.requirement("TX-104", "AG-11")
async def test_a_mac_is_no_token_of_a_platform() -> None:
    error = await house(SHARED).turned_away(form(mac(), client_assertion_type=JWT_SPIFFE_CLIENT_ASSERTION))
    assert (error.reason, error.detail.rpartition(": ")[2]) == (
        "bad_client_auth",
        "client_assertion_type is not jwt-bearer",
    )


@pytest.mark.requirement("TX-104", "SEC-17")
async def test_a_secret_that_is_shorter_than_the_digest_is_no_key() -> None:
    short = "s" * 31
    error = await house(replace(SHARED, secret_keys=(Secret(short),))).turned_away(form(mac(short)))
    assert error.detail == "client assertion of odd: a secret for HS256 has at least 32 bytes"
