"""Which of two real servers would refuse somebody, and why: nothing is issued, and nothing is written down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.managing import Managing
from tests.fakes.program import Program, Ran
from tests.fakes.two_domains import API, GIVES, TAKES, TwoDomains, program, states, tried

from actas.cli.managing import Manager

ALICE = ("connections", "try", GIVES, "--as", "alice")


@pytest.fixture(scope="module")
def domains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoDomains]:
    it = TwoDomains(tmp_path_factory.mktemp("tried"))
    with it.home, it.tickets:
        yield it


@pytest.fixture
def actas(domains: TwoDomains, tmp_path: Path) -> Program:
    """An auditor of both servers."""
    return program(tmp_path, domains.home, "eye", domains.tickets)


def document(ran: Ran) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ran.out)
    assert (found["kind"], found["v"]) == ("actas/TriedConnection", 1)
    return found


def decision(found: dict[str, Any], number: int) -> dict[str, Any]:
    leg: dict[str, Any] = found["legs"][number - 1]
    assert leg["number"] == number
    decided: dict[str, Any] = leg["decision"]
    return decided


@pytest.mark.requirement("JAG-35", "JAG-111", "JAG-114")
def test_what_the_other_side_was_not_asked_is_not_known(domains: TwoDomains, actas: Program) -> None:
    ran = actas(*ALICE, "--scope", "tickets:read")
    there = domains.tickets.issuer.removeprefix("http://")
    assert (ran.code, ran.out.splitlines()[0]) == (
        0,
        f"YES HERE  our side would say yes; what {there} decides is not known",
    ), ran.err
    assert f"2 ? {there} says nothing against it; whether it would redeem it is not known" in ran.out
    assert "--there CONTEXT asks it" in ran.out
    assert "would give the grant   actas.yaml:" in ran.out
    found = document(actas(*ALICE, "--scope", "tickets:read", "--json"))
    assert (found["outcome"], found["refused_by"], found["direction"]) == ("undecided", [], "issue")
    assert decision(found, 1)["scope"] == ["tickets:read"]
    assert found["legs"][1]["decision"] is None
    assert states(found["legs"][1]["checks"]) == dict.fromkeys(
        ("issuer", "grant", "token endpoint", "clock"), "good"
    )
    grant = found["grant"]
    assert (grant["sub"], grant["aud"], grant["client_id"], grant["resource"], grant["scope"]) == (
        "actas:alice", domains.tickets.issuer, "acme-desk", API, "tickets:read"
    )  # fmt: skip
    assert not {"jti", "cnf"} & set(grant)


@pytest.mark.requirement("SEC-45", "JAG-63")
def test_the_other_server_decides_its_side_where_one_may_ask_it(domains: TwoDomains, actas: Program) -> None:
    actas("context", "add", "tickets", domains.tickets.base)
    there = (*ALICE, "--there", "tickets")
    found = document(actas(*there, "--json"))
    assert found["outcome"] == "granted"
    assert decision(found, 2)["scope"] == ["tickets:read"]  # of the two that the grant has
    assert found["legs"][1]["place"].startswith("actas.yaml:")
    ran = actas(*there)
    assert (ran.code, ran.out.splitlines()[0]) == (0, "GRANTED  both sides would say yes")
    assert "The token would have: scope tickets:read; tickets:comment would be left out" in ran.out
    assert "--there CONTEXT" not in ran.out

    no = actas(*there, "--scope", "tickets:comment", "--json")
    found = document(no)
    assert (no.code, found["refused_by"]) == (1, [domains.tickets.issuer])
    assert (found["legs"][0]["says"], found["legs"][1]["says"]) == ("yes", "no")
    assert (decision(found, 2)["reason"], json.loads(no.err)["error"]["code"]) == ("excess", "excess")


REFUSED: Any = [
    (("bob",), "no_rule", "rules"),
    (("carol",), "bad_subject", "subject"),
    (("zoe",), "bad_subject", "subject"),
    (("alice", "--scope", "tickets:burn"), "excess", "scopes"),
    (("alice", "--signed-in", "9h"), "sign_in_again", "subject"),
    (("corp-idp:zed",), "bad_subject", "subject"),
]


@pytest.mark.requirement("JAG-35", "JAG-53", "JAG-54", "SEC-45")
@pytest.mark.parametrize(("words", "reason", "stage"), REFUSED)
def test_what_our_side_refuses_it_tells_as_explain_does(
    words: tuple[str, ...], reason: str, stage: str, domains: TwoDomains, actas: Program
) -> None:
    ran = actas(*ALICE[:-1], *words, "--there", domains.tickets.base, "--json")
    found = document(ran)
    assert (ran.code, found["outcome"], found["refused_by"]) == (1, "refused", [domains.home.issuer])
    decided = decision(found, 1)
    assert decided["reason"] == reason
    assert [one["name"] for one in decided["stages"] if one["passed"] is False] == [stage]
    assert found["grant"] is found["legs"][1]["decision"] is None
    told = actas(*ALICE[:-1], *words, "--there", domains.tickets.base)
    assert "REFUSED  by 127.0.0.1" in told.out
    assert "not asked what it would say: there would be no grant" in told.out


def test_the_rule_and_the_line_that_refuse_are_shown(actas: Program) -> None:
    told = actas(*ALICE[:-1], "bob").out
    assert "connection:desk-to-tickets allows (did not match)   actas.yaml:" in told
    assert "✕ subject.groups: support   saw sales" in told
    plain = actas("--ascii", *ALICE[:-1], "bob")
    assert "x subject.groups: support" in plain.out
    assert "✕" not in plain.out


@pytest.mark.requirement("JAG-62", "JAG-65", "JAG-110")
def test_grants_of_theirs_are_tried_where_they_are_redeemed(domains: TwoDomains, tmp_path: Path) -> None:
    actas = program(tmp_path, domains.tickets)
    ran = actas("connections", "try", TAKES, "--as", "actas:alice", "--json")
    found = document(ran)
    assert (ran.code, found["outcome"], found["direction"]) == (0, "undecided", "accept")
    assert states(found["legs"][0]["checks"]) == dict.fromkeys(("keys", "issuer", "grant", "clock"), "good")
    assert decision(found, 2)["exchange"] == "redemption"
    no = actas("connections", "try", TAKES, "--as", "actas:alice", "--scope", "tickets:comment")
    assert (no.code, "REFUSED" in no.out, "no scope is left to grant" in no.out) == (1, True, True)
    assert "the grant says tickets:comment, and the connection" in no.out
    wrong = actas("connections", "try", TAKES, "--as", "actas:alice", "--there", domains.home.base)
    assert (wrong.code, "--there goes with" in wrong.err) == (2, True)


@pytest.mark.requirement("JAG-62", "JAG-63", "JAG-65", "JAG-73", "SEC-58")
@pytest.mark.parametrize(
    ("changes", "reason", "said"),
    [
        ({"iss": "https://evil.example"}, "bad_subject", "no trusted issuer https://evil.example"),
        ({"aud": "https://other.example"}, "wrong_audience", "not this server alone"),
        ({"client_id": "nobody"}, "bad_client_auth", "nobody"),
        ({"client_id": "orders"}, "client_may_not_exchange", "not registered for"),
        ({"exp": 1_700_000_000, "iat": 1_699_999_900}, "expired", ""),
        ({"resource": "https://elsewhere.example"}, "unknown_target", "https://elsewhere.example"),
        ({"scope": "tickets:comment"}, "excess", ""),
        ({"nonce": "x"}, "bad_subject", "nonce"),
    ],
)
def test_a_grant_that_could_not_be_redeemed_is_refused_in_a_dry_run(
    changes: dict[str, Any], reason: str, said: str, domains: TwoDomains
) -> None:
    grant = tried(Managing(domains.home, "eye"), GIVES, **{"as": "alice"})["grant"]
    reply = Managing(domains.tickets, "eye")("POST", "/try-grant", {"claims": {**grant, **changes}})
    assert reply.status == 200, reply
    leg = json.loads(reply.body)["leg"]
    assert (leg["says"], leg["decision"]["reason"]) == ("no", reason)
    assert said in leg["decision"]["detail"]


def test_an_issuer_that_is_trusted_for_something_else_gives_no_grants(domains: TwoDomains) -> None:
    grant = tried(Managing(domains.home, "eye"), GIVES, **{"as": "alice"})["grant"]
    idp = domains.tickets.company.tree["issuers"][0]
    reply = Managing(domains.tickets, "eye")(
        "POST", "/try-grant", {"claims": {**grant, "iss": idp["issuer"]}}
    )
    detail = json.loads(reply.body)["leg"]["decision"]["detail"]
    assert f"{idp['name']} is not trusted for tokens declared so" in detail


@pytest.mark.requirement("SEC-57", "SEC-60")
def test_nothing_that_is_tried_can_be_used_or_uses_anything_up(domains: TwoDomains) -> None:
    before = {one: len(one.events()) for one in (domains.home, domains.tickets)}
    known = _known(domains)
    for _ in range(2):
        found = tried(Managing(domains.home, "eye"), GIVES, **{"as": "alice"})
        assert not any(len(str(value)) > 300 for value in found["grant"].values())
        reply = Managing(domains.tickets, "eye")("POST", "/try-grant", {"claims": found["grant"]})
        assert json.loads(reply.body)["leg"]["says"] == "yes"
    assert _known(domains) == known == 0
    for server, count in before.items():
        new = server.events()[count:]
        # Those of the tokens with which the API was asked, and none of what was tried.
        assert {one["kind"] for one in new if one["event"].startswith("exchange:")} <= {"own"}
        assert not any("abroad" in one for one in new)


def _known(domains: TwoDomains) -> int:
    """How many people of theirs the second server knows: whoever redeems is let in, and known from then on."""
    import sqlite3

    with sqlite3.connect(f"file:{domains.tickets.data}/actas.db?mode=ro", uri=True) as database:
        (count,) = database.execute("SELECT count(*) FROM known_people").fetchone()
    return int(count)


def test_whoever_holds_no_role_there_is_not_told(domains: TwoDomains, tmp_path: Path) -> None:
    actas = program(tmp_path, domains.home)
    ran = actas(*ALICE, "--there", domains.tickets.base)
    assert (ran.code, f"not signed in at {domains.tickets.base}" in ran.err) == (5, True)
    for call in (Managing(domains.tickets, None), Managing(domains.home, None)):
        assert call("POST", "/try-grant", {"claims": {}}).status == 401
        assert call("POST", f"/connections/{GIVES}/try", {"as": "alice"}).status == 401
        assert call("GET", f"/connections/{GIVES}/health").status == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"/connections/{GIVES}/try", {}),
        (f"/connections/{GIVES}/try", {"as": ""}),
        (f"/connections/{GIVES}/try", {"as": "alice", "scope": "a  b"}),
        (f"/connections/{GIVES}/try", {"as": "alice", "acr": ""}),
        (f"/connections/{GIVES}/try", {"as": "alice", "ago": -1}),
        (f"/connections/{GIVES}/try", {"as": "alice", "ago": 10**12}),
        (f"/connections/{GIVES}/try", {"as": "alice", "claims": {"groups": ["support"]}}),
        (f"/connections/{GIVES}/try", {"as": "alice", "claims": {str(n): n for n in range(65)}}),
        (f"/connections/{GIVES}/try", {"as": "alice", "other": 1}),
        (f"/connections/{GIVES}/try", {"as": "corp-idp:zed", "claims": {"x": "y" * 20_000}}),
        ("/try-grant", {}),
        ("/try-grant", {"claims": []}),
        ("/try-grant", {"claims": {}}),
        ("/try-grant", {"claims": {"client_id": 7}}),
        ("/try-grant", {"claims": {str(n): n for n in range(65)}}),
        ("/try-grant", {"claims": {"client_id": "acme-desk", "x": "y" * 20_000}}),
    ],
)
def test_what_cannot_be_tried_is_said(path: str, body: dict[str, Any], domains: TwoDomains) -> None:
    reply = Managing(domains.home, "eye")("POST", path, body)
    assert (reply.status, json.loads(reply.body)["error"]) == (400, "invalid_request"), reply


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nothing-such", "--as", "alice"), 1, "no connection called 'nothing-such'"),
        ((GIVES,), 2, "--as"),
        ((GIVES, "--as", "alice", "--there", "nowhere"), 2, "no server is known as 'nowhere'"),
        ((GIVES, "--as", "alice", "--claims", "[1]"), 2, "--claims is not a JSON object"),
        ((GIVES, "--as", "alice", "--claims", "{"), 2, "--claims is not a JSON object"),
        ((GIVES, "--as", "alice", "--claims", '{"groups": []}'), 2, "is known here"),
    ],
)
def test_used_wrongly_it_says_so(words: tuple[str, ...], code: int, said: str, actas: Program) -> None:
    ran = actas("connections", "try", *words)
    assert (ran.code, said in ran.err) == (code, True), ran.err


def test_a_server_that_does_not_know_the_question_has_not_said_no(
    domains: TwoDomains, actas: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = Manager.send

    def older(self: Manager, method: str, path: str, *more: Any, **how: Any) -> Any:
        return send(self, method, path.replace("/try-grant", "/no-such-route"), *more, **how)

    monkeypatch.setattr(Manager, "send", older)
    ran = actas(*ALICE, "--there", domains.tickets.base)
    assert (ran.code, "it is older than this command" in ran.err) == (6, True), ran.err
    refused = actas(*ALICE[:-1], "bob", "--there", domains.tickets.base)
    assert refused.code == 1  # it was not asked
