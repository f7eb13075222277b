"""A connection that names a group of nobody's, or nobody, is warned of: it lets nobody through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import Tree, alter, loaded
from tests.unit.settings.test_connections import company, form


def users(tree: Tree) -> None:
    tree["users"] = [{"name": "alice", "groups": ["support"]}, {"name": "bob"}]
    alter(tree, "issuers", "corp-okta", {"audiences": {"okta-helpdesk": ["helpdesk"]}})


@pytest.mark.parametrize(
    ("people", "said"),
    [
        ({"groups": ["support"]}, ()),
        ({"names": ["actas:alice", "actas:bob"]}, ()),
        ({"groups": ["suport"]}, ('no user is in the group "suport"; did you mean "support"?',)),
        ({"groups": ["support", "board"]}, ('no user is in the group "board"',)),
        ({"names": "actas:alyce"}, ('there is no user "actas:alyce"; did you mean "actas:alice"?',)),
        ({"names": "alyce"}, ('there is no user "alyce"; did you mean "actas:alice"?',)),
        ({"names": "bob"}, ('there is no user "bob"; did you mean "actas:bob"?',)),
        ({"names": "helpdesk"}, ()),
        ({"from": ["corp-okta"], "groups": ["suport"]}, ()),
        ({"from": ["corp-okta", "actas"], "groups": ["suport"], "names": "corp-okta:x"}, ()),
    ],
)
def test_who_is_not_there_is_warned_of(tmp_path: Path, people: Any, said: tuple[str, ...]) -> None:
    found = loaded(tmp_path, company(form(people=people), change=users)).warnings
    assert tuple(one.message for one in found if ".people" in one.path) == said


def test_where_no_users_are_written_nothing_is_known_of_them(tmp_path: Path) -> None:
    def none(tree: Tree) -> None:
        del tree["users"]

    found = loaded(tmp_path, company(form(people={"groups": ["suport"]}), change=none)).warnings
    assert [one for one in found if ".people" in one.path] == []
