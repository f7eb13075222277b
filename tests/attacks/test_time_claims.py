"""Times that are no times.

``exp: NaN`` is never in the past, ``1e999`` is infinity, ``"never"`` compares as a text, ``true`` is 1, and a
token that lacks ``exp`` never ends: each of these has made some library's token eternal (ZITADEL
GHSA-wxg7-w2v3-w38g, CVE-2026-9097). A token issued ahead of time is a stock of tokens for later, and one with
ten years of life is a password. Times here are finite numbers between 2000 and 2100; ``exp`` and ``iat`` are
required; an issuer's registration says how long its tokens may live and how old they may be.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from tests.fakes.clock import NOON
from tests.fakes.forge import SigningKey, forge

from actas.core.errors import BadToken
from actas.crypto.jose import PublicKey, parse, verify

ISSUER: Final = "https://idp.acme.example"
NOW: Final = int(NOON)
KEY: Final = SigningKey.generate("ES256", kid="k")
DAY: Final = 86_400


def token(**times: Any) -> str:
    """A genuine token with these times. A text is put in as it is; ``...`` leaves the claim out."""
    members = {"iss": json.dumps(ISSUER), "sub": '"a"', "iat": str(NOW), "exp": str(NOW + 120)}
    members.update({name: value if isinstance(value, str) else str(value) for name, value in times.items()})
    members = {name: text for name, text in members.items() if text != "Ellipsis"}
    return forge(
        ("{" + ",".join(f'"{name}":{text}' for name, text in members.items()) + "}").encode(), key=KEY
    )


def accept(text: str, *, now: float = NOON, **limits: Any) -> object:
    key = PublicKey.from_jwk(KEY.jwk(), algorithms=["ES256"])
    types = frozenset({"jwt"})
    return verify(parse(text), key=key, types=types, issuer=ISSUER, now=now, **limits)


def refused(text: str, **settings: Any) -> str:
    with pytest.raises(BadToken) as caught:
        accept(text, **settings)
    return caught.value.why


NO_TIMES: Final = [
    '"1790000120"', '""', '"never"', "true", "false", "null", "[]", "[1790000120]", "{}", "0", "1", "-1",
    "-1790000120", "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e308", "1790000120000", "253402300800",
    "253402300799", "946684799", "4102444801", "9" * 400, "9" * 5000, "0x6AB1D5F8", "1790000120.", '"NaN"',
]  # fmt: skip


@pytest.mark.requirement("SEC-19", "TX-44")
@pytest.mark.parametrize("claim", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", NO_TIMES)
def test_a_time_that_is_no_sane_finite_number_is_refused(claim: str, value: str) -> None:
    assert refused(token(**{claim: value})) == "forged"


@pytest.mark.requirement("SEC-19")
@pytest.mark.parametrize("claim", ["exp", "iat"])
def test_a_token_without_a_required_time_is_refused(claim: str) -> None:
    assert refused(token(**{claim: ...})) == "forged"


@pytest.mark.requirement("SEC-19")
@pytest.mark.parametrize("value", [NOW + 120, NOW + 120.0, NOW + 119.999, "1.79000012e9"])
def test_whole_and_broken_numbers_are_times(value: Any) -> None:
    assert accept(token(exp=value))


@pytest.mark.requirement("SEC-19", "TX-44")
@pytest.mark.parametrize(
    ("exp", "leeway", "accepted"),
    [
        (NOW + 1, 0, True),
        (NOW, 0, False),
        (NOW - 1, 0, False),
        (NOW + 0.999, 0, False),
        (NOW - 29, 30, True),
        (NOW - 30, 30, False),
        (NOW - 59, 60, True),
        (NOW - 60, 60, False),
        (NOW - DAY, 60, False),
    ],
)
def test_a_token_ends_at_exp_and_not_a_second_later_than_the_leeway(
    exp: float, leeway: int, accepted: bool
) -> None:
    text = token(iat=NOW - 2 * DAY, exp=exp)
    if accepted:
        assert accept(text, leeway=leeway)
    else:
        assert refused(text, leeway=leeway) == "expired"


@pytest.mark.requirement("SEC-19")
@pytest.mark.parametrize("claim", ["iat", "nbf"])
@pytest.mark.parametrize(
    ("ahead", "leeway", "accepted"),
    [
        (0, 0, True),
        (1, 0, False),
        (30, 30, True),
        (31, 30, False),
        (60, 60, True),
        (61, 60, False),
        (DAY, 60, False),
    ],
)
def test_a_token_from_the_future_is_refused(claim: str, ahead: int, leeway: int, accepted: bool) -> None:
    text = token(exp=NOW + 2 * DAY, **{claim: NOW + ahead})
    if accepted:
        assert accept(text, leeway=leeway)
    else:
        assert refused(text, leeway=leeway) == "expired"


@pytest.mark.requirement("SEC-19")
def test_a_token_that_ends_before_it_begins_is_refused() -> None:
    assert refused(token(iat=NOW + 20, exp=NOW + 10)) == "expired"
    assert refused(token(iat=NOW, exp=NOW), leeway=30) == "expired"


@pytest.mark.requirement("SEC-19")
def test_a_token_that_lives_longer_than_its_issuers_may_is_refused() -> None:
    for life, accepted in ((DAY, True), (DAY + 1, False), (10 * 365 * DAY, False)):
        text = token(exp=NOW + life)
        if accepted:
            assert accept(text, max_life=DAY)
        else:
            assert refused(text, max_life=DAY) == "expired"


@pytest.mark.requirement("SEC-19")
def test_a_token_that_is_older_than_its_issuers_may_be_is_refused() -> None:
    for age, accepted in ((300, True), (330, True), (331, False), (DAY, False)):
        text = token(iat=NOW - age)
        if accepted:
            assert accept(text, max_age=300)
        else:
            assert refused(text, max_age=300) == "expired"
