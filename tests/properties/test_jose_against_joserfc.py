"""Our reader and writer of tokens against another implementation, and against the standard library's JSON.

joserfc is laxer than we are in several ways that ``tests/unit/crypto/test_library_backstops.py`` lists, so the
properties go one way where they must: whatever we accept, it verifies to the same claims; whatever we sign, it
verifies; whatever it signs over ordinary claims, we verify. For duplicate members there is an exact answer to
compare with, and the two must agree on every text.
"""

from __future__ import annotations

import base64
import json
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt
from tests.fakes.clock import NOON
from tests.fakes.forge import Algorithm, SigningKey, b64, forge

from actas.core.errors import BadToken
from actas.core.wire import SigningAlgorithm
from actas.crypto.jose import KNOWN_CLAIMS, PrivateKey, PublicKey, parse, sign, verify
from actas.crypto.json import MAX_DEPTH, BadJson, read_object

# joserfc warns that EdDSA is to be called Ed25519 (RFC 9864); the issuers we meet still say EdDSA.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")

ISSUER: Final = "https://idp.acme.example"
FRAME: Final[dict[str, Any]] = {"iss": ISSUER, "iat": int(NOON), "exp": int(NOON) + 120}
SIGNING: Final[tuple[SigningAlgorithm, ...]] = ("ES256", "RS256", "EdDSA")
OURS: Final = {algorithm: PrivateKey.generate(algorithm) for algorithm in SIGNING}
ALGORITHMS: Final[tuple[Algorithm, ...]] = ("ES256", "ES384", "RS256", "PS256", "EdDSA")
THEIRS: Final = {algorithm: SigningKey.generate(algorithm, kid="k") for algorithm in ALGORITHMS}
FOLDED: Final = {name.casefold() for name in KNOWN_CLAIMS}

texts = st.text(st.characters(codec="utf-8"), max_size=12)
names = texts.filter(lambda name: name.casefold() not in FOLDED)
numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
claim_sets = st.dictionaries(names, values, max_size=8)
relaxed = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)


def their_claims(token: str, jwk: dict[str, Any], algorithm: str) -> dict[str, Any]:
    key = joserfc_jwk.import_key(jwk)
    return joserfc_jwt.decode(token, key, algorithms=[algorithm]).claims


def our_claims(token: str, key: PublicKey) -> dict[str, Any] | None:
    try:
        types = frozenset({"jwt", "at+jwt", None})
        return verify(parse(token), key=key, types=types, issuer=ISSUER, now=NOON)
    except BadToken:
        return None


def public(algorithm: Algorithm) -> PublicKey:
    return PublicKey.from_jwk(THEIRS[algorithm].jwk(), algorithms=[algorithm])


@pytest.mark.requirement("SEC-94", "TX-120")
@pytest.mark.parametrize("algorithm", SIGNING)
@relaxed
@given(claims=claim_sets)
def test_whatever_we_sign_joserfc_verifies_to_the_same_claims(
    algorithm: SigningAlgorithm, claims: dict[str, Any]
) -> None:
    ours = OURS[algorithm]
    token = sign({**claims, **FRAME}, key=ours, typ="at+jwt")
    jwk: Any = ours.public.jwk()
    assert their_claims(token, jwk, algorithm) == {**claims, **FRAME}
    assert our_claims(token, ours.public) == {**claims, **FRAME}


@pytest.mark.requirement("SEC-94")
@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "EdDSA"])
@relaxed
@given(claims=claim_sets)
def test_whatever_joserfc_signs_over_ordinary_claims_we_verify(
    algorithm: Algorithm, claims: dict[str, Any]
) -> None:
    key = joserfc_jwk.import_key(THEIRS[algorithm].private_jwk())
    token = joserfc_jwt.encode({"alg": algorithm}, {**claims, **FRAME}, key, algorithms=[algorithm])
    assert our_claims(token, public(algorithm)) == {**claims, **FRAME}


edits = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.sampled_from(["replace", "insert", "delete", "swap"]),
        st.sampled_from('ABCxyz019-_.=+/ \n\x00é{}"'),
    ),
    min_size=1,
    max_size=3,
)


def edited(token: str, changes: list[tuple[float, str, str]]) -> str:
    for where, kind, character in changes:
        place = min(int(where * len(token)), len(token) - 1)
        if kind == "insert":
            token = token[:place] + character + token[place:]
        elif kind == "replace":
            token = token[:place] + character + token[place + 1 :]
        elif kind == "delete":
            token = token[:place] + token[place + 1 :]
        else:
            token = token[:place] + token[place : place + 2][::-1] + token[place + 2 :]
    return token


@pytest.mark.requirement("SEC-12", "SEC-16", "SEC-94")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@relaxed
@given(claims=claim_sets, changes=edits)
def test_whatever_we_accept_of_a_changed_token_is_the_token_itself(
    algorithm: Algorithm, claims: dict[str, Any], changes: list[tuple[float, str, str]]
) -> None:
    genuine = forge({**claims, **FRAME}, key=THEIRS[algorithm])
    changed = edited(genuine, changes)
    found = our_claims(changed, public(algorithm))
    if found is not None:
        assert changed == genuine
        assert found == their_claims(changed, THEIRS[algorithm].jwk(), algorithm)


spaces = st.text(" \t\n\r", max_size=2)
escaped = st.sampled_from(
    ['"a"', '"\\u0061"', '"b"', '"\\u0062"', '"sub"', '"s\\u0075b"', '""', '":"', '"a:"', '"\\""', '"\\\\"', '"\\\\\\""',
     '"\\u005c"', '"é"', '"\\u00e9"', '"{"', '"[\\"]"', '"\\/"', '"/"']
)  # fmt: skip


def object_texts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = st.tuples(escaped, spaces, spaces, inner).map(
        lambda four: f"{four[0]}{four[1]}:{four[2]}{four[3]}"
    )
    return st.tuples(st.lists(member, max_size=5), spaces).map(
        lambda two: "{" + two[1] + f",{two[1]}".join(two[0]) + "}"
    )


def list_texts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(st.lists(inner, max_size=4), spaces).map(
        lambda two: "[" + f"{two[1]},".join(two[0]) + "]"
    )


leaves = escaped | st.sampled_from(
    ["1", "-0", "2.50", "1E3", "true", "false", "null", "{}", "[]", "NaN", "1e999"]
)
json_texts = st.recursive(leaves, lambda inner: object_texts(inner) | list_texts(inner), max_leaves=15)


class Twice(ValueError):
    """The standard reader met a member for the second time."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Twice
    return found


def no_constant(name: str) -> Any:
    raise ValueError(name)


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def expected(text: str) -> dict[str, Any] | None:
    """What a slow reader of the standard library makes of ``text`` under the same rules."""
    try:
        value = json.loads(text, object_pairs_hook=once, parse_constant=no_constant)
    except ValueError:
        return None
    if not isinstance(value, dict) or depth(value) > MAX_DEPTH or "1e999" in text:
        return None
    return value


@pytest.mark.requirement("SEC-07", "SEC-26")
@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(text=object_texts(json_texts))
@example('{"a" :1,"b":":","a" :":"}')
@example('{"\\\\":{"\\"":":{"},"\\u005c":1}')
@example('{"a":{"b":1},"a":{"b":1}}')
def test_the_reader_agrees_with_the_standard_library_on_every_text(text: str) -> None:
    try:
        found = read_object(text.encode(), max_bytes=1 << 20)
    except BadJson:
        found = None
    assert found == expected(text)


@pytest.mark.requirement("SEC-07", "SEC-94")
@relaxed
@given(text=object_texts(json_texts))
def test_whatever_claims_we_accept_joserfc_reads_to_the_same_claims(text: str) -> None:
    frame = json.dumps(FRAME)[1:-1]
    payload = "{" + frame + ("," if text.strip("{} \t\n\r") else "") + text[1:]
    token = forge(payload.encode(), key=THEIRS["ES256"])
    found = our_claims(token, public("ES256"))
    if found is not None:
        assert found == their_claims(token, THEIRS["ES256"].jwk(), "ES256")
        assert expected(payload) == found


@pytest.mark.requirement("SEC-04")
@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=60))
def test_any_bytes_are_an_object_or_are_refused(data: bytes) -> None:
    for text in (data, b'{"' + data, b'{"a":' + data + b"}", b'{"a":"' + data + b'"}'):
        try:
            found = read_object(text, max_bytes=100)
        except BadJson:
            continue
        assert json.loads(text) == found


@pytest.mark.requirement("SEC-04", "SEC-12")
@settings(max_examples=300, deadline=None)
@given(text=st.text(max_size=60), header=st.binary(max_size=40), payload=st.binary(max_size=40))
def test_any_text_is_a_token_or_is_refused(text: str, header: bytes, payload: bytes) -> None:
    good = b64(b'{"alg":"ES256"}')
    for token in (
        text,
        f"{b64(header)}.{b64(payload)}.AAAA",
        f"{good}.{b64(payload)}.AAAA",
        f"{good}.{text}.AAAA",
    ):
        try:
            jws = parse(token)
        except BadToken:
            continue
        assert json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "==")) == jws.unverified_claims
