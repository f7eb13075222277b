"""What an administrator is told who asks to act as somebody in a way that cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.fakes.company import HELPDESK_IMPERSONATION, signing_in
from tests.fakes.house import CLIENTS, FROM_OURS, ISSUER, NOW, allow, claims_of
from tests.fakes.impersonating import (
    BY_IDENTIFIER,
    CAROL,
    DANA,
    actor_token,
    administrator,
    by_identifier,
    house_of,
    own_token,
)

from actas.policy.impersonation import Impersonating, Terms

Form = Callable[..., dict[str, Any]]
FORMS: tuple[Form, ...] = (own_token, actor_token)


@pytest.mark.requirement("SEC-46")
@pytest.mark.parametrize("form", [*FORMS, by_identifier], ids=lambda form: form.__name__)
@pytest.mark.parametrize("allowed", [True, False])
async def test_a_bare_name_is_told_what_a_name_looks_like_and_nothing_of_who_there_is(
    form: Form, allowed: bool
) -> None:
    """A person's, nobody's, a service's, one of another issuer's: whoever asks is told the same."""
    house = (
        house_of(HELPDESK_IMPERSONATION, BY_IDENTIFIER)
        if allowed
        else house_of(allow("own", "own", "orders", "inventory"))
    )
    ours = json.dumps({"format": "iss_sub", "iss": ISSUER, "sub": "carol"})
    told = [await house.turned_away(form(house, who)) for who in ("carol", "nobody", "orders", DANA, ours)]
    assert {one.reason for one in told} == {"unqualified_subject"}
    assert len({(one.sentence, one.code, one.status) for one in told}) == 1
    assert "actas:NAME" in told[0].sentence


@pytest.mark.requirement("SEC-47")
async def test_nobody_acts_as_themselves() -> None:
    apps = [signing_in(one) if one.name == "helpdesk" else one for one in CLIENTS]
    rule = replace(HELPDESK_IMPERSONATION, actor=replace(FROM_OURS, required=True, groups=frozenset()))
    house = house_of(replace(rule, subject=FROM_OURS), clients=apps)
    given = (await house.post(await house.code_form("helpdesk"))).body
    form = own_token(house, "actas:alice", subject_token=str(given["id_token"]))
    error = await house.turned_away(form)
    assert (error.reason, error.detail) == ("protected_subject", "actas:alice would act as himself")


@pytest.mark.requirement("SEC-48")
async def test_who_has_too_many_is_told_which_of_their_own_run() -> None:
    house = house_of()
    name = claims_of(await house.post(own_token(house)))["txn"]
    error = await house.turned_away(own_token(house, "actas:olga"))
    until = NOW + 3600
    running = [{"id": name, "subject": {"iss": ISSUER, "sub": CAROL}, "until": until}]
    assert (error.reason, error.members) == ("too_many_impersonations", {"impersonations": running})
    at = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert f"{name} as {CAROL} until {at}" in error.detail  # which `actas explain` shows
    # Somebody else is told nothing of it, nor is who has asked too often within the hour.
    omar = await house.post(own_token(house, "actas:olga", subject_token=administrator(house, "omar")))
    assert claims_of(omar)["txn"] != name
    often = house_of(impersonating=Impersonating(terms=Terms(per_hour=1, at_once=5)))
    await often.post(own_token(often))
    assert (await often.turned_away(own_token(often, "actas:olga"))).members == {}
