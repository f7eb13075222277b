"""Attack: a genuine token of the same issuer that was never meant to open this API.

An ID token names the person and is handed to every app; a client assertion, a logout token or a
token for another API carries a good signature too. Also: a token from yesterday, one for tomorrow,
and one that is good only together with a proof that a thief does not have.
"""

from __future__ import annotations

import pytest
from sdk.tests.support import INVENTORY, NOW, ORDERS, HandMadeIssuer, StillWorld, claims, present, segment

from actas_sdk.errors import InvalidToken


@pytest.mark.requirement("TX-125")
@pytest.mark.parametrize(
    "typ",
    [
        "JWT",
        "jwt",
        "AT+JWT",
        "at+jwt ",
        "id+jwt",
        "logout+jwt",
        "client-authentication+jwt",
        "secevent+jwt",
        "",
    ],
)
def test_another_type_of_token_is_refused(issuer: HandMadeIssuer, still: StillWorld, typ: str) -> None:
    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), issuer.sign(claims(), typ=typ))


def test_a_token_without_a_type_is_refused(issuer: HandMadeIssuer, still: StillWorld) -> None:
    token = f"{segment({'alg': 'ES256', 'kid': 'k1'})}.{segment(claims())}.{segment(b's' * 64)}"

    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), token)


@pytest.mark.requirement("TX-125")
@pytest.mark.parametrize("audience", [INVENTORY, [INVENTORY], ORDERS.upper(), ORDERS + "/v2", "orders"])
def test_a_token_for_another_api_is_refused(
    issuer: HandMadeIssuer, still: StillWorld, audience: str | list[str]
) -> None:
    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), issuer.sign(claims(aud=audience)))


@pytest.mark.requirement("TX-125")
def test_an_expired_token_is_refused_at_the_second_it_expires(
    issuer: HandMadeIssuer, still: StillWorld
) -> None:
    verifier, token = issuer.verifier(still), issuer.sign(claims())
    present(verifier, token)

    still.now = NOW + 120
    with pytest.raises(InvalidToken):
        present(verifier, token)


@pytest.mark.parametrize("exp", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_an_expiry_that_never_comes_is_refused(issuer: HandMadeIssuer, still: StillWorld, exp: str) -> None:
    import json

    payload = json.dumps(claims(exp=0)).replace('"exp": 0', f'"exp": {exp}')
    assert exp in payload

    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), issuer.sign_raw(payload.encode()))


@pytest.mark.parametrize(
    "bound", [{"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}, {"x5t#S256": "x"}, {}, "x"]
)
def test_a_token_bound_to_a_key_is_not_good_for_whoever_holds_it(
    issuer: HandMadeIssuer, still: StillWorld, bound: object
) -> None:
    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), issuer.sign(claims(cnf=bound)))
