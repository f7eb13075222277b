"""``actas exchange``: which server it asks, and how the client proves who it is."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from joserfc.jwk import import_key
from tests.fakes.clock import NOON
from tests.fakes.exchanging import SECRET, TYPE, Exchanging
from tests.fakes.program import Program
from tests.fakes.token_server import METADATA, Reply, TokenServer, granted

from actas.crypto import jose

# ── The server ────────────────────────────────────────────────────────────────────────


def test_a_server_that_is_not_there_could_not_be_asked(acme: Exchanging) -> None:
    ran = acme.hop("--server", "http://127.0.0.1:1", "--json")
    assert (ran.code, ran.error["code"]) == (4, "unreachable")
    assert "nothing listens there" in ran.error["message"]
    assert "actas serve --dev" in ran.error["hint"]


def test_the_server_is_named_by_flag_then_environment(acme: Exchanging) -> None:
    nowhere = "http://127.0.0.1:1"
    assert acme.hop("-s", acme.server.issuer, environ={"ACTAS_SERVER": nowhere}).code == 0
    found = acme.hop(environ={"ACTAS_SERVER": "", "ACTAS_ISSUER": acme.server.issuer})
    assert found.code == 0
    assert acme.hop(environ={"ACTAS_SERVER": nowhere, "ACTAS_ISSUER": acme.server.issuer}).code == 4


def test_a_server_that_does_not_answer_in_time_could_not_be_asked(acme: Exchanging) -> None:
    with acme.server.held():
        ran = acme.hop("--timeout", "50ms", "--json")
    assert (ran.code, ran.error["code"], ran.error["hint"]) == (4, "unreachable", "--timeout waits longer")
    assert "did not answer within 0.05 s" in ran.error["message"]


def test_an_answer_without_end_is_no_answer(acme: Exchanging) -> None:
    acme.server.answer = Reply(body=b" " * (2 * 1024 * 1024))
    ran = acme.hop()
    assert (ran.code, ran.out) == (4, "")
    assert "more than 1 MiB" in ran.err


def test_a_slash_at_the_end_is_no_other_server(acme: Exchanging) -> None:
    assert acme.hop("-s", f"{acme.server.issuer}/").code == 0


@pytest.mark.parametrize("issuer", ["https://sts.evil.example", "", ..., 7])
def test_a_server_that_says_it_is_another_gets_no_secret(acme: Exchanging, issuer: object) -> None:
    acme.server.metadata["issuer"] = issuer
    ran = acme.hop("--json")
    assert (ran.code, ran.error["code"]) == (6, "bad_metadata")
    assert acme.server.paths == [METADATA]


@pytest.mark.parametrize("endpoint", ["http://sts.evil.example/token", ..., 7, "ftp://x/", "https://a@b/"])
def test_an_endpoint_that_would_give_secrets_away_is_not_used(acme: Exchanging, endpoint: object) -> None:
    acme.server.metadata["token_endpoint"] = endpoint
    ran = acme.hop()
    assert (ran.code, ran.out) == (6, "")
    assert acme.server.paths == [METADATA]


def test_plain_http_is_spoken_to_this_computer_alone(acme: Exchanging) -> None:
    ran = acme.hop("-s", "http://sts.acme.example")
    assert (ran.code, ran.out) == (2, "")
    assert "would give secrets away" in ran.err


def test_what_is_no_authorization_server_is_said_so(acme: Exchanging) -> None:
    acme.server.replies[METADATA] = Reply(status=404)
    assert acme.hop().code == 6
    acme.server.replies[METADATA] = Reply(body=b"<html>")
    assert acme.hop().code == 6
    acme.server.replies[METADATA] = Reply(status=302, headers={"Location": "/elsewhere"})
    assert acme.hop().code == 6
    acme.server.replies[METADATA] = Reply(status=503)
    assert acme.hop().code == 4
    assert acme.server.paths == [METADATA] * 4


def test_the_path_of_an_issuer_goes_behind_the_well_known_part(actas: Program, tmp_path: Path) -> None:
    with TokenServer(path="/shop") as server:
        acme = Exchanging(actas, server, tmp_path)
        assert acme.hop().code == 0
        assert server.paths == [f"{METADATA}/shop", "/shop/token"]


def test_no_proxy_sees_what_stays_on_this_computer(acme: Exchanging, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert acme.hop().code == 0


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"access_token": ...}, "no access_token"),
        ({"access_token": 7}, "no access_token"),
        ({"token_type": ...}, "no access_token with a token_type"),
        ({"issued_token_type": ...}, "issued_token_type is None"),
        ({"issued_token_type": f"{TYPE}refresh_token"}, "issued_token_type is"),
        ({"expires_in": "120"}, "expires_in is not a whole number"),
        ({"expires_in": True}, "expires_in is not a whole number"),
    ],
)
def test_a_malformed_yes_is_no_yes(acme: Exchanging, members: dict[str, Any], why: str) -> None:
    acme.server.answer = granted(acme.given, **members)
    ran = acme.hop()
    assert (ran.code, ran.out) == (6, "")
    assert why in ran.err


@pytest.mark.parametrize(("status", "code"), [(200, 6), (400, 6), (302, 6), (500, 4), (502, 4), (429, 4)])
def test_an_answer_that_is_no_oauth_is_said_so(acme: Exchanging, status: int, code: int) -> None:
    acme.server.answer = Reply(status=status, body=b"<html>")
    ran = acme.hop("--json")
    assert (ran.code, ran.error["code"]) == (code, "bad_answer")


# ── The client ────────────────────────────────────────────────────────────────────────


@pytest.mark.requirement("TX-101")
def test_a_secret_is_form_encoded_before_it_is_joined(acme: Exchanging) -> None:
    acme.hop("--client", "odd:client name")
    scheme, _, said = acme.server.headers[0]["authorization"].partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(said) == b"odd%3Aclient+name:s3cret%26with%3Dodd%3Asigns%2B%25"
    assert "client_id" not in acme.server.forms[0]


def test_a_secret_goes_into_the_form_when_asked_for_or_when_the_server_takes_it_nowhere_else(
    acme: Exchanging,
) -> None:
    acme.hop("--client-auth", "post")
    acme.server.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    acme.hop()
    for form, headers in zip(acme.server.forms, acme.server.headers, strict=True):
        assert (form["client_id"], form["client_secret"]) == (["orders"], [SECRET])
        assert "authorization" not in headers


def test_a_client_without_proof_says_only_its_name(acme: Exchanging) -> None:
    acme.hop("--client-auth", "none")
    assert acme.server.forms[0]["client_id"] == ["orders"]
    assert "client_secret" not in acme.server.forms[0]
    assert "authorization" not in acme.server.headers[0]


def private_jwk(name: str) -> dict[str, Any]:
    """A key of the sample company, as whoever made it would keep it: assistant's is for ES256."""
    der = base64.b64decode(json.loads(Path("tests/vectors/acme/private-keys.json").read_text())[name])
    kinds: dict[str, Literal["EC", "OKP", "RSA"]] = {"assistant": "EC", "orders": "OKP", "helpdesk": "RSA"}
    key: Any = import_key(der, kinds[name], {"kid": f"{name}-1"})  # type: ignore[call-overload]
    return dict(key.as_dict(private=True))


@pytest.mark.requirement("AG-42")
def test_a_signed_assertion_names_the_issuer_alone(acme: Exchanging) -> None:
    path = acme.folder / "key.json"
    path.write_text(json.dumps(private_jwk("assistant")))
    public = {name: value for name, value in private_jwk("assistant").items() if name != "d"}
    acme.hop("--key", str(path))
    acme.hop("--client-auth", "jwt", environ={"ACTAS_CLIENT_KEY": str(path)})
    first, second = (form["client_assertion"][0] for form in acme.server.forms)
    claims = jose.verify(
        jose.parse(first),
        key=jose.PublicKey.from_jwk(public, algorithms=None),
        types=frozenset({"client-authentication+jwt"}),
        issuer="orders",
        now=NOON,
        max_life=60,
    )
    assert (claims["sub"], claims["aud"]) == ("orders", acme.server.issuer)
    assert jose.parse(first).unverified_kid == "assistant-1"
    assert claims["jti"] != jose.parse(second).unverified_claims["jti"]
    assert acme.server.forms[0]["client_assertion_type"] == [
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    ]
    assert "authorization" not in acme.server.headers[0]


def test_keys_of_every_kind_can_sign(acme: Exchanging) -> None:
    for name, algorithm in (("assistant", "ES256"), ("orders", "EdDSA"), ("helpdesk", "RS256")):
        path = acme.folder / f"{name}.json"
        path.write_text(json.dumps(private_jwk(name)))
        assert acme.hop("--key", str(path)).code == 0
        assertion = jose.parse(acme.server.forms[-1]["client_assertion"][0])
        assert (assertion.unverified_kid, assertion.unverified_algorithm) == (f"{name}-1", algorithm)


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "{}", '{"kty":"oct","k":"AAAA","d":"x"}', '{"kty":"EC","crv":"P-256","d":"AA"}'],
)
def test_a_key_that_is_none_is_a_mistake_of_use_and_is_not_repeated(acme: Exchanging, text: str) -> None:
    path = acme.folder / "key.json"
    path.write_text(text)
    ran = acme.hop("--key", str(path))
    assert (ran.code, acme.server.forms) == (2, [])
    assert "AAAA" not in ran.err
    assert acme.hop("--key", "nix.json").code == 2


def test_a_flag_wins_over_the_environment(acme: Exchanging) -> None:
    (acme.folder / "secret").write_text("another")
    acme.hop("--secret", f"@{acme.folder}/secret", environ={"ACTAS_CLIENT_KEY": "nix.json"})
    assert base64.b64decode(acme.server.headers[0]["authorization"][6:]) == b"orders:another"


@pytest.mark.parametrize(
    ("words", "environ", "message"),
    [
        (["--own", "--subject", "x"], {}, "--own asks for the client's own token"),
        ([], {}, "whom shall the token speak about"),
        (["--own", "--actor-type", "id"], {}, "--actor-type says what --actor is"),
        (["--own", "--subject-type", "id"], {}, "--subject-type says what --subject is"),
        (["--subject", "tok", "--subject-type", "saml2"], {}, "neither a URI nor one of access, id, jwt"),
        (["--own"], {"ACTAS_CLIENT_ID": ""}, "who asks?"),
        (["--own"], {"ACTAS_CLIENT_SECRET": ""}, "nothing to prove that this is orders"),
        (["--own", "--client-auth", "post"], {"ACTAS_CLIENT_SECRET": ""}, "needs a client secret"),
        (["--own", "--client-auth", "jwt"], {"ACTAS_CLIENT_SECRET": ""}, "needs --key"),
        (["--own", "--client-auth", "mtls"], {}, "needs a certificate"),
        (["--own", "--client-auth", "mtls", "--certificate", "nix.pem"], {}, "cannot be used"),
        (["--own", "--client-auth", "workload"], {}, "needs the platform's token"),
        (["--own", "--client-auth", "workload", "--workload-token", "nix"], {}, "cannot be read"),
        (["--own", "--save", "../up"], {}, "cannot be saved as"),
        (["--own", "--show", "everything"], {}, "is not a list of request, response, code"),
        (["--own", "--for", "refresh"], {}, "is asked for again with --own"),
        (["--own", "--for", "id"], {}, "'id' is not"),
        (["--own", "--dry-run"], {}, "cannot be rehearsed"),
    ],
)
def test_used_wrongly_nothing_is_sent(
    acme: Exchanging, words: list[str], environ: dict[str, str], message: str
) -> None:
    ran = acme.run(*words, environ=environ)
    assert (ran.code, ran.out, acme.server.forms) == (2, "", [])
    assert message in ran.err
