"""The query language, and what of an entry it finds."""

from __future__ import annotations

import pytest

from actas.audit.query import (
    BARE,
    FIELDS,
    LONGEST,
    BadQuery,
    Mention,
    Term,
    mentions,
    read_query,
    terms_of,
    undelivered_ids,
)
from actas.core.ports import Json, JsonObject

EVENT: JsonObject = {
    "v": 1,
    "stream": "s1",
    "seq": 7,
    "id": "x_a",
    "at": "2026-11-25T15:42:00.123Z",
    "event": "exchange:granted",
    "outcome": "granted",
    "kind": "delegation",
    "grant": "urn:ietf:params:oauth:grant-type:token-exchange",
    "client": {"name": "orders", "kind": "service", "method": "client_secret_basic"},
    "source": "192.0.2.1",
    "subject": {
        "iss": "https://idp.acme.example",
        "sub": "alice@acme.example",
        "issuer": "acme",
        "token": {"jti": "t-1", "digest": "d-1"},
    },
    "actor": {"iss": "https://sts.acme.example", "sub": "orders", "token": {"jti": "t-2", "digest": None}},
    "chain": [{"sub": "alice@acme.example"}, {"sub": "assistant"}, {"sub": "orders"}],
    "apis": ["inventory"],
    "given": {"jti": "t-9", "digest": "d-9", "scope": "stock:read stock:count"},
    "rules": ["orders-to-inventory"],
    "policy": "p-1",
    "txn": "w-1",
    "parents": [{"role": "subject", "jti": "t-1", "digest": "d-1"}],
}


@pytest.mark.parametrize("text", ["", "   "])
def test_the_empty_query_has_no_terms(text: str) -> None:
    assert read_query(text) == ()


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("client:orders", Term(fields=("client",), value="orders", prefix=False)),
        ("  client:orders  ", Term(fields=("client",), value="orders", prefix=False)),
        ("api:inv*", Term(fields=("api",), value="inv", prefix=True)),
        ("rule:*", Term(fields=("rule",), value="", prefix=True)),
        ('api:"inv*"', Term(fields=("api",), value="inv*", prefix=False)),
        ('client:"my app"', Term(fields=("client",), value="my app", prefix=False)),
        ("scope:stock:read", Term(fields=("scope",), value="stock:read", prefix=False)),
        ("event:exchange:granted", Term(fields=("event",), value="exchange:granted", prefix=False)),
        ("alice", Term(fields=BARE, value="alice", prefix=False)),
        ("alice*", Term(fields=BARE, value="alice", prefix=True)),
        ('"https://a.example"', Term(fields=BARE, value="https://a.example", prefix=False)),
        ("a'b%_;--", Term(fields=BARE, value="a'b%_;--", prefix=False)),
    ],
)
def test_a_term_is_read(text: str, term: Term) -> None:
    assert read_query(text) == (term,)


def test_terms_stand_between_spaces() -> None:
    assert [term.value for term in read_query('client:orders  api:"a b"\tbob')] == ["orders", "a b", "bob"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("https://a.example", "there is no field 'https'"),
        ("colour:red", "there is no field 'colour'"),
        ('client:"open', "cannot read"),
        ('client:"a"b', "cannot read"),
        ("client:", "cannot read"),
        ("a" * (LONGEST + 1), "at most 1000"),
    ],
)
def test_a_query_that_cannot_be_read_says_why(text: str, why: str) -> None:
    with pytest.raises(BadQuery, match=why):
        read_query(text)


@pytest.mark.requirement("SEC-86")
def test_an_entry_is_found_by_everyone_and_everything_in_it() -> None:
    assert terms_of(EVENT) == {
        ("id", "x_a"),
        ("stream", "s1"),
        ("event", "exchange:granted"),
        ("outcome", "granted"),
        ("kind", "delegation"),
        ("grant", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("client", "orders"),
        ("source", "192.0.2.1"),
        ("subject", "alice@acme.example"),
        ("issuer", "https://idp.acme.example"),
        ("issuer", "https://sts.acme.example"),
        ("issuer", "acme"),
        ("actor", "assistant"),
        ("actor", "orders"),
        ("api", "inventory"),
        ("scope", "stock:read"),
        ("scope", "stock:count"),
        ("rule", "orders-to-inventory"),
        ("policy", "p-1"),
        ("txn", "w-1"),
        ("jti", "t-1"),
        ("jti", "t-2"),
        ("jti", "t-9"),
        ("digest", "d-1"),
        ("digest", "d-9"),
    }


def test_every_field_that_is_found_can_be_asked_for() -> None:
    assert {field for field, _ in terms_of(EVENT)} <= set(FIELDS)


def test_a_change_is_found_by_who_made_it_and_with_what() -> None:
    event: JsonObject = {"event": "configuration:changed", "by": {"client": "cli", "person": "actas:dana"}}
    assert {("client", "cli"), ("actor", "actas:dana")} <= terms_of(event)


def test_tokens_are_mentioned_by_role() -> None:
    assert list(mentions(EVENT)) == [
        Mention(role="given", jti="t-9", digest="d-9"),
        Mention(role="parent", jti="t-1", digest="d-1"),
        Mention(role="subject", jti="t-1", digest="d-1"),
        Mention(role="actor", jti="t-2", digest=""),
    ]


@pytest.mark.parametrize(
    "odd", [None, 1, "text", [], {}, [1], [None], {"sub": 1}, {"token": [1]}, {"scope": [1, None]}]
)
def test_an_entry_of_an_unexpected_shape_is_found_by_what_is_left(odd: Json) -> None:
    members = ("client", "subject", "actor", "chain", "apis", "given", "rules", "parents", "facts", "reason")
    event: JsonObject = {"id": "x_a", "event": "log:recovered"}
    event |= dict.fromkeys((*members, "by"), odd)
    assert ("id", "x_a") in terms_of(event)
    assert list(mentions(event)) == []
    assert undelivered_ids(event) == []


def test_a_value_of_any_length_is_kept_to_its_beginning() -> None:
    assert ("reason", "a" * LONGEST) in terms_of({"reason": "a" * 5000})


@pytest.mark.requirement("REL-03")
def test_only_the_log_itself_says_that_a_delivery_is_unknown() -> None:
    facts: JsonObject = {"delivery_unknown": ["x_a", 5, "x_b"]}
    assert undelivered_ids({"event": "log:recovered", "facts": facts}) == ["x_a", "x_b"]
    assert undelivered_ids({"event": "exchange:refused", "facts": facts}) == []
