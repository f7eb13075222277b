"""What a grant says beside who signed in, from one real server to another: details, tenants, names of people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.web.test_cross_app import SECRET, Domains, arranged, posted
from tests.web.test_signing_in import claims_of

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
