"""Who is told of impersonations, over a foundation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.told_app import ScriptedPost

from actas.app.foundation import foundation
from actas.app.notices import circle_of
from actas.settings.load import read

ISSUER = "http://127.0.0.1:8693"
DOCUMENTS = {"hosts": ["agents.example"], "kind": "agent", "may_request": {"apis": ["orders"]}}


@pytest.mark.requirement("SEC-48")
@pytest.mark.parametrize(
    ("sections", "account"),
    [
        ({}, None),
        ({"client_registration": {"open": True}}, f"{ISSUER}/account"),
        ({"client_metadata_documents": DOCUMENTS}, f"{ISSUER}/account"),
    ],
    ids=["nobody", "registered", "published"],
)
async def test_a_letter_says_where_the_person_ends_it_wherever_people_sign_in(
    tmp_path: Path, sections: dict[str, Any], account: str | None
) -> None:
    api = {
        "name": "orders",
        "audience": "https://orders.acme.example",
        "scopes": {"orders:read": "Read orders"},
    }
    tree = {"version": 1, "server": {"issuer": ISSUER, "data": "./data"}, "apis": [api], **sections}
    (tmp_path / "actas.yaml").write_text(json.dumps(tree), encoding="utf-8")
    draft = read([tmp_path / "actas.yaml"], dev=True, environ={})
    async with foundation(draft, dev=True, create=True) as base:
        assert base.catalog.people_sign_in is (account is not None)
        assert circle_of(base, ScriptedPost(), sender=None, letters=None).account == account
