"""A client assertion seen once and sent again.

Whoever sees a request - a proxy, a log, a server to which the client was tricked into sending it - has a
client assertion that verifies until it expires. Used again at this server it is a stolen identity; sent to
another server whose operator is hostile, it is one there (CVE-2020-15222; rfc7523bis). And a forged copy that
is remembered before it is verified lets anybody block the real one.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.fakes.forge import SigningKey, forge
from tests.fakes.house import CLIENT_KEY, ISSUER, NOW, House, SetMarks, allow, claims_of

from actas.core.errors import OAuthError
from actas.core.wire import CLIENT_CREDENTIALS, JWT_BEARER_CLIENT_ASSERTION
from actas.crypto import jose

RULES = (allow("own", "own", "robot", "inventory"), allow("del", "delegation", "robot", "inventory"))


def form(assertion: str, **more: Any) -> dict[str, Any]:
    return {
        "grant_type": str(CLIENT_CREDENTIALS),
        "client_assertion": assertion,
        "client_assertion_type": JWT_BEARER_CLIENT_ASSERTION,
        "audience": "inventory",
        **more,
    }


@pytest.mark.requirement("SEC-11", "AG-46")
async def test_the_second_use_fails_whatever_else_the_request_says() -> None:
    house = House(rules=RULES)
    token = house.assertion()
    assert claims_of(await house.post(form(token)))["sub"] == "robot"
    for more in ({}, {"scope": "stock:read"}, {"client_id": "robot"}, {"audience": "orders"}):
        assert (await house.turned_away(form(token, **more))).reason == "bad_client_auth"


@pytest.mark.requirement("SEC-11")
async def test_of_parallel_requests_one_succeeds() -> None:
    house = House(rules=RULES)
    token = house.assertion()
    done = await asyncio.gather(*(house.post(form(token)) for _ in range(50)), return_exceptions=True)
    assert sum(isinstance(one, OAuthError) for one in done) == 49


@pytest.mark.requirement("SEC-11", "SEC-01")
async def test_it_is_used_up_by_a_request_that_is_refused_afterwards() -> None:
    """Otherwise the caller would learn from refusals until one is granted."""
    house = House(rules=RULES)
    token = house.assertion()
    assert (await house.turned_away(form(token, scope="stock:burn"))).reason == "excess"
    assert (await house.turned_away(form(token))).reason == "bad_client_auth"


@pytest.mark.requirement("SEC-11", "SEC-12")
async def test_a_forged_copy_does_not_use_up_the_real_one() -> None:
    house = House(rules=RULES)
    token = house.assertion(jti="contested")
    claims = dict(jose.parse(token).unverified_claims)
    forgeries = [
        forge(claims, key=SigningKey.generate().named(CLIENT_KEY.kid)),
        forge(claims, key=b"", alg="none"),
        token[:-4] + "AAAA",
        token + "=",
    ]
    for forgery in forgeries:
        assert (await house.turned_away(form(forgery))).reason == "bad_client_auth"
    assert claims_of(await house.post(form(token)))["client_id"] == "robot"


@pytest.mark.requirement("SEC-12")
async def test_another_signature_over_the_same_claims_is_the_same_assertion() -> None:
    """ECDSA signatures differ each time; what was used is the ``jti``, not the text."""
    house = House(rules=RULES)
    first, second = house.assertion(jti="same"), house.assertion(jti="same")
    assert first != second
    await house.post(form(first))
    assert (await house.turned_away(form(second))).reason == "bad_client_auth"


@pytest.mark.requirement("SEC-11", "REL-13")
async def test_it_is_not_accepted_again_in_the_seconds_of_leeway() -> None:
    house = House(rules=RULES)
    token = house.assertion(exp=NOW + 5)
    await house.post(form(token))
    for _ in range(40):
        house.clock.advance(1)
        assert (await house.turned_away(form(token))).reason == "bad_client_auth"


@pytest.mark.requirement("SEC-11")
async def test_what_is_remembered_is_remembered_until_it_expires() -> None:
    class Noting(SetMarks):
        kept: list[dict[str, Any]]

        async def claim(self, **mark: Any) -> bool:
            self.kept = [*getattr(self, "kept", []), mark]
            return True

    marks = Noting()
    house = House(rules=RULES, marks=marks)
    await house.post(form(house.assertion(jti="a", exp=NOW + 60)))
    (kept,) = marks.kept
    assert kept.pop("issued_at") <= NOW
    assert kept == {"purpose": "client_assertion", "issuer": "robot", "token_id": "a", "expires_at": NOW + 60}


@pytest.mark.requirement("SEC-10")
async def test_an_assertion_for_another_server_is_not_one_for_us() -> None:
    house = House(rules=RULES)
    for audience in ("https://sts.other.example", [ISSUER, "https://sts.other.example"], f"{ISSUER}/token"):
        assert (await house.turned_away(form(house.assertion(aud=audience)))).reason == "bad_client_auth"
        assert house.marks.seen == set()


@pytest.mark.requirement("SEC-22", "SEC-11")
async def test_a_client_assertion_is_no_subject_token_and_no_actor_token() -> None:
    house = House(rules=RULES)
    token = house.assertion(aud=["https://orders.acme.example", ISSUER])
    for kind in ("access_token", "id_token", "jwt"):
        asked = form(
            house.assertion(),
            grant_type="urn:ietf:params:oauth:grant-type:token-exchange",
            subject_token=token,
            subject_token_type=f"urn:ietf:params:oauth:token-type:{kind}",
        )
        assert (await house.turned_away(asked)).reason == "bad_subject"
