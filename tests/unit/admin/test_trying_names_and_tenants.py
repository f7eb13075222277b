"""Trying connections whose grants say a tenant, or name people as others do: what is imagined says so as well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from tests.fakes.company import PEOPLE
from tests.fakes.trying import legs
from tests.unit.admin.test_trying import GROUPS, WELL, of, redeeming

from actas.core.naming import Called, SubjectId

ADDRESS: Any = {"email": "x@acme.example", "email_verified": True, **GROUPS}
OPAQUE = SubjectId(format="opaque", who=Called(known_as="corp"))
SAML = SubjectId(
    format="saml-nameid",
    who=Called(known_as="corp"),
    fixed={"issuer": "https://idp.acme.example/saml"},
    own={"sp_provided_id": Called(known_as="corp-sp")},
)
BY_ID: dict[str, Any] = {"match": "sub_id"}


@pytest.mark.requirement("JAG-94", "JAG-67", "SEC-62", "SEC-45")
@pytest.mark.parametrize(
    ("changes", "who", "claims", "reason"),
    [
        ({"tenant": "a"}, "alice@acme.example", GROUPS, None),
        ({"tenant": "a"}, "alice@acme.example", {**GROUPS, "tenant": "b"}, "wrong_tenant"),
        ({"aud_tenant": "ours"}, "alice@acme.example", GROUPS, None),
        ({"tenant": "a", "aud_tenant": "ours"}, "alice@acme.example", GROUPS, None),
        ({**BY_ID, "sub_id": OPAQUE}, "actas:alice", ADDRESS, None),
        ({**BY_ID, "sub_id": OPAQUE}, "alice", ADDRESS, None),
        ({**BY_ID, "sub_id": OPAQUE}, "c-1", ADDRESS, None),
        ({**BY_ID, "sub_id": OPAQUE}, "c-2", ADDRESS, "unknown_person"),
        ({**BY_ID, "sub_id": SAML}, "actas:alice", ADDRESS, None),
        ({**BY_ID, "sub_id": SAML}, "c-1", ADDRESS, None),
    ],
    ids=repr,
)
async def test_what_is_imagined_is_of_the_tenant_and_names_people_as_the_connection_says(
    changes: dict[str, Any], who: str, claims: dict[str, Any], reason: str | None
) -> None:
    called = {"corp": "c-1", "corp-sp": "s-1"}
    people = [structs.replace(one, known_as=called) if one.name == "alice" else one for one in PEOPLE]
    it = replace(redeeming(**changes), people=people)
    (accepted,) = it.accepted
    _, ours = await legs(it, WELL, accepted, who, claims=claims)
    assert of(ours)[:2] == ("no" if reason else "yes", reason), ours
