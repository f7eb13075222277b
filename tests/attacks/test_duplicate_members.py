"""Two members of one name.

JSON lets an object name a member twice and does not say which counts. When the party that checks a token and
the party that uses it disagree, the attacker is both: checked as one subject, used as another. The same works
with names that differ only by case, where a reader maps members to fields without regard to it (CVE-2026-27896),
and with escapes, where one reader compares the text and another what it means. A signature does not help: the
issuer signed the text, and whoever gets him to sign such a text once is through. All of these are refused.
"""

from __future__ import annotations

import json
from typing import Final

import pytest
from tests.fakes.clock import NOON
from tests.fakes.forge import SigningKey, b64, forge

from actas.core.errors import BadToken
from actas.crypto.jose import PublicKey, parse, verify

ISSUER: Final = "https://idp.acme.example"
KEY: Final = SigningKey.generate("ES256", kid="k")
BASE: Final = json.dumps({"iss": ISSUER, "iat": int(NOON), "exp": int(NOON) + 120}, separators=(",", ":"))[
    1:-1
]


def accept(token: str) -> object:
    key = PublicKey.from_jwk(KEY.jwk(), algorithms=["ES256"])
    return verify(parse(token), key=key, types=frozenset({"jwt"}), issuer=ISSUER, now=NOON)


def claims(text: str) -> str:
    return forge(f"{{{BASE},{text}}}".encode(), key=KEY)


def test_the_token_without_the_second_member_is_accepted() -> None:
    assert accept(claims('"sub":"a"'))


@pytest.mark.requirement("SEC-07")
@pytest.mark.parametrize(
    "text",
    [
        '"sub":"a","sub":"b"',
        '"sub":"a","sub":"a"',
        '"sub":"a","x":1,"sub":null',
        '"sub":"a","\\u0073ub":"b"',
        '"\\u0073\\u0075\\u0062":"a","sub":"b"',
        '"sub":"a" , "sub" : "b"',
        f'"sub":"a","iss":"{ISSUER}"',
        '"sub":"a","exp":9999999999',
        '"sub":"a","aud":"a","aud":["b"]',
        '"sub":"a","act":{"sub":"x","sub":"y"}',
        '"sub":"a","act":{"sub":"x","act":{"sub":"y","s\\u0075b":"z"}}',
        '"sub":"a","act":{"sub":"x"},"act":{"sub":"y"}',
        '"sub":"a","events":[{"k":1},{"k":1,"k":2}]',
        '"sub":"a","":1,"":2',
        '"sub":":","x":"\\":","sub":":"',
    ],
)
def test_claims_with_a_member_twice_are_refused(text: str) -> None:
    with pytest.raises(BadToken, match="duplicate") as caught:
        accept(claims(text))
    assert caught.value.why == "forged"


@pytest.mark.requirement("SEC-07")
@pytest.mark.parametrize(
    "text",
    [
        '"Sub":"x"',
        '"sub":"a","SUB":"b"',
        '"sub":"a","Iss":"b"',
        '"sub":"a","EXP":9999999999',
        '"sub":"a","Aud":"b"',
        '"sub":"a","Scope":"admin"',
        '"sub":"a","Act":{"sub":"b"}',
        '"sub":"a","act":{"Sub":"b"}',
        '"sub":"a","May_Act":{"sub":"b"}',
        '"sub":"a","Email_Verified":true',
        '"sub":"a","\\u0053ub":"b"',
        '"sub":"a","\u017fub":"b"',
    ],
)
def test_claims_that_differ_from_known_ones_only_by_case_are_refused(text: str) -> None:
    with pytest.raises(BadToken, match="case") as caught:
        accept(claims(text))
    assert caught.value.why == "forged"


@pytest.mark.requirement("SEC-07", "SEC-16")
@pytest.mark.parametrize(
    "header",
    [
        '{"alg":"ES256","typ":"JWT","alg":"none"}',
        '{"alg":"none","typ":"JWT","alg":"ES256"}',
        '{"alg":"ES256","typ":"JWT","typ":"at+jwt"}',
        '{"alg":"ES256","typ":"JWT","\\u0061lg":"ES256"}',
        '{"alg":"ES256","typ":"JWT","kid":"a","kid":"b"}',
        '{"alg":"ES256","typ":"JWT","Alg":"none"}',
        '{"alg":"ES256","typ":"JWT","KID":"b"}',
    ],
)
def test_a_header_with_a_member_twice_is_refused(header: str) -> None:
    with pytest.raises(BadToken, match="header"):
        accept(forge(f'{{{BASE},"sub":"a"}}'.encode(), key=KEY, headers=header.encode()))


@pytest.mark.requirement("SEC-18")
def test_a_text_that_is_a_compact_and_a_json_token_at_once_is_neither() -> None:
    """CVE-2022-39227: what one reader took for a JSON token, another took for a compact one."""
    genuine = forge(f'{{{BASE},"sub":"a"}}'.encode(), key=KEY)
    header, payload, signature = genuine.split(".")
    forged = b64(f'{{{BASE},"sub":"admin"}}'.encode())
    for text in (
        f'{{"  {header}.{forged}.":"","protected":"{header}","payload":"{payload}","signature":"{signature}"}}',
        f'{{"{header}.{forged}.{signature}":1}}',
        f'{header}.{forged}.{signature}","payload":"{payload}',
    ):
        with pytest.raises(BadToken):
            accept(text)
