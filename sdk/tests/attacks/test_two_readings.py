"""Attack: one token, two readers, two meanings.

A member that is there twice is read first by one library and last by another: the gateway sees
``dana``, the service sees ``alice``. Deep nesting and great size are for those who read before they
count.
"""

from __future__ import annotations

import json

import pytest
from sdk.tests.support import HandMadeIssuer, StillWorld, claims, present, segment

from actas_sdk.errors import InvalidToken


@pytest.mark.parametrize("member", ["sub", "aud", "exp", "scope", "iss", "act"])
def test_a_claim_said_twice_is_refused(issuer: HandMadeIssuer, still: StillWorld, member: str) -> None:
    good = json.dumps(claims())
    said = json.dumps(claims()[member])
    twice = f'{good[:-1]}, "{member}": {said}}}'

    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), issuer.sign_raw(twice.encode()))


def test_a_claim_said_twice_under_another_spelling_is_refused(
    issuer: HandMadeIssuer, still: StillWorld
) -> None:
    twice = json.dumps(claims())[:-1] + r', "\u0073ub": "dana@acme.example"}'

    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), issuer.sign_raw(twice.encode()))


def test_an_actor_said_twice_is_refused(issuer: HandMadeIssuer, still: StillWorld) -> None:
    twice = json.dumps(claims()).replace('"sub": "assistant"', '"sub": "orders", "sub": "assistant"')

    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), issuer.sign_raw(twice.encode()))


def test_a_header_member_said_twice_is_refused(issuer: HandMadeIssuer, still: StillWorld) -> None:
    header = segment(b'{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"k1"}')

    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), f"{header}.{segment(claims())}.{segment(b's' * 64)}")


def test_a_name_that_cannot_be_written_down_is_refused(issuer: HandMadeIssuer, still: StillWorld) -> None:
    lone = json.dumps(claims()).replace("alice@acme.example", r"alice\ud800")

    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), issuer.sign_raw(lone.encode()))


@pytest.mark.parametrize("depth", [40, 3000])
def test_deep_nesting_is_refused(issuer: HandMadeIssuer, still: StillWorld, depth: int) -> None:
    nested = json.dumps(claims())[:-1] + ', "x": ' + "[" * depth + "]" * depth + "}"

    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), issuer.sign_raw(nested.encode()))


def test_a_chain_of_ten_is_read_and_one_of_eleven_refused(issuer: HandMadeIssuer, still: StillWorld) -> None:
    def chained(count: int) -> dict[str, object]:
        act: dict[str, object] = {"sub": "a1"}
        for number in range(2, count + 1):
            act = {"sub": f"a{number}", "act": act}
        return act

    assert len(present(issuer.verifier(still), issuer.sign(claims(act=chained(10)))).chain) == 11
    with pytest.raises(InvalidToken):
        present(issuer.verifier(still), issuer.sign(claims(act=chained(11))))


def test_a_token_over_sixteen_kibibytes_is_not_looked_at(issuer: HandMadeIssuer, still: StillWorld) -> None:
    with pytest.raises(InvalidToken):
        issuer.verifier(still).check_token(issuer.sign(claims(padding="x" * 13_000)))
    assert issuer.script.seen == []
