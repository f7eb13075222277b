"""An impersonation can be put before the policy again, from the entry or before it is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.company import CLIENTS, HELPDESK_IMPERSONATION
from tests.fakes.house import FROM_OURS, claims_of, signing_in
from tests.fakes.impersonating import CAROL, actor_token, by_identifier, house_of, own_token

from actas.admin.who_can import who_can
from actas.core.errors import OAuthError
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN


@pytest.mark.requirement("SEC-45")
@pytest.mark.parametrize("form", [own_token, actor_token])
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"reason": None}, "reason_missing"),
        ({"scope": "orders:write"}, "excess"),
        ({"who": "actas:bob"}, "protected_subject"),
        ({"who": "actas:nobody"}, "protected_subject"),
    ],
)
async def test_an_entry_is_explained_as_it_was_decided(
    form: Any, change: dict[str, Any], reason: str | None
) -> None:
    house = house_of()
    asked = {name: value for name, value in form(house, **change).items() if value is not None}
    if reason is None:
        await house.post(asked)
    else:
        assert (await house.turned_away(asked)).reason == reason
    explained = house.rehearsal().of_event(house.writer.events[-1])
    assert (explained.granted, explained.reason) == (reason is None, reason)
    if reason is None:
        assert explained.kind == "administrative_impersonation"


async def test_what_a_client_asks_by_itself_is_explained_too() -> None:
    house = house_of()
    with pytest.raises(OAuthError):
        await house.post(by_identifier(house))
    explained = house.rehearsal().of_event(house.writer.events[-1])
    assert explained.reason == "no_rule"
    assert explained.near_miss is not None
    assert explained.near_miss.name == "helpdesk-impersonation"


def test_who_can_lists_it_as_a_way_of_its_own() -> None:
    house = house_of()
    (way,) = who_can(house.catalog.policy, house.catalog.clients.values(), house.catalog.apis["orders"], None)
    assert (way.client, way.kind) == ("helpdesk", "administrative_impersonation")
    assert not any(one.startswith("subject.impersonated") for one in way.conditions)


async def test_one_of_ours_is_an_administrator_by_either_token_of_a_sign_in() -> None:
    """Somebody who signed in here shows the access token or the ID token that the client was given then."""
    apps = [signing_in(one) if one.name == "helpdesk" else one for one in CLIENTS]
    rule = replace(HELPDESK_IMPERSONATION, actor=replace(FROM_OURS, required=True, groups=frozenset()))
    house = house_of(rule, clients=apps)
    given = (await house.post(await house.code_form("helpdesk"))).body
    for member, kind in (("access_token", ACCESS_TOKEN), ("id_token", ID_TOKEN)):
        form = own_token(house, subject_token=str(given[member]), subject_token_type=str(kind))
        claims = claims_of(await house.post(form))
        assert (claims["sub"], claims["act"]["sub"]) == (CAROL, "actas:alice")
