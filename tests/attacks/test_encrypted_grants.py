"""Grants that are encrypted to this server, by whoever likes to: its key is published, so anybody can (JAG-153).

Encryption says nothing of who did it. So what is in an encrypted grant is believed no more than what comes in the
open, and what is around it is believed not at all: the alg of its key, the kid, a key that it brings. Whatever
cannot be decrypted is refused in one sentence, whichever part of it was wrong, so that nobody learns from us what
somebody else's grant says, or anything of our keys.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_private_key
from joserfc.jwk import ECKey, OctKey
from tests.attacks.test_algorithm_confusion import secrets_from
from tests.fakes.company import GRANTING, IDP_KEY, PEOPLE, REDEEMERS, acceptance
from tests.fakes.encrypting import OURS, public, relabelled, sealed
from tests.fakes.forge import SigningKey
from tests.fakes.house import House
from tests.fakes.ring import FakeRing

from actas.core.errors import InvalidGrant
from actas.core.wire import ACCESS_TOKEN, ID_JAG_JWT, ID_TOKEN
from actas.crypto import base64url, jose
from actas.crypto.encryption_key import DecryptingKey
from actas.crypto.key import PublicKey
from actas.crypto.signature import BadKey

ONE_SENTENCE: Final = ("invalid_grant", "The subject token is not acceptable.")
"""What is answered to whatever is wrong with an encrypted grant, or in it."""


def house(**changes: Any) -> House:
    """The house, in which web may redeem encrypted grants of the company's identity provider."""
    trying = frozenset[Any]({"encryption"})
    terms: dict[str, Any] = {
        "issuers": (GRANTING,),
        "clients": REDEEMERS,
        "people": PEOPLE,
        "accepted": [acceptance(proposals=trying, **changes)],
    }
    return House(**terms)


async def refused(it: House, assertion: str) -> str:
    """The detail of a refusal, of which the caller is told the one sentence."""
    error = await it.turned_away(it.redeeming(assertion))
    assert isinstance(error, InvalidGrant)
    assert (error.code, error.sentence) == ONE_SENTENCE
    return error.detail


@pytest.mark.requirement("JAG-153")
@pytest.mark.parametrize("algorithm", [*OURS])
async def test_an_honest_one_is_redeemed_so_that_the_others_are_refused_for_what_they_are(
    algorithm: Any,
) -> None:
    it = house()
    answer = await it.post(it.redeeming(sealed(it.grant(), to=public(algorithm))))
    assert answer.body["access_token"]
    (event,) = it.writer.events
    assert event["subject"]["encrypted_to"] == OURS[algorithm].kid


def bare(algorithm: Any, claims: dict[str, Any]) -> str:
    head = base64url.encode(json.dumps({"alg": algorithm, "typ": ID_JAG_JWT}).encode()).decode()
    return f"{head}.{base64url.encode(json.dumps(claims).encode()).decode()}."


@pytest.mark.requirement("SEC-16", "JAG-153")
@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", " none", None, 0])
async def test_encryption_around_what_nobody_signed_proves_nothing(algorithm: Any) -> None:
    it = house()
    claims = json.loads(base64url.decode(it.grant().split(".")[1].encode()))
    assert "algorithm in the header" in await refused(it, sealed(bare(algorithm, claims)))


@pytest.mark.requirement("JAG-153")
async def test_encryption_does_not_stand_in_for_a_signature() -> None:
    it = house()
    claims = base64url.decode(it.grant().split(".")[1].encode())
    assert "three parts" in await refused(it, sealed(claims))
    assert "cty" in await refused(it, relabelled(sealed(it.grant()), cty=7))
    for cty in (None, "json", "JWE"):
        assert "cty" in await refused(it, sealed(claims, cty=cty))
        assert "cty" in await refused(it, sealed(it.grant(), cty=cty))
    for cty in ("jwt", "application/jwt"):
        assert (await it.post(it.redeeming(sealed(it.grant(jti=cty), cty=cty)))).body["access_token"]


@pytest.mark.requirement("SEC-16", "JAG-153")
async def test_encryption_around_a_mac_keyed_with_the_public_key_proves_nothing() -> None:
    it = house()
    private = load_der_private_key(IDP_KEY.to_bytes(), password=None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    key = SigningKey("ES256", IDP_KEY.kid, private)
    spellings = [*secrets_from(key)]
    assert len(spellings) >= 4
    for _, secret in spellings:
        claims = it.grant().split(".")[1]
        head = {"alg": "HS256", "typ": ID_JAG_JWT, "kid": IDP_KEY.kid}
        signed = f"{base64url.encode(json.dumps(head).encode()).decode()}.{claims}"
        mac = hmac.digest(secret, signed.encode(), "sha256")
        forged = f"{signed}.{base64url.encode(mac).decode()}"
        assert "algorithm in the header" in await refused(it, sealed(forged))


@pytest.mark.requirement("SEC-16", "JAG-153")
async def test_what_is_encrypted_twice_is_not_unpacked_twice() -> None:
    it = house()
    assert "three parts" in await refused(it, sealed(sealed(it.grant())))


@pytest.mark.requirement("JAG-153")
async def test_the_algorithm_is_that_of_the_key_whatever_the_header_says() -> None:
    it = house()
    honest = sealed(it.grant())
    mismatched = (
        "RSA-OAEP-256",
        "RSA-OAEP",
        "RSA1_5",
        "dir",
        "A256KW",
        "PBES2-HS256+A128KW",
        "ECDH-ES",
        "none",
    )
    for other in mismatched:
        assert "alg" in await refused(it, relabelled(honest, alg=other))
    for content in ("A192GCM", "A256CBC-HS512", "A128CBC-HS256", "none", "XC20P", 256):
        assert "enc" in await refused(it, relabelled(honest, enc=content))
    # For real, and not only by their name: each by the key that whoever chooses the algorithm would use.
    rsa = public("RSA-OAEP-256")
    for other in ("RSA1_5", "RSA-OAEP"):
        assert "not the one of the key" in await refused(it, sealed(it.grant(), to=rsa, alg=other))
    assert "empty" in await refused(it, sealed(it.grant(), alg="ECDH-ES"))
    for other in ("ECDH-ES+A128KW", "ECDH-ES+A192KW"):
        assert "not the one of the key" in await refused(it, sealed(it.grant(), alg=other))
    known = base64.urlsafe_b64encode(json.dumps(public().as_dict(private=False)).encode())[:32]
    kid = OURS["ECDH-ES+A256KW"].kid
    for other in ("dir", "A256KW", "A256GCMKW", "PBES2-HS256+A128KW"):
        forged = sealed(it.grant(), to=OctKey.import_key(known), alg=other, kid=kid)
        assert await refused(it, forged)


@pytest.mark.requirement("JAG-153")
@pytest.mark.parametrize(
    "header",
    [
        {"zip": "DEF"},
        {"crit": ["exp"], "exp": 1},
        {"b64": False},
        {"jwk": {"kty": "EC"}},
        {"jku": "https://hostile.example/jwks"},
        {"x5u": "https://hostile.example/cert"},
        {"x5c": ["MIIB"]},
        {"p2s": "c2FsdA", "p2c": 2_147_483_647},
        {"iv": "AAAA"},
        {"tag": "AAAA"},
        {"Alg": "ECDH-ES+A256KW"},
        {"kid": None},
        {"kid": 7},
        {"kid": "x" * 300},
        {"typ": "JWT"},
        {"typ": 1},
        {"cty": "jwt+x"},
        {"apu": "%%%"},
        {"apv": "A" * 600},
        {"more": "x" * 3000},
    ],
    ids=",".join,
)
async def test_what_a_header_may_not_say_is_refused_before_a_key_is_looked_at(header: dict[str, Any]) -> None:
    it = house()
    it.ring.decrypting.held.clear()  # nothing could be decrypted: it does not come to that
    detail = await refused(it, relabelled(sealed(it.grant()), **header))
    assert "no key of ours" not in detail


@pytest.mark.requirement("JAG-153")
async def test_what_grows_when_it_is_unpacked_is_never_unpacked() -> None:
    it = house()
    bomb = sealed(b"A" * 10_000_000, zip="DEF")
    assert len(bomb) < 24 * 1024, "small enough to be read, so that it is the header that refuses it"
    assert "zip" in await refused(it, bomb)


@pytest.mark.requirement("JAG-153")
async def test_another_key_than_its_kid_names_is_not_tried() -> None:
    it = house()
    other = DecryptingKey.generate("ECDH-ES+A256KW")
    assert "no key of ours" in await refused(it, sealed(it.grant(), kid="somebody-elses"))
    for kid in (OURS["RSA-OAEP-256"].kid, OURS["ECDH-ES+A256KW"].kid):
        await refused(it, sealed(it.grant(), to=public(key=other), kid=kid))
    signs = it.ring.private("grant").kid
    assert "no key of ours" in await refused(it, sealed(it.grant(), kid=signs))


@pytest.mark.requirement("JAG-153")
async def test_a_key_that_is_gone_decrypts_nothing_more_and_one_that_is_retired_does() -> None:
    ring = FakeRing("ES256", "RS256", "EdDSA")
    retired = DecryptingKey.generate("ECDH-ES+A256KW")
    ring.decrypting.held[retired.kid] = retired
    it = replace(house(), ring=ring)
    assert (await it.post(it.redeeming(sealed(it.grant(), to=public(key=retired))))).body["access_token"]
    del ring.decrypting.held[retired.kid]
    late = sealed(it.grant(jti="another"), to=public(key=retired))
    assert "no key of ours" in await refused(it, late)


def changed(part: int, change: Callable[[bytes], bytes]) -> Callable[[str], str]:
    def attack(token: str) -> str:
        parts = token.split(".")
        parts[part] = base64url.encode(change(base64url.decode(parts[part].encode()))).decode()
        return ".".join(parts)

    return attack


TAMPERED: Final[dict[str, Callable[[str], str]]] = {
    "tag cut to 12 bytes": changed(4, lambda tag: tag[:12]),
    "tag cut to 1 byte": changed(4, lambda tag: tag[:1]),
    "no tag": lambda token: token.rpartition(".")[0] + ".",
    "tag changed": changed(4, lambda tag: bytes([tag[0] ^ 1]) + tag[1:]),
    "iv of 16 bytes": changed(2, lambda iv: iv + b"1234"),
    "iv changed": changed(2, lambda iv: bytes([iv[0] ^ 1]) + iv[1:]),
    "content changed": changed(3, lambda text: bytes([text[0] ^ 1]) + text[1:]),
    "content cut": changed(3, lambda text: text[:-1]),
    "no content": changed(3, lambda text: b""),
    "wrapped key changed": changed(1, lambda key: bytes([key[0] ^ 1]) + key[1:]),
    "wrapped key of another length": changed(1, lambda key: key[:24]),
    "no wrapped key": changed(1, lambda key: b""),
    "long wrapped key": changed(1, lambda key: key * 40),
    "header changed": lambda token: relabelled(token, more="x"),
    "six parts": lambda token: f"{token}.AAAA",
    "padding": lambda token: f"{token}=",
    "other alphabet": lambda token: token.replace("-", "+").replace("_", "/") + "+",
    "not ASCII": lambda token: token + "\u00e9",
}


@pytest.mark.requirement("JAG-153", "SEC-18")
@pytest.mark.parametrize("attack", [*TAMPERED])
@pytest.mark.parametrize("algorithm", [*OURS])
async def test_whatever_was_changed_is_refused_in_one_sentence(attack: str, algorithm: Any) -> None:
    it = house()
    await refused(it, TAMPERED[attack](sealed(it.grant(), to=public(algorithm))))
    assert "Traceback" not in str(it.writer.events)


@pytest.mark.requirement("JAG-153")
async def test_one_that_is_too_long_is_refused_before_it_is_looked_at() -> None:
    it = house()
    assert "24 KiB" in await refused(it, sealed("A" * 30_000))
    grown = it.grant().replace(".", "A" * 16_500 + ".", 1)
    assert "too long" in await refused(it, sealed(grown))


@pytest.mark.requirement("JAG-153")
async def test_what_is_written_as_json_is_no_grant() -> None:
    it = house()
    header, key, iv, content, tag = sealed(it.grant()).split(".")
    flattened = {"protected": header, "encrypted_key": key, "iv": iv, "ciphertext": content, "tag": tag}
    error = await it.turned_away(it.redeeming(json.dumps(flattened)))
    assert error.code == "invalid_grant"


def ephemeral(**changes: Any) -> dict[str, Any]:
    """A public key of somebody, with whatever in it."""
    jwk = ECKey.generate_key("P-256", private=False).as_dict(private=False)
    return {name: value for name, value in {**jwk, **changes}.items() if value is not None}


def off_the_curve() -> dict[str, Any]:
    """A point that is on another curve of the same field: of small order, so that it tells of our key."""
    jwk = ephemeral()
    y = int.from_bytes(base64url.decode(jwk["y"].encode()), "big") ^ 1
    return {**jwk, "y": base64url.encode(y.to_bytes(32, "big")).decode()}


EPHEMERAL: Final[dict[str, Callable[[], Any]]] = {
    "off the curve": off_the_curve,
    "at infinity": lambda: ephemeral(x="A" * 43, y="A" * 43),
    "on another curve": lambda: ECKey.generate_key("P-384", private=False).as_dict(private=False),
    "of another curve's name": lambda: ephemeral(crv="secp256k1"),
    "of Montgomery": lambda: {"kty": "OKP", "crv": "X25519", "x": base64url.encode(bytes(32)).decode()},
    "symmetric": lambda: {"kty": "oct", "k": base64url.encode(bytes(32)).decode()},
    "private": lambda: ECKey.generate_key("P-256").as_dict(private=True),
    "short coordinate": lambda: ephemeral(x="AQ"),
    "no coordinate": lambda: ephemeral(y=None),
    "a text": lambda: "P-256",
    "none": lambda: None,
    "too large for the field": lambda: ephemeral(x=base64url.encode(b"\xff" * 32).decode()),
}


@pytest.mark.requirement("JAG-153", "SEC-17")
@pytest.mark.parametrize("which", [*EPHEMERAL])
async def test_an_ephemeral_key_that_is_no_point_of_our_curve_is_refused(which: str) -> None:
    it = house()
    assert "epk" in await refused(it, relabelled(sealed(it.grant()), epk=EPHEMERAL[which]()))


@pytest.mark.requirement("JAG-124", "SEC-60", "JAG-153")
async def test_a_grant_that_is_encrypted_anew_is_still_redeemed_once() -> None:
    it = house()
    inner = it.grant()
    first, again = sealed(inner), sealed(inner)
    assert first != again
    assert (await it.post(it.redeeming(first))).body["access_token"]
    for copy in (again, first, sealed(inner, to=public("RSA-OAEP-256")), inner):
        error = await it.turned_away(it.redeeming(copy))
        assert (error.code, error.reason) == ("invalid_grant", "grant_reused")


@pytest.mark.requirement("SEC-22", "JAG-153")
async def test_what_is_no_grant_is_none_for_being_encrypted() -> None:
    it = house()
    plain = it.grant()
    claims = json.loads(base64url.decode(plain.split(".")[1].encode()))
    for typ in ("JWT", "at+jwt", "authorization-grant+jwt", "logout+jwt"):
        await refused(it, sealed(jose.sign(claims, key=IDP_KEY, typ=typ)))
    await refused(it, sealed(it.id_token()))
    await refused(it, sealed(it.our_token()))
    await refused(it, sealed(it.our_id_token(aud="web")))


@pytest.mark.requirement("JAG-63", "JAG-153")
async def test_an_encrypted_grant_is_held_to_all_that_a_plain_one_is() -> None:
    it = house()
    for claims in (
        {"aud": "https://as.other.example"},
        {"exp": it.clock.now() - 100, "iat": it.clock.now() - 300},
        {"iss": "https://idp.other.example"},
        {"jti": None},
    ):
        error = await it.turned_away(it.redeeming(sealed(it.grant(**claims))))
        plain = await it.turned_away(it.redeeming(it.grant(**claims)))
        assert (error.code, error.reason, error.detail) == (plain.code, plain.reason, plain.detail)
    another = await it.turned_away(it.redeeming(sealed(it.grant()), "helpdesk"))
    assert another.code == "invalid_grant"


@pytest.mark.requirement("JAG-153")
async def test_no_other_door_decrypts() -> None:
    it = house()
    for kind in (ID_TOKEN, ACCESS_TOKEN, "urn:ietf:params:oauth:token-type:jwt"):
        error = await it.refused(
            "web", sealed(it.id_token()), subject_token_type=str(kind), audience="orders"
        )
        assert error.reason in ("bad_subject", "unknown_profile")
    assert not any("encrypted_to" in str(event) for event in it.writer.events)


@pytest.mark.requirement("JAG-153")
async def test_nothing_is_decrypted_for_somebody_who_did_not_prove_who_they_are() -> None:
    it = house()
    it.ring.decrypting.held.clear()
    form = {**it.redeeming(sealed(it.grant())), "client_secret": secrets.token_hex(8)}
    error = await it.turned_away(form)
    assert error.code == "invalid_client"


@pytest.mark.requirement("SEC-91")
def test_a_key_that_decrypts_is_read_as_nothing_else_by_whoever_verifies() -> None:
    for key in OURS.values():
        with pytest.raises(BadKey):
            PublicKey.from_jwk(key.public.jwk(), algorithms=None)
        assert not hasattr(key, "sign")
        assert not hasattr(key.public, "verifies")
