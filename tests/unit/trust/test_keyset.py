"""Which keys of a set are used, and what is said about the others."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.forge import Algorithm, SigningKey

from actas.trust.keyset import MAX_KEYS, KeySet, NotAKeySet, read_key_set

ALL = frozenset({"ES256", "ES384", "RS256", "PS256", "EdDSA"})
GOOD = SigningKey.generate("ES256", kid="good")


def read(*entries: Any, algorithms: frozenset[str] = ALL) -> KeySet:
    return read_key_set({"keys": list(entries)}, algorithms=algorithms)


@pytest.mark.parametrize("algorithm", sorted(ALL))
def test_a_key_is_found_by_its_kid_and_its_algorithm(algorithm: Algorithm) -> None:
    key = SigningKey.generate(algorithm, kid="k")
    found = read(key.jwk()).find("k", algorithm)
    assert found is not None
    assert found.algorithm == algorithm
    assert found.verifies(b"data", key.sign(b"data"))
    assert all(read(key.jwk()).find("k", other) is None for other in ALL - {algorithm})


@pytest.mark.requirement("SEC-39")
@pytest.mark.parametrize(
    "entry",
    [
        {"kty": "oct", "kid": "bad", "k": "c2VjcmV0"},
        {"kty": "oct", "kid": "bad", "k": "c2VjcmV0", "alg": "HS256", "use": "sig"},
        SigningKey.generate("ES256", kid="bad").private_jwk(),
        SigningKey.generate("RS256", kid="bad").private_jwk(),
        SigningKey.generate("EdDSA", kid="bad").private_jwk(),
        GOOD.named("bad").jwk(k="c2VjcmV0"),
        GOOD.named("bad").jwk(p=None),
        GOOD.named("bad").jwk(use="enc"),
        GOOD.named("bad").jwk(use=None),
        GOOD.named("bad").jwk(use=""),
        GOOD.named("bad").jwk(use=..., key_ops=["encrypt"]),
        GOOD.named("bad").jwk(use=..., key_ops=[]),
        GOOD.named("bad").jwk(alg="HS256"),
        GOOD.named("bad").jwk(alg="none"),
        GOOD.named("bad").jwk(alg="RS256"),
        GOOD.named("bad").jwk(alg="ES384"),
        GOOD.named("bad").jwk(alg=None),
        GOOD.named("bad").jwk(alg=""),
        GOOD.named("bad").jwk(kty="RSA"),
        GOOD.named("bad").jwk(kty=...),
        GOOD.named("bad").jwk(crv="P-521"),
        GOOD.named("bad").jwk(x="AAAA"),
        GOOD.named("bad").jwk(y=...),
        GOOD.jwk(kid=1),
        GOOD.jwk(kid=None),
        GOOD.jwk(kid=""),
        GOOD.jwk(kid="a" * 256),
        GOOD.jwk(kid="a\nb"),
        {},
        [],
        None,
        "key",
    ],
)
def test_a_key_that_must_not_be_used_is_ignored_and_reported(entry: Any) -> None:
    found = read(entry, GOOD.jwk())
    assert found.kids == ("good",)
    assert len(found.problems) == 1
    assert found.problems[0].startswith("key 1")


@pytest.mark.requirement("SEC-39")
def test_a_report_never_repeats_private_members() -> None:
    secret = SigningKey.generate("ES256", kid="bad").private_jwk()
    assert secret["d"] not in str(read(secret).problems)


@pytest.mark.requirement("SEC-39")
def test_a_key_for_an_algorithm_the_issuer_is_not_registered_for_is_ignored() -> None:
    rsa = SigningKey.generate("RS256", kid="rsa")
    found = read(rsa.jwk(), rsa.named("any").jwk(alg=...), GOOD.jwk(), algorithms=frozenset({"ES256"}))
    assert found.kids == ("good",)
    assert len(found.problems) == 2


@pytest.mark.requirement("SEC-39")
def test_a_kid_that_occurs_twice_names_no_key() -> None:
    twins = [SigningKey.generate("ES256", kid="twin").jwk() for _ in range(2)]
    found = read(*twins, SigningKey.generate("EdDSA", kid="twin").jwk(), GOOD.jwk())
    assert found.kids == ("good",)
    assert found.problems == ("3 keys are named 'twin': none is used",)
    assert read(GOOD.jwk(), GOOD.jwk()).kids == ()


def test_a_key_for_encryption_may_share_its_kid_with_one_for_signatures() -> None:
    encryption = SigningKey.generate("RS256", kid="good").jwk(use="enc", alg="RSA-OAEP")
    assert read(encryption, GOOD.jwk()).find("good", "ES256") is not None


def test_an_rsa_key_that_does_not_say_is_for_what_the_issuer_is_registered_for() -> None:
    jwk = SigningKey.generate("RS256", kid="rsa").jwk(alg=..., use=...)
    both = read(jwk, algorithms=frozenset({"RS256", "PS256"}))
    assert {algorithm for _, algorithm in both.named} == {"RS256", "PS256"}
    assert all(key.algorithm == algorithm for (_, algorithm), key in both.named.items())
    assert set(read(jwk, algorithms=frozenset({"PS256", "ES256"})).named) == {("rsa", "PS256")}
    assert both.problems == ()


def test_a_token_without_kid_has_a_key_only_when_there_is_no_choice() -> None:
    one, two = SigningKey.generate("ES256", kid="one"), SigningKey.generate("ES256", kid="two")
    edwards = SigningKey.generate("EdDSA", kid=None)
    assert read(one.jwk(), edwards.jwk()).find(None, "ES256") is not None
    assert read(one.jwk(), edwards.jwk()).find(None, "EdDSA") is not None
    assert read(one.jwk(), two.jwk()).find(None, "ES256") is None
    assert read(one.jwk()).find(None, "RS256") is None
    assert read().find(None, "ES256") is None


@pytest.mark.requirement("SEC-38")
def test_a_hundred_keys_are_read_and_one_more_refuses_the_set() -> None:
    many = [GOOD.jwk(kid=f"k{number}") for number in range(MAX_KEYS)]
    assert len(read(*many).kids) == MAX_KEYS
    with pytest.raises(NotAKeySet, match="101 keys"):
        read(*many, GOOD.jwk())


@pytest.mark.requirement("SEC-02", "SEC-38")
@pytest.mark.parametrize(
    "document", [{}, {"keys": None}, {"keys": {}}, {"keys": ""}, {"Keys": []}, {"error": "x"}]
)
def test_a_document_that_is_no_key_set_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(NotAKeySet):
        read_key_set(document, algorithms=ALL)
