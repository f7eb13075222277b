"""What is sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest
from sdk.tests.support import ACCESS_TOKEN, INVENTORY, ISSUER

from actas_sdk import Token
from actas_sdk.credentials import Proof
from actas_sdk.errors import Misconfigured
from actas_sdk.requests import document, form_of, posted, wanted_for, wanted_own

ENDPOINT = f"{ISSUER}/token"


def sent(ask: Any) -> list[tuple[str, str]]:
    return parse_qsl(ask.body.decode("ascii"), strict_parsing=True)


def test_an_exchange_says_whose_token_for_which_api_and_which_scopes() -> None:
    wanted = wanted_for("alice-token", to=INVENTORY, scopes=["b", "a", "b"], subject_type="access_token")
    ask = posted(form_of(wanted), endpoint=ENDPOINT, proof=Proof(headers={"Authorization": "Basic x"}))

    assert (ask.method, ask.url) == ("POST", ENDPOINT)
    assert ask.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert ask.headers["Accept"] == "application/json"
    assert ask.headers["Authorization"] == "Basic x"
    assert sent(ask) == [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", "alice-token"),
        ("subject_token_type", ACCESS_TOKEN),
        ("requested_token_type", ACCESS_TOKEN),
        ("resource", INVENTORY),
        ("scope", "a b"),
    ]


def test_our_own_authority_is_asked_for_with_another_grant() -> None:
    ask = posted(
        form_of(wanted_own(to="inventory", scopes=[])),
        endpoint=ENDPOINT,
        proof=Proof(form=(("client_assertion", "x"),)),
    )

    assert sent(ask) == [
        ("grant_type", "client_credentials"),
        ("audience", "inventory"),
        ("client_assertion", "x"),
    ]


@pytest.mark.parametrize(
    ("short", "sent_as"),
    [
        ("id_token", "urn:ietf:params:oauth:token-type:id_token"),
        ("jwt", "urn:ietf:params:oauth:token-type:jwt"),
        ("urn:acme:token-type:cookie", "urn:acme:token-type:cookie"),
        ("https://acme.example/cookie", "https://acme.example/cookie"),
    ],
)
def test_a_type_has_a_short_name_or_is_a_uri(short: str, sent_as: str) -> None:
    assert wanted_for("t", to="x", scopes=[], subject_type=short).subject_type == sent_as


def test_only_a_type_that_is_good_for_one_use_is_not_sent_twice() -> None:
    for kind in ("access_token", "id_token", "jwt"):
        assert wanted_for("t", to="x", scopes=[], subject_type=kind).repeatable
    assert not wanted_for("t", to="x", scopes=[], subject_type="urn:acme:once").repeatable
    assert wanted_own(to="x", scopes=[]).repeatable


def test_everything_is_encoded() -> None:
    wanted = wanted_for("a&b=c+d é", to="größe & co", scopes=["a&b"], subject_type="jwt")
    form = dict(sent(posted(form_of(wanted), endpoint=ENDPOINT, proof=Proof())))

    assert (form["subject_token"], form["audience"], form["scope"]) == ("a&b=c+d é", "größe & co", "a&b")


@pytest.mark.parametrize(
    "given",
    [
        {"to": ""},
        {"to": "x\n"},
        {"to": "x" * 1025},
        {"scopes": "stock:read"},
        {"scopes": ["a b"]},
        {"scopes": [""]},
        {"scopes": ['a"']},
        {"scopes": ["a\\"]},
        {"scopes": ["é"]},
        {"scopes": ["a" * 257]},
        {"subject_type": "cookie"},
        {"subject_type": ""},
        {"subject_type": "urn:x\n"},
        {"whom": "x" * 16_385},
        {"whom": "canary\ud800"},
    ],
    ids=repr,
)
def test_what_cannot_be_asked_is_refused_before_it_is_sent(given: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"whom": "t", "to": "x", "scopes": [], "subject_type": "jwt"} | given
    with pytest.raises(Misconfigured):
        wanted_for(asked.pop("whom"), **asked)


def test_a_token_is_taken_as_text_or_as_a_token() -> None:
    as_text = wanted_for(" t\n", to="x", scopes=[], subject_type="jwt")
    as_token = wanted_for(Token("t", audience="y"), to="x", scopes=[], subject_type="jwt")

    assert as_text.key == as_token.key


def test_documents_are_asked_for_without_anything_of_ours() -> None:
    ask = document(f"{ISSUER}/jwks")

    assert (ask.method, ask.body) == ("GET", None)
    assert set(ask.headers) == {"Accept", "Accept-Encoding"}
