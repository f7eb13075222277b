"""What a configuration takes away before it is compiled: roles, of whatever they were held by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.configuration import acme, loaded

from actas.admin.objects import Kept, Snapshot, admin_name, canonical
from actas.app.narrowing import narrowed
from actas.core.administrators import Administrators

ADMINS = Administrators(
    clients={"nightly": "owner"},
    users={"dana": "owner"},
    groups={"actas": {"platform": "operator"}, "corp-idp": {"platform": "auditor"}},
)
HELD = {
    admin_name("client", "nightly"): {"client": "nightly", "role": "owner"},
    admin_name("user", "dana"): {"user": "dana", "role": "owner"},
    admin_name("group", "platform"): {"group": "platform", "role": "operator"},
    admin_name("group", "platform", "corp-idp"): {"group": "platform", "from": "corp-idp", "role": "auditor"},
}


def left(folder: Path, *gone: str) -> Administrators:
    old = replace(loaded(folder, acme()).definitions, admins=ADMINS)
    objects = [
        Kept(kind="admins", name=name, document=canonical(document), keeper="file", origin="server")
        for name, document in HELD.items()
        if name not in gone
    ]
    return narrowed(old, Snapshot(1, tuple(objects))).admins


@pytest.mark.requirement("REL-21")
def test_a_role_that_is_taken_away_ends_at_once_and_no_other_does(tmp_path: Path) -> None:
    assert left(tmp_path) == ADMINS
    without_user = left(tmp_path, "user:dana")
    assert (without_user.users, without_user.clients) == ({}, ADMINS.clients)
    without_group = left(tmp_path, "group:platform@actas")
    assert without_group.groups == {"actas": {}, "corp-idp": {"platform": "auditor"}}
    assert left(tmp_path, "group:platform@corp-idp").groups["corp-idp"] == {}
    assert left(tmp_path, "client:nightly").clients == {}
