"""Attack: a token that nobody signed, or that the attacker did.

The oldest ones: say that there is no signature (``alg: none``); sign with HMAC and use the issuer's
public key, which everybody has, as the secret; sign with a key of one's own under the issuer's
``kid``; change the claims and keep the signature; strip it; spell it in another way.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from joserfc.jwk import RSAKey
from sdk.tests.support import HandMadeIssuer, StillWorld, claims, present, segment

from actas_sdk.errors import InvalidToken
from actas_sdk.jws import parse, signature_holds


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("signature", ["", "AA"])
def test_a_token_without_a_signature_is_refused(
    issuer: HandMadeIssuer, still: StillWorld, algorithm: str, signature: str
) -> None:
    header = {"alg": algorithm, "typ": "at+jwt", "kid": issuer.kid}
    token = f"{segment(header)}.{segment(claims())}.{signature}"

    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), token)


@pytest.mark.parametrize("digest", ["256", "384", "512"])
@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_the_public_key_is_never_a_shared_secret(
    issuer: HandMadeIssuer, still: StillWorld, digest: str, kind: str
) -> None:
    key = issuer.key if kind == "EC" else RSAKey.generate_key(2048)
    public = {**key.as_dict(private=False), "kid": issuer.kid}
    issuer.publish(public)
    signing_input = (
        f"{segment({'alg': f'HS{digest}', 'typ': 'at+jwt', 'kid': issuer.kid})}.{segment(claims())}"
    )
    for secret in (key.as_pem(private=False), json.dumps(public).encode(), b""):
        tag = hmac.new(secret, signing_input.encode(), getattr(hashlib, f"sha{digest}")).digest()
        with pytest.raises(InvalidToken):
            present(issuer.verifier(still), f"{signing_input}.{segment(tag)}")


def test_a_published_symmetric_key_is_never_used(issuer: HandMadeIssuer, still: StillWorld) -> None:
    secret = b"s" * 32
    issuer.publish({"kty": "oct", "k": segment(secret), "kid": issuer.kid, "alg": "HS256"})
    signing_input = f"{segment({'alg': 'HS256', 'typ': 'at+jwt', 'kid': issuer.kid})}.{segment(claims())}"
    tag = hmac.new(secret, signing_input.encode(), hashlib.sha256).digest()

    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), f"{signing_input}.{segment(tag)}")


def test_a_key_of_the_attackers_under_the_issuers_name_is_refused(
    issuer: HandMadeIssuer, still: StillWorld
) -> None:
    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), HandMadeIssuer(kid=issuer.kid).sign(claims()))


def test_changed_claims_do_not_keep_their_signature(issuer: HandMadeIssuer, still: StillWorld) -> None:
    header, _, signature = issuer.sign(claims()).split(".")

    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), f"{header}.{segment(claims(sub='dana@acme.example'))}.{signature}")


def test_an_algorithm_the_key_is_not_for_is_refused(issuer: HandMadeIssuer, still: StillWorld) -> None:
    token = issuer.sign(claims())
    issuer.publish({**issuer.public(), "alg": "ES384"})

    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), token)


def test_a_signature_has_one_spelling(issuer: HandMadeIssuer, still: StillWorld) -> None:
    header, payload, signature = issuer.sign(claims()).split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    stray = signature[:-1] + last[last.index(signature[-1]) + 1]
    spellings = [signature + "==", stray, signature + "A", "", segment(raw + b"\0"), segment(raw[:63])]

    for spelling in spellings:
        with pytest.raises(InvalidToken):
            present(issuer.verifier(still), f"{header}.{payload}.{spelling}")
    present(issuer.verifier(still), f"{header}.{payload}.{signature}")


def test_a_key_of_another_kind_verifies_nothing(issuer: HandMadeIssuer) -> None:
    assert not signature_holds(parse(issuer.sign(claims())), RSAKey.generate_key(2048))
