"""A grant for another domain's server is drawn as what it is: that server is told of a person, and decides."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cli.test_inspect import token
from tests.fakes.program import Program

THERE = "https://auth.tickets.example"
PLAIN, ID_JAG = "authorization-grant+jwt", "oauth-id-jag+jwt"
GRANT: dict[str, Any] = {
    "aud": THERE,
    "sub": "actas:alice",
    "sub_profile": ...,
    "client_id": "acme-desk",
    "scope": "tickets:read",
    "act": ...,
}
DESK = {"iss": "https://sts.acme.example", "sub": "desk", "sub_profile": "web_app"}
AGENT = {"iss": "https://sts.acme.example", "sub": "assistant", "sub_profile": "ai_agent"}


def seen(actas: Program, typ: str, *more: str, **claims: Any) -> Any:
    return actas("inspect", "-", "--no-verify", *more, stdin=token(typ=typ, **{**GRANT, **claims}))


def test_a_plain_grant_is_about_a_person_and_tells_its_server_who_acts(actas: Program) -> None:
    assert seen(actas, PLAIN, act=DESK).out.endswith("""\

  ●  actas:alice                   person
  │
  ■  desk                          app       current actor
  ║
  ◆  https://auth.tickets.example  issuer

Unproven: desk may tell auth.tickets.example that it asks for alice: tickets:read.
""")


def test_an_id_jag_shows_the_apis_and_the_agent_that_asks(actas: Program) -> None:
    resources = ["https://api.tickets.example", "https://wiki.tickets.example"]
    assert seen(actas, ID_JAG, act=AGENT, resource=resources).out.endswith("""\

  ●  actas:alice                   person
  │
  ⬢  assistant                     agent     current actor
  ║
  ◆  https://auth.tickets.example  issuer
  ║
  ▭  api                           may tickets:read
  ▭  wiki                          may tickets:read

Unproven: assistant may tell auth.tickets.example that it asks for alice: tickets:read.
""")


@pytest.mark.parametrize("typ", [PLAIN, ID_JAG])
def test_where_nobody_is_said_to_act_it_is_the_client_by_its_name_there(actas: Program, typ: str) -> None:
    document = seen(actas, typ, "--json", email="alice@acme.example").document
    assert document["chain"] == [
        {"kind": "person", "id": "actas:alice"},
        {"kind": "service", "id": "acme-desk", "current": True},
    ]
    assert document["audience"] == [THERE]
    assert document["sentence"] == (
        "acme-desk may tell auth.tickets.example that it asks for alice: tickets:read."
    )


@pytest.mark.parametrize("typ", [PLAIN, ID_JAG])
def test_somebody_who_has_the_name_of_the_client_is_a_person_all_the_same(actas: Program, typ: str) -> None:
    chain = seen(actas, typ, "--json", sub="acme-desk").document["chain"]
    assert chain[0] == {"kind": "person", "id": "acme-desk"}


def test_what_a_grant_says_that_somebody_is_is_shown(actas: Program) -> None:
    chain = seen(actas, PLAIN, "--json", sub_profile="service").document["chain"]
    assert chain[0] == {"kind": "service", "id": "actas:alice"}


def test_a_grant_for_no_server_and_of_no_client_is_drawn_as_far_as_it_goes(actas: Program) -> None:
    ran = seen(actas, PLAIN, aud=..., client_id=7)
    assert "  ●  actas:alice             person\n" in ran.out
    assert "◆" not in ran.out
