from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from joserfc.jwk import import_key
from tests.fakes.clock import NOON
from tests.fakes.forge import SigningKey, forge
from tests.fakes.program import Program, Ran
from tests.fakes.token_server import METADATA, Reply, TokenServer, granted, refused

from actas.crypto import jose

INVENTORY = "https://inventory.acme.example"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
TYPE = "urn:ietf:params:oauth:token-type:"
SECRET = "s3cret&with=odd:signs+%"


class Setting:
    """A server, the tokens of one company, and the program pointed at it."""

    def __init__(self, actas: Program, server: TokenServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self._actas = actas
        self._actas.environ |= {
            "ACTAS_SERVER": server.issuer,
            "ACTAS_CLIENT_ID": "orders",
            "ACTAS_CLIENT_SECRET": SECRET,
        }
        via = {"iss": server.issuer, "sub": "assistant", "sub_profile": "ai_agent"}
        self.subject = self.token(client_id="assistant", scope="orders:read orders:write", act=via)
        self.given = self.token(
            aud=INVENTORY,
            client_id="orders",
            scope="stock:read",
            act={"iss": server.issuer, "sub": "orders", "sub_profile": "service", "act": via},
        )
        server.answer = granted(self.given)
        (folder / "subject").write_text(self.subject)

    def token(self, **claims: Any) -> str:
        honest = {
            "aud": "https://orders.acme.example",
            "sub": "alice@acme.example",
            "sub_profile": "user",
            "iat": int(NOON),
            "exp": int(NOON) + 120,
        }
        return self.server.token({**honest, **claims})

    def run(self, *words: str, **how: Any) -> Ran:
        return self._actas("exchange", *words, **how)

    def hop(self, *words: str, **how: Any) -> Ran:
        """The ordinary hop: orders, called by alice through assistant, needs inventory."""
        subject = f"@{self.folder}/subject"
        return self.run(
            "--subject", subject, "--audience", "inventory", "--scope", "stock:read", *words, **how
        )


@pytest.fixture
def acme(actas: Program, server: TokenServer, tmp_path: Path) -> Setting:
    return Setting(actas, server, tmp_path)


def test_a_granted_exchange_is_said_and_drawn(acme: Setting) -> None:
    ran = acme.hop(terminal=True, environ={"NO_COLOR": "1"})
    assert (ran.code, ran.err) == (0, "")
    assert (
        ran.out
        == f"""\
granted  access token for {INVENTORY}, 2 m

  ● alice ━━ ⬢ assistant ━━ ■ orders ── ▭ inventory     stock:read

  entry x_01JD7Q8M · saved nowhere (use --save or --raw)
"""
    )


def test_a_granted_exchange_has_a_plain_form(acme: Setting) -> None:
    ran = acme.hop("--ascii", "--no-color", terminal=True)
    assert (
        ran.out
        == f"""\
granted  access token for {INVENTORY}, 2 m

  (o) alice == <a> assistant == [s] orders -- [ ] inventory     stock:read

  entry x_01JD7Q8M - saved nowhere (use --save or --raw)
"""
    )


def test_the_request_is_that_of_the_specification(acme: Setting) -> None:
    acme.hop()
    assert acme.server.paths == [METADATA, "/token"]
    assert acme.server.forms == [
        {
            "grant_type": [EXCHANGE],
            "subject_token": [acme.subject],
            "subject_token_type": [f"{TYPE}access_token"],
            "requested_token_type": [f"{TYPE}access_token"],
            "audience": ["inventory"],
            "scope": ["stock:read"],
        }
    ]


def test_every_flag_becomes_its_parameter(acme: Setting) -> None:
    actor = acme.token(sub="assistant", sub_profile="ai_agent")
    acme.run(
        *("--subject", "env:ID", "--subject-type", "id"),
        *("--actor", "-", "--actor-type", "urn:acme:token-type:badge"),
        *("--audience", "inventory", "--audience", "orders"),
        *("--resource", "https://a.example/x", "--resource", "https://b.example"),
        *("--scope", "a b", "--scope", "b c", "--for", "access"),
        stdin=actor,
        environ={"ID": "the-id-token"},
    )
    form = acme.server.forms[0]
    assert form["subject_token"] == ["the-id-token"]
    assert form["subject_token_type"] == [f"{TYPE}id_token"]
    assert form["actor_token"] == [actor]
    assert form["actor_token_type"] == ["urn:acme:token-type:badge"]
    assert form["audience"] == ["inventory", "orders"]
    assert form["resource"] == ["https://a.example/x", "https://b.example"]
    assert form["scope"] == ["a b c"]


def test_in_a_pipe_the_answer_is_the_token(acme: Setting) -> None:
    ran = acme.hop()
    assert (ran.code, ran.out, ran.err) == (0, f"{acme.given}\n", "")


def test_on_a_terminal_the_token_is_whole_only_when_asked_for(acme: Setting) -> None:
    assert acme.given not in acme.hop(terminal=True).out
    assert acme.hop("--raw", terminal=True).out == f"{acme.given}\n"
    shown = acme.hop("--json", terminal=True).document["token"]["value"]
    assert shown == f"{acme.given[:8]}…{acme.given[-4:]}"
    assert acme.hop("--json", "--raw", terminal=True).document["token"]["value"] == acme.given


def test_programs_get_one_document(acme: Setting) -> None:
    document = acme.hop("--json").document
    assert document == {
        "kind": "actas/Exchange",
        "v": 1,
        "outcome": "granted",
        "entry": "x_01JD7Q8M",
        "token": {
            "value": acme.given,
            "type": "access_token",
            "scheme": "Bearer",
            "expires_in": 120,
            "scope": ["stock:read"],
            "audience": [INVENTORY],
        },
        "chain": [
            {"kind": "person", "id": "alice@acme.example"},
            {"kind": "agent", "id": "assistant"},
            {"kind": "service", "id": "orders", "current": True},
        ],
        "sentence": "orders may use stock:read at inventory, acting for alice, who asked through assistant.",
    }
    assert acme.hop("-o", "name").out == "x_01JD7Q8M\n"


def test_a_hop_bought_with_one_scope_is_drawn_thin(acme: Setting) -> None:
    via = {"sub": "assistant", "sub_profile": "ai_agent"}
    (acme.folder / "subject").write_text(acme.token(scope="orders:read", act=via))
    assert "● alice ━━ ⬢ assistant ── ■ orders ── ▭ inventory" in acme.hop(terminal=True).out


def test_a_token_for_the_client_itself(acme: Setting) -> None:
    own = acme.token(sub="orders", sub_profile="service", client_id="orders", aud=INVENTORY, scope="a b")
    acme.server.answer = granted(own, issued_token_type=..., scope="a b")
    ran = acme.run("--own", "--audience", "inventory", terminal=True)
    assert "■ orders ━━ ▭ inventory     a b" in ran.out
    assert acme.server.forms == [{"grant_type": ["client_credentials"], "audience": ["inventory"]}]


def test_impersonation_is_dashed_because_the_token_does_not_name_its_holder(acme: Setting) -> None:
    acme.server.answer = granted(acme.token(aud=INVENTORY, client_id="orders", scope="stock:read"))
    assert "● alice ┄┄ ■ orders ── ▭ inventory" in acme.hop(terminal=True).out
    document = acme.hop("--json").document
    assert document["chain"] == [{"kind": "person", "id": "alice@acme.example"}]
    assert (
        document["sentence"] == "orders may use stock:read at inventory as alice; the token names only alice."
    )


def test_narrowing_ones_own_token_is_no_impersonation(acme: Setting) -> None:
    (acme.folder / "subject").write_text(acme.token(client_id="orders", scope="a b"))
    acme.server.answer = granted(acme.token(aud=INVENTORY, client_id="orders", scope="stock:read"))
    assert "● alice ── ▭ inventory" in acme.hop(terminal=True).out


def test_a_translated_token_crosses_a_trust_domain(acme: Setting) -> None:
    foreign = forge({"iss": "https://idp.partner.example/", "sub": "kim"}, key=SigningKey.generate())
    (acme.folder / "subject").write_text(foreign)
    acme.server.answer = granted(acme.token(sub="partner:kim", aud=INVENTORY, scope="stock:read"))
    jwt = acme.hop("--subject-type", "jwt", terminal=True)
    assert "◆ idp.partner.example ══ ● partner:kim ── ▭ inventory" in jwt.out
    identity = acme.hop("--subject-type", "id", terminal=True)
    assert "  ● partner:kim ── ▭ inventory" in identity.out


def test_how_much_a_silent_subject_token_held_is_not_guessed(acme: Setting) -> None:
    (acme.folder / "subject").write_text(acme.token(scope=...))
    assert "● alice ━━ ⬢ assistant ━━ ■ orders ── ▭ inventory" in acme.hop(terminal=True).out


def test_who_may_not_narrow_its_own_token_is_drawn_once(acme: Setting) -> None:
    act = {"sub": "orders", "sub_profile": "service"}
    (acme.folder / "subject").write_text(acme.token(client_id="orders", act=act))
    acme.server.answer = refused("invalid_scope", "excess")
    assert "● alice ━━ ■ orders ──✕ inventory" in acme.hop().err


def test_a_token_that_cannot_be_read_is_drawn_from_what_was_asked(acme: Setting) -> None:
    acme.server.answer = granted("an-opaque-token-that-says-nothing-at-all", scope="stock:read")
    ran = acme.hop("--no-color", terminal=True)
    assert "granted  access token for inventory, 2 m" in ran.out
    assert "● alice ━━ ⬢ assistant ━━ ■ orders ── ▭ inventory     stock:read" in ran.out


def test_less_than_was_asked_for_is_said(acme: Setting) -> None:
    ran = acme.hop("--scope", "stock:write", terminal=True)
    assert "  not granted: stock:write\n" in ran.out


def test_more_than_was_asked_for_draws_a_warning(acme: Setting) -> None:
    acme.server.answer = granted(acme.given, scope="stock:read stock:write")
    assert "the server granted more than was asked for: stock:write" in acme.hop().err


# ── Refusals ──────────────────────────────────────────────────────────────────────────


def test_a_refusal_is_said_and_drawn_and_leaves_the_pipe_empty(acme: Setting) -> None:
    acme.server.answer = refused("invalid_scope", "denied_by_rule")
    ran = acme.hop("--scope", "stock:write")
    assert (ran.code, ran.out) == (1, "")
    assert (
        ran.err
        == """\
REFUSED  invalid_scope, denied_by_rule

  ● alice ━━ ⬢ assistant ━━ ■ orders ━━✕ inventory

  The sentence of denied_by_rule.
  entry x_01JD7Q8P · why: actas explain --entry x_01JD7Q8P
"""
    )


def test_a_refusal_is_a_document_and_an_error_for_programs(acme: Setting) -> None:
    acme.server.answer = refused("invalid_target", "no_rule")
    ran = acme.hop("--json")
    assert ran.code == 1
    assert ran.document["outcome"] == "refused"
    assert (ran.document["error"], ran.document["reason"]) == ("invalid_target", "no_rule")
    assert ran.document["chain"][-1] == {"kind": "service", "id": "orders", "current": True}
    assert ran.error == {
        "code": "no_rule",
        "message": "The sentence of no_rule.",
        "hint": "actas explain --entry x_01JD7Q8P",
        "exit": 1,
        "error": "invalid_target",
        "reason": "no_rule",
        "entry": "x_01JD7Q8P",
    }


@pytest.mark.parametrize(
    ("error", "reason", "status", "code"),
    [
        ("invalid_scope", "excess", 400, 1),
        ("invalid_target", "unknown_target", 400, 1),
        ("invalid_request", "chain_too_deep", 400, 1),
        ("invalid_request", "actor_not_allowed", 400, 1),
        ("invalid_request", "expired", 400, 1),
        ("invalid_client", "bad_client_auth", 401, 6),
        ("invalid_request", "malformed_request", 400, 6),
        ("invalid_request", "bad_subject", 400, 6),
        ("invalid_request", "wrong_audience", 400, 6),
        ("unauthorized_client", "client_may_not_exchange", 400, 6),
        ("server_error", "internal", 500, 6),
        ("temporarily_unavailable", "audit_unavailable", 503, 4),
        ("temporarily_unavailable", "overloaded", 503, 4),
    ],
)
def test_no_and_not_like_this_and_not_now_are_told_apart(
    acme: Setting, error: str, reason: str, status: int, code: int
) -> None:
    acme.server.answer = refused(error, reason, status=status)
    ran = acme.hop("--json")
    assert (ran.code, ran.error["code"], ran.error["exit"]) == (code, reason, code)
    assert (ran.out != "") == (code == 1)


def test_a_protocol_error_is_no_drawing(acme: Setting) -> None:
    acme.server.answer = refused("invalid_client", "bad_client_auth", status=401)
    ran = acme.hop(terminal=True, environ={"NO_COLOR": "1"})
    assert ran.out == ""
    assert ran.err == (
        "error  invalid_client (bad_client_auth): The sentence of bad_client_auth.\n"
        "hint   actas explain --entry x_01JD7Q8P\n"
    )


def test_the_time_to_wait_is_said(acme: Setting) -> None:
    answer = refused("temporarily_unavailable", "overloaded", status=503, **{"Retry-After": "90"})
    acme.server.answer = answer
    assert acme.hop("--json").error["hint"] == "try again in 1 m 30 s"


def test_nobody_puts_a_command_into_the_explanation(acme: Setting) -> None:
    body = {"error": "invalid_target", "error_uri": "https://x/#$(reboot)", "error_description": 7}
    acme.server.answer = Reply(
        status=400, body=json.dumps(body).encode(), headers={"Actas-Entry": "x_1;reboot"}
    )
    ran = acme.hop("--json")
    assert (ran.code, ran.error["code"], ran.error["entry"], ran.error["hint"]) == (
        1,
        "invalid_target",
        None,
        None,
    )
    assert "reboot" not in acme.hop().err


def test_a_refused_request_of_an_unreadable_subject_is_drawn_all_the_same(acme: Setting) -> None:
    (acme.folder / "subject").write_text("an-opaque-token-that-says-nothing")
    acme.server.answer = refused("invalid_target", "no_rule")
    assert "○ subject ━━ ■ orders ──✕ inventory" in acme.hop().err


def test_the_actor_token_names_who_would_have_acted(acme: Setting) -> None:
    (acme.folder / "actor").write_text(acme.token(sub="assistant", sub_profile="ai_agent"))
    (acme.folder / "subject").write_text(acme.token())
    acme.server.answer = refused("invalid_target", "no_rule")
    assert "● alice ━━ ⬢ assistant ──✕ inventory" in acme.hop("--actor", f"@{acme.folder}/actor").err


# ── The server ────────────────────────────────────────────────────────────────────────


def test_a_server_that_is_not_there_could_not_be_asked(acme: Setting) -> None:
    ran = acme.hop("--server", "http://127.0.0.1:1", "--json")
    assert (ran.code, ran.error["code"]) == (4, "unreachable")
    assert "nothing listens there" in ran.error["message"]
    assert "actas serve --dev" in ran.error["hint"]


def test_the_server_is_named_by_flag_then_environment(acme: Setting) -> None:
    nowhere = "http://127.0.0.1:1"
    assert acme.hop("-s", acme.server.issuer, environ={"ACTAS_SERVER": nowhere}).code == 0
    found = acme.hop(environ={"ACTAS_SERVER": "", "ACTAS_ISSUER": acme.server.issuer})
    assert found.code == 0
    assert acme.hop(environ={"ACTAS_SERVER": nowhere, "ACTAS_ISSUER": acme.server.issuer}).code == 4


def test_a_server_that_does_not_answer_in_time_could_not_be_asked(acme: Setting) -> None:
    with acme.server.held():
        ran = acme.hop("--timeout", "50ms", "--json")
    assert (ran.code, ran.error["code"], ran.error["hint"]) == (4, "unreachable", "--timeout waits longer")
    assert "did not answer within 0.05 s" in ran.error["message"]


def test_an_answer_without_end_is_no_answer(acme: Setting) -> None:
    acme.server.answer = Reply(body=b" " * (2 * 1024 * 1024))
    ran = acme.hop()
    assert (ran.code, ran.out) == (4, "")
    assert "more than 1 MiB" in ran.err


def test_a_slash_at_the_end_is_no_other_server(acme: Setting) -> None:
    assert acme.hop("-s", f"{acme.server.issuer}/").code == 0


@pytest.mark.parametrize("issuer", ["https://sts.evil.example", "", ..., 7])
def test_a_server_that_says_it_is_another_gets_no_secret(acme: Setting, issuer: object) -> None:
    acme.server.metadata["issuer"] = issuer
    ran = acme.hop("--json")
    assert (ran.code, ran.error["code"]) == (6, "bad_metadata")
    assert acme.server.paths == [METADATA]


@pytest.mark.parametrize("endpoint", ["http://sts.evil.example/token", ..., 7, "ftp://x/", "https://a@b/"])
def test_an_endpoint_that_would_give_secrets_away_is_not_used(acme: Setting, endpoint: object) -> None:
    acme.server.metadata["token_endpoint"] = endpoint
    ran = acme.hop()
    assert (ran.code, ran.out) == (6, "")
    assert acme.server.paths == [METADATA]


def test_plain_http_is_spoken_to_this_computer_alone(acme: Setting) -> None:
    ran = acme.hop("-s", "http://sts.acme.example")
    assert (ran.code, ran.out) == (2, "")
    assert "would give secrets away" in ran.err


def test_what_is_no_authorization_server_is_said_so(acme: Setting) -> None:
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
        acme = Setting(actas, server, tmp_path)
        assert acme.hop().code == 0
        assert server.paths == [f"{METADATA}/shop", "/shop/token"]


def test_no_proxy_sees_what_stays_on_this_computer(acme: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_a_malformed_yes_is_no_yes(acme: Setting, members: dict[str, Any], why: str) -> None:
    acme.server.answer = granted(acme.given, **members)
    ran = acme.hop()
    assert (ran.code, ran.out) == (6, "")
    assert why in ran.err


@pytest.mark.parametrize(("status", "code"), [(200, 6), (400, 6), (302, 6), (500, 4), (502, 4), (429, 4)])
def test_an_answer_that_is_no_oauth_is_said_so(acme: Setting, status: int, code: int) -> None:
    acme.server.answer = Reply(status=status, body=b"<html>")
    ran = acme.hop("--json")
    assert (ran.code, ran.error["code"]) == (code, "bad_answer")


# ── The client ────────────────────────────────────────────────────────────────────────


@pytest.mark.requirement("TX-101")
def test_a_secret_is_form_encoded_before_it_is_joined(acme: Setting) -> None:
    acme.hop("--client", "odd:client name")
    scheme, _, said = acme.server.headers[0]["authorization"].partition(" ")
    assert scheme == "Basic"
    assert base64.b64decode(said) == b"odd%3Aclient+name:s3cret%26with%3Dodd%3Asigns%2B%25"
    assert "client_id" not in acme.server.forms[0]


def test_a_secret_goes_into_the_form_when_asked_for_or_when_the_server_takes_it_nowhere_else(
    acme: Setting,
) -> None:
    acme.hop("--client-auth", "post")
    acme.server.metadata["token_endpoint_auth_methods_supported"] = ["client_secret_post"]
    acme.hop()
    for form, headers in zip(acme.server.forms, acme.server.headers, strict=True):
        assert (form["client_id"], form["client_secret"]) == (["orders"], [SECRET])
        assert "authorization" not in headers


def test_a_client_without_proof_says_only_its_name(acme: Setting) -> None:
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
def test_a_signed_assertion_names_the_issuer_alone(acme: Setting) -> None:
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


def test_keys_of_every_kind_can_sign(acme: Setting) -> None:
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
def test_a_key_that_is_none_is_a_mistake_of_use_and_is_not_repeated(acme: Setting, text: str) -> None:
    path = acme.folder / "key.json"
    path.write_text(text)
    ran = acme.hop("--key", str(path))
    assert (ran.code, acme.server.forms) == (2, [])
    assert "AAAA" not in ran.err
    assert acme.hop("--key", "nix.json").code == 2


def test_a_flag_wins_over_the_environment(acme: Setting) -> None:
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
        (["--own", "--for", "refresh"], {}, "'refresh' is not"),
        (["--own", "--dry-run"], {}, "cannot be rehearsed"),
    ],
)
def test_used_wrongly_nothing_is_sent(
    acme: Setting, words: list[str], environ: dict[str, str], message: str
) -> None:
    ran = acme.run(*words, environ=environ)
    assert (ran.code, ran.out, acme.server.forms) == (2, "", [])
    assert message in ran.err


# ── Saving and showing ────────────────────────────────────────────────────────────────


def test_a_saved_token_is_checked_later_without_asking_anybody(acme: Setting, actas: Program) -> None:
    ran = acme.hop("--save", "demo/scene-2", terminal=True)
    assert "entry x_01JD7Q8M · saved as @demo/scene-2" in ran.out
    piped = acme.hop("--save", "demo/scene-2")
    assert (piped.out, piped.err) == (f"{acme.given}\n", "saved as @demo/scene-2\n")
    acme.server.paths.clear()
    looked = actas("inspect", "@demo/scene-2")
    assert looked.code == 0
    assert f"issuer {acme.server.issuer}, keys saved with @demo/scene-2" in looked.out
    assert acme.server.paths == []


def test_a_saved_token_can_be_the_subject_of_the_next_exchange(acme: Setting) -> None:
    assert acme.hop("--save", "mine", "--json").document["saved"] == "@mine"
    acme.run("--subject", "@mine", "--audience", "orders")
    assert acme.server.forms[-1]["subject_token"] == [acme.given]
    assert acme.server.forms[-1]["subject_token_type"] == [f"{TYPE}access_token"]


def test_a_saved_token_of_another_issuer_than_it_says_wakes_somebody(acme: Setting, actas: Program) -> None:
    acme.server.answer = granted(acme.token(iss="https://sts.evil.example"))
    acme.hop("--save", "odd")
    ran = actas("inspect", "@odd")
    assert ran.code == 7
    assert "it says issuer https://sts.evil.example, but was granted by" in ran.out


def test_a_token_is_saved_even_when_the_keys_cannot_be_had(acme: Setting, actas: Program) -> None:
    acme.server.replies["/jwks"] = Reply(status=500)
    ran = acme.hop("--save", "mine")
    assert ran.code == 0
    assert "cannot be had" in ran.err
    assert actas("inspect", "@mine").code == 1


def test_a_server_without_published_keys_still_gives_tokens(acme: Setting) -> None:
    acme.server.metadata["jwks_uri"] = ...
    assert "cannot be had" in acme.hop("--save", "mine").err
    acme.server.metadata["jwks_uri"] = "http://127.0.0.1:1/jwks"
    assert "cannot be had" in acme.hop("--save", "mine").err


def test_what_went_over_the_wire_is_shown_with_secrets_masked(acme: Setting) -> None:
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


def test_the_python_that_is_shown_is_python(acme: Setting) -> None:
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


def test_a_request_that_the_sdk_has_no_words_for_is_shown_as_curl_alone(acme: Setting) -> None:
    err = acme.hop("--audience", "orders", "--show", "code").err
    assert "curl" in err
    assert "actas_sdk" not in err


def test_a_secret_in_the_form_is_not_shown_at_all(acme: Setting) -> None:
    err = acme.hop("--client-auth", "post", "--show", "request,code").err
    assert "> &client_secret=…" in err
    assert '--data-urlencode client_secret="$ACTAS_CLIENT_SECRET"' in err
    assert SECRET not in err


def test_verbose_names_each_request_and_twice_shows_the_wire(acme: Setting) -> None:
    once = acme.hop("-v").err
    assert f"GET {acme.server.issuer}{METADATA} → 200, " in once
    assert "> POST" not in once
    twice = acme.hop("-vv").err
    assert "> POST" in twice
    assert acme.subject not in twice


def test_an_answer_that_is_no_json_is_shown_by_its_size(acme: Setting) -> None:
    acme.server.answer = Reply(status=502, body=b"<html>")
    assert "< 6 bytes that are no JSON object" in acme.hop("--show", "response").err
