"""Acting as somebody who may do more than oneself.

Whoever may act as customers may, by a rule that is a little too wide, act as a colleague who holds a role in this
server. The token would manage nothing here; but it is the colleague elsewhere, whose word is worth more. So nobody
acts as a person of ours who holds a higher role than they do, in no form, whatever a rule allows; and it is looked
at again whenever a token is asked for or used onward, for roles change while somebody acts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.company import FROM_OURS, HELPDESK_IMPERSONATION, NOW, PEOPLE
from tests.fakes.house import House, allow
from tests.fakes.impersonating import (
    BY_IDENTIFIER,
    CAROL,
    actor_token,
    by_identifier,
    own_token,
)

from actas.core.administrators import Administrators
from actas.core.errors import OAuthError
from actas.core.wire import ACCESS_TOKEN
from actas.policy.impersonation import Approval, Impersonating, RuleTerms
from actas.policy.rule import PartySelector

Form = Callable[..., dict[str, Any]]
FORMS = (own_token, actor_token)
OF_LEADS = {"corp-idp": {"support-leads": "operator"}}


def house_of(admins: dict[str, Any], *rules: Any, **more: Any) -> House:
    made: dict[str, Any] = {"rules": rules or (HELPDESK_IMPERSONATION,), "people": PEOPLE, **more}
    return House(**made, administrators=Administrators(**admins))


async def upward(house: House, form: dict[str, Any], says: str) -> None:
    """The request is refused because the person holds more."""
    error = await house.turned_away(form)
    assert (error.reason, error.detail) == ("protected_subject", says)
    assert "owner" not in error.sentence


@pytest.mark.requirement("SEC-47")
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize(
    "person",
    [{"users": {"carol": "owner"}}, {"groups": {"actas": {"customers": "owner"}}}],
    ids=["by name", "by group"],
)
async def test_nobody_acts_as_a_person_who_holds_more(form: Form, person: dict[str, Any]) -> None:
    house = house_of(person)
    await upward(house, form(house), f"{CAROL} is owner, and dana@acme.example is no administrator")
    groups = {**person.get("groups", {}), **OF_LEADS}
    less = house_of({**person, "groups": groups})
    await upward(less, form(less), f"{CAROL} is owner, and dana@acme.example is operator")


@pytest.mark.requirement("SEC-47")
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize("role", ["auditor", "operator"])
async def test_who_holds_as_much_may(form: Form, role: str) -> None:
    house = house_of({"users": {"carol": role}, "groups": OF_LEADS})
    assert "access_token" in (await house.post(form(house))).body


@pytest.mark.requirement("SEC-47")
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize(
    "roles",
    [
        {"groups": {"actas": {"support-leads": "owner"}}},  # a group of ours, and dana is not in it
        {"groups": {"partner-idp": {"support-leads": "owner"}}},  # of another issuer's
        {"clients": {"helpdesk": "owner"}},  # the client that she asks with is not her
        {"clients": {"dana@acme.example": "owner"}},
        {"users": {"dana@acme.example": "owner", "dana": "owner"}},
    ],
)
async def test_a_role_of_somebody_else_lifts_nobody(form: Form, roles: dict[str, Any]) -> None:
    house = house_of({**roles, "users": {**roles.get("users", {}), "carol": "auditor"}})
    await upward(house, form(house), f"{CAROL} is auditor, and dana@acme.example is no administrator")


@pytest.mark.requirement("SEC-46", "SEC-47")
async def test_a_client_that_acts_itself_acts_as_nobody_who_holds_more() -> None:
    for roles in (
        {},
        {"clients": {"helpdesk": "operator", "carol": "owner"}},
        {"users": {"helpdesk": "owner"}},
    ):
        house = house_of({**roles, "groups": {"actas": {"customers": "owner"}}}, BY_IDENTIFIER)
        own = roles.get("clients", {}).get("helpdesk", "no administrator")
        await upward(house, by_identifier(house), f"{CAROL} is owner, and helpdesk is {own}")
    house = house_of({"clients": {"helpdesk": "owner"}, "users": {"carol": "owner"}}, BY_IDENTIFIER)
    assert "access_token" in (await house.post(by_identifier(house))).body


OURS = replace(HELPDESK_IMPERSONATION, actor=replace(FROM_OURS, required=True))


def as_alice(house: House, made: Form = actor_token) -> dict[str, Any]:
    """The same with a token of ours of alice's, whom we know."""
    token = house.our_token(
        sub="actas:alice", sub_profile="user", client_id="helpdesk", act=None, auth_time=NOW - 30
    )
    if made is own_token:
        return own_token(house, subject_token=token, subject_token_type=str(ACCESS_TOKEN))
    return actor_token(house, actor_token=token, actor_token_type=str(ACCESS_TOKEN))


@pytest.mark.requirement("SEC-47")
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
async def test_of_a_person_of_ours_the_role_counts_that_they_hold_now(form: Form) -> None:
    """Whatever groups their token names: alice is in ``support``, and has left ``executives``."""
    held: dict[str, Any] = {"users": {"carol": "operator"}, "groups": {"actas": {"executives": "owner"}}}
    house = house_of(held, OURS)
    await upward(house, as_alice(house, form), f"{CAROL} is operator, and actas:alice is no administrator")
    held["groups"]["actas"]["support"] = "owner"
    assert "access_token" in (await house_of(held, OURS).post(as_alice(house_of(held, OURS), form))).body


@pytest.mark.requirement("SEC-47")
async def test_who_is_protected_is_so_from_owners_too() -> None:
    house = house_of(
        {"groups": {"corp-idp": {"support-leads": "owner"}}},
        impersonating=Impersonating(protected_groups=frozenset({"customers"})),
    )
    error = await house.turned_away(own_token(house))
    assert (error.reason, error.detail) == (
        "protected_subject",
        f"{CAROL} is in the protected group customers",
    )


def after(house: House, **admins: Any) -> House:
    """The same server once its configuration gives somebody else a role."""
    changed = House(
        rules=house.rules,
        people=PEOPLE,
        impersonating=house.impersonating,
        ring=house.ring,
        revoked=house.revoked,
        administrators=Administrators(**admins),
    )
    changed.impersonations.__dict__ |= house.impersonations.__dict__
    return changed


@pytest.mark.requirement("SEC-47")
async def test_what_was_approved_does_not_begin_once_the_person_holds_more() -> None:
    rule = replace(HELPDESK_IMPERSONATION, impersonation=RuleTerms(approval=Approval(by="security")))
    house = house_of({}, rule)
    with pytest.raises(OAuthError) as waits:
        await house.post(own_token(house))
    waiting = str(waits.value.members["impersonation"])
    await house.acting.decide(waiting, approved=True, by="somebody of security")
    promoted = after(house, users={"carol": "owner"})
    await upward(
        promoted, own_token(promoted), f"{CAROL} is owner, and dana@acme.example is no administrator"
    )
    assert "access_token" in (await house.post(own_token(house))).body


@pytest.mark.requirement("SEC-47", "SEC-23")
async def test_what_runs_goes_no_further_once_the_person_holds_more() -> None:
    onward = replace(
        allow("onward", "delegation", "orders", "inventory"),
        subject=PartySelector(issuers=frozenset({"actas"}), impersonated=True),
    )
    house = house_of({}, OURS, onward)
    token = str((await house.post(as_alice(house))).body["access_token"])
    go: dict[str, Any] = {"audience": "inventory", "scope": "stock:read"}
    assert (await house.ask("orders", token, **go)).body["access_token"]
    promoted = after(house, users={"carol": "auditor"})
    error = await promoted.refused("orders", token, **go)
    assert (error.reason, error.detail) == (
        "impersonation_ended",
        f"{CAROL} is auditor by now, and actas:alice is no administrator",
    )
    await upward(promoted, as_alice(promoted), f"{CAROL} is auditor, and actas:alice is no administrator")
    both = after(house, users={"carol": "auditor", "alice": "operator"})
    assert (await both.ask("orders", token, **go)).body["access_token"]


@pytest.mark.requirement("SEC-47")
async def test_groups_that_hold_a_role_are_carried_where_only_a_token_says_them() -> None:
    """A token of ours of somebody from an issuer says which of its groups hold a role, though no rule does."""
    admins = {"groups": {"corp-idp": {"platform": "owner"}, "partner-idp": {"staff": "auditor"}}}
    carried = house_of(admins).catalog.policy.carried.groups(("platform", "staff", "others", "support"))
    without = house_of({}).catalog.policy.carried.groups(("platform", "staff", "others", "support"))
    assert set(carried) - set(without) == {"platform", "staff"}
