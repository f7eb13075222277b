"""What our form reader accepts, the standard library's strict one reads alike (SEC-05, SEC-07)."""

from __future__ import annotations

import contextlib
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from actas.core.errors import InvalidRequest
from actas.core.params import REPEATABLE, Params

often = settings(max_examples=250, deadline=None)
pieces = st.sampled_from(
    [b"a", b"b", b"=", b"&", b";", b"%", b"%41", b"%3D", b"%26", b"%zz", b"+", b"%2B", b"%00", b"%C3%A9", b"\xc3\xa9",
     b"\xff", b"%FF", b"audience", b"resource", b"scope", b"#", b"?", b"\r\n", b" ", b"[]", b"a=1", b"&a=2", b"%0"]
)  # fmt: skip
bodies = st.binary(max_size=60) | st.lists(pieces, max_size=14).map(b"".join)


@pytest.mark.requirement("SEC-05", "SEC-07", "TX-3")
@often
@given(bodies)
@example(b"a=1;b=2")
@example(b"a=1&a=2")
@example(b"a=%00")
@example(b"a==b")
@example(b"=x")
def test_what_is_accepted_has_one_reading(body: bytes) -> None:
    try:
        form = Params.parse(body)
    except InvalidRequest:
        return
    other = parse_qsl(
        body.decode("utf-8"), keep_blank_values=True, encoding="utf-8", errors="strict", separator="&"
    )
    for name in form.names():
        seen = [value for key, value in other if key == name and value]
        assert list(form.all(name)) == seen
        if name not in REPEATABLE:
            assert [value for key, value in other if key == name] == [form.get(name)]
    assert form.names() == {key for key, value in other if value}
    assert set(form.blank) <= {key for key, value in other if not value}


@pytest.mark.requirement("SEC-05", "TX-2")
@often
@given(st.dictionaries(st.text(min_size=1), st.text(min_size=1), max_size=8))
def test_every_form_that_is_well_encoded_is_read_as_it_was_meant(fields: dict[str, str]) -> None:
    plain = {
        name: value
        for name, value in fields.items()
        if not any("\ud800" <= char <= "\udfff" or char == "\x00" for char in name + value)
    }
    form = Params.parse(urlencode(plain).encode())
    assert {name: form.get(name) for name in form.names()} == plain
    assert form.blank == ()


@pytest.mark.requirement("SEC-05", "TX-3")
@often
@given(st.text("abc", min_size=1), st.lists(st.text("xyz"), min_size=2, max_size=5))
def test_a_repeated_parameter_is_refused_whatever_its_values(name: str, values: list[str]) -> None:
    body = urlencode([(name, value) for value in values]).encode()
    with pytest.raises(InvalidRequest):
        Params.parse(body)


@pytest.mark.requirement("SEC-04", "SEC-26")
@often
@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_fail_otherwise(body: bytes) -> None:
    form = None
    with contextlib.suppress(InvalidRequest):
        form = Params.parse(body)
    assert form is None or all(form.require(name) for name in form.names())
