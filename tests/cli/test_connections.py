"""``actas connections``, against a real server: made, looked at, paused, resumed and deleted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.managing import managed
from tests.fakes.program import Program, Ran
from tests.fakes.server import RealServer
from tests.web.conftest import RELOADED

from actas.cli.connected import drawn, people_of, way_of
from actas.core.ports import Json

METADATA = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
MEMBER = "identity_chaining_requested_token_types_supported"
ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"
JWT = "urn:ietf:params:oauth:token-type:jwt"

TICKETS = (
    *("--client", "assistant", "--to", "https://auth.tickets.example", "--as", "acme-assistant"),
    *("--resource", "https://api.tickets.example", "--scope", "tickets:read tickets:comment"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server that has had a connection, so that it has a key for grants, and has none any more."""
    server = managed(tmp_path_factory.mktemp("connected"))
    server.company.tree["connections"] = [
        {
            "name": "wiki",
            "direction": "issue",
            "client": "assistant",
            "resource": {
                "issuer": "https://auth.wiki.example",
                "client_id": "acme",
                "scopes": ["pages:read"],
            },
            "people": {"from": ["actas"]},
        }
    ]
    server.company.named("issuers", "corp-idp")["audiences"] = {"acme-web": ["assistant"]}
    with server:
        assert published(server) == [[ID_JAG], [ID_JAG]]
        del server.company.tree["connections"]
        server.company.write()
        server.reload(told=RELOADED)
        yield server


def program(server: RealServer, home: Path, who: str) -> Program:
    actas = Program(home, environ={"ACTAS_SERVER": server.base, "ACTAS_TIMEOUT": "20"}, now=time.time())
    good(actas("login", "--client", who, environ={"ACTAS_CLIENT_SECRET": server.company.secrets[who]}))
    return actas


@pytest.fixture
def actas(server: RealServer, tmp_path: Path) -> Program:
    return program(server, tmp_path / "home", "chief")


def good(ran: Ran) -> Ran:
    assert ran.code == 0, ran.err
    return ran


def state(actas: Program, name: str) -> str:
    rows = good(actas("connections", "list")).out.splitlines()
    return next(row for row in rows if row.startswith(f"{name} ")).split("  ")[-1].strip()


def published(server: RealServer) -> list[object]:
    return [server.get(path).json.get(MEMBER) for path in METADATA]


def test_a_connection_lives_its_life(server: RealServer, actas: Program) -> None:
    assert published(server) == [None, None]
    rehearsed = good(actas("connections", "create", "tickets", *TICKETS, "--group", "support", "--dry-run"))
    assert "would make the connection tickets" in rehearsed.out
    assert "tickets" not in good(actas("connections", "list", "-o", "name")).out
    assert state(actas, "wiki") == "out of force"

    made = good(actas("connections", "create", "tickets", *TICKETS, "--group", "support"))
    assert made.out == "✓ made the connection tickets: assistant → auth.tickets.example, in support\n"
    assert made.err.startswith("warning  server: https://auth.tickets.example cannot be asked: "), made.err
    assert made.err.endswith("\nactas connections show tickets says what to do\n")
    listed = good(actas("connections", "list")).out
    assert listed.splitlines()[0].split("  ")[0] == "NAME"
    for cell in ("assistant → auth.tickets.example", "in support", "tickets:read tickets:comment", "active"):
        assert cell in listed
    shown = good(actas("connections", "show", "tickets"))
    assert "⬢ assistant ══ ◆ auth.tickets.example ══ ▭ " in shown.out.splitlines()[0]
    assert "tickets:read tickets:comment" in shown.out.splitlines()[0]
    assert published(server) == [[ID_JAG], [ID_JAG]]

    rehearsed = good(actas("connections", "pause", "tickets", "--dry-run"))
    assert (rehearsed.out, "would be paused" in rehearsed.err) == ("", True)
    assert state(actas, "tickets") == "active"
    paused = good(actas("connections", "pause", "tickets"))
    assert paused.out.splitlines()[0] == "tickets is paused"
    assert "Tokens that auth.tickets.example has given out for earlier grants are its own" in paused.out
    assert state(actas, "tickets") == "paused"
    assert "✕" in good(actas("connections", "show", "tickets")).out.splitlines()[0]
    assert good(actas("connections", "pause", "tickets", "--json")).document["disabled"] is True
    assert published(server) == [[ID_JAG], [ID_JAG]]  # it is there, and is resumed without notice

    assert good(actas("connections", "resume", "tickets")).out == "tickets is active\n"
    asked = actas("connections", "delete", "tickets")
    assert (asked.code, "tickets will be deleted at" in asked.err) == (2, True)
    assert "never given again" not in asked.err
    good(actas("connections", "delete", "tickets", "--yes"))
    assert actas("connections", "show", "tickets").code == 1
    assert published(server) == [None, None]


def test_a_connection_that_is_made_paused_stays_so_when_it_is_resumed(actas: Program) -> None:
    assert good(actas("connections", "create", "later", *TICKETS, "--everybody", "--paused")).err == ""
    assert state(actas, "later") == "paused"
    resumed = good(actas("connections", "resume", "later"))
    assert "its document says disabled" in resumed.out
    assert state(actas, "later") == "paused"
    good(actas("connections", "delete", "later", "--yes"))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "for whom is it?"),
        (("--everybody", "--group", "support"), 2, "for whom is it?"),
        (("--everybody", "--client", "nobody"), 3, "nobody"),
        (("--everybody", "--to", "http://auth.tickets.example"), 3, "https"),
        (("--everybody", "--lifetime", "1h"), 3, "lifetime"),
    ],
)
def test_a_connection_that_would_not_hold_is_not_made(
    words: tuple[str, ...], code: int, said: str, actas: Program
) -> None:
    ran = actas("connections", "create", "wrong", *TICKETS, *words)
    assert (ran.code, said in ran.err) == (code, True), ran.err
    assert actas("connections", "show", "wrong").code == 1


def test_an_auditor_may_look_and_not_touch(server: RealServer, tmp_path: Path) -> None:
    actas = program(server, tmp_path / "eye", "eye")
    good(actas("connections", "list"))
    assert actas("connections", "create", "mine", *TICKETS, "--everybody").code == 5
    assert actas("connections", "pause", "mine").code in (1, 5)


def test_the_policy_is_read_backwards_from_a_connection(actas: Program) -> None:
    good(actas("connections", "create", "read", *TICKETS, "--group", "support"))
    said = good(actas("rules", "who-can", "connection:read")).out
    assert "● assistant (agent), by cross_app: tickets:comment tickets:read\n" in said
    assert "    rule connection:read  console\n" in said
    assert "support" in said
    assert good(actas("rules", "who-can", "connection:read:tickets:read", "-o", "name")).out == "assistant\n"
    good(actas("connections", "pause", "read"))
    assert good(actas("rules", "who-can", "connection:read")).out == "nobody can get connection:read\n"
    good(actas("connections", "delete", "read", "--yes"))
    assert actas("rules", "who-can", "connection:read").code == 1


def test_a_connection_for_plain_grants_says_what_is_bought_with_what(
    server: RealServer, actas: Program
) -> None:
    words = ("--grant", "jwt", *TICKETS[:6], "--scope", "tickets:read", "--everybody")
    bought = ("--held", "orders:read", "--chain", "pairwise")
    made = good(actas("connections", "create", "plain", *words, *bought))
    assert "assistant → auth.tickets.example, plain grants" in made.out
    document = good(actas("connections", "show", "plain", "--json")).document["document"]
    assert document["resource"]["scopes"] == {"orders:read": ["tickets:read"]}
    assert (document["grant"], document["chain"]) == ("jwt", "pairwise")
    listed = good(actas("connections", "list")).out
    assert "plain grants" in listed
    assert "tickets:read" in listed
    assert "by chaining: tickets:read" in good(actas("rules", "who-can", "connection:plain")).out
    assert published(server) == [[JWT], [JWT]]
    good(actas("connections", "delete", "plain", "--yes"))
    for wrong, said in (
        ((*words[2:], "--held", "x"), "--held goes with --grant jwt"),
        ((*words, "--resource", "https://api.tickets.example"), "--resource has no meaning"),
        ((*words, "--tenant", "acme"), "--tenant has no meaning"),
        ((*words, "--aud-tenant", "t-42"), "--aud-tenant has no meaning"),
        ((*words, "--detail", '{"type":"x"}'), "--detail has no meaning"),
        ((*words[2:], "--chain", "keep"), "--chain goes with --grant jwt"),
    ):
        ran = actas("connections", "create", "wrong", *wrong)
        assert (ran.code, said in ran.err) == (2, True), ran.err


def test_a_connection_the_other_way_is_told_as_such() -> None:
    document: dict[str, Json] = {
        "name": "desk-app-to-handbook",
        "direction": "accept",
        "from": "corp-okta",
        "client": "desk-app",
        "api": "handbook",
        "scopes": ["pages:search"],
        "people": {"groups": ["support"], "unknown": "create"},
    }
    body: dict[str, Json] = {"name": "x", "document": document, "disabled": False, "in_force": True}
    assert (way_of(document), people_of(document)) == ("desk-app ← corp-okta", "in support, known or not")
    assert people_of({**document, "people": None}) == "known here"
    assert drawn(body, "app", ascii=False) == ("◆ corp-okta ══ ■ desk-app ── ▭ handbook     pages:search")
    assert drawn({**body, "disabled": True}, "app", ascii=False).endswith("──✕ handbook")


# Asking for a grant, and what is told of it afterwards.

FILES = "https://auth.files.example"
ASK = ("exchange", "--client", "assistant", "--for", "id-jag", "--to", FILES, "--scope", "files:read")


@pytest.fixture
def asking(server: RealServer, actas: Program) -> Iterator[Program]:
    """Somebody who may ask for grants of the company's people, and look at the log of the server."""
    actas.environ |= {
        **server.company.environ,
        "ACTAS_CLIENT_SECRET": server.company.secrets["assistant"],
        "ACTAS_CONFIG": str(server.company.file),
        "ACTAS_DEV": "1",
    }
    where = (
        "--to",
        FILES,
        "--as",
        "acme",
        "--scope",
        "files:read",
        "--resource",
        "https://api.files.example",
    )
    good(
        actas(
            "connections",
            "create",
            "files",
            "--client",
            "assistant",
            *where,
            "--from",
            "corp-idp",
            "--everybody",
        )
    )
    yield actas
    good(actas("connections", "delete", "files", "--yes"))


def test_a_grant_is_shown_taken_apart(server: RealServer, asking: Program) -> None:
    subject = server.company.id_token(auth_time=int(asking.now) - 60, acr="mfa", amr=["pwd", "otp"])
    ran = good(asking(*ASK, "--subject", subject, terminal=True, environ={"NO_COLOR": "1"}))
    said = ran.out.splitlines()
    assert said[0] == f"granted  grant (ID-JAG) for {FILES}, 5 m"
    assert said[2] == "  ● alice ━━ ⬢ assistant ══ ◆ auth.files.example ══ ▭ api     files:read"
    for line in (
        f"  tells      {FILES} that acme, as it knows the client, asks",
        "  for        alice@acme.example, alice@acme.example",
        "  through    assistant",
        "  at         https://api.files.example",
        "  bound to   nothing: whoever holds it can redeem it",
        f"  redeem it  at {FILES}, by the grant type jwt-bearer; no API takes it",
    ):
        assert line in said, ran.out
    assert any(
        line.startswith("  signed in  ") and line.endswith(" UTC, acr mfa, by pwd and otp") for line in said
    )
    document = good(asking(*ASK, "--subject", subject, "--json")).document
    assert document["grant"]["aud"] == FILES
    assert document["token"]["type"] == "id-jag"
    assert good(asking(*ASK, "--subject", subject, "--dpop", "--json")).document["grant"]["cnf"]["jkt"]

    entry = document["entry"]
    told = good(asking("audit", "show", entry, "--json")).document
    assert told["given"]["jti"] == document["grant"]["jti"]
    assert told["abroad"]["connection"] == "files"
    found = good(asking("audit", "search", "connection:files", "-o", "name")).out.split()
    assert entry in found
    explained = good(asking("explain", "--entry", entry)).out
    assert "GRANTED  cross_app: files:read" in explained
    shown = good(asking("audit", "show", entry)).out
    assert "assistant may tell auth.files.example that it asks for alice: files:read." in shown
    assert f"connection files · {FILES}, which knows the client as acme" in shown


def test_a_refusal_is_drawn_and_says_what_would_have_helped(server: RealServer, asking: Program) -> None:
    subject = server.company.id_token()
    good(asking("connections", "pause", "files"))
    ran = asking(*ASK, "--subject", subject, terminal=True, environ={"NO_COLOR": "1"})
    assert ran.code == 1
    assert "REFUSED  invalid_target, connection_paused" in ran.err
    assert "● alice ━━ ■ assistant ══ ◆ auth.files.example ══✕" in ran.err
    entry = ran.err.split("entry ")[1].split()[0]
    explained = asking("explain", "--entry", entry)
    assert (explained.code, "the connection files is paused" in explained.out) == (1, True), explained.err
    assert "files leads to https://auth.files.example with https://api.files.example, paused" in explained.out
    rehearsed = asking("explain", *ASK[1:], "--subject", subject)
    assert (rehearsed.code, "actas connections resume files" in rehearsed.out) == (1, True)
    good(asking("connections", "resume", "files"))
    assert "GRANTED  cross_app: files:read" in good(asking("explain", *ASK[1:], "--subject", subject)).out

    elsewhere = (*ASK[:5], "--to", "https://auth.file.example", "--subject", subject)
    ran = asking(*elsewhere, "--json")
    assert (ran.code, ran.document["reason"]) == (1, "no_connection")
    explained = asking("explain", "--entry", ran.document["entry"], "--json")
    assert f'did you mean "{FILES}"?' in explained.document["hints"]

    plain = asking("explain", *ASK[1:], "--subject", subject, "--for", "jwt")
    assert "with https://api.files.example, for ID-JAGs (--for id-jag)" in plain.out
    without = asking("explain", "--client", "assistant", "--subject", subject, "--audience", FILES)
    assert "with https://api.files.example, for ID-JAGs (--for id-jag)" in without.out
    stranger = asking("explain", "--client", "orders", *ASK[3:], "--subject", subject)
    assert (stranger.code, "orders has no connection at all" in stranger.out) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--for", "id-jag"), "such a grant is for one server"),
        (
            ("--for", "id-jag", "--to", FILES, "--audience", "https://b.example"),
            "such a grant is for one server",
        ),
    ],
)
def test_flags_that_do_not_go_together_are_said(words: tuple[str, ...], said: str, actas: Program) -> None:
    for command in (("exchange",), ("explain",)):
        ran = actas(*command, "--client", "assistant", "--subject", "a.b.c", *words)
        assert (ran.code, said in ran.err) == (2, True), ran.err


def test_what_asks_again_while_somebody_is_away_is_of_no_other_domain(actas: Program) -> None:
    words = ("--client", "assistant", "--subject", "a.b.c", "--for", "refresh", "--to", FILES)
    ran = actas("exchange", *words)
    assert (ran.code, "--to names another domain's server" in ran.err) == (2, True), ran.err
