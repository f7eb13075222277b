"""Digests that stand for texts, by the examples of their specifications."""

from __future__ import annotations

import pytest

from actas.crypto.digests import challenge_of, half_hash


@pytest.mark.parametrize(
    ("text", "half"),
    [
        ("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "77QmUPtjPfzWtF2AnpK9RQ"),
        (
            "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk",
            "LDktKdoQak3Pk0cnXxCltA",
        ),
    ],
)
def test_half_a_digest_is_that_of_the_examples(text: str, half: str) -> None:
    assert half_hash(text, "RS256") == half  # OpenID Connect Core, appendix A.6


@pytest.mark.parametrize(("algorithm", "length"), [("ES256", 22), ("ES384", 32), ("EdDSA", 43)])
def test_half_a_digest_is_as_long_as_the_algorithm_has_it(algorithm: str, length: int) -> None:
    assert len(half_hash("a token", algorithm)) == length


def test_a_challenge_is_that_of_the_example() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636, appendix B
