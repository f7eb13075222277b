"""What we rely on in the libraries below us, asked of them directly (SEC-94).

A version that stops behaving so fails here, whatever its number says. Where a library is laxer than we are,
that is written down too: it is why ``actas.crypto`` does that part itself, and a test that stops failing
there is a reason to look again.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt
from joserfc.errors import JoseError
from tests.fakes.forge import SigningKey, forge

pytestmark = pytest.mark.requirement("SEC-94")

decode = msgspec.json.Decoder().decode
KEY = SigningKey.generate("ES256")


@pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b'{"exp":1e400}'])
def test_msgspec_refuses_numbers_that_are_not_finite(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"malformed|out of range"):
        decode(text)


@pytest.mark.parametrize(
    "text",
    [b"", b"{}x", b"{} {}", b"[1,]", b'{"a":1,}', b"{'a':1}", b"//\n1", b"01", b"1.", b"+1", b'"\\ud800"', b'"\n"',
     b"\xef\xbb\xbf1", b"\x0b1", b'"\xff"', b'"\xed\xa0\x80"', b'"\xc0\xaf"'],
)  # fmt: skip
def test_msgspec_raises_a_value_error_for_what_is_not_json(text: bytes) -> None:
    with pytest.raises(ValueError):
        decode(text)


def test_msgspec_raises_a_recursion_error_for_what_is_too_deep() -> None:
    with pytest.raises(RecursionError):
        decode(b"[" * 100_000)


def test_msgspec_merges_members_that_are_equal_once_their_escapes_are_resolved() -> None:
    assert decode(b'{"a":1,"\\u0061":2}') == {"a": 2}
    assert decode('{"é":1,"\\u00e9":2}'.encode()) == {"é": 2}


def test_msgspec_writes_every_member_of_a_tree_once() -> None:
    value = {"a": [1, 2.5, None, True, 'é\n"\\/'], "b": {"c": {}}, "": 0}
    text = msgspec.json.encode(value)
    assert decode(text) == value
    assert text.count(b'":') == 4


def test_msgspec_writes_numbers_that_are_not_finite_as_null() -> None:
    assert msgspec.json.encode([math.nan, math.inf]) == b"[null,null]"


@pytest.mark.parametrize("text", [b"!!!!", b"YQ=", b"YQ", b"=", b"Y===", b"YQ==YQ==", b"-_-_", b"Y Q="])
def test_msgspec_refuses_what_is_not_base64(text: bytes) -> None:
    with pytest.raises(ValueError):
        msgspec.json.decode(b'"' + text + b'"', type=bytes)


def test_msgspec_lets_spare_bits_through() -> None:
    assert msgspec.json.decode(b'"YR=="', type=bytes) == b"a"


@pytest.mark.parametrize(("r", "s"), [(0, 0), (0, 1), (1, 0)])
def test_the_primitives_refuse_ecdsa_numbers_out_of_range(r: int, s: int) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(InvalidSignature):
        key.verify(encode_dss_signature(r, s), b"data", ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize(
    "point", [b"\x04" + bytes(64), b"\x04" + b"\xff" * 64, b"\x04" + b"\x01" * 64, b"\x00"]
)
def test_the_primitives_refuse_points_that_are_not_on_the_curve(point: bytes) -> None:
    with pytest.raises(ValueError):
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def test_the_primitives_accept_points_of_small_order_for_ed25519() -> None:
    key = ed25519.Ed25519PublicKey.from_public_bytes(b"\x01" + bytes(31))
    for message in (b"any message", b"another one"):  # one signature is good for every message
        assert key.verify(b"\x01" + bytes(63), message) is None
    with pytest.raises(InvalidSignature):
        key.verify(b"\x02" + bytes(63), b"any message")


def joserfc_accepts(token: str, algorithms: list[str]) -> dict[str, Any] | None:
    try:
        return joserfc_jwt.decode(token, joserfc_jwk.import_key(KEY.jwk()), algorithms=algorithms).claims
    except JoseError:
        return None


def test_joserfc_refuses_empty_keys() -> None:
    with pytest.raises(ValueError, match="empty"):
        joserfc_jwk.OctKey.import_key("")


@pytest.mark.parametrize(
    "token",
    [
        forge({}, key=KEY, alg="none"),
        forge({}, key=KEY, alg="HS256"),
        forge({}, key=KEY, headers={"alg": ...}),
        forge({}, key=KEY) + "==",
        forge({}, key=KEY) + "=",
        forge({}, key=KEY, headers={"crit": ["unknown"]}),
        forge({}, key=SigningKey.generate("ES256")),
    ],
)
def test_joserfc_refuses_what_a_reference_must_refuse(token: str) -> None:
    assert joserfc_accepts(forge({"a": 1}, key=KEY), ["ES256"]) == {"a": 1}
    assert joserfc_accepts(token, ["ES256"]) is None


@pytest.mark.parametrize(
    "token",
    [
        forge(b'{"exp":NaN}', key=KEY),
        forge(b'{"sub":"a","sub":"b"}', key=KEY),
        forge(b'{"sub":"\\ud800"}', key=KEY),
        forge({}, key=KEY, headers={"jwk": KEY.jwk()}),
    ],
)
def test_joserfc_accepts_what_we_must_refuse_which_is_why_we_read_tokens_ourselves(token: str) -> None:
    assert joserfc_accepts(token, ["ES256"]) is not None
