"""The errors: one tree, two messages, correct challenges."""

from __future__ import annotations

import inspect

import pytest

from actas_sdk import errors
from actas_sdk.errors import (
    ActasError,
    ClientRefused,
    InvalidToken,
    MissingScope,
    NoToken,
    Refused,
    SignInAgain,
    Unreachable,
)


def test_every_error_is_in_the_tree_drawn_in_the_docstring() -> None:
    drawn = errors.__doc__ or ""
    for name in errors.__all__:
        assert f" {name} " in drawn or f"{name}\n" in drawn, name


def test_every_error_but_the_root_descends_from_it() -> None:
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), ActasError)


def test_a_sign_in_or_an_outage_is_never_taken_for_a_refusal() -> None:
    assert not issubclass(SignInAgain, Refused)
    assert not issubclass(Unreachable, Refused | InvalidToken)
    assert issubclass(ClientRefused, Refused)


def test_every_error_can_be_made_from_one_text() -> None:
    """Or it cannot be unpickled, and a worker that fails takes its queue with it."""
    for name in errors.__all__:
        made = getattr(errors, name)("what happened")
        assert isinstance(made, ActasError)
        assert made.sentence
        assert all(
            each.default is not inspect.Parameter.empty
            for each in list(inspect.signature(type(made).__init__).parameters.values())[1:]
        )


def test_a_refusal_says_its_code_reason_and_entry_in_the_log_and_its_sentence_to_people() -> None:
    no = Refused("No rule allows it.", code="invalid_target", reason="no_rule", entry="x_1")

    assert str(no) == "invalid_target (no_rule) [x_1]: No rule allows it."
    assert no.sentence == "No rule allows it."


def test_a_refusal_without_a_sentence_still_has_one() -> None:
    assert Refused(code="invalid_target").sentence == "The server refused the exchange."


def test_the_challenge_of_a_stale_token_sends_the_person_to_sign_in() -> None:
    assert SignInAgain().challenge() == {
        "WWW-Authenticate": 'Bearer error="invalid_token", error_description="The access token is too old."'
    }
    assert SignInAgain(needs="mfa").challenge() == {
        "WWW-Authenticate": 'Bearer error="insufficient_user_authentication", '
        'error_description="A stronger sign-in is needed.", acr_values="mfa"'
    }


def test_a_challenge_leads_to_the_metadata_and_names_the_scopes() -> None:
    said = InvalidToken("the signature is not the issuer's").challenge(
        resource_metadata="https://orders.acme.example/.well-known/oauth-protected-resource",
        scopes=["orders:write", "orders:read"],
    )

    assert said["WWW-Authenticate"] == (
        'Bearer error="invalid_token", '
        'error_description="The access token is malformed, expired, revoked or not meant for this API.", '
        'scope="orders:read orders:write", '
        'resource_metadata="https://orders.acme.example/.well-known/oauth-protected-resource"'
    )


@pytest.mark.requirement("TX-94")
def test_the_caller_is_not_told_which_check_failed() -> None:
    assert "signature" not in str(InvalidToken("the signature is not the issuer's").challenge())


def test_a_challenge_cannot_be_broken_out_of() -> None:
    said = SignInAgain(needs='mfa", realm="x\\\r\nSet-Cookie: a=b').challenge()["WWW-Authenticate"]

    assert "\r" not in said
    assert "\n" not in said
    assert "\\" not in said
    assert said.count('"') == 6


def test_without_a_token_there_is_no_error_code() -> None:
    assert NoToken().challenge(scopes=["a"]) == {"WWW-Authenticate": 'Bearer scope="a"'}
    assert MissingScope(scopes=["a", "b"], missing=["b"]).detail == "missing scope: b"
