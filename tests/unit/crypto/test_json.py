"""The one JSON reader."""

from __future__ import annotations

import pytest

from actas.crypto.json import MAX_DEPTH, BadJson, read_object

KNOWN = frozenset({"sub", "iss", "x5t#S256"})


def read(text: bytes | str, known: frozenset[str] = KNOWN) -> object:
    data = text.encode() if isinstance(text, str) else text
    return read_object(data, max_bytes=1 << 20, known=known)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        (' {"sub" : "a" , "n": [1, 2.5, true, null, {"x": {}}]} \n', None),
        ('{"sub":"a:b","iss":":"}', {"sub": "a:b", "iss": ":"}),
        ('{"sub":"\\"","iss":"\\\\","a":"\\\\\\":{"}', {"sub": '"', "iss": "\\", "a": '\\":{'}),
        ('{"\\u0073ub":"a"}', {"sub": "a"}),
        ('{"a":{"sub":1},"b":{"sub":1},"c":[{"sub":1},{"sub":1}]}', None),
        ('{"":1,"é":"é","x5t#S256":"x"}', None),
        ('{"big":123456789012345678901234567890}', {"big": 123456789012345678901234567890}),
    ],
)
def test_json_is_read_as_it_is_written(text: str, value: object) -> None:
    found = read(text)
    assert isinstance(found, dict)
    if value is not None:
        assert found == value


@pytest.mark.requirement("SEC-07")
@pytest.mark.parametrize(
    "text",
    [
        '{"sub":"a","sub":"b"}',
        '{"sub":"a","sub":"a"}',
        '{"\\u0073ub":"a","sub":"b"}',
        '{"sub":"a","\\u0073\\u0075\\u0062":"b"}',
        '{"act":{"sub":"a","sub":"b"}}',
        '{"act":{"act":{"sub":"a","s\\u0075b":"b"}}}',
        '{"a":[{"b":1},{"c":1,"c":2}]}',
        '{"a":[[[{"c":1,"c":2}]]]}',
        '{"a":{"b":1},"a":{"b":1,"c":2}}',
        '{"a":{"b":1,"c":2},"a":{"b":1}}',
        '{"a" :1,"a"\t:2}',
        '{"a" :1,"b":":a","a" :":x"}',
        '{"a":":","a":":"}',
        '{"":1,"":2}',
        '{"\\"":1,"\\u0022":2}',
        '{"\\\\":1,"\\u005c":2}',
        '{"😀":1,"\\ud83d\\ude00":2}',
        '{"a":1.0e0,"a":1}',
    ],
)
def test_duplicate_members_are_refused_at_any_depth_and_in_any_spelling(text: str) -> None:
    with pytest.raises(BadJson, match="duplicate"):
        read(text)


@pytest.mark.requirement("SEC-07")
@pytest.mark.parametrize(
    "text",
    [
        '{"Sub":"x"}',
        '{"SUB":"x","sub":"y"}',
        '{"act":{"sUb":"x"}}',
        '{"a":[{"ISS":"x"}]}',
        '{"a":[[{"ISS":"x"}]]}',
        '{"\\u017fub":"x"}',  # LATIN SMALL LETTER LONG S folds to s
        '{"x5t#s256":"x"}',
    ],
)
def test_a_member_that_differs_from_a_known_one_only_by_case_is_refused(text: str) -> None:
    with pytest.raises(BadJson, match="case"):
        read(text)


def test_names_in_any_case_are_members_like_others_when_nobody_acts_on_them() -> None:
    assert read('{"Sub":1,"sub":2,"Other":3}', known=frozenset()) == {"Sub": 1, "sub": 2, "Other": 3}
    assert read('{"Other":3,"other":4}') == {"Other": 3, "other": 4}


@pytest.mark.requirement("SEC-04", "SEC-07", "SEC-19")
@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"nul",
        b"[]",
        b'"text"',
        b"1",
        b"null",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":-1e999}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":1.}',
        b'{"a":.5}',
        b'{"a":0x1}',
        b'{"a":1,}',
        b'{"a":[1,]}',
        b'{"a":1}x',
        b'{"a":1}{"a":1}',
        b"{'a':1}",
        b"{a:1}",
        b'{"a"}',
        b'{"a":}',
        b'{"a":1 "b":2}',
        b'{"a":"\n"}',
        b'{"a":"\x00"}',
        b'{"a":"\\x41"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\udc00\\ud800"}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\xc0\x80"}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":1}\x00',
        b'{"a":1}//',
        b"\x0c{}",
    ],
)
def test_what_is_not_a_json_object_is_refused(text: bytes) -> None:
    with pytest.raises(BadJson):
        read(text)


@pytest.mark.requirement("SEC-26")
def test_nesting_is_read_to_sixteen_and_refused_beyond() -> None:
    fits = '{"a":' * MAX_DEPTH + "1" + "}" * MAX_DEPTH
    assert isinstance(read(fits), dict)
    for text in (f'{{"a":{fits}}}', '{"a":' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}"):
        with pytest.raises(BadJson, match="deep"):
            read(text)


@pytest.mark.requirement("SEC-26")
def test_many_brackets_side_by_side_or_in_strings_are_not_nesting() -> None:
    assert isinstance(read('{"a":[' + ",".join(["[{}]"] * 500) + "]}"), dict)
    assert isinstance(read('{"a":"' + "[{" * 500 + '\\"\\\\"}'), dict)


@pytest.mark.requirement("SEC-26")
def test_a_text_over_the_size_is_refused() -> None:
    assert read_object(b'{"a":1}', max_bytes=7) == {"a": 1}
    with pytest.raises(BadJson, match="long"):
        read_object(b'{"a":1}', max_bytes=6)


def test_what_is_said_of_a_refused_text_holds_none_of_it() -> None:
    for text in ('{"canary":1,"canary":2}', '{"canary":NaN}', '{"SUB":"canary"}', "[" * 100 + "canary"):
        with pytest.raises(BadJson) as caught:
            read(text)
        assert "canary" not in str(caught.value)
        assert caught.value.__cause__ is None
