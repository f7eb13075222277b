"""What a grant says beside who signed in, from one real server to another: details, tenants, names of people."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.fakes.program import Program
from tests.web.test_cross_app import API, SECRET, Domains, arranged, posted
from tests.web.test_redeeming_by_command import PLAIN, asking, desk, good
from tests.web.test_signing_in import claims_of

from actas_sdk import ClientSecret, Refused, sync

__all__ = ["asking", "desk"]

TICKET: dict[str, Any] = {"type": "ticket", "actions": ["read", "comment"]}
READ: dict[str, Any] = {"type": "ticket", "actions": ["read"]}
ENTITY = "https://idp.acme.example/saml"
SUB_ID: dict[str, Any] = {"format": "saml-nameid", "issuer": ENTITY, "who": {"known_as": "saml"}}


@pytest.fixture(scope="module")
def domains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domains]:
    both = arranged(tmp_path_factory.mktemp("cross-app-claims"))
    home, tickets = both.home.company, both.tickets.company
    (given,), (taken,) = home.tree["connections"], tickets.tree["connections"]
    tenants = {"tenant": "acme-eu", "aud_tenant": "t-42"}
    home.named("users", "alice").update(known_as={"saml": "_a1"})
    given["resource"]["authorization_details"] = [TICKET]
    given["identifiers"] = {**tenants, "sub_id": SUB_ID}
    tickets.tree["users"] = [{"name": "al", "known_as": {"acme": "_a1"}}]
    taken.update(
        authorization_details=[READ],
        people={"match": "sub_id"},
        identifiers={**tenants, "sub_id": {**SUB_ID, "who": {"known_as": "acme"}}},
    )
    with both.home, both.tickets:
        yield both


@pytest.mark.requirement("JAG-5", "JAG-8", "JAG-23", "JAG-70", "JAG-94")
def test_details_tenants_and_names_cross(domains: Domains) -> None:
    token = domains.signed_in()["id_token"]
    asked = json.dumps([READ])
    grant = domains.granted(token, authorization_details=asked)
    assert grant["authorization_details"] == [READ]
    said = claims_of(grant["access_token"])
    assert said["sub_id"] == {"format": "saml-nameid", "issuer": ENTITY, "nameid": "_a1"}
    assert (said["tenant"], said["aud_tenant"]) == ("acme-eu", "t-42")
    answer = domains.redeemed(grant["access_token"])
    assert (answer["scope"], answer["authorization_details"]) == ("tickets:read", [READ])
    claims = claims_of(answer["access_token"])
    assert (claims["sub"], claims["authorization_details"]) == ("actas:al", [READ])
    assert claims["sub_id"]["sub"].startswith("~")
    # Once more, by what is remembered of whom that sub meant, and with details alone.
    again = domains.granted(token, authorization_details=asked, scope=None)
    answer = domains.redeemed(again["access_token"])
    assert (answer.get("scope"), answer["authorization_details"]) == (None, [READ])
    assert claims_of(answer["access_token"])["sub"] == "actas:al"


@pytest.mark.requirement("JAG-38", "JAG-69")
def test_what_one_side_does_not_allow_is_nobodys(domains: Domains) -> None:
    token = domains.signed_in()["id_token"]
    wider = json.dumps([{**TICKET, "actions": ["delete"]}])
    assert domains.granted(token, status=400, authorization_details=wider)["error"] == (
        "invalid_authorization_details"
    )
    # Allowed at home, and more than the tickets' server lets be.
    grant = domains.granted(token, authorization_details=json.dumps([TICKET]))
    assert domains.redeemed(grant["access_token"], status=400)["error"] == "invalid_grant"
    form = {"grant_type": "client_credentials", "client_id": "acme-desk", "client_secret": SECRET}
    assert posted(domains.tickets, {**form, "authorization_details": wider}, status=400)["error"]


@pytest.mark.requirement("JAG-23", "JAG-37", "JAG-70")
def test_the_sdk_asks_for_details_and_says_what_came_of_them(domains: Domains) -> None:
    person = domains.signed_in()["id_token"]
    asked: dict[str, Any] = {"to": domains.tickets.issuer, "resource": API}
    there = ClientSecret(client_id="acme-desk", secret=SECRET)
    secret = domains.home.company.secrets["desk"]
    with sync.Actas(domains.home.issuer, client_id="desk", client_secret=secret) as actas:
        filled = actas.grant(
            person, **asked, client_id="acme-desk", authorization_details=[{"type": "ticket"}]
        )
        assert (filled.authorization_details, filled.scopes) == ((TICKET,), frozenset())
        token = actas.cross_app(person, **asked, there=there, authorization_details=[READ])
        assert (token.authorization_details, token.scopes) == ((READ,), frozenset())
        assert claims_of(token.reveal())["authorization_details"] == [READ]
        assert actas.cross_app(person, **asked, there=there, authorization_details=[READ]) is token
        assert actas.cross_app(person, **asked, there=there).authorization_details == ()
        wider: dict[str, Any] = {"type": "ticket", "actions": ["delete"]}
        for wrong, server in ((wider, domains.home.issuer), (TICKET, domains.tickets.issuer)):
            with pytest.raises(Refused) as refused:
                actas.cross_app(person, **asked, there=there, authorization_details=[wrong])
            assert (refused.value.server, refused.value.reason) == (server, "bad_details")


@pytest.mark.requirement("JAG-23", "JAG-70", "SEC-45")
def test_both_legs_by_command_with_details(domains: Domains, asking: Program, desk: Program) -> None:
    token = domains.signed_in()["id_token"]
    asking.now = time.time()
    ask = ("exchange", "--for", "id-jag", "--to", domains.tickets.issuer, "--subject", token)
    read = ("--detail", json.dumps(READ))
    ran = good(asking(*ask, *read, "--save", "grant", terminal=True, environ=PLAIN))
    assert f"  may        {json.dumps(READ)}\n" in ran.out
    assert "and says   authorization_details" not in ran.out
    document = good(asking(*ask, "--detail", '{"type":"ticket"}', "--json")).document
    assert document["authorization_details"] == document["grant"]["authorization_details"] == [TICKET]
    assert document["token"]["scope"] == []

    desk.now = time.time() + 1
    came = good(desk("exchange", "--redeem", "@grant", "--json")).document
    assert came["authorization_details"] == [READ]

    wider = ("--detail", '{"type":"ticket","actions":["delete"]}')
    refused = asking(*ask, *wider)
    assert (refused.code, "invalid_authorization_details" in refused.err) == (6, True)
    home = {**domains.home.company.environ, "ACTAS_CONFIG": str(domains.home.company.file), "ACTAS_DEV": "1"}
    explain = ("explain", "--client", "desk", *ask[1:])
    assert asking(*explain, *read, environ=home).out.startswith("GRANTED  cross_app")
    assert "its actions has an entry" in asking(*explain, *wider, environ=home).out
    for words, said in (
        ((*ask, "--detail", "[]"), "--detail:"),
        ((*explain, "--detail", "{}"), "--detail:"),
        ((*ask[:1], "--for", "jwt", *ask[3:], *read), "--detail goes with --for id-jag"),
    ):
        wrong = asking(*words, environ=home)
        assert (wrong.code, said in wrong.err) == (2, True), wrong.err
