"""CEF, read back by a reader written from the format's specification."""

from __future__ import annotations

import re
from ipaddress import ip_address

import pytest
from tests.fakes.entries import (
    COUNTED,
    GRANTED,
    HOSTILE,
    IMPERSONATED,
    NOBODY,
    ORIGIN,
    REFUSED,
    entry,
    every_entry,
    hostile_entry,
)

from actas.audit.formats.cef import document
from actas.audit.formats.entry import Entry


def read(one: Entry) -> tuple[list[str], dict[str, str]]:
    """Return the header's fields and the extension of a line, as a receiver reads them."""
    line = document(one, ORIGIN).decode("utf-8")
    assert line.startswith("CEF:")
    fields, rest = [], line
    for _ in range(7):
        match = re.match(r"((?:\\[\\|]|[^\\|])*)\|", rest)
        assert match is not None, line
        fields.append(re.sub(r"\\([\\|])", r"\1", match[1]))
        rest = rest[match.end() :]
    pairs: dict[str, str] = {}
    starts = list(re.finditer(r"(?:^| )([A-Za-z0-9_]+)=", re.sub(r"\\.", "..", rest)))
    assert not rest or starts[0].start() == 0
    for here, after in zip(starts, [*starts[1:], None], strict=True):
        raw = rest[here.end() : after.start() if after else len(rest)]
        assert re.fullmatch(r"(?:\\[\\=nr]|[^\\=])*", raw), raw
        assert here[1] not in pairs
        pairs[here[1]] = re.sub(r"\\(.)", lambda one: {"n": "\n", "r": "\r"}.get(one[1], one[1]), raw)
    return fields, pairs


def test_an_exchange_names_actor_subject_chain_and_rule() -> None:
    fields, pairs = read(entry(GRANTED))
    assert fields == ["CEF:0", "Actas", "Actas", "0.1.0", "exchange.granted", "Token exchange granted", "3"]
    assert (pairs["suser"], pairs["duser"], pairs["src"]) == ("orders", "alice@acme.example", "192.0.2.7")
    assert (pairs["cs1Label"], pairs["cs1"]) == ("chain", "alice@acme.example > assistant > orders")
    assert (pairs["cs2Label"], pairs["cs2"]) == ("rule", "orders-to-inventory")
    assert (pairs["cs6"], pairs["cn1"], pairs["externalId"]) == ("s1", "7", "x_a")
    assert (pairs["rt"], pairs["outcome"], pairs["dvchost"]) == (
        "1795621320123",
        "success",
        "sts.acme.example",
    )


def test_a_refusal_says_why() -> None:
    fields, pairs = read(entry(REFUSED))
    assert fields[4:] == ["exchange.refused", "Token exchange refused", "5"]
    assert (pairs["reason"], pairs["msg"], pairs["outcome"]) == (
        "denied_by_rule",
        "rule no-agent-writes-stock",
        "failure",
    )


def test_what_is_worth_a_look_has_a_name_of_its_own() -> None:
    assert read(entry(NOBODY))[0][5:] == ["Client sign-in failed", "6"]
    assert read(entry(IMPERSONATED))[0][5:] == ["Impersonation started", "5"]
    assert read(entry(COUNTED))[1]["cnt"] == "940"


def test_an_address_of_version_six_stands_where_the_format_wants_it() -> None:
    _, pairs = read(entry(NOBODY))
    assert (pairs["c6a2Label"], pairs["c6a2"]) == ("Source IPv6 Address", "2001:db8::7")
    assert "src" not in pairs


def test_every_event_can_be_read_back() -> None:
    for one in every_entry():
        fields, pairs = read(one)
        assert (fields[0], fields[4]) == ("CEF:0", one.event.replace(":", "."))
        assert 3 <= int(fields[6]) <= 8
        assert (pairs["externalId"], pairs["cs6"], pairs["cn1"]) == (one.id, one.stream, str(one.seq))
        for key in {"src", "c6a2"} & set(pairs):
            ip_address(pairs[key])


@pytest.mark.parametrize("value", HOSTILE)
def test_no_text_of_a_caller_becomes_a_field(value: str) -> None:
    fields, pairs = read(hostile_entry(value))
    honest = read(hostile_entry("plain"))
    assert fields == honest[0]
    assert set(pairs) == set(honest[1])
    shown = re.sub(r"[^\n\r\x20-\x7e\xa0-\u200d\u2010-\u2027\u202f-\u2065\u2070-\U0010ffff]", " ", value)
    assert pairs["msg"] == shown
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e\u2028]", document(hostile_entry(value), ORIGIN).decode())
