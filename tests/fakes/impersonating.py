"""Impersonations in a ``House``: who asks, in each form, and ones that run already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from actas.core.impersonation import Impersonation, Why
from actas.core.party import Actor, Identity
from actas.core.wire import ID_TOKEN, SUBJECT
from actas.crypto import impersonation_ids
from actas.policy.impersonation import RuleTerms
from actas.policy.rule import PartySelector, RuleSpec
from tests.fakes.company import HELPDESK_IMPERSONATION, IDP, ISSUER, NOW, PEOPLE
from tests.fakes.house import House

CAROL = "actas:carol"
DANA = "dana@acme.example"

BY_IDENTIFIER = replace(
    HELPDESK_IMPERSONATION,
    name="helpdesk-by-itself",
    actor=None,
    subject=PartySelector(issuers=frozenset({"actas"}), groups=frozenset({"customers"})),
    impersonation=RuleTerms(by_identifier=True),
)


def of_helpdesk(**terms: Any) -> RuleSpec:
    """The rule of the helpdesk, with more asked of the administrator."""
    return replace(HELPDESK_IMPERSONATION, impersonation=RuleTerms(**terms))


def house_of(*rules: RuleSpec, **more: Any) -> House:
    return House(**{"rules": rules or (HELPDESK_IMPERSONATION,), "people": PEOPLE, **more})


def administrator(house: House, user: str = "dana", **claims: Any) -> str:
    """An ID token of somebody who leads support, of a sign-in half a minute ago."""
    return house.id_token(user, **{"groups": ["support-leads"], "auth_time": NOW - 30, **claims})


def own_token(house: House, who: str = CAROL, **more: Any) -> dict[str, Any]:
    """The form (a): the administrator's token, and who is wanted beside it."""
    asked = {
        "requested_subject": who,
        "reason": "the order does not load",
        "ticket": "HELP-1",
        "subject_token_type": str(ID_TOKEN),
        "audience": "orders",
    }
    return house.form("helpdesk", administrator(house), **{**asked, **more})


def actor_token(house: House, who: str = CAROL, **more: Any) -> dict[str, Any]:
    """The form (b): who is wanted in place of a token, and the administrator's token as the actor's."""
    asked = {
        "subject_token_type": str(SUBJECT),
        "reason": "the order does not load",
        "actor_token": administrator(house),
        "actor_token_type": str(ID_TOKEN),
        "audience": "orders",
    }
    return house.form("helpdesk", who, **{**asked, **more})


def by_identifier(house: House, who: str = CAROL, **more: Any) -> dict[str, Any]:
    """The form (c): who is wanted in place of a token, and nobody's token beside it."""
    asked = {"subject_token_type": str(SUBJECT), "reason": "the nightly check", "audience": "orders"}
    return house.form("helpdesk", who, **{**asked, **more})


def running(house: House) -> str:
    """The id of an impersonation that runs: dana as carol."""
    name = impersonation_ids.make(chance=house.chance, marking=house.ring)
    one = Impersonation(
        id=name,
        mark=house.ring.mark("token", ISSUER, name),
        state="running",
        form="own_token",
        administrator=Actor(Identity(ISSUER, DANA), "person"),
        vouched_by=IDP,
        client="helpdesk",
        subject=Identity(ISSUER, CAROL),
        why=Why("the order does not load"),
        apis=("orders",),
        scope=("orders:read",),
        rules=("helpdesk-impersonation",),
        names_actor=True,
        approval=(),
        approval_within=3600,
        lasts=3600,
        requested_at=NOW,
        until=NOW + 3600,
        began_at=NOW,
    )
    house.impersonations.put(one)
    return name


def impersonated(house: House, claims: Mapping[str, Any]) -> str:
    """A token of ours under an impersonation that runs; the claims replace its own."""
    return house.our_token(**{"sub": CAROL, "act": None, "txn": running(house), **claims})
