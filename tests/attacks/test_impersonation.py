"""Somebody acts as somebody else who must not, or goes on when it is over, or hides that it was he.

Token services were broken here again and again: a subject token that was left out turned a narrow exchange
into the right to be anybody (CVE-2026-9704), a support role acted as an administrator (CVE-2026-17526), a
mapper took `act` out of the token, and whoever was disabled went on with what he held.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from tests.fakes.company import CORP, DANA_IN_PERSON, HELPDESK_IMPERSONATION, PEOPLE, signing_in
from tests.fakes.house import (
    CLIENTS,
    FROM_OURS,
    ISSUER,
    ORDERS_TO_INVENTORY,
    House,
    allow,
    claims_of,
    sells,
)
from tests.fakes.impersonating import (
    BY_IDENTIFIER,
    CAROL,
    DANA,
    actor_token,
    administrator,
    by_identifier,
    house_of,
    impersonated,
    of_helpdesk,
    own_token,
)

from actas.audit.impersonations import record_of
from actas.core.errors import OAuthError
from actas.core.lineage import Revoked
from actas.core.party import Actor, Identity
from actas.core.person import Person
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, REFRESH_TOKEN, SUBJECT
from actas.policy.impersonation import Approval, Impersonating, Terms
from actas.policy.rule import RuleError

Form = Callable[..., dict[str, Any]]
FORMS: tuple[Form, ...] = (own_token, actor_token)
ONWARD = replace(ORDERS_TO_INVENTORY, subject=replace(FROM_OURS, impersonated=True))


async def pending_of(house: House, form: dict[str, Any]) -> OAuthError:
    """The refusal of what has to wait, which the minutes have beside what waits."""
    with pytest.raises(OAuthError) as refused:
        await house.post(form)
    assert (refused.value.reason, refused.value.code) == ("approval_needed", "authorization_pending")
    asked, refusal = house.writer.events[-2:]
    assert (asked["event"], refusal["outcome"]) == ("impersonation:requested", "refused")
    assert asked["impersonation"] == refusal["impersonation"] == refused.value.members["impersonation"]
    return refused.value


async def token_of(house: House, **more: Any) -> str:
    return str((await house.post(own_token(house, **more))).body["access_token"])


@pytest.mark.requirement("SEC-46")
@pytest.mark.parametrize("gone", ["subject_token", "subject_token_type"])
async def test_a_subject_token_that_was_dropped_is_no_wish_to_be_somebody(gone: str) -> None:
    house = house_of(HELPDESK_IMPERSONATION, BY_IDENTIFIER)
    form = own_token(house)
    del form[gone]
    assert (await house.turned_away(form)).reason == "malformed_request"
    del form[{"subject_token", "subject_token_type"}.difference({gone}).pop()]
    assert (await house.turned_away(form)).reason == "malformed_request"


@pytest.mark.requirement("SEC-46")
async def test_a_name_is_worth_nothing_once_the_administrators_token_was_dropped() -> None:
    house = house_of()
    form = actor_token(house)
    del form["actor_token"], form["actor_token_type"]
    assert (await house.turned_away(form)).reason == "no_rule"
    del form["subject_token_type"]
    assert (await house.turned_away(form)).reason == "malformed_request"


@pytest.mark.requirement("SEC-46")
@pytest.mark.parametrize("kind", ["delegation", "impersonation", "downscope"])
async def test_no_other_kind_takes_a_name_for_a_token(kind: str) -> None:
    house = house_of(allow("wide", kind, "helpdesk", "orders"))
    assert (await house.turned_away(by_identifier(house))).reason == "no_rule"


@pytest.mark.requirement("SEC-46")
@pytest.mark.parametrize(
    "change",
    [
        {"actor_token": "x", "actor_token_type": str(ID_TOKEN)},
        {"subject_token_type": str(SUBJECT)},
        {"requested_subject": json.dumps({"format": "iss_sub", "iss": ISSUER, "sub": CAROL, "more": 1})},
        {"requested_subject": json.dumps({"format": "opaque", "id": CAROL})},
        {"requested_subject": f'{{"format":"iss_sub","iss":"{ISSUER}","sub":"{CAROL}","sub":"actas:olga"}}'},
        {"requested_subject": "actas:ca\u202erol\n"},
        {"reason": "one line\nand another"},
        {"reason": "x" * 501},
        {"ticket": "x" * 101},
    ],
)
async def test_whoever_says_two_things_at_once_is_not_understood(change: dict[str, str]) -> None:
    house = house_of()
    assert (await house.turned_away(own_token(house, **change))).reason == "malformed_request"


@pytest.mark.requirement("SEC-46")
@pytest.mark.parametrize("name", ["requested_subject", "reason", "ticket"])
async def test_a_client_that_speaks_for_itself_names_nobody(name: str) -> None:
    house = House(rules=[allow("own", "own", "orders", "inventory")])
    form = house.own_form("orders", audience="inventory", **{name: CAROL})
    assert (await house.turned_away(form)).reason == "malformed_request"


@pytest.mark.requirement("SEC-46", "SEC-50")
async def test_a_client_is_no_administrator_because_it_shows_a_token_of_its_own() -> None:
    """Its own token as the actor's would be the third form under the rule of the second."""
    rule = replace(HELPDESK_IMPERSONATION, actor=replace(FROM_OURS, required=True))
    house = house_of(rule)
    own = house.our_token(sub="helpdesk", sub_profile="web_app", client_id="helpdesk", act=None)
    form = actor_token(house, actor_token=own, actor_token_type=str(ACCESS_TOKEN))
    assert (await house.turned_away(form)).reason == "actor_not_allowed"


@pytest.mark.requirement("SEC-46")
async def test_who_may_act_as_somebody_may_not_delegate_and_the_other_way_round() -> None:
    alone = house_of(HELPDESK_IMPERSONATION)
    form = alone.form("helpdesk", administrator(alone), subject_token_type=str(ID_TOKEN), audience="orders")
    assert (await alone.turned_away(form)).reason == "no_rule"
    delegating = house_of(
        replace(
            allow("d", "delegation", "helpdesk", "orders"),
            subject=replace(FROM_OURS),
            actor=HELPDESK_IMPERSONATION.actor,
        ),
        allow("i", "impersonation", "helpdesk", "orders"),
    )
    for made in FORMS:
        assert (await delegating.turned_away(made(delegating))).reason == "no_rule"


@pytest.mark.requirement("SEC-46")
def test_a_rule_that_does_not_say_who_asks_and_for_whom_is_refused() -> None:
    for broken in (
        replace(HELPDESK_IMPERSONATION, actor=None),
        replace(HELPDESK_IMPERSONATION, actor=replace(FROM_OURS, required=False)),
        replace(BY_IDENTIFIER, subject=FROM_OURS),
        replace(
            BY_IDENTIFIER, client=replace(BY_IDENTIFIER.client, names=frozenset(), kinds=frozenset({"app"}))
        ),
    ):
        with pytest.raises(RuleError):
            house_of(broken)


@pytest.mark.requirement("SEC-47")
@pytest.mark.parametrize("form", [*FORMS, by_identifier], ids=lambda form: form.__name__)
@pytest.mark.parametrize("who", ["actas:olga", "actas:bob", "actas:nobody", "actas:helpdesk"])
async def test_nobody_acts_as_somebody_who_is_protected(form: Form, who: str) -> None:
    """Protected by group, disabled, nobody, and a service."""
    everybody = replace(BY_IDENTIFIER.subject or FROM_OURS, groups=frozenset(), names=frozenset({who}))
    rule = HELPDESK_IMPERSONATION if form is not by_identifier else replace(BY_IDENTIFIER, subject=everybody)
    house = house_of(rule, impersonating=Impersonating(protected_groups=frozenset({"executives"})))
    error = await house.turned_away(form(house, who))
    assert error.reason == "protected_subject", error.detail
    assert "nobody" not in error.sentence.lower().replace("nobody may", "")


@pytest.mark.requirement("SEC-47")
@pytest.mark.parametrize("name", ["carol", CAROL])
async def test_a_person_is_protected_by_name(name: str) -> None:
    house = house_of(impersonating=Impersonating(protected_names=frozenset({name})))
    assert (await house.turned_away(own_token(house))).reason == "protected_subject"


@pytest.mark.requirement("SEC-85")
async def test_a_client_without_a_rule_does_not_learn_who_there_is() -> None:
    house = house_of(allow("other", "delegation", "helpdesk", "orders"))
    found = [await house.turned_away(own_token(house, who)) for who in (CAROL, "actas:bob", "actas:nobody")]
    assert {(one.code, one.reason) for one in found} == {("invalid_target", "no_rule")}


@pytest.mark.requirement("SEC-48")
async def test_an_impersonated_token_begins_no_other_and_opens_nothing() -> None:
    taking = replace(
        allow("same", "impersonation", "orders", "orders"), subject=replace(FROM_OURS, impersonated=True)
    )
    acting = replace(ORDERS_TO_INVENTORY, name="with-actor", actor=replace(FROM_OURS))
    as_administrator = replace(HELPDESK_IMPERSONATION, name="ours", actor=replace(FROM_OURS, required=True))
    house = house_of(HELPDESK_IMPERSONATION, taking, acting, as_administrator, ONWARD)
    token = await token_of(house)
    same = await house.turned_away(house.form("orders", token, audience="orders"))
    assert same.reason in ("impersonated", "actor_not_allowed")
    refresh = house.form("orders", token, audience="inventory", requested_token_type=str(REFRESH_TOKEN))
    assert (await house.turned_away(refresh)).reason == "client_may_not_exchange"
    again = own_token(house, "actas:olga", subject_token=token, subject_token_type=str(ACCESS_TOKEN))
    assert (await house.turned_away(again)).reason == "impersonated"
    mine = impersonated(house, {"client_id": "orders"})
    actor = house.form(
        "orders",
        house.our_token(),
        audience="inventory",
        actor_token=mine,
        actor_token_type=str(ACCESS_TOKEN),
    )
    assert (await house.turned_away(actor)).reason == "impersonated"


@pytest.mark.requirement("SEC-46")
@pytest.mark.parametrize("form", FORMS)
async def test_what_an_administrator_left_with_an_app_acts_as_nobody(form: Form) -> None:
    """A refresh token is good for weeks after they signed out: it proves nobody's presence."""
    dana = Person(name="dana", display="Dana", groups=("support-leads",))
    helpdesk = signing_in(next(one for one in CLIENTS if one.name == "helpdesk"))
    ours = replace(HELPDESK_IMPERSONATION, actor=replace(DANA_IN_PERSON, issuers=frozenset({"actas"})))
    clients = [*(one for one in CLIENTS if one.name != "helpdesk"), helpdesk]
    house = house_of(ours, clients=clients, people=(*PEOPLE, dana))
    left = {
        "subject": "actas:dana",
        "groups": ("support-leads",),
        "scope": frozenset({"openid", "offline_access"}),
    }
    given = (await house.post(await house.code_form("helpdesk", **left))).body
    shown = "subject" if form is own_token else "actor"

    def by(token: str, kind: object) -> dict[str, Any]:
        return form(house, **{f"{shown}_token": str(given[token]), f"{shown}_token_type": str(kind)})

    assert (await house.turned_away(by("refresh_token", REFRESH_TOKEN))).code == "invalid_request"
    assert (await house.post(by("id_token", ID_TOKEN))).body["access_token"]


@pytest.mark.requirement("SEC-48")
async def test_no_refresh_token_comes_of_it() -> None:
    house = house_of()
    form = own_token(house, requested_token_type=str(REFRESH_TOKEN))
    assert (await house.turned_away(form)).reason in ("client_may_not_exchange", "no_rule")
    assert "refresh_token" not in (await house.post(own_token(house))).body


@pytest.mark.requirement("SEC-48", "SEC-49")
async def test_a_hidden_administrator_is_in_nothing_that_the_resource_sees() -> None:
    """Not by name, nor by a mark that is the same in every token of theirs: it looks like any other token."""
    plain = allow("plain", "impersonation", "helpdesk", "inventory")
    house = house_of(of_helpdesk(names_actor=False), plain)
    root = house.chance.token(16)
    ours = house.our_token(act=None, sub=CAROL, client_id="helpdesk", txn=root, jti=house.chance.token(16))
    ordinary = await house.claims("helpdesk", ours, audience="inventory")
    hidden = claims_of(await house.post(own_token(house)))
    assert set(hidden) == set(ordinary)
    for name in ("txn", "jti"):
        assert len(hidden[name]) == len(ordinary[name]) == 22
        assert hidden[name][-1] in "AQgw"
    assert len(hidden["lineage"].split()) == len(ordinary["lineage"].split())
    named = house.ring.mark("party", ISSUER, DANA)
    assert named not in hidden["lineage"]
    assert DANA not in json.dumps(hidden)
    assert house.writer.events[-1]["administrator"]["sub"] == DANA


@pytest.mark.requirement("SEC-52")
@pytest.mark.parametrize("gone", ["issuer", "client", "person"])
async def test_who_is_disabled_on_the_way_goes_no_further(gone: str) -> None:
    house = house_of(HELPDESK_IMPERSONATION, ONWARD)
    token = await token_of(house)
    if gone == "issuer":
        house.catalog.issuers[CORP.issuer] = replace(CORP, disabled=True)
    elif gone == "client":
        helpdesk = next(one for one in CLIENTS if one.name == "helpdesk")
        house.catalog.clients["helpdesk"] = replace(helpdesk, disabled=True)
    else:
        bob = next(one for one in PEOPLE if one.disabled)
        house.catalog.people[CAROL] = bob
    error = await house.turned_away(house.form("orders", token, audience="inventory"))
    assert error.reason in ("impersonation_ended", "bad_subject"), error.detail


@pytest.mark.requirement("SEC-23", "SEC-52")
async def test_an_administrator_who_is_no_longer_listed_goes_no_further_either() -> None:
    """One of ours, and whom the token does not name."""
    house = house_of(HELPDESK_IMPERSONATION, ONWARD)
    token = impersonated(house, {})
    (one,) = await house.impersonations.newest(most=2)
    alice = Actor(Identity(ISSUER, "actas:alice"), "person")
    house.impersonations.put(structs.replace(one, administrator=alice, vouched_by=ISSUER, names_actor=False))
    form = house.form("orders", token, audience="inventory")
    assert (await house.post(form)).body["access_token"]
    del house.catalog.people["actas:alice"]
    assert (await house.turned_away(form)).reason == "impersonation_ended"


@pytest.mark.requirement("SEC-23", "SEC-48")
@pytest.mark.parametrize("hidden", [False, True])
async def test_what_ends_the_administrator_ends_every_token(hidden: bool) -> None:
    house = house_of(of_helpdesk(names_actor=not hidden), ONWARD)
    token = await token_of(house)
    mark = house.ring.mark("party", ISSUER, DANA)
    await house.revoked.add([Revoked(mark=mark, up_to=int(house.clock.now()) + 5, until=2**40, entry="x_1")])
    error = await house.turned_away(house.form("orders", token, audience="inventory"))
    assert error.reason in ("revoked", "impersonation_ended")
    assert (await house.turned_away(own_token(house))).reason in ("revoked", "bad_actor")


@pytest.mark.requirement("SEC-48")
async def test_once_it_has_ended_nothing_of_it_is_exchanged() -> None:
    house = house_of(of_helpdesk(lasts=100), ONWARD)
    token = await token_of(house)
    assert claims_of(await house.post(house.form("orders", token, audience="inventory")))["sub"] == CAROL
    found = await house.impersonations.newest(most=1)
    at = int(house.clock.now())
    await house.impersonations.end(
        found[0].id,
        by="carol",
        why="enough",
        at=at,
        telling=lambda one: record_of(one, now=at, chance=house.chance),
    )
    error = await house.turned_away(house.form("orders", token, audience="inventory"))
    assert error.reason == "revoked"


@pytest.mark.requirement("SEC-48")
async def test_what_needs_approval_gives_nothing_until_it_has_it_and_no_more_than_was_approved() -> None:
    terms = Terms(approvals=(Approval(by="leads", when=('subject.groups.exists(g, g == "executives")',)),))
    rule = replace(HELPDESK_IMPERSONATION, scopes=sells(any="orders:read orders:write"))
    house = house_of(rule, impersonating=Impersonating(terms=terms))
    assert claims_of(await house.post(own_token(house)))["sub"] == CAROL
    omar = administrator(house, "omar")
    asked = own_token(house, "actas:olga", scope="orders:read", subject_token=omar)
    name = str((await pending_of(house, asked)).members["impersonation"])
    at = int(house.clock.now())
    assert await house.impersonations.decide(
        name, approved=True, by="lee", at=at, telling=lambda one: record_of(one, now=at, chance=house.chance)
    )
    wider = {**asked, "scope": "orders:read orders:write"}
    assert (await pending_of(house, wider)).members["impersonation"] != name
    assert claims_of(await house.post(asked))["txn"] == name
    assert (await house.turned_away(wider)).reason == "approval_needed"


@pytest.mark.requirement("SEC-48")
async def test_what_runs_without_approval_opens_nothing_that_needs_it() -> None:
    """The rule of another API wants four eyes; whoever acts as the person already does not get round it."""
    wanting = of_helpdesk(approval=Approval(by="leads"))
    other = replace(wanting, name="stock-too", apis=frozenset({"inventory"}), scopes=sells(any="stock:read"))
    house = house_of(HELPDESK_IMPERSONATION, other)
    await house.post(own_token(house))
    refusal = await house.turned_away(own_token(house, audience="inventory"))
    assert refusal.reason == "too_many_impersonations"


async def test_a_rule_that_lets_it_last_less_is_heard_while_it_runs() -> None:
    brief = replace(
        of_helpdesk(lasts=120), name="brief", apis=frozenset({"inventory"}), scopes=sells(any="stock:read")
    )
    house = house_of(HELPDESK_IMPERSONATION, brief)
    first = claims_of(await house.post(own_token(house)))
    house.clock.advance(100)
    second = claims_of(await house.post(own_token(house, audience="inventory")))
    assert (second["txn"], second["exp"]) == (first["txn"], first["iat"] + 120)
    house.clock.advance(20)
    refusal = await house.turned_away(own_token(house, audience="inventory"))
    assert refusal.reason == "impersonation_ended"


async def test_an_approval_that_cannot_be_decided_is_needed() -> None:
    terms = Terms(approvals=(Approval(by="leads", when=("subject.claims.nowhere == 1",)),))
    house = house_of(impersonating=Impersonating(terms=terms))
    assert "leads" in (await pending_of(house, own_token(house))).detail


@pytest.mark.requirement("SEC-48")
async def test_a_token_that_could_not_be_recorded_leaves_nothing_running() -> None:
    house = house_of()
    house.writer.broken = True
    with pytest.raises(OAuthError) as refused:
        await house.post(own_token(house))
    assert refused.value.reason == "audit_unavailable"
    house.writer.broken = False
    found = await house.impersonations.newest(most=9)
    assert [one for one in found if one.runs(house.clock.now())] == []
