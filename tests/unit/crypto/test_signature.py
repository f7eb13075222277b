"""The exact form of signatures, and RSA blocks that only a lax reader accepts."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils
from tests.fakes.forge import Algorithm, SigningKey

from actas.crypto.jose import BadKey, PublicKey
from actas.crypto.signature import require_strong

DATA = b"header.payload"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ALGORITHMS: tuple[Algorithm, ...] = ("ES256", "ES384", "RS256", "PS256", "EdDSA")
KEYS = {algorithm: SigningKey.generate(algorithm) for algorithm in ALGORITHMS}
PUBLIC = {name: PublicKey.from_jwk(key.jwk(), algorithms=None) for name, key in KEYS.items()}
RSA = KEYS["RS256"].private
assert isinstance(RSA, rsa.RSAPrivateKey)


@pytest.mark.requirement("SEC-16")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_signature_has_exactly_one_length(algorithm: Algorithm) -> None:
    signature, key = KEYS[algorithm].sign(DATA), PUBLIC[algorithm]
    assert key.verifies(DATA, signature)
    for other in (
        b"",
        signature[:-1],
        signature[1:],
        signature + b"\x00",
        b"\x00" + signature,
        signature * 2,
        signature[: len(signature) // 2],
        bytes(len(signature)),
        b"\xff" * len(signature),
    ):
        assert not key.verifies(DATA, other)


@pytest.mark.requirement("SEC-12", "SEC-16")
@pytest.mark.parametrize("algorithm", ["ES256", "ES384"])
def test_zeros_inside_an_ecdsa_signature_are_refused(algorithm: Algorithm) -> None:
    signature, size = KEYS[algorithm].sign(DATA), 32 if algorithm == "ES256" else 48
    r, s = signature[:size], signature[size:]
    for respelt in (r + b"\x00" + s, b"\x00" + r + s, b"\x00" + r + b"\x00" + s, r + s + b"\x00"):
        assert not PUBLIC[algorithm].verifies(DATA, respelt)


@pytest.mark.requirement("SEC-16")
@pytest.mark.parametrize("algorithm", ["ES256", "ES384"])
def test_an_ecdsa_signature_in_der_is_refused(algorithm: Algorithm) -> None:
    signature, size = KEYS[algorithm].sign(DATA), 32 if algorithm == "ES256" else 48
    r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    assert not PUBLIC[algorithm].verifies(DATA, utils.encode_dss_signature(r, s))


@pytest.mark.requirement("SEC-16", "SEC-94")
@pytest.mark.parametrize("r", [0, 1, P256_ORDER - 1, P256_ORDER, 2**256 - 1])
@pytest.mark.parametrize("s", [0, 1, P256_ORDER - 1, P256_ORDER, 2**256 - 1])
def test_numbers_that_no_signature_has_are_refused(r: int, s: int) -> None:
    assert not PUBLIC["ES256"].verifies(DATA, r.to_bytes(32, "big") + s.to_bytes(32, "big"))


@pytest.mark.requirement("SEC-16")
def test_one_rsa_key_verifies_only_the_padding_it_is_pinned_to() -> None:
    assert not PUBLIC["RS256"].verifies(DATA, KEYS["PS256"].sign(DATA))
    assert not PUBLIC["PS256"].verifies(DATA, KEYS["RS256"].sign(DATA))


@pytest.mark.requirement("SEC-94")
@pytest.mark.parametrize("salt", [0, 1, 20, 31, 33, 64, 222])
def test_a_pss_salt_of_another_length_is_refused(salt: int) -> None:
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=salt)
    assert isinstance(RSA, rsa.RSAPrivateKey)
    assert not PUBLIC["PS256"].verifies(DATA, RSA.sign(DATA, pss, hashes.SHA256()))


@pytest.mark.requirement("SEC-94")
@pytest.mark.parametrize(
    "digest", [hashes.SHA224(), hashes.SHA384(), hashes.SHA512()], ids=lambda one: one.name
)
def test_a_signature_over_another_digest_is_refused(digest: Any) -> None:
    assert isinstance(RSA, rsa.RSAPrivateKey)
    assert not PUBLIC["RS256"].verifies(DATA, RSA.sign(DATA, padding.PKCS1v15(), digest))
    pss = padding.PSS(mgf=padding.MGF1(digest), salt_length=32)
    assert not PUBLIC["PS256"].verifies(DATA, RSA.sign(DATA, pss, digest))


@pytest.mark.requirement("SEC-16", "SEC-17")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_of_another_type_is_never_strong_enough(algorithm: Algorithm) -> None:
    for other, key in KEYS.items():
        if {algorithm, other} != {"RS256", "PS256"} and algorithm != other:
            with pytest.raises(BadKey):
                require_strong(algorithm, key.private.public_key())


DIGEST = hashlib.sha256(DATA).digest()
OID = bytes.fromhex("0609608648016503040201")
NULL = b"\x05\x00"
OCTETS = b"\x04\x20" + DIGEST
INFO = b"\x30\x31\x30\x0d" + OID + NULL + OCTETS


def raw_signature(block: bytes) -> bytes:
    assert isinstance(RSA, rsa.RSAPrivateKey)
    numbers = RSA.private_numbers()
    opened = pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n)
    return opened.to_bytes(256, "big")


def block(info: bytes, *, start: bytes = b"\x00\x01", filler: bytes = b"\xff", end: bytes = b"\x00") -> bytes:
    return start + filler * (256 - len(start) - len(end) - len(info)) + end + info


def test_the_block_that_is_meant_verifies() -> None:
    assert PUBLIC["RS256"].verifies(DATA, raw_signature(block(INFO)))


@pytest.mark.requirement("SEC-16", "SEC-94")
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(block(b"\x30\x2f\x30\x0b" + OID + OCTETS), id="no parameters"),
        pytest.param(block(b"\x30\x81\x31\x30\x0d" + OID + NULL + OCTETS), id="outer length in long form"),
        pytest.param(block(b"\x30\x82\x00\x31\x30\x0d" + OID + NULL + OCTETS), id="outer length with zeros"),
        pytest.param(block(b"\x30\x32\x30\x81\x0d" + OID + NULL + OCTETS), id="inner length in long form"),
        pytest.param(
            block(b"\x30\x32\x30\x0d" + OID + NULL + b"\x04\x81\x20" + DIGEST), id="digest in long form"
        ),
        pytest.param(block(b"\x30\x32\x30\x0d" + OID + NULL + OCTETS), id="outer length too long"),
        pytest.param(block(b"\x30\x30\x30\x0d" + OID + NULL + OCTETS), id="outer length too short"),
        pytest.param(block(b"\x30\x80\x30\x0d" + OID + NULL + OCTETS + b"\x00\x00"), id="indefinite length"),
        pytest.param(block(INFO + b"\x05\x00"), id="something after the block"),
        pytest.param(block(INFO + bytes(100)), id="zeros after the block"),
        pytest.param(block(INFO + b"\xde\xad\xbe\xef" * 40), id="garbage after the block"),
        pytest.param(block(b"\x30\x33" + INFO[2:] + NULL), id="something after the digest"),
        pytest.param(block(b"\x30\x33\x30\x0f" + OID + NULL + NULL + OCTETS), id="two parameters"),
        pytest.param(
            block(b"\x30\x35\x30\x11" + OID + b"\x04\x04\xde\xad\xbe\xef" + OCTETS), id="garbage parameters"
        ),
        pytest.param(block(b"\x31" + INFO[1:]), id="a set for a sequence"),
        pytest.param(
            block(b"\x30\x31\x30\x0d" + OID[:-1] + b"\x02" + NULL + OCTETS), id="another digest named"
        ),
        pytest.param(block(INFO[:-1] + bytes([INFO[-1] ^ 1])), id="another digest"),
        pytest.param(block(b"\x30\x00"), id="an empty block"),
        pytest.param(block(b""), id="no block"),
        pytest.param(block(DIGEST), id="a bare digest"),
        pytest.param(block(INFO, start=b"\x00\x02"), id="block type 2"),
        pytest.param(block(INFO, start=b"\x00\x00"), id="block type 0"),
        pytest.param(block(INFO, filler=b"\x00"), id="filler of zeros"),
        pytest.param(block(INFO, end=b"\xff"), id="no end of the filler"),
        pytest.param(block(INFO, end=b"\xff\x00\xff\x00"), id="filler that ends twice"),
        pytest.param(b"\x00\x01\xff\x00" + INFO + bytes(256 - 4 - len(INFO)), id="short filler"),
        pytest.param(bytes(256), id="zero"),
        pytest.param(b"\x00" * 255 + b"\x01", id="one"),
    ],
)
def test_an_rsa_block_that_only_a_lax_reader_accepts_is_refused(wrong: bytes) -> None:
    """Bleichenbacher's forgery of 2006 and its many returns live on readers that accept one of these."""
    assert len(wrong) == 256
    assert not PUBLIC["RS256"].verifies(DATA, raw_signature(wrong))


def test_a_signature_that_is_the_modulus_or_more_is_refused() -> None:
    assert isinstance(RSA, rsa.RSAPrivateKey)
    n = RSA.public_key().public_numbers().n
    genuine = int.from_bytes(KEYS["RS256"].sign(DATA), "big")
    for number in (n - 1, n, n + 1, genuine + n):
        if number < 2**2048:
            assert not PUBLIC["RS256"].verifies(DATA, number.to_bytes(256, "big"))
