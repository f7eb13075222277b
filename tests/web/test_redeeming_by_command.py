"""A grant is asked for and redeemed by command, between two real servers, and the log explains what came of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.fakes.program import Program, Ran
from tests.web.test_cross_app import SECRET, Domains, domains

__all__ = ["domains"]

PLAIN = {"NO_COLOR": "1"}


@pytest.fixture
def desk(domains: Domains, tmp_path: Path) -> Program:
    """The program as acme-desk uses it at the tickets' server, on the computer of that server."""
    environ = {
        **domains.tickets.company.environ,
        "ACTAS_SERVER": domains.tickets.base,
        "ACTAS_CLIENT_ID": "acme-desk",
        "ACTAS_CLIENT_SECRET": SECRET,
        "ACTAS_CONFIG": str(domains.tickets.company.file),
        "ACTAS_DEV": "1",
        "ACTAS_TIMEOUT": "20",
    }
    return Program(tmp_path / "home", environ=environ, now=time.time())


@pytest.fixture
def asking(domains: Domains, tmp_path: Path) -> Program:
    """The program as desk uses it at home."""
    environ = {
        "ACTAS_SERVER": domains.home.base,
        "ACTAS_CLIENT_ID": "desk",
        "ACTAS_CLIENT_SECRET": domains.home.company.secrets["desk"],
        "ACTAS_TIMEOUT": "20",
    }
    return Program(tmp_path / "home", environ=environ, now=time.time())


def good(ran: Ran) -> Ran:
    assert ran.code == 0, ran.err
    return ran


def grant_of(domains: Domains, asking: Program, *words: str) -> str:
    """A grant for alice, by command, kept as ``@grant``."""
    token = domains.signed_in()["id_token"]
    asking.now = time.time()
    to = ("--for", "id-jag", "--to", domains.tickets.issuer, "--scope", "tickets:read", *words)
    good(asking("exchange", *to, "--subject", token, "--save", "grant"))
    return "@grant"


@pytest.mark.requirement("JAG-60", "SEC-45")
def test_both_legs_by_command_and_what_came_of_them(domains: Domains, asking: Program, desk: Program) -> None:
    redeem = ("exchange", "--redeem", grant_of(domains, asking))
    ran = good(desk(*redeem, "--save", "tickets", terminal=True, environ=PLAIN))
    assert "══ ● alice ── ▭ api     tickets:read" in ran.out  # acme-desk is an app, which no token names
    entry = ran.out.split("entry ")[1].split()[0]
    desk.now = time.time() + 1
    inspected = good(desk("inspect", "@tickets", terminal=True, environ=PLAIN)).out
    assert "acme:actas:alice may use tickets:read at api." in inspected
    told = good(desk("explain", "--entry", entry)).out
    assert told.startswith("GRANTED  redemption: tickets:read")

    again = desk(*redeem, terminal=True, environ=PLAIN)
    assert (again.code, "REFUSED  invalid_grant, grant_reused" in again.err) == (1, True)
    entry = again.err.split("entry ")[1].split()[0]
    why = desk("explain", "--entry", entry)
    assert (why.code, why.out.splitlines()[0]) == (1, "REFUSED  invalid_grant, grant_reused")
    assert "2 subject       ✕  the grant was redeemed before" in why.out
    assert "acme-desk redeemed it first at" in why.out


@pytest.mark.requirement("JAG-102", "JAG-103")
def test_a_grant_that_is_bound_is_redeemed_with_the_key_alone(
    domains: Domains, asking: Program, desk: Program
) -> None:
    grant = grant_of(domains, asking, "--dpop")
    desk.now = time.time()
    without = desk("exchange", "--redeem", grant, "--json")
    assert (without.code, without.error["reason"]) != (0, None)
    assert good(desk("exchange", "--redeem", grant, "--dpop", "--json")).document["token"]["scheme"] == "DPoP"


@pytest.mark.requirement("JAG-114")
def test_the_server_that_vouches_is_not_shown_its_own_grant(
    domains: Domains, asking: Program, desk: Program
) -> None:
    grant = grant_of(domains, asking)
    ran = desk("exchange", "--redeem", grant, "--server", domains.home.base)
    assert (ran.code, f"the grant is for {domains.tickets.issuer}, and not for" in ran.err) == (2, True)
    assert good(desk("exchange", "--redeem", grant)).out  # it was not used up
