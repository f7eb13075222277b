"""Public and private keys, and what makes a JWK unfit."""

from __future__ import annotations

import base64
import pickle
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from tests.fakes.forge import Algorithm, SigningKey, b64

from actas.core.wire import SigningAlgorithm
from actas.crypto.jose import BadKey, PrivateKey, PublicKey, WeakKey

ES256 = SigningKey.generate("ES256", kid="es")
ES384 = SigningKey.generate("ES384", kid="es384")
RS256 = SigningKey.generate("RS256", kid="rs")
EDDSA = SigningKey.generate("EdDSA", kid="ed")
POINT = base64.urlsafe_b64decode(ES256.jwk()["x"] + "=") + base64.urlsafe_b64decode(ES256.jwk()["y"] + "=")
SMALL_ORDER = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")


def read(jwk: dict[str, Any], algorithms: Any = None) -> PublicKey:
    return PublicKey.from_jwk(jwk, algorithms=algorithms)


def uint(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def rsa_jwk(n: int, e: int = 65537) -> dict[str, Any]:
    return {"kty": "RSA", "n": uint(n), "e": uint(e)}


def modulus(bits: int) -> int:
    """Return an odd number of that many bits: nothing here factors it."""
    return (1 << (bits - 1)) | 0xF00D_F00D_F00D


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "RS256", "PS256", "EdDSA"])
def test_a_key_that_says_what_it_is_for_is_pinned_to_that(algorithm: Algorithm) -> None:
    signing = SigningKey.generate(algorithm)
    key = read(signing.jwk())
    assert (key.algorithm, key.kid) == (algorithm, signing.kid)
    assert key.verifies(b"data", signing.sign(b"data"))
    assert not key.verifies(b"date", signing.sign(b"data"))


@pytest.mark.parametrize(
    ("signing", "algorithms", "pinned"),
    [
        (ES256, None, "ES256"),
        (ES384, None, "ES384"),
        (EDDSA, None, "EdDSA"),
        (RS256, None, "RS256"),
        (RS256, ("ES256", "RS256", "PS256"), "RS256"),
        (RS256, ("ES256", "PS256"), "PS256"),
    ],
)
def test_a_key_that_does_not_say_is_pinned_to_what_its_type_implies(
    signing: SigningKey, algorithms: Any, pinned: str
) -> None:
    assert read(signing.jwk(alg=...), algorithms).algorithm == pinned


@pytest.mark.requirement("SEC-16", "TX-42")
@pytest.mark.parametrize(
    ("jwk", "algorithms"),
    [
        (ES256.jwk(), ["RS256"]),
        (ES256.jwk(), []),
        (ES256.jwk(), ["HS256", "none"]),
        (RS256.jwk(alg="PS256"), ["RS256"]),
        (ES256.jwk(alg="ES384"), None),
        (ES256.jwk(alg="RS256"), None),
        (ES256.jwk(alg="HS256"), None),
        (ES256.jwk(alg="none"), None),
        (ES256.jwk(alg=None), None),
        (ES256.jwk(alg=["ES256"]), None),
        (RS256.jwk(alg="RS512"), None),
        (RS256.jwk(alg="RSA-OAEP"), None),
        (EDDSA.jwk(alg="ES256"), None),
    ],
)
def test_a_key_for_another_algorithm_is_refused(jwk: dict[str, Any], algorithms: Any) -> None:
    with pytest.raises(BadKey):
        read(jwk, algorithms)


@pytest.mark.requirement("SEC-17")
@pytest.mark.parametrize(
    "jwk",
    [
        rsa_jwk(modulus(2047)),
        rsa_jwk(modulus(1024)),
        rsa_jwk(modulus(512)),
        rsa_jwk(15),
        rsa_jwk(modulus(8193)),
        rsa_jwk(modulus(2048) - 1),
        rsa_jwk(modulus(2048), e=1),
        rsa_jwk(modulus(2048), e=3),
        rsa_jwk(modulus(2048), e=65536),
        rsa_jwk(modulus(2048), e=2**32 + 1),
        rsa_jwk(modulus(2048), e=modulus(2048) + 2),
        {"kty": "oct", "k": ""},
        {"kty": "oct", "k": b64(b"short")},
        {"kty": "oct", "k": b64(bytes(32)), "alg": "HS256"},
        ES256.jwk(crv="P-521"),
        ES256.jwk(crv="secp256k1"),
        ES256.jwk(crv="P-224"),
        ES256.jwk(crv=...),
        ES256.jwk(crv=["P-256"]),
        ES256.jwk(x=b64(bytes(32)), y=b64(bytes(32))),
        ES256.jwk(x=b64(b"\x01" * 32)),
        ES256.jwk(x=b64(b"\xff" * 32)),
        EDDSA.jwk(crv="Ed448"),
        EDDSA.jwk(crv="X25519"),
        EDDSA.jwk(x=b64(bytes(32))),
        EDDSA.jwk(x=b64(b"\x01" + bytes(31))),
        EDDSA.jwk(x=b64(SMALL_ORDER)),
        EDDSA.jwk(x=b64(b"\x02" + bytes(31))),
        EDDSA.jwk(x=b64(b"\xff" * 32)),
    ],
)
def test_a_weak_key_is_refused_when_it_is_registered(jwk: dict[str, Any]) -> None:
    with pytest.raises(WeakKey) as caught:
        read(jwk)
    assert str(caught.value)


def shorter(bits: int) -> PublicKey:
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return PublicKey(private.public_key(), algorithm="RS256")


@pytest.mark.requirement("SEC-17")
@pytest.mark.parametrize(
    "forced",
    [
        shorter(1024),
        PublicKey(ec.generate_private_key(ec.SECP384R1()).public_key(), algorithm="ES256"),
        PublicKey(ec.generate_private_key(ec.SECP256R1()).public_key(), algorithm="ES384"),
        PublicKey(ed25519.Ed25519PublicKey.from_public_bytes(SMALL_ORDER), algorithm="EdDSA"),
    ],
    ids=lambda key: str(key.algorithm),
)
def test_a_weak_key_that_was_never_registered_is_refused_when_it_is_used(forced: PublicKey) -> None:
    with pytest.raises(WeakKey):
        forced.verifies(b"data", bytes(64))


@pytest.mark.requirement("SEC-17")
def test_the_signature_that_a_point_of_small_order_accepts_for_everything_is_not_accepted() -> None:
    neutral = b"\x01" + bytes(31)
    signature = neutral + bytes(32)
    raw = ed25519.Ed25519PublicKey.from_public_bytes(neutral)
    raw.verify(signature, b"anything at all")  # this is why points are looked at
    with pytest.raises(WeakKey):
        PublicKey(raw, algorithm="EdDSA").verifies(b"anything at all", signature)


@pytest.mark.requirement("SEC-92")
@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_a_key_with_a_private_member_is_refused(member: str) -> None:
    for signing in (ES256, RS256, EDDSA):
        with pytest.raises(BadKey, match="private"):
            read(signing.jwk(**{member: "AQAB"}))


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": None},
        {"kty": "ec"},
        {"kty": ["EC"]},
        {"kty": "DSA"},
        ES256.jwk(use="enc"),
        ES256.jwk(use=""),
        ES256.jwk(use=None),
        ES256.jwk(use=["sig"]),
        ES256.jwk(use=..., key_ops=[]),
        ES256.jwk(use=..., key_ops=["sign"]),
        ES256.jwk(use=..., key_ops=["encrypt"]),
        ES256.jwk(use=..., key_ops="verify"),
        ES256.jwk(use=..., key_ops=None),
        ES256.jwk(kid=1),
        ES256.jwk(kid=None),
        ES256.jwk(kid=""),
        ES256.jwk(kid="k" * 256),
        ES256.jwk(kid="a\x00b"),
        ES256.jwk(x=...),
        ES256.jwk(y=...),
        ES256.jwk(x=1),
        ES256.jwk(x=""),
        ES256.jwk(x=b64(bytes(31))),
        ES256.jwk(x=b64(bytes(33))),
        ES256.jwk(x=ES384.jwk()["x"]),
        ES256.jwk(x=b64(POINT[:31]), y=b64(POINT[31:])),
        ES256.jwk(x=b64(POINT[:33]), y=b64(POINT[33:])),
        ES256.jwk(x=b64(b"\x00" + POINT[:32])),
        ES256.jwk(x=ES256.jwk()["x"] + "="),
        ES256.jwk(x=ES256.jwk()["x"] + "\n"),
        ES256.jwk(x="\u0430" + ES256.jwk()["x"][1:]),
        RS256.jwk(n=...),
        RS256.jwk(e=...),
        RS256.jwk(e=""),
        RS256.jwk(e=65537),
        RS256.jwk(n=RS256.jwk()["n"] + "=="),
        EDDSA.jwk(x=...),
        EDDSA.jwk(x=b64(bytes(31))),
    ],
)
def test_a_key_that_is_not_written_as_it_must_be_is_refused(jwk: dict[str, Any]) -> None:
    with pytest.raises(BadKey) as caught:
        read(jwk)
    assert caught.value.__cause__ is None


def test_certificates_and_addresses_in_a_jwk_are_neither_trusted_nor_kept() -> None:
    found = read(ES256.jwk(x5c=["AAAA"], x5u="https://evil.example/", x5t="x", ext=True)).jwk()
    assert found == ES256.jwk()


def test_key_ops_may_allow_more_than_verifying() -> None:
    assert read(ES256.jwk(use=..., key_ops=["sign", "verify"])).algorithm == "ES256"


@pytest.mark.parametrize("signing", [ES256, ES384, RS256, EDDSA], ids=lambda key: str(key.algorithm))
def test_a_published_key_reads_back_as_the_same_key(signing: SigningKey) -> None:
    key = read(signing.jwk())
    assert key.jwk() == signing.jwk()
    again = read(key.jwk())
    assert (again.thumbprint, again.kid, again.algorithm) == (key.thumbprint, key.kid, key.algorithm)


def test_a_key_without_a_kid_is_named_by_its_thumbprint() -> None:
    key = read(ES256.named(None).jwk())
    assert key.kid == key.thumbprint
    assert len(key.thumbprint) == 43


def test_a_modulus_with_leading_zeros_is_the_same_key() -> None:
    numbers = RS256.private.public_key().public_numbers()  # type: ignore[union-attr]
    assert isinstance(numbers, rsa.RSAPublicNumbers)
    padded = read(RS256.jwk(n=b64(b"\x00" + numbers.n.to_bytes(256, "big"))))
    assert padded.thumbprint == read(RS256.jwk()).thumbprint
    assert padded.jwk() == RS256.jwk()


@pytest.mark.requirement("SEC-93")
@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_a_private_key_comes_back_from_its_bytes(algorithm: SigningAlgorithm) -> None:
    key = PrivateKey.generate(algorithm)
    again = PrivateKey.from_bytes(key.to_bytes())
    assert (again.kid, again.algorithm) == (key.kid, algorithm)
    assert key.public.verifies(b"data", again.sign(b"data"))
    assert key.kid == key.public.kid == key.public.thumbprint


@pytest.mark.requirement("SEC-92")
@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_the_published_half_of_a_private_key_has_public_members_only(algorithm: SigningAlgorithm) -> None:
    members = set(PrivateKey.generate(algorithm).public.jwk())
    assert members <= {"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"}


@pytest.mark.requirement("SEC-92")
def test_a_private_key_neither_prints_nor_pickles_itself() -> None:
    key = PrivateKey.generate("ES256")
    assert repr(key) == f"PrivateKey(kid='{key.kid}', algorithm='ES256')"
    assert repr(key.public) == f"PublicKey(kid='{key.kid}', algorithm='ES256')"
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(key)


def pkcs8(private: Any) -> bytes:
    return bytes(private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


@pytest.mark.requirement("SEC-17")
@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30\x00",
        pkcs8(x25519.X25519PrivateKey.generate()),
        pkcs8(ec.generate_private_key(ec.SECP384R1())),
        pkcs8(ec.generate_private_key(ec.SECP256K1())),
        pkcs8(rsa.generate_private_key(public_exponent=65537, key_size=1024)),  # noqa: S505 - the point of the test
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
        ),
    ],
)
def test_bytes_of_anything_but_a_strong_signing_key_are_refused(der: bytes) -> None:
    with pytest.raises(BadKey):
        PrivateKey.from_bytes(der)


def test_a_key_of_another_type_cannot_be_pinned_to_an_algorithm() -> None:
    with pytest.raises(BadKey, match="type"):
        PublicKey(ed25519.Ed25519PrivateKey.generate().public_key(), algorithm="RS256")
