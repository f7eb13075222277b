"""An administrator's laptop is stolen with a refresh token on it, which brings new ID tokens for weeks.

Each of them says when the administrator signed in, and that is long ago: nobody acts as a customer by it, though
the configuration asks for no ``max_age``. A token of an issuer says it in a form of that issuer's, or not at all,
and is asked only where the configuration says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.company import HELPDESK_IMPERSONATION, NOW
from tests.fakes.house import House
from tests.fakes.impersonating import administrator, house_of, own_token

from actas.policy.impersonation import OLDEST_SIGN_IN, Impersonating, RuleTerms, Terms
from actas.policy.rule import PartySelector, RuleSpec

OF_OURS = replace(
    HELPDESK_IMPERSONATION,
    actor=PartySelector(issuers=frozenset({"actas"}), names=frozenset({"actas:olga"}), required=True),
)


def ours(house: House, ago: int | None) -> dict[str, Any]:
    """Olga asks with an ID token of ours that is new, and tells of a sign-in so many seconds ago."""
    at = None if ago is None else NOW - ago
    return own_token(house, subject_token=house.our_id_token(aud="helpdesk", sub="actas:olga", auth_time=at))


@pytest.mark.requirement("SEC-46", "SEC-48")
@pytest.mark.parametrize("ago", [OLDEST_SIGN_IN + 1, 30 * 86_400, None], ids=repr)
async def test_a_new_id_token_of_an_old_session_begins_no_impersonation(ago: int | None) -> None:
    house = house_of(OF_OURS)
    error = await house.turned_away(ours(house, ago))
    assert (error.code, error.reason) == ("insufficient_user_authentication", "sign_in_again")
    assert error.members == {"max_age": OLDEST_SIGN_IN}
    told = house.rehearsal().of_event(house.writer.events[-1])
    assert (told.granted, told.reason) == (False, "sign_in_again")


@pytest.mark.requirement("SEC-46", "SEC-48")
async def test_one_of_today_does_and_its_entry_can_be_decided_again() -> None:
    house = house_of(OF_OURS)
    await house.post(ours(house, OLDEST_SIGN_IN - 60))
    event = next(one for one in house.writer.events if one.get("outcome") == "granted")
    assert event["actor"]["claims"]["auth_time"] == NOW - OLDEST_SIGN_IN + 60
    assert house.rehearsal().of_event(event).granted


@pytest.mark.requirement("SEC-46", "SEC-48")
@pytest.mark.parametrize(
    ("rule", "overall"),
    [
        (OF_OURS, Terms(max_age=24 * 3600)),
        (replace(OF_OURS, impersonation=RuleTerms(max_age=24 * 3600)), Terms()),
    ],
    ids=["section", "rule"],
)
async def test_whoever_wants_another_age_says_so(rule: RuleSpec, overall: Terms) -> None:
    house = house_of(rule, impersonating=Impersonating(terms=overall))
    assert (await house.post(ours(house, OLDEST_SIGN_IN + 60))).body["access_token"]
    assert (await house.turned_away(ours(house, 25 * 3600))).reason == "sign_in_again"


async def test_an_issuer_that_does_not_say_when_is_asked_only_where_the_configuration_does() -> None:
    house = house_of()
    form = own_token(house, subject_token=administrator(house, auth_time=None))
    assert (await house.post(form)).body["access_token"]
    strict = house_of(impersonating=Impersonating(terms=Terms(max_age=600)))
    form = own_token(strict, subject_token=administrator(strict, auth_time=None))
    assert (await strict.turned_away(form)).reason == "sign_in_again"
