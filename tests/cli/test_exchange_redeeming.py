"""``actas exchange --redeem``: a grant of another domain goes to the server that it is for, and to no other."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.exchanging import Exchanging
from tests.fakes.program import Ran
from tests.fakes.token_server import METADATA, granted, refused

from actas.core.opaque import REFERENCE, REFRESH, Prefix, new_text
from actas.core.ports import SystemChance
from actas.crypto import jose

KEY = jose.PrivateKey.generate("ES256")
PLAIN = {"NO_COLOR": "1"}
HOME = "https://sts.home.example"
API = "https://api.tickets.example"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def grant(acme: Exchanging, **claims: Any) -> str:
    honest = {
        "iss": HOME,
        "aud": acme.server.issuer,
        "sub": "actas:alice",
        "sub_profile": ...,
        "client_id": "orders",
        "resource": API,
        "scope": "tickets:read",
    }
    return acme.token(**{**honest, **claims})


def redeem(acme: Exchanging, *words: str, text: str | None = None, **how: Any) -> Ran:
    (acme.folder / "grant.jwt").write_text(grant(acme) if text is None else text)
    return acme.run("--redeem", f"@{acme.folder}/grant.jwt", *words, **how)


def written(acme: Exchanging) -> str:
    return (acme.folder / "grant.jwt").read_text()


@pytest.fixture
def tickets(acme: Exchanging) -> Exchanging:
    """The server answers as RFC 6749 has it: it names no type of token."""
    token = acme.token(sub="home:actas:alice", aud=API, client_id="orders", scope="tickets:read")
    acme.server.answer = granted(token, issued_token_type=..., scope="tickets:read")
    return acme


def test_the_grant_is_the_assertion_and_nothing_else_is_said(tickets: Exchanging) -> None:
    assert redeem(tickets).code == 0
    assert tickets.server.paths == [METADATA, "/token"]
    assert tickets.server.forms == [{"grant_type": [JWT_BEARER], "assertion": [written(tickets)]}]
    assert redeem(tickets, "--resource", API, "--audience", "t", "--scope", "tickets:read").code == 0
    fields = tickets.server.forms[1]
    assert (fields["resource"], fields["audience"], fields["scope"]) == ([API], ["t"], ["tickets:read"])


def test_what_came_of_it_is_drawn_from_the_server_that_vouches(tickets: Exchanging) -> None:
    ran = redeem(tickets, terminal=True, environ=PLAIN)
    assert ran.out.splitlines() == [
        f"granted  access token for {API}, 2 m",
        "",
        "  ◆ sts.home.example ══ ● alice ── ▭ api     tickets:read",
        "",
        "  entry x_01JD7Q8M · saved nowhere (use --save or --raw)",
    ]
    assert redeem(tickets, "--json").document["token"]["scheme"] == "Bearer"


def test_whoever_acts_in_the_token_is_drawn_and_nobody_else(tickets: Exchanging) -> None:
    bot = {"iss": HOME, "sub": "assistant", "sub_profile": "ai_agent"}
    act = {"iss": tickets.server.issuer, "sub": "orders", "sub_profile": "ai_agent", "act": bot}
    token = tickets.token(sub="home:actas:alice", aud=API, client_id="orders", scope="tickets:read", act=act)
    tickets.server.answer = granted(token, issued_token_type=..., scope="tickets:read")
    text = grant(tickets, act=bot)
    ran = redeem(tickets, terminal=True, environ=PLAIN, text=text)
    drawn = "  ◆ sts.home.example ══ ● alice ━━ ⬢ assistant ━━ ⬢ orders ── ▭ api     tickets:read"
    assert drawn in ran.out.splitlines()
    chain = redeem(tickets, "--json", text=text).document["chain"]
    assert [(one["kind"], one["id"]) for one in chain][-2:] == [("agent", "assistant"), ("agent", "orders")]


def test_it_is_kept_and_bound_like_any_token(tickets: Exchanging) -> None:
    assert "saved as @there" in redeem(tickets, "--save", "there", terminal=True).out
    bearer = redeem(tickets, "--dpop", "--json")
    assert (bearer.code, bearer.error["code"]) == (6, "not_bound")
    tickets.server.answer = granted(tickets.given, issued_token_type=..., token_type="DPoP")
    assert redeem(tickets, "--dpop").code == 0
    assert "dpop" in tickets.server.headers[-1]


@pytest.mark.parametrize("reason", ["grant_reused", "expired", "bad_subject"])
def test_a_grant_that_is_not_taken_is_drawn_with_what_explains_it(acme: Exchanging, reason: str) -> None:
    acme.server.answer = refused("invalid_grant", reason)
    ran = redeem(acme, terminal=True, environ=PLAIN)
    assert (ran.code, ran.out) == (1, "")
    assert f"REFUSED  invalid_grant, {reason}" in ran.err
    assert f"why, on the computer of {acme.server.issuer}: actas explain " in ran.err
    assert "◆ sts.home.example ══ ● alice ━━ ■ orders ──✕ api" in ran.err
    assert "--entry x_01JD7Q8P" in ran.err
    assert redeem(acme, "--json").document["reason"] == reason


def test_what_is_wrong_with_the_client_is_no_refusal_of_the_grant(acme: Exchanging) -> None:
    acme.server.answer = refused("invalid_client", "bad_client", status=401)
    ran = redeem(acme)
    assert (ran.code, ran.out) == (6, "")
    where = f"hint   why, on the computer of {acme.server.issuer}: actas explain --dev --entry x_01JD7Q8P"
    assert ran.err.splitlines()[-1] == where


@pytest.mark.parametrize(
    ("cnf", "error", "reason", "flag"),
    [
        ({"jkt": "x" * 43}, "invalid_grant", "key_not_proven", "--dpop"),
        ({"jkt": "x" * 43}, "invalid_dpop_proof", "binding_needed", "--dpop"),
        ({"x5t#S256": "x" * 43}, "invalid_grant", "key_not_proven", "--certificate"),
        ({"jkt": "x" * 43}, "invalid_grant", "expired", None),
        ({"jkt": "x" * 43}, "invalid_client", "bad_client_auth", None),
    ],
)
def test_a_grant_that_is_bound_to_a_key_says_which_flag_is_missing(
    acme: Exchanging, cnf: dict[str, str], error: str, reason: str, flag: str | None
) -> None:
    acme.server.answer = refused(error, reason)
    ran = redeem(acme, text=grant(acme, cnf=cnf))
    said = f"hint   the grant is bound to a key, which {flag} proves"
    assert (said in ran.err.splitlines()) == (flag is not None), ran.err


@pytest.mark.requirement("JAG-114")
def test_a_server_that_says_it_is_another_is_shown_no_grant(tickets: Exchanging) -> None:
    tickets.server.metadata["issuer"] = "https://auth.evil.example"
    ran = redeem(tickets, "--json")
    assert (ran.code, ran.error["code"]) == (6, "bad_metadata")
    assert tickets.server.paths == [METADATA]


def elsewhere(*, typ: str, **claims: Any) -> str:
    """A token for somebody else, with that type."""
    return jose.sign({"iss": HOME, "sub": "actas:alice", **claims}, key=KEY, typ=typ)


@pytest.mark.parametrize(
    ("typ", "claims", "said"),
    [
        (
            "JWT",
            {"aud": "assistant", "auth_time": 1, "nonce": "n"},
            "by its typ and claims it is an ID token",
        ),
        ("at+jwt", {"aud": API, "scope": "tickets:read"}, "by its typ it is a JWT access token"),
    ],
)
def test_what_is_no_grant_is_called_what_it_is_and_not_shown(
    tickets: Exchanging, typ: str, claims: dict[str, Any], said: str
) -> None:
    ran = redeem(tickets, text=elsewhere(typ=typ, **claims))
    assert (ran.code, f"this is no grant: {said}, for {claims['aud']}" in ran.err) == (2, True)
    assert "--server" not in ran.err
    assert "--for id-jag" in ran.err
    assert tickets.server.paths == [METADATA]


@pytest.mark.parametrize("prefix", [REFRESH, REFERENCE])
def test_a_token_that_is_no_jwt_and_no_grant_is_not_shown(tickets: Exchanging, prefix: Prefix) -> None:
    """A refresh token that reaches another company's server by mistake could be used there for weeks."""
    token = new_text(prefix, SystemChance())
    ran = redeem(tickets, text=token)
    assert (ran.code, "this is no grant: it is a re" in ran.err) == (2, True)
    assert token not in ran.err
    assert tickets.server.paths == [METADATA]


def test_what_is_to_be_typed_for_a_grant_says_its_audience_as_one_word(tickets: Exchanging) -> None:
    ran = redeem(tickets, text=elsewhere(typ="oauth-id-jag+jwt", aud="https://x.example/;id"))
    assert (ran.code, "--server 'https://x.example/;id'" in ran.err) == (2, True)


@pytest.mark.requirement("JAG-114")
def test_a_grant_is_not_shown_to_a_server_that_it_is_not_for(tickets: Exchanging) -> None:
    ran = redeem(tickets, text=elsewhere(typ="oauth-id-jag+jwt", aud="https://auth.other.example"))
    assert (ran.code, "the grant is for https://auth.other.example, and not for" in ran.err) == (2, True)
    assert "--server https://auth.other.example" in ran.err
    assert tickets.server.paths == [METADATA]
    assert redeem(tickets, text="not-one-that-can-be-read").code == 0  # the server says what it is


@pytest.mark.requirement("JAG-114")
def test_another_host_is_not_used_in_silence(tickets: Exchanging) -> None:
    assert "another host" not in redeem(tickets).err
    port = tickets.server.issuer.rpartition(":")[2]
    tickets.server.metadata["token_endpoint"] = f"http://localhost:{port}/token"
    ran = redeem(tickets)
    assert f"{tickets.server.issuer} takes grants at another host: localhost:{port}" in ran.err


def test_the_grant_is_masked_where_the_request_is_shown(tickets: Exchanging) -> None:
    ran = redeem(tickets, "--show", "request,code", "--raw")
    assert written(tickets) not in ran.err
    assert '--data-urlencode assertion="$GRANT"' in ran.err
    assert "actas_sdk" not in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("--subject", "a.b.c"),
        ("--subject-type", "id"),
        ("--actor", "a.b.c"),
        ("--actor-type", "id"),
        ("--own",),
        ("--for", "id-jag"),
        ("--to", HOME),
        ("--requested-subject", "alice"),
        ("--reason", "why"),
        ("--ticket", "T-1"),
        ("--detail", '{"type":"x"}'),
    ],
)
def test_flags_of_another_request_are_refused(acme: Exchanging, words: tuple[str, ...]) -> None:
    ran = redeem(acme, *words)
    assert (ran.code, f"{words[0]} has no meaning with --redeem" in ran.err) == (2, True)
    assert acme.server.paths == []
