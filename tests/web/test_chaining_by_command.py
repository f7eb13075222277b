"""A plain grant is asked for and redeemed by command, between two real servers, and both logs are joined by its id."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.fakes.program import Program
from tests.web.test_cross_app import Domains
from tests.web.test_identity_chaining import domains
from tests.web.test_redeeming_by_command import PLAIN, asking, desk, good

__all__ = ["asking", "desk", "domains"]


@pytest.mark.requirement("IDC-10", "IDC-30", "IDC-58", "SEC-45")
def test_both_legs_by_command_and_what_came_of_them(
    domains: Domains, asking: Program, desk: Program, tmp_path: Path
) -> None:
    token = tmp_path / "alice.jwt"
    token.write_text(domains.signed_in()["access_token"])
    home = {**PLAIN, **domains.home.company.environ, "ACTAS_CONFIG": str(domains.home.company.file)}
    asking.now = time.time() + 1
    ask = ("exchange", "--subject", f"@{token}", "--for", "jwt", "--to", domains.tickets.issuer)
    ran = good(asking(*ask, "--save", "grant", terminal=True, environ=PLAIN))
    assert ran.out.startswith(f"granted  grant (plain JWT) for {domains.tickets.issuer}, ")
    assert "  through    desk" in ran.out
    assert "  and says   family" in ran.out
    given = ran.out.split("entry ")[1].split()[0]
    inspected = good(asking("inspect", "@grant", terminal=True, environ=PLAIN)).out
    assert "plain grant for another server (JWT)" in inspected

    told = good(asking("explain", "--entry", given, environ={**home, "ACTAS_DEV": "1"})).out
    assert told.startswith("GRANTED  chaining: tickets:read")
    wanted = ("--client", "desk", *ask[1:], "--subject-type", "access")
    rehearsed = good(asking("explain", *wanted, environ={**home, "ACTAS_DEV": "1"})).out
    assert rehearsed.startswith("GRANTED  chaining: tickets:read")

    desk.now = time.time() + 1
    redeem = ("exchange", "--redeem", "@grant")
    ran = good(desk(*redeem, terminal=True, environ=PLAIN))
    came = ran.out.split("entry ")[1].split()[0]
    told = good(desk("explain", "--entry", came)).out
    assert told.startswith("GRANTED  chained: tickets:read")
    again = desk(*redeem, terminal=True, environ=PLAIN)
    assert (again.code, "REFUSED  invalid_grant, grant_reused" in again.err) == (1, True)

    theirs = good(desk("audit", "show", came, "--json")).document
    ours = good(asking("audit", "show", given, "--json", environ={**home, "ACTAS_DEV": "1"})).document
    assert theirs["subject"]["token"]["jti"] == ours["given"]["jti"]
    shown = good(asking("audit", "show", given, environ={**home, "ACTAS_DEV": "1"})).out
    assert "a plain grant; of who acts: the client alone" in shown


def test_a_plain_grant_may_be_asked_for_by_resource(
    domains: Domains, asking: Program, tmp_path: Path
) -> None:
    token = tmp_path / "alice.jwt"
    token.write_text(domains.signed_in()["access_token"])
    asking.now = time.time() + 1
    ask = ("exchange", "--subject", f"@{token}", "--for", "jwt", "--resource", domains.tickets.issuer)
    document = good(asking(*ask, "--json")).document
    assert document["grant"]["aud"] == domains.tickets.issuer
    bare = asking("exchange", "--subject", f"@{token}", "--for", "jwt")
    assert (bare.code, "such a grant is for one server" in bare.err) == (2, True)
