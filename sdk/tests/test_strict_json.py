"""JSON with one meaning."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actas_sdk.strict_json import Json, NotStrict, parse_object, text, text_or_none, texts

VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**53), max_value=2**53)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=6), VALUES, max_size=4))
def test_what_json_writes_is_read_back(value: dict[str, Json]) -> None:
    import json

    assert parse_object(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"x"',
        b"{",
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'[{"a":1,"a":2}]',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":-1e999}',
        b'{"a":' + b"9" * 5000 + b"}",
        b"\xef\xbb\xbf{}",
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b'{"\\udc00":1}',
        b'{"a":' + b"[" * 100_000 + b"}",
        b"{'a':1}",
        b'{"a":1}x',
        b"{} {}",
    ],
    ids=range(21),
)
def test_what_has_no_single_meaning_is_refused(raw: bytes) -> None:
    with pytest.raises(NotStrict):
        parse_object(raw)


@given(st.binary(max_size=200))
def test_nothing_but_a_refusal_comes_of_rubbish(raw: bytes) -> None:
    with contextlib.suppress(NotStrict):
        assert isinstance(parse_object(raw), dict)


@pytest.mark.parametrize("value", [None, 7, True, "", "x" * 1025, ["x"], {}])
def test_a_member_that_is_not_text_is_refused(value: Json) -> None:
    with pytest.raises(NotStrict, match="iss is"):
        text({"iss": value}, "iss")


def test_an_absent_member_is_none_but_a_wrong_one_is_refused() -> None:
    assert text_or_none({}, "iss") is None
    with pytest.raises(NotStrict):
        text_or_none({"iss": None}, "iss")


def test_one_text_or_a_list_of_them() -> None:
    assert texts({"aud": "a"}, "aud") == ("a",)
    assert texts({"aud": ["a", "b"]}, "aud") == ("a", "b")
    wrongs: list[Json] = [[], [""], ["a", 7], None, {}, 7]
    for wrong in wrongs:
        with pytest.raises(NotStrict):
            texts({"aud": wrong}, "aud")
