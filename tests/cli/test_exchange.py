"""``actas exchange``: what is granted and what is refused, as people and programs read it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.fakes.exchanging import EXCHANGE, INVENTORY, TYPE, Exchanging
from tests.fakes.forge import SigningKey, forge
from tests.fakes.token_server import METADATA, Reply, granted, refused


def test_a_granted_exchange_is_said_and_drawn(acme: Exchanging) -> None:
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


def test_a_granted_exchange_has_a_plain_form(acme: Exchanging) -> None:
    ran = acme.hop("--ascii", "--no-color", terminal=True)
    assert (
        ran.out
        == f"""\
granted  access token for {INVENTORY}, 2 m

  (o) alice == <a> assistant == [s] orders -- [ ] inventory     stock:read

  entry x_01JD7Q8M - saved nowhere (use --save or --raw)
"""
    )


def test_the_request_is_that_of_the_specification(acme: Exchanging) -> None:
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


def test_leave_to_do_it_again_is_asked_for_kept_and_shown_as_what_it_is(acme: Exchanging) -> None:
    text = "actas_rft_" + "A" * 43
    members = {"issued_token_type": f"{TYPE}refresh_token", "token_type": "N_A", "expires_in": 3600}
    acme.server.answer = granted(text, **members)
    words = ("--subject-type", "id", "--for", "refresh", "--dpop", "--save", "later")
    ran = acme.hop(*words, "--show", "code", terminal=True)
    assert ran.code == 0
    assert "  refresh token for inventory, 1 h" in ran.out
    assert text not in ran.out + ran.err
    assert "token = actas.refresh_token(subject_token, to='inventory', scopes=['stock:read'])" in ran.err
    form = acme.server.forms[0]
    assert form["requested_token_type"] == [f"{TYPE}refresh_token"]
    assert form["subject_token_type"] == [f"{TYPE}id_token"]
    assert acme.run("--subject", "@later", "--audience", "inventory").code == 6  # it answers the same again
    assert acme.server.forms[1]["subject_token_type"] == [f"{TYPE}refresh_token"]
    assert acme.hop("--subject-type", "refresh").code == 6
    assert acme.server.forms[2]["subject_token_type"] == [f"{TYPE}refresh_token"]


def test_an_access_token_in_place_of_leave_to_do_it_again_is_not_taken(acme: Exchanging) -> None:
    ran = acme.hop("--for", "refresh", "--json")
    assert (ran.code, ran.error["code"]) == (6, "bad_answer")


def test_every_flag_becomes_its_parameter(acme: Exchanging) -> None:
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


@pytest.mark.parametrize(
    ("claims", "typ", "declared"),
    [
        ({"auth_time": 1, "nonce": "n"}, "JWT", "id_token"),
        ({"auth_time": 1, "nonce": "n"}, "at+jwt", "access_token"),
        ({"auth_time": 1, "scope": "orders:read"}, "JWT", "access_token"),
        ({"acr": "1", "scp": "orders.read", "appid": "web"}, "JWT", "access_token"),
        ({}, "JWT", "access_token"),
    ],
)
@pytest.mark.parametrize(
    "wanted", [("--audience", "inventory"), ("--for", "jwt", "--to", "https://a.example")]
)
def test_a_token_in_a_file_is_declared_as_what_it_looks_like(
    acme: Exchanging, claims: dict[str, Any], typ: str, declared: str, wanted: tuple[str, ...]
) -> None:
    whole = {"iss": acme.server.issuer, "sub": "alice", "aud": "orders", **claims}
    (acme.folder / "some.jwt").write_text(forge(whole, key=acme.server.key, headers={"typ": typ}))
    acme.run("--subject", f"@{acme.folder}/some.jwt", *wanted)
    assert acme.server.forms[0]["subject_token_type"] == [f"{TYPE}{declared}"]


def test_what_is_typed_outweighs_what_a_token_looks_like(acme: Exchanging) -> None:
    claims = {"iss": acme.server.issuer, "sub": "alice", "aud": "orders", "nonce": "n"}
    (acme.folder / "some.jwt").write_text(forge(claims, key=acme.server.key, headers={"typ": "JWT"}))
    acme.run("--subject", f"@{acme.folder}/some.jwt", "--subject-type", "jwt", "--audience", "inventory")
    assert acme.server.forms[0]["subject_token_type"] == [f"{TYPE}jwt"]


def test_in_a_pipe_the_answer_is_the_token(acme: Exchanging) -> None:
    ran = acme.hop()
    assert (ran.code, ran.out, ran.err) == (0, f"{acme.given}\n", "")


def test_on_a_terminal_the_token_is_whole_only_when_asked_for(acme: Exchanging) -> None:
    assert acme.given not in acme.hop(terminal=True).out
    assert acme.hop("--raw", terminal=True).out == f"{acme.given}\n"
    shown = acme.hop("--json", terminal=True).document["token"]["value"]
    assert shown == f"{acme.given[:8]}…{acme.given[-4:]}"
    assert acme.hop("--json", "--raw", terminal=True).document["token"]["value"] == acme.given


def test_programs_get_one_document(acme: Exchanging) -> None:
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


def test_a_hop_bought_with_one_scope_is_drawn_thin(acme: Exchanging) -> None:
    via = {"sub": "assistant", "sub_profile": "ai_agent"}
    (acme.folder / "subject").write_text(acme.token(scope="orders:read", act=via))
    assert "● alice ━━ ⬢ assistant ── ■ orders ── ▭ inventory" in acme.hop(terminal=True).out


def test_a_token_for_the_client_itself(acme: Exchanging) -> None:
    own = acme.token(sub="orders", sub_profile="service", client_id="orders", aud=INVENTORY, scope="a b")
    acme.server.answer = granted(own, issued_token_type=..., scope="a b")
    ran = acme.run("--own", "--audience", "inventory", terminal=True)
    assert "■ orders ━━ ▭ inventory     a b" in ran.out
    assert acme.server.forms == [{"grant_type": ["client_credentials"], "audience": ["inventory"]}]


def test_impersonation_is_dashed_because_the_token_does_not_name_its_holder(acme: Exchanging) -> None:
    acme.server.answer = granted(acme.token(aud=INVENTORY, client_id="orders", scope="stock:read"))
    assert "● alice ┄┄ ■ orders ── ▭ inventory" in acme.hop(terminal=True).out
    document = acme.hop("--json").document
    assert document["chain"] == [{"kind": "person", "id": "alice@acme.example"}]
    assert (
        document["sentence"] == "orders may use stock:read at inventory as alice; the token names only alice."
    )


def test_narrowing_ones_own_token_is_no_impersonation(acme: Exchanging) -> None:
    (acme.folder / "subject").write_text(acme.token(client_id="orders", scope="a b"))
    acme.server.answer = granted(acme.token(aud=INVENTORY, client_id="orders", scope="stock:read"))
    assert "● alice ── ▭ inventory" in acme.hop(terminal=True).out


def test_a_translated_token_crosses_a_trust_domain(acme: Exchanging) -> None:
    foreign = forge({"iss": "https://idp.partner.example/", "sub": "kim"}, key=SigningKey.generate())
    (acme.folder / "subject").write_text(foreign)
    acme.server.answer = granted(acme.token(sub="partner:kim", aud=INVENTORY, scope="stock:read"))
    jwt = acme.hop("--subject-type", "jwt", terminal=True)
    assert "◆ idp.partner.example ══ ● partner:kim ── ▭ inventory" in jwt.out
    identity = acme.hop("--subject-type", "id", terminal=True)
    assert "  ● partner:kim ── ▭ inventory" in identity.out


def test_how_much_a_silent_subject_token_held_is_not_guessed(acme: Exchanging) -> None:
    (acme.folder / "subject").write_text(acme.token(scope=...))
    assert "● alice ━━ ⬢ assistant ━━ ■ orders ── ▭ inventory" in acme.hop(terminal=True).out


def test_who_may_not_narrow_its_own_token_is_drawn_once(acme: Exchanging) -> None:
    act = {"sub": "orders", "sub_profile": "service"}
    (acme.folder / "subject").write_text(acme.token(client_id="orders", act=act))
    acme.server.answer = refused("invalid_scope", "excess")
    assert "● alice ━━ ■ orders ──✕ inventory" in acme.hop().err


def test_a_token_that_cannot_be_read_is_drawn_from_what_was_asked(acme: Exchanging) -> None:
    acme.server.answer = granted("an-opaque-token-that-says-nothing-at-all", scope="stock:read")
    ran = acme.hop("--no-color", terminal=True)
    assert "granted  access token for inventory, 2 m" in ran.out
    assert "● alice ━━ ⬢ assistant ━━ ■ orders ── ▭ inventory     stock:read" in ran.out


def test_less_than_was_asked_for_is_said(acme: Exchanging) -> None:
    ran = acme.hop("--scope", "stock:write", terminal=True)
    assert "  not granted: stock:write\n" in ran.out


def test_more_than_was_asked_for_draws_a_warning(acme: Exchanging) -> None:
    acme.server.answer = granted(acme.given, scope="stock:read stock:write")
    assert "the server granted more than was asked for: stock:write" in acme.hop().err


# ── Refusals ──────────────────────────────────────────────────────────────────────────


def test_a_refusal_is_said_and_drawn_and_leaves_the_pipe_empty(acme: Exchanging) -> None:
    acme.server.answer = refused("invalid_scope", "denied_by_rule")
    ran = acme.hop("--scope", "stock:write")
    assert (ran.code, ran.out) == (1, "")
    assert (
        ran.err
        == """\
REFUSED  invalid_scope, denied_by_rule

  ● alice ━━ ⬢ assistant ━━ ■ orders ━━✕ inventory

  The sentence of denied_by_rule.
  entry x_01JD7Q8P · why: actas explain --dev --entry x_01JD7Q8P
"""
    )


def test_a_refusal_is_a_document_and_an_error_for_programs(acme: Exchanging) -> None:
    acme.server.answer = refused("invalid_target", "no_rule")
    ran = acme.hop("--json")
    assert ran.code == 1
    assert ran.document["outcome"] == "refused"
    assert (ran.document["error"], ran.document["reason"]) == ("invalid_target", "no_rule")
    assert ran.document["chain"][-1] == {"kind": "service", "id": "orders", "current": True}
    assert ran.error == {
        "code": "no_rule",
        "message": "The sentence of no_rule.",
        "hint": "actas explain --dev --entry x_01JD7Q8P",
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
    acme: Exchanging, error: str, reason: str, status: int, code: int
) -> None:
    acme.server.answer = refused(error, reason, status=status)
    ran = acme.hop("--json")
    assert (ran.code, ran.error["code"], ran.error["exit"]) == (code, reason, code)
    assert (ran.out != "") == (code == 1)


def test_a_protocol_error_is_no_drawing(acme: Exchanging) -> None:
    acme.server.answer = refused("invalid_client", "bad_client_auth", status=401)
    ran = acme.hop(terminal=True, environ={"NO_COLOR": "1"})
    assert ran.out == ""
    assert ran.err == (
        "error  invalid_client (bad_client_auth): The sentence of bad_client_auth.\n"
        "hint   actas explain --dev --entry x_01JD7Q8P\n"
    )


def test_the_time_to_wait_is_said(acme: Exchanging) -> None:
    answer = refused("temporarily_unavailable", "overloaded", status=503, **{"Retry-After": "90"})
    acme.server.answer = answer
    why = "why: actas explain --entry x_01JD7Q8P"
    assert (
        acme.hop("--json").error["hint"]
        == f"try again in 1 m 30 s · {why.replace('explain', 'explain --dev')}"
    )


def test_nobody_puts_a_command_into_the_explanation(acme: Exchanging) -> None:
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


def test_a_refused_request_of_an_unreadable_subject_is_drawn_all_the_same(acme: Exchanging) -> None:
    (acme.folder / "subject").write_text("an-opaque-token-that-says-nothing")
    acme.server.answer = refused("invalid_target", "no_rule")
    assert "○ subject ━━ ■ orders ──✕ inventory" in acme.hop().err


def test_the_actor_token_names_who_would_have_acted(acme: Exchanging) -> None:
    (acme.folder / "actor").write_text(acme.token(sub="assistant", sub_profile="ai_agent"))
    (acme.folder / "subject").write_text(acme.token())
    acme.server.answer = refused("invalid_target", "no_rule")
    assert "● alice ━━ ⬢ assistant ──✕ inventory" in acme.hop("--actor", f"@{acme.folder}/actor").err
