"""Connections by which this server redeems grants for a client: what `check` says of who it is there, and of names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import ACME_ENVIRONMENT, Tree, loaded, sentences
from tests.unit.settings.test_chaining import plain
from tests.unit.settings.test_connections import TICKETS, company, form, there

from actas.policy.connections import Connection
from actas.trust.registry import OwnKey

SECRET = {**ACME_ENVIRONMENT, "ACME_AT_TICKETS": "what-tickets-gave"}
OWN_KEY: dict[str, Any] = {"private_key_jwt": {"algorithm": "ES256"}}
BY_SECRET: dict[str, Any] = {"client_secret": {"env": "ACME_AT_TICKETS"}}
API = "https://api.tickets.example"


def redeems(how: Any = OWN_KEY, **fields: Any) -> dict[str, Any]:
    return form(redeem=how, **fields)


def said(tmp_path: Path, *connections: dict[str, Any]) -> list[str]:
    return sentences(tmp_path, company(*connections), environ=SECRET)


def warned(tmp_path: Path, tree: Tree) -> list[str]:
    found = loaded(tmp_path, tree, environ=SECRET).warnings
    return [f"{one.path}: {one.message}" for one in found if one.path.startswith("connections")]


def the_one(tmp_path: Path, connection: dict[str, Any]) -> Connection:
    (one,) = loaded(tmp_path, company(connection), environ=SECRET).definitions.connections
    return one


@pytest.mark.requirement("IDC-60")
def test_who_we_are_there_and_where_it_may_be_arrives(tmp_path: Path) -> None:
    one = the_one(tmp_path, redeems({**BY_SECRET, "hosts": ["tokens.tickets.example"]}))
    assert one.to.redeems
    assert one.hosts == {"tokens.tickets.example"}
    assert one.ourselves is not None
    assert (one.ourselves.client_id, one.ourselves.own_key) == ("acme-helpdesk", None)
    assert one.ourselves.secret is not None
    assert one.ourselves.secret.reveal() == "what-tickets-gave"


@pytest.mark.requirement("SEC-91")
def test_a_key_for_it_is_none_that_signs_grants(tmp_path: Path) -> None:
    definitions = loaded(tmp_path, company(redeems())).definitions
    (one,) = definitions.connections
    assert one.ourselves is not None
    assert one.ourselves.own_key == OwnKey(algorithm="ES256", named="issuer")
    assert {slot for slot in definitions.keys.used if slot[0] in ("client", "grant")} == {
        ("client", "ES256"),
        ("grant", "ES256"),
    }
    without = loaded(tmp_path, company(form())).definitions
    assert not without.connections[0].to.redeems
    assert without.connections[0].ourselves is None
    assert not {slot for slot in without.keys.used if slot[0] == "client"}


@pytest.mark.requirement("IDC-60")
@pytest.mark.parametrize("how", [{**OWN_KEY, **BY_SECRET}, {"hosts": ["tokens.tickets.example"]}])
def test_the_other_server_knows_us_by_one_thing(tmp_path: Path, how: Any) -> None:
    (sentence,) = said(tmp_path, redeems(how))
    assert sentence == (
        "connections[0].redeem: says by what the other server knows this one: "
        "client_secret or private_key_jwt, one of them"
    )


def test_a_secret_that_is_not_there_stops_the_server(tmp_path: Path) -> None:
    (sentence,) = sentences(tmp_path, company(redeems(BY_SECRET)))
    assert "connections[0].redeem.client_secret" in sentence
    assert "ACME_AT_TICKETS" in sentence


@pytest.mark.parametrize("host", ["https://tokens.example", "tokens.example/x", "a b", ""])
def test_what_is_no_host_is_none_at_which_a_grant_is_sent(tmp_path: Path, host: str) -> None:
    (sentence,) = said(tmp_path, redeems({**OWN_KEY, "hosts": [host]}))
    assert "connections[0].redeem.hosts" in sentence


@pytest.mark.parametrize(
    ("proposal", "why"),
    [
        ("certificate_binding", "this server cannot show the client's"),
        ("resource_in_answers", "the client gets no grant"),
    ],
)
def test_what_is_for_clients_that_get_grants_is_not_tried(tmp_path: Path, proposal: str, why: str) -> None:
    (sentence,) = said(tmp_path, redeems(proposals=[proposal]))
    assert sentence == f"connections[0].proposals: {proposal} means nothing with redeem: {why}"
    assert said(tmp_path, form(proposals=[proposal])) == []
    assert said(tmp_path, redeems(proposals=["access_denied"])) == []


def test_details_do_nothing_and_are_warned_of(tmp_path: Path) -> None:
    details = there(authorization_details=[{"type": "ticket_access"}])
    (warning,) = warned(tmp_path, company(redeems(resource=details)))
    assert warning.startswith("connections[0].resource.authorization_details: mean nothing beside redeem")
    assert warned(tmp_path, company(form(resource=details))) == []


@pytest.mark.requirement("IDC-60")
@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"issuer": "https://orders.acme.example"}, "resource.issuer"),
        ({"audience": ["urn:tickets", "orders"]}, "resource.audience[1]"),
        ({"audience": "https://orders.acme.example"}, "resource.audience"),
        ({"resource": [API, "https://orders.acme.example"]}, "resource.resource[1]"),
        ({"audience": "https://ORDERS.acme.example"}, "resource.audience"),
    ],
)
def test_what_is_an_api_here_is_no_name_of_another_domain(
    tmp_path: Path, fields: dict[str, Any], path: str
) -> None:
    """A request for it would be for the API here, and the connection would never be used by that name."""
    found = said(tmp_path, redeems(resource=there(**fields)))
    about = [one for one in found if one.startswith(f"connections[0].{path}: ")]
    assert any("is an API here (actas.yaml:" in one for one in about), found
    assert any("and a request would be for that" in one for one in about)
    given = said(tmp_path, form(resource=there(**fields)))
    assert not any("is an API here" in one for one in given)


@pytest.mark.requirement("IDC-60")
def test_one_client_may_have_what_it_redeems_and_what_is_redeemed_for_it_and_neither_twice(
    tmp_path: Path,
) -> None:
    both = (redeems(), form(name="given"), plain(name="plain"))
    assert said(tmp_path, *both) == []
    again = plain(name="again", redeem=OWN_KEY)
    again["resource"] = {**again["resource"], "resource": API}
    (sentence,) = said(tmp_path, *both, again)
    assert f"helpdesk-to-tickets connects helpdesk to {API} already" in sentence


def test_a_plain_grant_that_is_redeemed_here_may_name_apis_beside_it(tmp_path: Path) -> None:
    given = plain()
    given["resource"] = {**given["resource"], "resource": API}
    assert any("resource.resource" in one for one in said(tmp_path, given))
    one = the_one(tmp_path, {**given, "redeem": OWN_KEY})
    assert (one.to.grant, one.to.resources, one.to.issuer) == ("jwt", (API,), TICKETS)
