"""Connections as the configuration says them: what is wrong with one, and what becomes of a good one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import Change, Tree, acme, alter, loaded, named, sentences

from actas.app.compiled import catalog_of, findings
from actas.core.abroad import Abroad
from actas.policy.connections import Connected, Connection

TICKETS = "https://auth.tickets.example"


def form(**fields: Any) -> dict[str, Any]:
    """A connection as somebody writes it; None takes a field away."""
    base: dict[str, Any] = {
        "name": "helpdesk-to-tickets",
        "direction": "issue",
        "client": "helpdesk",
        "resource": there(),
        "people": {"groups": ["support"]},
    }
    return {name: value for name, value in {**base, **fields}.items() if value is not None}


def there(**fields: Any) -> dict[str, Any]:
    base = {
        "issuer": TICKETS,
        "client_id": "acme-helpdesk",
        "resource": "https://api.tickets.example",
        "scopes": ["tickets:read", "tickets:comment"],
    }
    return {name: value for name, value in {**base, **fields}.items() if value is not None}


def company(*connections: dict[str, Any], change: Change = lambda _: None) -> Tree:
    tree = acme()
    tree["users"] = [{"name": "alice", "email": "alice@acme.example", "groups": ["support"]}]
    tree["connections"] = [*connections]
    if not connections:
        del tree["connections"]
    change(tree)
    return tree


def faults(
    tmp_path: Path, *connections: dict[str, Any], dev: bool = False, change: Change = lambda _: None
) -> list[str]:
    return sentences(tmp_path, company(*connections, change=change), dev=dev)


@pytest.mark.requirement("JAG-90", "JAG-39")
def test_a_connection_becomes_what_the_policy_works_with(tmp_path: Path) -> None:
    (one,) = loaded(tmp_path, company(form())).definitions.connections
    assert one == Connection(
        client="helpdesk",
        to=Abroad(
            connection="helpdesk-to-tickets",
            issuer=TICKETS,
            client_id="acme-helpdesk",
            resources=("https://api.tickets.example",),
        ),
        people=Connected(issuers=frozenset({"actas"}), groups=frozenset({"support"})),
        scopes={"tickets:read": "tickets:read", "tickets:comment": "tickets:comment"},
        lifetime=300,
        place=one.place,
    )
    assert one.place.rpartition("/")[2].startswith("actas.yaml:")


def test_every_field_arrives(tmp_path: Path) -> None:
    written = form(
        resource=there(
            audience="urn:tickets", resource=["https://a.tickets.example", "https://b.tickets.example"]
        ),
        people={"from": ["corp-okta", "actas"], "names": "actas:alice", "when": "subject.claims.amr == []"},
        identify_by="pairwise",
        email=False,
        act=False,
        sign_in={"max_age": "1h", "acr": ["mfa", "phrh"]},
        lifetime="1m",
        algorithm="RS256",
        disabled=True,
        description="Tickets",
    )

    def per_client(tree: Tree) -> None:
        named(tree, "issuers", "corp-okta")["audiences"] = {"acme-web": ["assistant", "helpdesk"]}

    definitions = loaded(tmp_path, company(written, change=per_client)).definitions
    (one,) = definitions.connections
    assert one.to == Abroad(
        connection="helpdesk-to-tickets",
        issuer=TICKETS,
        client_id="acme-helpdesk",
        resources=("https://a.tickets.example", "https://b.tickets.example"),
        audiences=frozenset({"urn:tickets"}),
        identify_by="pairwise",
        tells_email=False,
        names_agents=False,
        max_age=3600,
        acr=("mfa", "phrh"),
    )
    assert one.people == Connected(
        issuers=frozenset({"corp-okta", "actas"}), names=frozenset({"actas:alice"})
    )
    assert (one.when, one.lifetime, one.algorithm) == (("subject.claims.amr == []",), 60, "RS256")
    assert (one.paused, one.description) == (True, "Tickets")
    assert ("grant", "RS256") in definitions.keys.used
    (target,) = catalog_of(definitions).connections.leading_to("urn:tickets", client="helpdesk")
    assert target.disabled


@pytest.mark.requirement("SEC-56")
def test_there_is_a_key_for_grants_where_there_is_a_connection_and_else_none(tmp_path: Path) -> None:
    none = loaded(tmp_path, company()).definitions.keys.used
    assert not [purpose for purpose, _ in none if purpose == "grant"]
    some = loaded(tmp_path, company(form())).definitions.keys.used
    assert [algorithm for purpose, algorithm in some if purpose == "grant"] == ["ES256"]


def only_through_audiences(tree: Tree) -> None:
    named(tree, "issuers", "corp-okta")["audiences"] = ["acme-web"]


CASES: list[tuple[dict[str, Any], str]] = [
    ({"client": "helpdesc"}, 'client: there is no client "helpdesc"'),
    ({"client": "leaflet"}, "client: leaflet proves nothing (method none)"),
    ({"resource": there(issuer="https://sts.acme.example")}, "resource.issuer: is this server itself"),
    ({"resource": there(issuer="http://auth.tickets.example")}, "resource.issuer: must be https"),
    (
        {"resource": there(issuer="auth.corp.example")},
        "resource.issuer: must be an https address, such as https://auth.corp.example",
    ),
    ({"resource": there(issuer="their idp")}, "must be an https address, such as https://auth.tickets"),
    ({"resource": there(issuer=f"{TICKETS}?x=1")}, "resource.issuer: "),
    ({"resource": there(resource="http://api.tickets.example")}, "resource.resource: must be https"),
    ({"resource": there(resource="https://api.tickets.example#x")}, "resource.resource: "),
    ({"resource": there(scopes=[])}, "resource.scopes: "),
    ({"resource": there(scopes=None)}, "resource.scopes: is required"),
    ({"resource": there(client_id=None)}, "resource.client_id: is required"),
    ({"people": None}, "people: is required"),
    ({"direction": None}, "direction: is required"),
    ({"people": {"from": "corp-octa"}}, 'people.from: there is no issuer "corp-octa"'),
    ({"people": {"from": "corp-okta"}}, "audiences of corp-okta must say which client each is"),
    ({"people": {"from": ["actas", "partner"]}}, "nobody comes from partner: it accepts no id_token"),
    ({"lifetime": "6m"}, "lifetime: "),
    ({"sign_in": {"max_age": "1s"}}, "sign_in.max_age: "),
    ({"identify_by": "name"}, "identify_by: "),
    ({"algorithm": "HS256"}, "algorithm: "),
    ({"name": "a:b"}, "name: "),
    ({"name": "x", "color": "red"}, "color: "),
]


@pytest.mark.requirement("SEC-54", "SEC-55")
@pytest.mark.parametrize(("fields", "sentence"), CASES, ids=lambda one: one if isinstance(one, str) else "")
def test_a_connection_that_cannot_be_is_a_fault_that_says_where(
    tmp_path: Path, fields: dict[str, Any], sentence: str
) -> None:
    found = faults(tmp_path, form(**fields), change=only_through_audiences)
    assert [one for one in found if sentence in one], found


def test_in_development_the_other_server_may_be_without_tls(tmp_path: Path) -> None:
    local = there(issuer="http://127.0.0.1:9000", resource="http://127.0.0.1:9001/api")
    assert faults(tmp_path, form(resource=local), dev=True) == []
    assert len(faults(tmp_path, form(resource=local))) == 2


def test_a_client_that_may_not_exchange_has_no_use_for_one(tmp_path: Path) -> None:
    def no_exchange(tree: Tree) -> None:
        alter(tree, "clients", "helpdesk", {"grants": ["client_credentials"]})

    found = faults(tmp_path, form(), change=no_exchange)
    assert [one for one in found if "helpdesk may not use the grant token_exchange" in one], found


@pytest.mark.requirement("SEC-55")
def test_no_request_may_lead_two_ways(tmp_path: Path) -> None:
    again = form(name="again", resource=there(client_id="other"))
    (found,) = faults(tmp_path, form(), again)
    assert "helpdesk-to-tickets connects helpdesk to https://api.tickets.example already" in found
    bare = there(resource=None)
    (found,) = faults(tmp_path, form(resource=bare), form(name="again", resource=bare))
    assert f"connects helpdesk to {TICKETS} already" in found
    other_api = form(name="again", resource=there(resource="https://files.tickets.example"))
    assert faults(tmp_path, form(), other_api) == []
    assert faults(tmp_path, form(), form(name="again", client="orders")) == []


@pytest.mark.requirement("SEC-55", "JAG-21")
def test_no_name_of_one_server_is_the_name_of_another(tmp_path: Path) -> None:
    """The client would send one server what the other redeems."""
    files = "https://auth.files.example"
    to_files = form(name="files", resource=there(issuer=files, audience="urn:both"))
    for audience in ("urn:both", files):
        clash = form(resource=there(audience=[audience]))
        for order in ((clash, to_files), (to_files, clash)):
            (found,) = faults(tmp_path, *order)
            assert "helpdesk reaches https://auth." in found
            assert "resource.audience" in found
    same = form(name="more", resource=there(resource="https://files.tickets.example", audience="urn:both"))
    assert faults(tmp_path, form(resource=there(audience="urn:both")), same) == []


def test_an_address_as_the_name_of_a_person_is_warned_of(tmp_path: Path) -> None:
    for how, warned in (("email", True), ("pairwise", False), (None, False)):
        found = loaded(tmp_path, company(form(identify_by=how))).warnings
        said = [str(one) for one in found if "can be given to somebody else" in str(one)]
        assert bool(said) is warned, found


@pytest.mark.requirement("SEC-02")
def test_a_condition_that_cannot_be_compiled_is_named_where_it_stands(tmp_path: Path) -> None:
    wrong = form(people={"when": ["true", "subject.claims.department == "]})
    definitions = loaded(tmp_path, company(wrong)).definitions
    found = [(one.section, one.name, one.field) for one in findings(definitions)]
    assert found == [("connections", "helpdesk-to-tickets", "people.when[1]")]


@pytest.mark.requirement("SEC-55")
@pytest.mark.parametrize("api", ["connection:helpdesk-to-tickets", "helpdesk-to-tickets", TICKETS])
def test_no_rule_of_the_configuration_leads_abroad(tmp_path: Path, api: str) -> None:
    def rule(tree: Tree) -> None:
        tree["rules"].append(
            {
                "name": "abroad", "allow": "delegation", "client": "helpdesk", "subject": {"from": "corp-okta"},
                "target": {"api": api}, "scopes": {"any": ["tickets:read"]},
            }
        )  # fmt: skip

    assert [one for one in faults(tmp_path, form(), change=rule) if "target.api" in one]


@pytest.mark.requirement("SEC-55")
def test_no_rule_of_the_configuration_is_of_the_kind_of_connections(tmp_path: Path) -> None:
    def rule(tree: Tree) -> None:
        tree["rules"].append(
            {
                "name": "abroad", "allow": "cross_app", "client": "helpdesk", "subject": {"from": "corp-okta"},
                "target": {"api": "orders"}, "scopes": {"any": ["orders:read"]},
            }
        )  # fmt: skip

    assert [one for one in faults(tmp_path, form(), change=rule) if "allow" in one]


@pytest.mark.requirement("SEC-55")
def test_no_client_may_ask_for_the_target_of_a_connection_by_name(tmp_path: Path) -> None:
    def open_up(tree: Tree) -> None:
        alter(tree, "clients", "helpdesk", {"may_request": {"apis": ["connection:helpdesk-to-tickets"]}})

    assert [one for one in faults(tmp_path, form(), change=open_up) if "may_request.apis" in one]


def accepting(**fields: Any) -> dict[str, Any]:
    """A connection by which the helpdesk redeems grants; None takes a field away."""
    base: dict[str, Any] = {
        "name": "helpdesk-from-corp",
        "direction": "accept",
        "from": "corp-okta",
        "client": "helpdesk",
        "api": "orders",
        "scopes": ["orders:read"],
    }
    return {name: value for name, value in {**base, **fields}.items() if value is not None}


def believed(tree: Tree) -> None:
    """Let the identity provider's grants be redeemed by the helpdesk."""
    named(tree, "issuers", "corp-okta")["accepts"] = ["id_token", "id_jag"]
    named(tree, "clients", "helpdesk")["grants"] = ["token_exchange", "jwt_bearer"]
    named(tree, "clients", "helpdesk")["may_request"] = {"apis": ["orders"]}


@pytest.mark.requirement("JAG-65", "SEC-58")
def test_one_that_accepts_becomes_what_the_policy_works_with(tmp_path: Path) -> None:
    written = accepting(people={"match": "email", "groups": ["support"]}, lifetime="5m", single_use=False)
    definitions = loaded(tmp_path, company(written, change=believed)).definitions
    assert definitions.connections == ()
    (one,) = definitions.accepted
    assert (one.name, one.issuer, one.client, one.api) == (
        "helpdesk-from-corp",
        "corp-okta",
        "helpdesk",
        "orders",
    )
    assert (one.match, one.unknown, one.groups) == ("email", "refuse", frozenset({"support"}))
    assert (one.lifetime, one.repeatable, one.paused) == (300, True, False)
    assert not any(purpose == "grant" for purpose, _ in definitions.keys.used)
    assert "connection:helpdesk-from-corp" in {
        rule.spec.name for rule in catalog_of(definitions).policy.rules
    }


@pytest.mark.requirement("JAG-65", "SEC-58", "SEC-62")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"from": None}, "from: is required for direction: accept"),
        ({"api": None}, "api: is required for direction: accept"),
        ({"scopes": None}, "scopes: is required for direction: accept"),
        ({"from": "nobody"}, "there is no issuer"),
        ({"api": "nothing"}, "there is no api"),
        ({"client": "nobody"}, "there is no client"),
        ({"client": "orders"}, "may not use the grant jwt_bearer"),
        ({"scopes": ["orders:burn"]}, "orders:burn"),
        ({"resource": there()}, "resource: is for direction: issue"),
        ({"identify_by": "email"}, "identify_by: is for direction: issue"),
        ({"people": {"from": ["corp-okta"]}}, "people.from: means nothing for direction: accept"),
        ({"people": {"match": "aud_sub", "unknown": "create"}}, "people.unknown: means nothing with match"),
        ({"people": {"when": "subject.nowhere.("}}, "people.when"),
    ],
    ids=repr,
)
def test_what_is_wrong_with_one_that_accepts_is_said(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    found = faults(tmp_path, accepting(**changes), change=believed)
    if "people.when" in said:
        definitions = loaded(tmp_path, company(accepting(**changes), change=believed)).definitions
        assert [one.field for one in findings(definitions)] == ["people.when[0]"]
    else:
        assert any(said in one for one in found), found


@pytest.mark.requirement("SEC-58")
def test_trust_for_sign_in_or_exchange_is_none_for_grants(tmp_path: Path) -> None:
    def unasked(tree: Tree) -> None:
        believed(tree)
        named(tree, "issuers", "corp-okta")["accepts"] = ["id_token"]

    (said,) = faults(tmp_path, accepting(), change=unasked)
    assert "corp-okta is not trusted for grants; add id_jag to its accepts" in said


@pytest.mark.requirement("SEC-62")
def test_an_address_matches_only_where_the_issuer_speaks_for_its_domain(tmp_path: Path) -> None:
    def silent(tree: Tree) -> None:
        believed(tree)
        for field in ("email_domains", "subject", "when"):
            named(tree, "issuers", "corp-okta").pop(field, None)

    (said,) = faults(tmp_path, accepting(people={"match": "email"}), change=silent)
    assert "corp-okta speaks for no e-mail domain" in said


@pytest.mark.requirement("JAG-65")
def test_no_way_is_there_twice_and_people_are_matched_alike(tmp_path: Path) -> None:
    again = accepting(name="again")
    assert any("connects helpdesk from corp-okta to orders already" in one
               for one in faults(tmp_path, accepting(), again, change=believed))  # fmt: skip

    def more(tree: Tree) -> None:
        believed(tree)
        named(tree, "clients", "helpdesk")["may_request"] = {"apis": ["orders", "inventory"]}

    other = accepting(name="other", api="inventory", scopes=["stock:read"], people={"match": "aud_sub"})
    assert any("matches the same people by subject" in one
               for one in faults(tmp_path, accepting(), other, change=more))  # fmt: skip


@pytest.mark.requirement("SEC-58")
def test_an_issuer_of_grants_alone_needs_no_audiences(tmp_path: Path) -> None:
    def only(tree: Tree) -> None:
        believed(tree)
        tree["issuers"].append({"name": "other", "type": "oidc", "issuer": "https://idp.partner.example",
                                "accepts": ["id_jag"]})  # fmt: skip

    assert faults(tmp_path, accepting(), accepting(name="p", **{"from": "other"}), change=only) == []


@pytest.mark.requirement("JAG-150", "JAG-151", "JAG-152")
def test_proposals_are_tried_where_a_connection_names_them_and_nowhere_else(tmp_path: Path) -> None:
    issued = form(proposals=["access_denied", "certificate_binding", "resource_in_answers"])
    accepted = accepting(proposals="access_denied")
    definitions = loaded(tmp_path, company(issued, accepted, change=believed)).definitions
    tried = {"access_denied", "certificate_binding", "resource_in_answers"}
    assert definitions.connections[0].to.proposals == tried
    assert definitions.accepted[0].proposals == {"access_denied"}
    usual = loaded(tmp_path, company(form(), accepting(), change=believed)).definitions
    assert (usual.connections[0].to.proposals, usual.accepted[0].proposals) == (frozenset(), frozenset())
    (said,) = faults(tmp_path, accepting(proposals=["certificate_binding"]), change=believed)
    assert "proposals: certificate_binding means nothing for direction: accept" in said
    assert [one for one in faults(tmp_path, form(proposals="everything")) if "proposals" in one]
