"""What the configuration says of MCP servers, and what `check` refuses of grants for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import Tree, loaded, named
from tests.unit.settings.test_connections import accepting, believed, company, faults, form, there

from actas.app.compiled import catalog_of
from actas.app.policy_tests import run_policy_tests

AGENT = "https://agents.example/assistant.json"


def served(tree: Tree) -> None:
    believed(tree)
    named(tree, "apis", "orders")["kind"] = "mcp"


def strangers(*grants: str, apis: list[str] | None = None) -> Any:
    """A change that lets in whoever publishes a document on one host, with these grants."""

    def change(tree: Tree) -> None:
        served(tree)
        tree["client_metadata_documents"] = {
            "hosts": "agents.example",
            "grants": [*grants],
            "may_request": {"apis": apis or ["orders"]},
        }

    return change


@pytest.mark.requirement("JAG-128")
def test_what_the_configuration_does_not_call_an_mcp_server_is_none(tmp_path: Path) -> None:
    definitions = loaded(tmp_path, company(form())).definitions
    assert {(api.kind, api.listed) for api in definitions.apis.values()} == {("api", False)}
    assert not definitions.connections[0].to.mcp


@pytest.mark.requirement("JAG-72", "JAG-124")
def test_that_a_grant_for_an_mcp_server_is_good_once_cannot_be_switched_off(tmp_path: Path) -> None:
    (said,) = faults(tmp_path, accepting(single_use=False), change=served)
    assert "single_use: orders is an MCP server" in said
    assert "a grant for one is redeemed once" in said
    assert faults(tmp_path, accepting(single_use=True), change=served) == []
    assert faults(tmp_path, accepting(single_use=False), change=believed) == []


@pytest.mark.requirement("JAG-72", "JAG-124")
def test_a_grant_that_may_be_for_an_mcp_server_is_good_once_wherever_it_is_redeemed(tmp_path: Path) -> None:
    def two(tree: Tree) -> None:
        served(tree)
        named(tree, "clients", "helpdesk")["may_request"] = {"apis": ["orders", "inventory"]}

    other = accepting(name="other", api="inventory", scopes=["stock:read"], single_use=False)
    for order in ([accepting(), other], [other, accepting()]):
        (said,) = faults(tmp_path, *order, change=two)
        assert "single_use: helpdesk-from-corp takes the same grants for an MCP server" in said
    alike = accepting(name="other", api="inventory", scopes=["stock:read"])
    assert faults(tmp_path, accepting(), alike, change=two) == []


@pytest.mark.requirement("JAG-120")
def test_mcp_servers_of_another_domain_are_named_and_their_server_has_one_name(tmp_path: Path) -> None:
    definitions = loaded(tmp_path, company(form(resource=there(kind="mcp")))).definitions
    assert definitions.connections[0].to.mcp
    (said,) = faults(tmp_path, form(resource=there(kind="mcp", resource=None)))
    assert "resource.resource: is required for kind: mcp" in said
    (said,) = faults(tmp_path, form(resource=there(kind="mcp", audience="urn:tickets")))
    assert "resource.audience: means nothing for kind: mcp" in said


@pytest.mark.requirement("JAG-126", "JAG-91")
def test_a_connection_names_a_client_by_its_document_when_such_a_client_could_use_it(tmp_path: Path) -> None:
    accepted = accepting(client=AGENT)
    assert faults(tmp_path, accepted, change=strangers("jwt_bearer")) == []
    issued = form(client=AGENT, resource=there(client_id=AGENT))
    definitions = loaded(tmp_path, company(issued, change=strangers("token_exchange"))).definitions
    catalog = catalog_of(definitions)
    (client,) = catalog.named_by_document()
    assert "connection:helpdesk-to-tickets" in client.apis
    assert definitions.connections[0].to.client_id == AGENT


@pytest.mark.requirement("JAG-126")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (served, "client: no such client is let in"),
        (strangers("authorization_code"), "client: such clients may not use the grant jwt_bearer"),
        (strangers("jwt_bearer", apis=["handbook"]), "client: it may not ask for orders"),
    ],
    ids=["no documents", "not the grant", "not the API"],
)
def test_and_is_refused_when_it_could_not(tmp_path: Path, change: Any, said: str) -> None:
    found = faults(tmp_path, accepting(client=AGENT), change=change)
    assert [one for one in found if said in one], found
    elsewhere = faults(tmp_path, accepting(client="https://other.example/a.json"), change=change)
    assert [one for one in elsewhere if "client: " in one]


def test_a_policy_test_may_ask_as_such_a_client(tmp_path: Path) -> None:
    def tested(tree: Tree) -> None:
        strangers("token_exchange")(tree)
        tree["tests"] = [
            {
                "name": "the agent tells of support",
                "ask": {
                    "client": AGENT,
                    "connection": "helpdesk-to-tickets",
                    "subject": {"from": "actas", "user": "actas:alice", "groups": ["support"]},
                },
                "expect": {"granted": ["tickets:comment", "tickets:read"]},
            }
        ]

    issued = form(client=AGENT, resource=there(client_id=AGENT))
    definitions = loaded(tmp_path, company(issued, change=tested)).definitions
    (result,) = run_policy_tests(definitions, catalog_of(definitions).policy, at=1_790_000_000)
    assert result.problems == ()
