"""The examples of RFC 7515, RFC 7520, RFC 7638 and RFC 8037 (``tests/vectors``).

Those whose algorithm we do not use must be refused. None of them has ``iat``, so ``verify`` as a whole
refuses all of them; what is proved here is the reading, the keys and the signatures.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from actas.core.errors import BadToken
from actas.crypto import base64url
from actas.crypto.compact import split
from actas.crypto.jose import PrivateKey, PublicKey, parse, verify

VECTORS: Final = Path(__file__).parents[2] / "vectors"


def vectors(name: str) -> list[Any]:
    document: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    return [pytest.param(vector, id=f"{name} {vector['section']}") for vector in document["vectors"]]


ALL: Final = [*vectors("rfc7515"), *vectors("rfc7520"), *vectors("rfc7638"), *vectors("rfc8037")]


def having(*members: str, result: str | None = None) -> list[Any]:
    found = [
        one
        for one in ALL
        if all(member in one.values[0] for member in members)
        and (result is None or one.values[0].get("result") == result)
    ]
    assert found
    return found


@pytest.mark.requirement("SEC-16", "TX-120")
@pytest.mark.parametrize("vector", having("jws", result="valid"))
def test_the_signature_of_an_example_verifies(vector: dict[str, Any]) -> None:
    key = PublicKey.from_jwk(vector["key"], algorithms=[vector["algorithm"]])
    compact = split(vector["jws"])
    assert compact.header.algorithm == key.algorithm == vector["algorithm"]
    assert key.verifies(compact.signing_input, compact.signature)
    assert not key.verifies(compact.signing_input + b"x", compact.signature)


@pytest.mark.requirement("SEC-16", "TX-42")
@pytest.mark.parametrize("vector", having("jws", result="refused"))
def test_an_example_of_an_algorithm_that_is_not_ours_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(BadToken, match="algorithm"):
        split(vector["jws"])


@pytest.mark.parametrize("vector", having("claims"))
def test_the_claims_of_an_example_are_read(vector: dict[str, Any]) -> None:
    assert parse(vector["jws"]).unverified_claims == vector["claims"]


@pytest.mark.requirement("SEC-19")
@pytest.mark.parametrize("vector", having("claims"))
def test_an_example_without_iat_is_no_token_here(vector: dict[str, Any]) -> None:
    key = PublicKey.from_jwk(vector["key"], algorithms=[vector["algorithm"]])
    with pytest.raises(BadToken, match="iat"):
        verify(parse(vector["jws"]), key=key, types=frozenset({None}), issuer="joe", now=1300819370.0)


@pytest.mark.parametrize("vector", having("thumbprint"))
def test_the_thumbprint_of_an_example_is_that_of_the_specification(vector: dict[str, Any]) -> None:
    assert PublicKey.from_jwk(vector["key"], algorithms=None).thumbprint == vector["thumbprint"]


@pytest.mark.parametrize("vector", having("seed"))
def test_signing_an_example_gives_the_signature_of_the_specification(vector: dict[str, Any]) -> None:
    seed = base64url.decode(vector["seed"].encode())
    key = PrivateKey(Ed25519PrivateKey.from_private_bytes(seed))
    compact = split(vector["jws"])
    assert key.sign(compact.signing_input) == compact.signature
    assert key.public.jwk()["x"] == vector["key"]["x"]
