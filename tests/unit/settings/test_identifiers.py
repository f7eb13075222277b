"""What tenants and people are called between domains, as the configuration says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import Tree, loaded, named
from tests.unit.settings.test_connections import accepting, believed, company, faults, form

from actas.core.naming import Called


def test_every_field_arrives(tmp_path: Path) -> None:
    written = form(identifiers={"tenant": "a", "aud_tenant": "b", "aud_sub": {"known_as": "tickets"}})
    (one,) = loaded(tmp_path, company(written)).definitions.connections
    assert (one.to.tenant, one.to.aud_tenant, one.to.aud_sub) == ("a", "b", Called(known_as="tickets"))
    accepted = accepting(identifiers={"tenant": "a", "aud_tenant": "b"})
    (other,) = loaded(tmp_path, company(accepted, change=believed)).definitions.accepted
    assert (other.tenant, other.aud_tenant) == ("a", "b")


def test_users_say_what_they_are_called_elsewhere(tmp_path: Path) -> None:
    def called(tree: Tree) -> None:
        tree["users"][0]["known_as"] = {"tickets": "T-1"}

    alice = loaded(tmp_path, company(form(), change=called)).definitions.users["alice"]
    assert alice.known_as == {"tickets": "T-1"}


@pytest.mark.requirement("JAG-4")
def test_a_name_elsewhere_is_one_users(tmp_path: Path) -> None:
    def twice(tree: Tree) -> None:
        tree["users"] = [
            {"name": "alice", "known_as": {"tickets": "T-1", "wiki": "W-1"}},
            {"name": "bob", "known_as": {"wiki": "T-1", "tickets": "T-2"}},
            {"name": "carol", "known_as": {"tickets": "T-1"}},
        ]

    (said,) = faults(tmp_path, form(people={"from": "actas"}), change=twice)
    assert "known_as.tickets: alice is called so already" in said


@pytest.mark.parametrize(
    ("identifiers", "said"),
    [
        ({}, "is empty"),
        ({"tenant": ""}, "identifiers.tenant"),
        ({"tenant": "a\nb"}, "identifiers.tenant"),
        ({"aud_sub": {}}, "identifiers.aud_sub"),
        ({"aud_sub": {"known_as": "a", "claim": "b"}}, "say where the name comes from, in one way"),
        ({"aud_sub": {"claim": "email"}}, "people choose their email themselves"),
        ({"aud_sub": {"claim": "preferred_username"}}, "people choose their preferred_username themselves"),
        ({"aud_sub": "alice"}, "identifiers.aud_sub"),
    ],
    ids=repr,
)
def test_what_is_wrong_is_said(tmp_path: Path, identifiers: Any, said: str) -> None:
    assert any(said in one for one in faults(tmp_path, form(identifiers=identifiers)))


@pytest.mark.requirement("SEC-62")
def test_grants_of_one_client_and_issuer_are_of_one_tenant(tmp_path: Path) -> None:
    def more(tree: Tree) -> None:
        believed(tree)
        named(tree, "clients", "helpdesk")["may_request"] = {"apis": ["orders", "inventory"]}

    one = accepting(identifiers={"tenant": "a"})
    for identifiers in ({"tenant": "b"}, None):
        other = accepting(name="other", api="inventory", scopes=["stock:read"], identifiers=identifiers)
        assert any(
            "says others for the same grants" in said for said in faults(tmp_path, one, other, change=more)
        )


def test_the_name_of_a_person_is_told_and_not_accepted(tmp_path: Path) -> None:
    (said,) = faults(tmp_path, accepting(identifiers={"aud_sub": {"claim": "x"}}), change=believed)
    assert "identifiers.aud_sub: is for direction: issue" in said
