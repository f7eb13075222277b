"""``actas connections create --direction accept``: a real server redeems grants by what was made by command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.test_connections import good, program
from tests.fakes.managing import managed
from tests.fakes.program import Program
from tests.fakes.server import RealServer

ACCEPT = ("connections", "create", "desk-from-other", "--direction", "accept", "--client", "desk")
WAY = ("--from", "other", "--api", "orders", "--scope", "orders:read")
ISSUE = ("connections", "create", "out", "--client", "desk", "--scope", "s", "--everybody")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    server = managed(tmp_path_factory.mktemp("accepting"))
    tree = server.company.tree
    tree["issuers"].append(
        {"name": "other", "type": "oidc", "issuer": "https://sts.other.example", "accepts": ["id_jag"]}
    )
    server.company.named("clients", "desk").update(
        grants=["token_exchange", "jwt_bearer"], may_request={"apis": ["orders"]}
    )
    with server:
        yield server


@pytest.fixture
def actas(server: RealServer, tmp_path: Path) -> Program:
    return program(server, tmp_path / "home", "chief")


def test_it_is_made_shown_and_paused(actas: Program) -> None:
    rehearsed = good(actas(*ACCEPT, *WAY, "--everybody", "--unknown", "create", "--dry-run"))
    assert "would make the connection desk-from-other: desk ← other, known or not" in rehearsed.out
    assert "desk-from-other" not in good(actas("connections", "list", "-o", "name")).out
    made = good(actas(*ACCEPT, *WAY, "--everybody", "--unknown", "create", "--lifetime", "5m"))
    assert made.out == "✓ made the connection desk-from-other: desk ← other, known or not\n"
    document = good(actas("connections", "show", "desk-from-other", "--json")).document["document"]
    assert {**document, "lifetime": None} == {
        "name": "desk-from-other",
        "direction": "accept",
        "client": "desk",
        "from": "other",
        "api": "orders",
        "scopes": ["orders:read"],
        "people": {"unknown": "create"},
        "lifetime": None,
    }
    assert "desk-from-other is paused" in good(actas("connections", "pause", "desk-from-other")).out
    good(actas("connections", "delete", "desk-from-other", "--yes"))


def test_who_it_is_for_and_how_they_are_known(actas: Program) -> None:
    good(actas(*ACCEPT, *WAY, "--group", "support", "--person", "actas:alice", "--match", "aud_sub"))
    document = good(actas("connections", "show", "desk-from-other", "--json")).document["document"]
    assert document["people"] == {"groups": ["support"], "names": ["actas:alice"], "match": "aud_sub"}
    good(actas("connections", "delete", "desk-from-other", "--yes"))


def test_what_would_not_hold_is_not_made(actas: Program) -> None:
    ran = actas(*ACCEPT, "--from", "corp-idp", *WAY[2:], "--everybody")
    assert (ran.code, "corp-idp is not trusted for grants" in ran.err) == (3, True), ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*ACCEPT, *WAY), "for whom is it?"),
        ((*ACCEPT, *WAY[2:], "--everybody"), "--direction accept needs --from"),
        ((*ACCEPT, "--from", "other", "--scope", "s", "--everybody"), "--direction accept needs --api"),
        ((*ACCEPT, *WAY, "--from", "corp-idp", "--everybody"), "grants of one issuer"),
        ((*ACCEPT, *WAY, "--everybody", "--to", "https://x.example"), "--to goes with --direction issue"),
        ((*ACCEPT, *WAY, "--everybody", "--as", "x"), "--as goes with --direction issue"),
        ((*ACCEPT, *WAY, "--everybody", "--resource", "https://x"), "--resource goes with --direction issue"),
        (
            (*ACCEPT, *WAY, "--everybody", "--identify-by", "email"),
            "--identify-by goes with --direction issue",
        ),
        (ISSUE, "--direction issue needs --to"),
        ((*ISSUE, "--to", "https://x.example"), "--direction issue needs --as"),
        (
            (*ISSUE, "--to", "https://x.example", "--as", "x", "--api", "o"),
            "--api goes with --direction accept",
        ),
        ((*ISSUE, "--to", "https://x.example", "--as", "x", "--match", "email"), "--match goes with"),
        ((*ISSUE, "--to", "https://x.example", "--as", "x", "--unknown", "create"), "--unknown goes with"),
    ],
)
def test_flags_of_the_other_direction_are_said(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    ran = Program(tmp_path)(*words)
    assert (ran.code, said in ran.err) == (2, True), ran.err


def test_tenants_are_said_and_shown(actas: Program) -> None:
    said = ("--tenant", "acme-eu", "--aud-tenant", "ours")
    good(actas(*ACCEPT, *WAY, "--everybody", "--unknown", "create", *said))
    shown = good(actas("connections", "show", "desk-from-other", "--json")).document["document"]
    assert shown["identifiers"] == {"tenant": "acme-eu", "aud_tenant": "ours"}
    assert "acme-eu" in good(actas("connections", "show", "desk-from-other")).out
    good(actas("connections", "delete", "desk-from-other", "--yes"))


def test_authorization_details_are_said_and_shown(actas: Program) -> None:
    detail = '{"type":"order","actions":["read"]}'
    good(actas(*ACCEPT, *WAY, "--everybody", "--unknown", "create", "--detail", detail))
    shown = good(actas("connections", "show", "desk-from-other", "--json")).document["document"]
    assert shown["authorization_details"] == [{"type": "order", "actions": ["read"]}]
    good(actas("connections", "delete", "desk-from-other", "--yes"))
    bad = actas(*ACCEPT, *WAY, "--everybody", "--detail", "type=order")
    assert (bad.code, "--detail" in bad.err) == (2, True)
    none = actas(*ACCEPT, *WAY, "--everybody", "--detail", '{"actions":["read"]}')
    assert (none.code, "authorization_details" in none.err) == (3, True)
