"""The forms of asking: parsed into one shape, or refused with the standard's error."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from tests.fakes.changed import changed

from actas.core.errors import InvalidRequest, InvalidScope, InvalidTarget, OAuthError
from actas.core.issued import Issued
from actas.core.params import Params
from actas.core.permit import ExchangeRequest
from actas.core.secret import Secret
from actas.core.target import MAX_TARGETS
from actas.core.wire import ACCESS_TOKEN, CLIENT_CREDENTIALS, ID_TOKEN, JWT, TOKEN_EXCHANGE, TokenType
from actas.grants.client_credentials import ClientCredentialsGrant
from actas.grants.grant import scope_of, success, targets_of
from actas.grants.token_exchange import TokenExchangeGrant

EXCHANGE = TokenExchangeGrant(readable={ACCESS_TOKEN, ID_TOKEN, JWT}, issuable={ACCESS_TOKEN})
OWN = ClientCredentialsGrant()
ISSUED = Issued(
    id="i",
    token=Secret("the token"),
    key="k1",
    digest="d",
    token_type=ACCESS_TOKEN,
    issued_at=100,
    expires_at=160,
    scope=frozenset({"b", "a"}),
    audience=("x",),
    txn="t",
)


def form(**fields: Any) -> Params:
    return Params.parse(urlencode(fields, doseq=True).encode())


def test_a_token_exchange_has_one_shape() -> None:
    request = EXCHANGE.parse(
        form(
            subject_token="s",
            subject_token_type=ID_TOKEN,
            actor_token="a",
            actor_token_type=ACCESS_TOKEN,
            audience=["x", "y"],
            resource="urn:z",
            scope="b a",
        )
    )
    assert isinstance(request, ExchangeRequest)
    assert (request.grant_type, request.requested) == (TOKEN_EXCHANGE, ACCESS_TOKEN)
    assert request.subject is not None
    assert request.actor is not None
    assert (request.subject.type, request.subject.value.reveal(), request.subject.role) == (
        ID_TOKEN,
        "s",
        "subject",
    )
    assert (request.actor.type, request.actor.value.reveal(), request.actor.role) == (
        ACCESS_TOKEN,
        "a",
        "actor",
    )
    assert (request.audience, request.resource, request.scope) == (("x", "y"), ("urn:z",), frozenset("ab"))


def test_client_credentials_have_the_same_shape_without_tokens() -> None:
    request = OWN.parse(form(audience="x"))
    assert (request.grant_type, request.subject, request.actor) == (CLIENT_CREDENTIALS, None, None)
    assert (request.audience, request.scope) == (("x",), None)


@pytest.mark.requirement("SEC-06", "TX-14")
@pytest.mark.parametrize(
    "name", ["subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type"]
)
def test_client_credentials_take_no_token_parameter(name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        OWN.parse(form(**{name: "x"}))
    assert name in refused.value.detail
    OWN.parse(form(**{name: ""}))


@pytest.mark.requirement("TX-14")
def test_what_is_readable_and_issuable_is_what_the_server_was_given() -> None:
    narrow = TokenExchangeGrant(readable={ID_TOKEN}, issuable={TokenType("urn:x")})
    with pytest.raises(InvalidRequest):
        narrow.parse(form(subject_token="s", subject_token_type=JWT, requested_token_type="urn:x"))
    with pytest.raises(InvalidRequest):
        narrow.parse(form(subject_token="s", subject_token_type=ID_TOKEN))
    asked = narrow.parse(form(subject_token="s", subject_token_type=ID_TOKEN, requested_token_type="urn:x"))
    assert asked.requested == "urn:x"


@pytest.mark.requirement("TX-22", "TX-72")
@pytest.mark.parametrize(
    ("text", "scope"),
    [("a", {"a"}), ("a b", {"a", "b"}), ("!#[]~", {"!#[]~"}), ("https://x/y", {"https://x/y"}), (None, None)],
)
def test_scopes_follow_the_grammar(text: str | None, scope: set[str] | None) -> None:
    assert scope_of(form() if text is None else form(scope=text)) == scope


@pytest.mark.requirement("TX-22", "TX-72", "SEC-26")
@pytest.mark.parametrize("text", [" ", "a  b", " a", "a ", 'a"', "a\\", "a\tb", "ä", "a\u00a0b", "x" * 8193])
def test_what_is_no_scope_is_an_invalid_scope(text: str) -> None:
    with pytest.raises(InvalidScope):
        scope_of(form(scope=text))


@pytest.mark.requirement("TX-15", "TX-16", "TX-17", "TX-20")
@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"audience": "a\nb"}, InvalidRequest),
        ({"audience": " "}, InvalidRequest),
        ({"audience": "x" * 256}, InvalidRequest),
        ({"resource": "x"}, InvalidTarget),
        ({"resource": "urn:x#"}, InvalidTarget),
        ({"resource": "https://x/ y"}, InvalidTarget),
        ({"audience": ["x"] * MAX_TARGETS, "resource": "urn:x"}, InvalidTarget),
    ],
)
def test_what_is_no_target_is_refused(fields: dict[str, Any], error: type[OAuthError]) -> None:
    with pytest.raises(error):
        targets_of(form(**fields))
    assert targets_of(form(audience=["x"] * MAX_TARGETS))[0] == ("x",) * MAX_TARGETS


@pytest.mark.requirement("TX-81", "TX-82", "TX-83", "TX-84", "TX-85")
def test_the_answer_says_how_to_use_the_token_apart_from_what_it_is() -> None:
    bearer = success(ISSUED)
    assert bearer == {
        "access_token": "the token",
        "issued_token_type": str(ACCESS_TOKEN),
        "token_type": "Bearer",
        "expires_in": 60,
        "scope": "a b",
    }
    other = success(changed(ISSUED, token_type=JWT, bearer=False))
    assert (other["issued_token_type"], other["token_type"]) == (str(JWT), "N_A")
    assert EXCHANGE.respond(ISSUED) == OWN.respond(ISSUED) == bearer
