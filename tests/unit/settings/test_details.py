"""Templates of authorization details, as the configuration says them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import Tree, loaded
from tests.unit.settings.test_connections import accepting, believed, company, faults, form, there

TEMPLATE: dict[str, Any] = {"type": "ticket", "actions": ["read"], "max": 5, "public": False}
PLACE = "https://api.tickets.example"


def test_templates_arrive_as_they_are_written(tmp_path: Path) -> None:
    written = form(resource=there(authorization_details=[TEMPLATE, {"type": "file", "locations": [PLACE]}]))
    (one,) = loaded(tmp_path, company(written)).definitions.connections
    assert one.details == (TEMPLATE, {"type": "file", "locations": [PLACE]})
    accepted = accepting(authorization_details=[TEMPLATE])
    (other,) = loaded(tmp_path, company(accepted, change=believed)).definitions.accepted
    assert other.details == (TEMPLATE,)


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ([], "authorization_details"),
        ({"type": "ticket"}, "authorization_details"),
        ([{}], "no object with a type"),
        ([{"actions": ["read"]}], "no object with a type"),
        ([{"type": 7}], "no object with a type"),
        ([{"type": "a", "x": None}], "has no value"),
        ([{"type": "a", "x": ""}], "a text that is empty"),
        ([{"type": "a", "x": [[[[1]]]]}], "nested too deeply"),
        ([{"type": "a"}] * 11, "authorization_details"),
        ([{"type": "a", "x": ["y" * 250] * 20}], "more than 4096 bytes"),
        ([{"type": "a", "locations": PLACE}], "locations must be a list of addresses"),
        ([{"type": "a", "locations": []}], "locations must be a list of addresses"),
        ([{"type": "a", "locations": ["https://evil.example"]}], "is not in resource"),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_what_is_wrong_is_said(tmp_path: Path, details: Any, said: str) -> None:
    found = faults(tmp_path, form(resource=there(authorization_details=details)))
    assert any(said in one for one in found), found


def test_each_direction_says_them_in_its_place(tmp_path: Path) -> None:
    (said,) = faults(tmp_path, form(authorization_details=[TEMPLATE]))
    assert "authorization_details: is for direction: accept" in said


def test_a_policy_test_says_them_of_a_connection_only(tmp_path: Path) -> None:
    def asking(tree: Tree) -> None:
        ask = {"client": "helpdesk", "api": "orders", "authorization_details": [TEMPLATE]}
        tree["tests"] = [{"name": "t", "ask": ask, "expect": {"refused": "no_rule"}}]

    assert any("goes with connection" in one for one in faults(tmp_path, form(), change=asking))
