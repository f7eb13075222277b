"""Nesting without end.

A reader that follows brackets by calling itself is stopped by anybody who writes enough of them: the process
dies, or an exception that nobody expected leaves a check half done. It happens before any authentication and
before any signature (CVE-2026-34986, CVE-2020-7711). Chains of actors are the same attack in our own words:
``act`` in ``act`` in ``act``. Size and depth are looked at before anything is built.
"""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from tests.fakes.forge import SigningKey, b64, forge

from actas.core.errors import BadToken
from actas.crypto.jose import parse
from actas.crypto.json import BadJson, read_object

DEEP: Final = 100_000
KEY: Final = SigningKey.generate("ES256", kid="k")


def nested(opening: str, closing: str, depth: int) -> bytes:
    return (opening * depth + closing * depth).encode()


TEXTS: Final = {
    "lists": nested("[", "]", DEEP),
    "lists that never close": b"[" * DEEP,
    "objects": nested('{"a":', "}", DEEP).replace(b":}", b":1}"),
    "objects that never close": b'{"a":' * DEEP,
    "actors": nested('{"act":', "}", DEEP).replace(b":}", b":1}"),
    "lists and objects": nested('[{"a":', "}]", DEEP // 2).replace(b":}", b":1}"),
    "lists after a claim": b'{"sub":"a","x":' + nested("[", "]", DEEP) + b"}",
    "lists after a text full of brackets and quotes": b'{"sub":"]]]\\"[[[\\\\","x":' + b"[" * DEEP,
    "white space between": nested("[ \n", "] ", DEEP),
}


@pytest.mark.requirement("SEC-04", "SEC-26")
@pytest.mark.parametrize("name", TEXTS)
def test_a_token_nested_a_hundred_thousand_deep_is_refused(name: str) -> None:
    with pytest.raises(BadToken) as caught:
        parse(forge(TEXTS[name], key=KEY))
    assert caught.value.why == "forged"


@pytest.mark.requirement("SEC-04", "SEC-26")
@pytest.mark.parametrize("name", TEXTS)
def test_a_document_nested_a_hundred_thousand_deep_is_refused(name: str) -> None:
    with pytest.raises(BadJson):
        read_object(TEXTS[name], max_bytes=1 << 20)


@pytest.mark.requirement("SEC-26")
@pytest.mark.parametrize("name", TEXTS)
def test_a_header_nested_a_hundred_thousand_deep_is_refused(name: str) -> None:
    header = b64(b'{"alg":"ES256","x":' + TEXTS[name] + b"}")
    with pytest.raises(BadToken):
        parse(f"{header}.{b64(b'{}')}.{b64(bytes(64))}")


@pytest.mark.requirement("SEC-04", "SEC-26")
@pytest.mark.parametrize("opening", ["[", '{"a":', '{"act":{"sub":"a","x":[', '[{"a":[1,"[",'])
def test_nesting_that_fits_into_a_token_is_refused_all_the_same(opening: str) -> None:
    for depth in (17, 200, 1000):
        text = b'{"sub":"a","x":' + (opening * depth).encode()
        if len(text) < 11_000:
            with pytest.raises(BadToken, match="deep"):
                parse(forge(text, key=KEY))


def actors(depth: int) -> dict[str, Any]:
    claims: dict[str, Any] = {"sub": "0"}
    for number in range(1, depth):
        claims = {"sub": str(number), "act": claims}
    return claims


@pytest.mark.requirement("SEC-26")
def test_a_chain_of_actors_is_read_to_sixteen_objects_and_refused_beyond() -> None:
    assert parse(forge(actors(16), key=KEY)).unverified_claims == actors(16)
    for depth in (17, 250):
        with pytest.raises(BadToken, match="deep"):
            parse(forge(json.dumps(actors(depth)).encode(), key=KEY))


@pytest.mark.requirement("SEC-26")
def test_a_megabyte_of_dots_or_of_one_part_is_refused_at_once() -> None:
    for text in ("." * 1_000_000, "A" * 1_000_000, "A." * 500_000, "é" * 1_000_000):
        with pytest.raises(BadToken, match="16 KiB"):
            parse(text)
