"""Base64url in its one canonical spelling."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actas.crypto.base64url import decode, encode

ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def accepted(text: bytes) -> bytes | None:
    try:
        return decode(text)
    except ValueError:
        return None


@pytest.mark.parametrize("size", range(70))
def test_every_length_survives(size: int) -> None:
    data = bytes((7 * size + 13 * place) % 256 for place in range(size))
    assert decode(encode(data)) == data
    assert encode(data) == base64.urlsafe_b64encode(data).rstrip(b"=")


@pytest.mark.requirement("SEC-12")
@pytest.mark.parametrize(
    "text",
    [
        b"Y", b"YW=", b"YQ==", b"YWI=", b"YQ=", b"=", b"====", b"Y Q", b"YQ\n", b"\nYQ", b"YQ\r\n", b"YR", b"YWJ",
        b"+_8A", b"/-8A", b"ab+c", b"ab/c", b"ab!c", b'ab"c', b"ab\\c", b"\\u0041", b"\\n00", b"ab\x00c", b"ab\xffc",
        b'""', b'YQ"', b'"YQ', b"A\\/A",
    ],
)  # fmt: skip
def test_any_other_spelling_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="base64url"):
        decode(text)


@pytest.mark.requirement("SEC-12")
def test_of_all_last_characters_only_those_with_zero_spare_bits_are_accepted() -> None:
    for prefix in (b"A", b"AA", b"AAA"):
        accepting = [last for last in ALPHABET if accepted(prefix + bytes([last])) is not None]
        assert len(accepting) == {1: 4, 2: 16, 3: 64}[len(prefix)]


@pytest.mark.requirement("SEC-12", "SEC-94")
@given(st.binary(max_size=40) | st.lists(st.sampled_from(ALPHABET + b'=+/\\"u00 \n')).map(bytes))
def test_what_is_accepted_is_exactly_what_encoding_would_have_written(text: bytes) -> None:
    found = accepted(text)
    if re.fullmatch(rb"[A-Za-z0-9_-]*", text) is None or len(text) % 4 == 1:
        assert found is None
        return
    lax = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    canonical = base64.urlsafe_b64encode(lax).rstrip(b"=") == text
    assert found == (lax if canonical else None)
