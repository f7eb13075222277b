"""Acting as somebody who comes through another issuer, and whom no list of ours has.

What is known of such a person is what their issuer said when they signed in last. An administrator names one who
never came, to learn who does or to have a token of somebody invented; one whom a rule for our own users was never
meant for; one of another issuer with the same name; one who was put under protection, or revoked, or whose issuer
is trusted no more; or himself, under his other name.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.company import CORP, HELPDESK_IMPERSONATION, ISSUER, NOW
from tests.fakes.house import House, claims_of
from tests.fakes.impersonating import BY_IDENTIFIER, actor_token, by_identifier, own_token
from tests.fakes.refreshing import live
from tests.fakes.vouched import BLAKE, OKTA, RULE, house_with, seen

from actas.core.lineage import Revoked
from actas.core.party import Identity
from actas.policy.impersonation import Impersonating
from actas.policy.rule import PartySelector
from actas.subjects.known import KNOWN_FOR
from actas.subjects.revoked import mark_of_party

Form = Callable[..., dict[str, Any]]
FORMS: tuple[Form, ...] = (own_token, actor_token)
EVERYBODY = replace(RULE, subject=PartySelector(issuers=frozenset({"okta"})))


def of_okta(subject: str) -> str:
    return json.dumps({"format": "iss_sub", "iss": OKTA.issuer, "sub": subject})


def moved(house: House, **changes: Any) -> House:
    """The same house under another configuration."""
    later = House(
        **{
            "rules": house.rules,
            "people": house.people,
            "issuers": house.issuers,
            "ring": house.ring,
            "revoked": house.revoked,
            "clock": house.clock,
            **changes,
        }
    )
    later.known_store.kept.update(house.known_store.kept)
    for one in house.impersonations.kept.values():
        later.impersonations.put(one)
    return later


@pytest.mark.requirement("SEC-46")
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
async def test_who_never_signed_in_here_is_answered_like_any_name_that_nobody_has(form: Form) -> None:
    house = await house_with(EVERYBODY, HELPDESK_IMPERSONATION)
    told = {
        (error.reason, error.code, error.sentence)
        for who in ("okta:00u9", of_okta("00u9"), "okta:", "nowhere:00u1", "actas:nobody")
        for error in [await house.turned_away(form(house, who))]
    }
    assert len(told) == 1
    assert told.pop()[0] == "protected_subject"


@pytest.mark.requirement("SEC-46")
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
@pytest.mark.parametrize(
    "subject",
    [
        PartySelector(issuers=frozenset({"actas"})),
        PartySelector(issuers=frozenset({"actas"}), groups=frozenset({"customers"})),
        PartySelector(issuers=frozenset({CORP.name})),
    ],
)
async def test_a_rule_that_does_not_say_of_which_issuer_is_for_our_own_users(
    form: Form, subject: PartySelector
) -> None:
    house = await house_with(replace(RULE, subject=subject))
    for who in (BLAKE, of_okta("00u1")):
        assert (await house.turned_away(form(house, who))).reason == "no_rule"


@pytest.mark.requirement("SEC-46")
async def test_a_client_that_acts_by_itself_does_so_for_no_other_issuers_people() -> None:
    people = PartySelector(issuers=frozenset({"actas"}), names=frozenset({BLAKE}))
    house = await house_with(replace(BY_IDENTIFIER, subject=people))
    assert (await house.turned_away(by_identifier(house, BLAKE))).reason == "no_rule"
    theirs = replace(people, issuers=frozenset({"okta"}))
    other = await house_with(replace(BY_IDENTIFIER, subject=theirs))
    assert claims_of(await other.post(by_identifier(other, BLAKE)))["sub"] == BLAKE


@pytest.mark.requirement("SEC-46", "SEC-24")
async def test_the_same_name_at_another_issuer_is_another_person() -> None:
    evil = replace(OKTA, name="evil", issuer="https://evil.example")
    house = await house_with(EVERYBODY, issuers=(CORP, OKTA, evil))
    named = json.dumps({"format": "iss_sub", "iss": evil.issuer, "sub": "00u1"})
    for who in (named, "evil:00u1"):
        assert (await house.turned_away(own_token(house, who))).reason in ("no_rule", "protected_subject")
    ours = json.dumps({"format": "iss_sub", "iss": ISSUER, "sub": "00u1"})
    assert (await house.turned_away(own_token(house, ours))).reason == "unqualified_subject"
    assert not house.impersonations.kept


@pytest.mark.requirement("SEC-47")
@pytest.mark.parametrize(
    ("person", "protected"),
    [
        ({"groups": ("customers", "board")}, {"protected_groups": frozenset({"board"})}),
        ({"groups": ("customers",)}, {"protected_names": frozenset({BLAKE})}),
        ({"groups": None}, {"protected_groups": frozenset({"board"})}),
    ],
)
async def test_protected_is_who_was_last_seen_so_and_whose_groups_nobody_told(
    person: dict[str, Any], protected: dict[str, Any]
) -> None:
    house = await house_with(EVERYBODY, who=[seen(**person)], impersonating=Impersonating(**protected))
    assert (await house.turned_away(own_token(house, BLAKE))).reason == "protected_subject"
    free = await house_with(EVERYBODY, who=[seen(**person)])
    assert claims_of(await free.post(own_token(free, BLAKE)))["sub"] == BLAKE


@pytest.mark.requirement("SEC-48")
async def test_nobody_acts_unseen_as_somebody_whose_address_their_issuer_did_not_confirm() -> None:
    house = await house_with(who=[seen(email=None)], impersonating=Impersonating(must_be_told=True))
    assert (await house.turned_away(own_token(house, BLAKE))).reason == "cannot_be_told"
    told = await house_with(impersonating=Impersonating(must_be_told=True))
    await told.post(own_token(told, BLAKE))


@pytest.mark.requirement("SEC-46", "SEC-52")
@pytest.mark.parametrize(
    "now",
    [
        (CORP,),
        (CORP, replace(OKTA, disabled=True)),
        (CORP, replace(OKTA, sign_in=None)),
        (CORP, replace(OKTA, issuer="https://elsewhere.example")),
        (CORP, replace(OKTA, name="other")),
        (CORP, replace(OKTA, name="other"), replace(OKTA, issuer="https://elsewhere.example")),
    ],
)
async def test_whose_issuer_vouches_for_nobody_any_more_is_not_known_and_what_runs_ends(now: Any) -> None:
    house = await house_with(EVERYBODY)
    token = str((await house.post(own_token(house, BLAKE))).body["access_token"])
    assert await live(house, token, "orders")
    later = moved(house, issuers=now)
    for who in (BLAKE, of_okta("00u1")):
        error = await later.turned_away(own_token(later, who))
        assert error.reason in ("protected_subject", "no_rule")
    if not any(one.issuer == OKTA.issuer and one.sign_in and not one.disabled for one in now):
        assert not await live(later, token, "orders")


@pytest.mark.requirement("SEC-52")
@pytest.mark.parametrize("who", [Identity(ISSUER, BLAKE), Identity(OKTA.issuer, "00u1")])
async def test_who_was_revoked_is_known_again_only_when_they_sign_in_again(who: Identity) -> None:
    house = await house_with(EVERYBODY)
    mark = mark_of_party(house.ring, who)
    await house.revoked.add([Revoked(mark=mark, up_to=NOW - 1, until=NOW + 3600, entry="x_1")])
    assert (await house.turned_away(own_token(house, BLAKE))).reason == "protected_subject"
    await house.known.remember(seen(seen_at=NOW))
    assert claims_of(await house.post(own_token(house, BLAKE)))["sub"] == BLAKE


@pytest.mark.requirement("SEC-52")
async def test_who_was_not_seen_for_long_is_not_known() -> None:
    house = await house_with(EVERYBODY, who=[seen(seen_at=NOW - KNOWN_FOR)])
    assert (await house.turned_away(own_token(house, BLAKE))).reason == "protected_subject"
    await house.known.remember(seen(seen_at=NOW - KNOWN_FOR + 1))
    await house.post(own_token(house, BLAKE))


@pytest.mark.requirement("SEC-47")
async def test_nobody_acts_as_himself_under_the_name_that_he_has_elsewhere() -> None:
    """The administrator signs in here through the issuer whose tokens are exchanged as well: two names, one person."""
    both = replace(CORP, sign_in=OKTA.sign_in)
    house = await house_with(
        replace(RULE, subject=PartySelector(issuers=frozenset({CORP.name}))), issuers=(both,), who=()
    )
    themselves = Identity(CORP.issuer, "id-dana")
    await house.known.remember(seen(f"{CORP.name}:{themselves.subject}", origin=themselves))
    error = await house.turned_away(own_token(house, f"{CORP.name}:{themselves.subject}"))
    assert (error.reason, "himself" in error.detail) == ("protected_subject", True)
