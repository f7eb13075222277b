"""``actas impersonate`` against a server that answers whatever a test tells it to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.program import Program
from tests.fakes.token_server import Reply, TokenServer, granted, refused

from actas.core.wire import DPOP_JWT, ID_TOKEN, SUBJECT
from actas.crypto.jose import sign
from actas.crypto.key import PrivateKey
from actas.crypto.private_jwk import private_jwk
from actas.crypto.proof import parse_proof
from actas.crypto.thumbprint import access_token_hash

NAME = "kMPqr0pBQmW8a1J5tqk0wQ"
ONE: dict[str, Any] = {
    "id": NAME,
    "state": "running",
    "administrator": {"iss": "https://sts.acme.example", "sub": "dana@acme.example"},
    "subject": {"iss": "https://sts.acme.example", "sub": "actas:carol"},
    "reason": "the order does not load",
    "ticket": "HELP-1",
    "until": 1_795_000_600,
}


def says(document: Any, *, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(document).encode())


@pytest.fixture
def asked(actas: Program, server: TokenServer) -> Program:
    actas.environ |= {
        "ACTAS_SERVER": server.issuer,
        "ACTAS_CLIENT_ID": "helpdesk",
        "ACTAS_CLIENT_SECRET": "s3cret",
        "TOKEN": "the.token.itself",
    }
    return actas


def test_start_asks_with_the_administrators_token(asked: Program, server: TokenServer) -> None:
    server.answer = granted("the.new.token")
    ran = asked(
        *("impersonate", "start", "--as", "env:TOKEN", "--as-type", "id", "--subject", "actas:carol"),
        *("--audience", "orders", "--reason", "it does not load", "--ticket", "HELP-1", "--raw"),
    )
    assert ran.code == 0, ran.err
    (form,) = server.forms
    assert form["requested_subject"] == ["actas:carol"]
    assert form["subject_token_type"] == [str(ID_TOKEN)]
    assert (form["reason"], form["ticket"]) == (["it does not load"], ["HELP-1"])


def test_what_waits_for_approval_is_named_with_what_to_do(asked: Program, server: TokenServer) -> None:
    reply = refused("authorization_pending", reason="approval_needed")
    document = {**json.loads(reply.body), "impersonation": NAME}
    server.answer = Reply(status=400, body=json.dumps(document).encode(), headers=reply.headers)
    ran = asked(
        *("impersonate", "start", "--as", "env:TOKEN", "--subject", "actas:carol", "--audience", "orders")
    )
    assert ran.code == 1
    assert NAME in ran.err
    assert f"actas impersonate approve {NAME}" in ran.err


@pytest.mark.parametrize("action", ["approve", "refuse", "end"])
def test_somebody_decides_by_a_token_of_their_own(asked: Program, server: TokenServer, action: str) -> None:
    server.answer = says(ONE)
    ran = asked("impersonate", action, "--as", "env:TOKEN", NAME)
    assert ran.code == 0, ran.err
    assert "dana@acme.example as actas:carol" in ran.out
    assert server.paths[-1] == "/impersonations"
    (form,) = server.forms
    assert (form["action"], form["impersonation"]) == ([action], [NAME])


def test_a_bare_name_is_one_of_the_servers_people(asked: Program, server: TokenServer) -> None:
    server.answer = granted("the.new.token")
    words = ("impersonate", "start", "--as", "env:TOKEN", "--audience", "orders", "--raw")
    named = '{"format":"iss_sub","iss":"https://sts.acme.example","sub":"actas:carol"}'
    for typed in ("carol", "actas:carol", "corp:c-17", named):
        assert asked(*words, "--subject", typed).code == 0
    sent = [form["requested_subject"] for form in server.forms]
    assert sent == [["actas:carol"], ["actas:carol"], ["corp:c-17"], [named]]


def test_what_runs_already_is_named_with_what_ends_it(asked: Program, server: TokenServer) -> None:
    reply = refused("temporarily_unavailable", "too_many_impersonations", status=429, retry_after="480")
    running = [
        {
            "id": NAME,
            "subject": {"iss": "https://sts.acme.example", "sub": "actas:carol"},
            "until": 1_795_000_600,
        },
        {"id": "; rm -rf /", "subject": {"sub": "actas:olga"}, "until": 1_795_000_600},
        {"id": NAME, "subject": "actas:olga", "until": True},
        "x",
    ]
    document = {**json.loads(reply.body), "impersonations": running}
    server.answer = Reply(status=429, body=json.dumps(document).encode(), headers=reply.headers)
    words = ("impersonate", "start", "--as", "env:TOKEN", "--subject", "actas:olga", "--audience", "orders")
    ran = asked(*words)
    assert ran.code == 4
    ends = f"actas impersonate end {NAME} (actas:carol, until 2026-11-18 11:16:40)"
    assert f"{ends}; or try again in 8 m" in ran.err
    assert "rm -rf" not in ran.err
    told = asked(*words, "--json").error
    assert told["impersonations"] == [{"id": NAME, "subject": "actas:carol", "until": 1_795_000_600}]


def test_whoever_refuses_says_why_and_the_list_has_it(asked: Program, server: TokenServer) -> None:
    server.answer = says({**ONE, "state": "refused", "ended_why": "ask her first"})
    ran = asked("impersonate", "refuse", "--as", "env:TOKEN", NAME, "--reason", "ask her first")
    assert ran.code == 0, ran.err
    assert "refused: ask her first" in ran.out
    assert server.forms[0]["reason"] == ["ask her first"]
    assert asked("impersonate", "approve", "--as", "env:TOKEN", NAME, "--reason", "yes").code == 2
    server.answer = says({"impersonations": [{**ONE, "state": "refused", "ended_why": "ask her first"}]})
    listed = asked("impersonate", "list", "--as", "env:TOKEN")
    assert "HELP-1 the order does not load (refused: ask her first)" in listed.out


@pytest.mark.parametrize(
    ("named", "drawn"),
    [
        ("actas:carol", "● carol ━━ ● dana ──✕ orders"),
        (
            '{"format":"iss_sub","iss":"https://sts.acme.example","sub":"actas:carol"}',
            "● carol ━━ ● dana",
        ),
    ],
)
def test_a_refusal_is_drawn_with_the_customer_and_the_administrator(
    asked: Program, server: TokenServer, named: str, drawn: str
) -> None:
    key = PrivateKey.generate("ES256")
    asked.environ["TOKEN"] = sign({"iss": "https://idp.acme.example", "sub": "dana"}, key=key, typ="JWT")
    server.answer = refused("invalid_target", reason="no_rule")
    words = ("--audience", "orders", "--reason", "slow")
    ran = asked("impersonate", "start", "--as", "env:TOKEN", "--as-type", "id", "--subject", named, *words)
    assert ran.code == 1
    assert drawn in ran.err
    # The other two forms draw the same people, and the client that has nobody in front of it.
    asked.environ["CAROL"] = named
    other = ("exchange", "--subject", "env:CAROL", "--subject-type", str(SUBJECT), *words)
    assert drawn in asked(*other, "--actor", "env:TOKEN", "--actor-type", "id").err
    assert "● carol ━━ ■ helpdesk ──✕ orders" in asked(*other).err


def test_who_is_not_named_by_the_token_is_drawn_all_the_same(asked: Program, server: TokenServer) -> None:
    words = ("impersonate", "start", "--as", "env:TOKEN", "--subject", "actas:carol", "--audience", "orders")
    server.answer = refused("invalid_target", reason="no_rule")
    assert "● carol ━━ ● administrator ──✕ orders" in asked(*words).err
    key = PrivateKey.generate("ES256")
    asked.environ["TOKEN"] = sign({"iss": "https://idp.acme.example", "sub": "dana"}, key=key, typ="JWT")
    hidden = sign(
        {"iss": server.issuer, "sub": "actas:carol", "sub_profile": "user", "aud": "orders"},
        key=key,
        typ="at+jwt",
    )
    server.answer = granted(hidden, scope="orders:read")
    assert "● carol ┄┄ ● dana" in asked(*words, terminal=True).out


def test_the_list_says_who_and_why(asked: Program, server: TokenServer) -> None:
    server.answer = says({"impersonations": [ONE]})
    ran = asked("impersonate", "list", "--as", "env:TOKEN")
    assert ran.code == 0, ran.err
    assert "HELP-1 the order does not load" in ran.out


def test_the_list_is_read_page_by_page(asked: Program, server: TokenServer) -> None:
    pages = [
        {"impersonations": [{**ONE, "id": "first"}], "next": "c-1"},
        {"impersonations": [], "next": "c-2"},
        {"impersonations": [{**ONE, "id": "last"}], "next": None},
    ]
    left = iter(pages)
    server.answers = lambda: says(next(left))
    ran = asked("impersonate", "list", "--as", "env:TOKEN", "-o", "name")
    assert (ran.code, ran.out.split()) == (0, ["first", "last"]), ran.err
    assert [form.get("cursor") for form in server.forms] == [None, ["c-1"], ["c-2"]]


@pytest.mark.parametrize("action", ["approve", "refuse"])
def test_nobody_decides_without_showing_who_they_are(asked: Program, action: str) -> None:
    assert asked("impersonate", action, NAME).code == 2


@pytest.mark.parametrize("words", [("list",), ("end", NAME)])
def test_without_a_token_it_is_the_management_api_that_is_asked(
    asked: Program, words: tuple[str, ...]
) -> None:
    ran = asked("impersonate", *words)
    assert ran.code == 5
    assert "actas login" in ran.err


def test_what_is_not_theirs_exits_with_no(asked: Program, server: TokenServer) -> None:
    server.answer = refused("access_denied", reason="not_yours")
    ran = asked("impersonate", "end", "--as", "env:TOKEN", NAME)
    assert ran.code == 1
    assert "access_denied (not_yours): " in ran.err


def test_a_token_that_is_bound_to_a_key_is_shown_with_proof_of_it(
    asked: Program, server: TokenServer, tmp_path: Path
) -> None:
    key = PrivateKey.generate("ES256")
    file = tmp_path / "key.jwk"
    file.write_text(json.dumps(private_jwk(key)))
    server.answer = says({**ONE, "state": "ended"})
    ran = asked("impersonate", "end", NAME, "--as", "env:TOKEN", "--dpop", str(file))
    assert ran.code == 0, ran.err
    (proof,) = [headers["dpop"] for headers in server.headers if "dpop" in headers]
    claims = parse_proof(proof, typ=DPOP_JWT).unverified_claims
    assert (claims["htm"], claims["htu"]) == ("POST", f"{server.issuer}/impersonations")
    assert claims["ath"] == access_token_hash("the.token.itself")


def test_the_pages_of_a_list_are_proven_by_one_holder_that_remembers_the_nonce(
    asked: Program, server: TokenServer, tmp_path: Path
) -> None:
    """A server that wants nonces is asked once in vain, not once for each page."""
    file = tmp_path / "key.jwk"
    file.write_text(json.dumps(private_jwk(PrivateKey.generate("ES256"))))
    left = iter([{"impersonations": [], "next": "c-1"}, {"impersonations": [], "next": "c-2"}])

    def answers() -> Reply:
        proof = parse_proof(server.headers[-1]["dpop"], typ=DPOP_JWT)
        if proof.unverified_claims.get("nonce") != "n-1":
            return refused("use_dpop_nonce", reason="nonce_needed", dpop_nonce="n-1")
        return says(next(left, {"impersonations": [], "next": None}))

    server.answers = answers
    ran = asked("impersonate", "list", "--as", "env:TOKEN", "--dpop", str(file))
    assert ran.code == 0, ran.err
    assert [form.get("cursor") for form in server.forms] == [None, None, ["c-1"], ["c-2"]]


@pytest.mark.parametrize("until", [10**12, 10**18, -1, True, "soon"], ids=repr)
def test_an_end_that_is_no_time_is_not_listed(asked: Program, server: TokenServer, until: Any) -> None:
    server.answer = says({"impersonations": [{**ONE, "until": until}]})
    ran = asked("impersonate", "list", "--as", "env:TOKEN")
    assert ran.code == 0, ran.err
    header, row = ran.out.splitlines()
    where = header.index("UNTIL")
    assert row[where : header.index("WHY")].strip() == ""


@pytest.mark.parametrize("action", ["approve", "refuse", "end"])
def test_an_id_that_a_flag_took_for_its_value_is_named(asked: Program, action: str, tmp_path: Path) -> None:
    ran = asked("impersonate", action, "--as", "env:TOKEN", "--dpop", NAME, "--json")
    assert (ran.code, ran.error["message"]) == (2, "Missing argument 'ID'.")
    assert ran.error["hint"].startswith(f"--dpop took '{NAME}' as its KEY; write --dpop=FILE")
    file = tmp_path / "key.jwk"
    file.write_text("{}")
    for flags in (("--dpop", str(file)), ("--dpop",), ()):
        ran = asked("impersonate", action, "--as", "env:TOKEN", *flags, "--json")
        assert (ran.code, ran.error["message"]) == (2, "Missing argument 'ID'.")
        assert ran.error["hint"] == f"actas impersonate {action} --help"


@pytest.mark.parametrize("command", [("list",), ("end", NAME)])
@pytest.mark.parametrize(
    ("flag", "value"),
    [("--client", "helpdesk"), ("--as-type", "id"), ("--client-auth", "post"), ("--key", "k.jwk")],
)
def test_what_would_not_be_heard_is_not_taken(
    asked: Program, server: TokenServer, command: tuple[str, ...], flag: str, value: str
) -> None:
    """Without --as it is the role of whoever signed in that counts, and no client's."""
    ran = asked("impersonate", *command, flag, value)
    assert ran.code == 2
    assert f"{flag} is about a token that --as shows" in ran.err
    assert server.forms == []


@pytest.mark.parametrize("said", [("--reason", "it is slow"), ("--ticket", "HELP-1")])
def test_a_reason_for_acting_as_nobody_is_not_taken(
    asked: Program, server: TokenServer, said: tuple[str, str]
) -> None:
    who = ("exchange", "--subject", "env:TOKEN", "--audience", "orders")
    ran = asked(*who, *said)
    assert ran.code == 2
    assert f"{said[0]} says why somebody acts as another" in ran.err
    assert server.forms == []
    server.answer = granted("the.new.token")
    assert asked(*who, *said, "--requested-subject", "actas:carol").code == 0
    named = ("exchange", "--subject", "env:TOKEN", "--subject-type", str(SUBJECT), "--audience", "orders")
    assert asked(*named, "--actor", "env:TOKEN", *said).code == 0
