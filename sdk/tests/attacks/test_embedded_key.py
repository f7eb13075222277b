"""Attack: the token brings the key that it is to be checked with.

``jwk`` holds a key, ``jku`` and ``x5u`` say where one is, ``x5c`` holds a certificate. A verifier
that believes any of them checks the attacker's signature with the attacker's key, or lets the
attacker choose what it calls (RFC 8725 section 3.10).
"""

from __future__ import annotations

from typing import Any

import pytest
from sdk.tests.support import HandMadeIssuer, StillWorld, claims, present

from actas_sdk.errors import InvalidToken


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c"])
@pytest.mark.parametrize("kid", ["k1", "mine"])
def test_a_key_in_the_header_is_neither_used_nor_fetched(
    issuer: HandMadeIssuer, still: StillWorld, member: str, kid: str
) -> None:
    attacker = HandMadeIssuer(kid=kid)
    said: dict[str, Any] = {
        "jwk": attacker.public(),
        "jku": "https://evil.example/jwks",
        "x5u": "https://evil.example/cert",
        "x5c": ["MIIB"],
    }

    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), attacker.sign(claims(), **{member: said[member]}))
    assert all("evil.example" not in str(request.url) for request in issuer.script.seen)


def test_even_a_token_of_the_issuer_is_refused_when_it_brings_a_key(
    issuer: HandMadeIssuer, still: StillWorld
) -> None:
    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), issuer.sign(claims(), jwk=issuer.public()))
