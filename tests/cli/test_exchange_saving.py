"""``actas exchange``: what it saves, and what it shows of the request."""

from __future__ import annotations

import base64

from tests.fakes.exchanging import SECRET, TYPE, Exchanging
from tests.fakes.program import Program
from tests.fakes.token_server import METADATA, Reply, granted


def test_a_saved_token_is_checked_later_without_asking_anybody(acme: Exchanging, actas: Program) -> None:
    ran = acme.hop("--save", "demo/scene-2", terminal=True)
    assert "entry x_01JD7Q8M · saved as @demo/scene-2" in ran.out
    piped = acme.hop("--save", "demo/scene-2")
    assert (piped.out, piped.err) == (f"{acme.given}\n", "saved as @demo/scene-2\n")
    acme.server.paths.clear()
    looked = actas("inspect", "@demo/scene-2")
    assert looked.code == 0
    assert f"issuer {acme.server.issuer}, keys saved with @demo/scene-2" in looked.out
    assert acme.server.paths == []


def test_a_saved_token_can_be_the_subject_of_the_next_exchange(acme: Exchanging) -> None:
    assert acme.hop("--save", "mine", "--json").document["saved"] == "@mine"
    acme.run("--subject", "@mine", "--audience", "orders")
    assert acme.server.forms[-1]["subject_token"] == [acme.given]
    assert acme.server.forms[-1]["subject_token_type"] == [f"{TYPE}access_token"]


def test_a_saved_token_of_another_issuer_than_it_says_wakes_somebody(
    acme: Exchanging, actas: Program
) -> None:
    acme.server.answer = granted(acme.token(iss="https://sts.evil.example"))
    acme.hop("--save", "odd")
    ran = actas("inspect", "@odd")
    assert ran.code == 7
    assert "it says issuer https://sts.evil.example, but was granted by" in ran.out


def test_a_token_is_saved_even_when_the_keys_cannot_be_had(acme: Exchanging, actas: Program) -> None:
    acme.server.replies["/jwks"] = Reply(status=500)
    ran = acme.hop("--save", "mine")
    assert ran.code == 0
    assert "cannot be had" in ran.err
    assert actas("inspect", "@mine").code == 1


def test_a_server_without_published_keys_still_gives_tokens(acme: Exchanging) -> None:
    acme.server.metadata["jwks_uri"] = ...
    assert "cannot be had" in acme.hop("--save", "mine").err
    acme.server.metadata["jwks_uri"] = "http://127.0.0.1:1/jwks"
    assert "cannot be had" in acme.hop("--save", "mine").err


def test_what_went_over_the_wire_is_shown_with_secrets_masked(acme: Exchanging) -> None:
    ran = acme.hop("--show", "request,response,code")
    assert ran.out == f"{acme.given}\n"
    for secret in (acme.subject, acme.given, SECRET, base64.b64encode(SECRET.encode()).decode()):
        assert secret not in ran.err
    assert f"> POST {acme.server.issuer}/token" in ran.err
    assert "> Authorization: Basic …" in ran.err
    assert f"> &subject_token={acme.subject[:8]}…{acme.subject[-4:]}" in ran.err
    assert "> &audience=inventory" in ran.err
    assert "< 200, " in ran.err
    assert f'"access_token": "{acme.given[:8]}…{acme.given[-4:]}"' in ran.err
    assert f"curl -sS {acme.server.issuer}/token" in ran.err
    assert '-u orders:"$ACTAS_CLIENT_SECRET"' in ran.err
    assert '--data-urlencode subject_token="$SUBJECT_TOKEN"' in ran.err


def test_the_python_that_is_shown_is_python(acme: Exchanging) -> None:
    own = granted(acme.token(sub="orders"), issued_token_type=..., scope="a b")
    for words, call in (
        (["--subject", f"@{acme.folder}/subject"], "actas.exchange(subject_token, to='inventory')"),
        (
            ["--subject", f"@{acme.folder}/subject", "--subject-type", "id"],
            "actas.exchange(subject_token, to='inventory', subject_type='id_token')",
        ),
        (["--own", "--scope", "a b"], "actas.own_token(to='inventory', scopes=['a', 'b'])"),
    ):
        if "--own" in words:
            acme.server.answer = own
        err = acme.run(*words, "--audience", "inventory", "--show", "code").err
        python = err[err.index("from actas_sdk") :]
        compile(python, "shown", "exec")
        assert call in python


def test_a_request_that_the_sdk_has_no_words_for_is_shown_as_curl_alone(acme: Exchanging) -> None:
    err = acme.hop("--audience", "orders", "--show", "code").err
    assert "curl" in err
    assert "actas_sdk" not in err


def test_a_secret_in_the_form_is_not_shown_at_all(acme: Exchanging) -> None:
    err = acme.hop("--client-auth", "post", "--show", "request,code").err
    assert "> &client_secret=…" in err
    assert '--data-urlencode client_secret="$ACTAS_CLIENT_SECRET"' in err
    assert SECRET not in err


def test_verbose_names_each_request_and_twice_shows_the_wire(acme: Exchanging) -> None:
    once = acme.hop("-v").err
    assert f"GET {acme.server.issuer}{METADATA} → 200, " in once
    assert "> POST" not in once
    twice = acme.hop("-vv").err
    assert "> POST" in twice
    assert acme.subject not in twice


def test_an_answer_that_is_no_json_is_shown_by_its_size(acme: Exchanging) -> None:
    acme.server.answer = Reply(status=502, body=b"<html>")
    assert "< 6 bytes that are no JSON object" in acme.hop("--show", "response").err
