"""The JWS tests of Project Wycheproof (``tests/vectors/README.md`` says which, and under what licence).

Their payloads are not claims, so they are put to what stands below claims: taking the token apart, reading
the key, and verifying the signature.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from actas.core.errors import BadToken
from actas.crypto.compact import split
from actas.crypto.jose import BadKey, PublicKey

DOCUMENT: Final[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "wycheproof_jws.json").read_text("utf-8")
)
CASES: Final = [
    pytest.param(group["public"], test["jws"], test["result"], id=f"{test['tcId']} {test['comment']}")
    for group in DOCUMENT["groups"]
    for test in group["tests"]
]


def outcome(jwk: dict[str, Any], jws: str) -> str:
    try:
        key = PublicKey.from_jwk(jwk, algorithms=None)
        compact = split(jws)
    except (BadKey, BadToken):
        return "invalid"
    if compact.header.algorithm != key.algorithm:
        return "invalid"
    return "valid" if key.verifies(compact.signing_input, compact.signature) else "invalid"


@pytest.mark.requirement("SEC-12", "SEC-16", "SEC-17", "SEC-18", "SEC-94")
@pytest.mark.parametrize(("jwk", "jws", "result"), CASES)
def test_a_wycheproof_token_is_judged_as_wycheproof_judges_it(
    jwk: dict[str, Any], jws: str, result: str
) -> None:
    assert outcome(jwk, jws) == result


def test_the_whole_selection_was_run() -> None:
    results = [case.values[2] for case in CASES]
    assert (len(results), results.count("valid")) == (83, 9)
