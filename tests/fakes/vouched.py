"""Somebody who signed in through an issuer and is to be acted as, in a ``House``: who that is, and by which rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from actas.core.party import Identity
from actas.core.person import VouchedPerson
from actas.core.secret import Secret
from actas.policy.rule import PartySelector, RuleSpec
from actas.trust.registry import SignInThere, TrustedIssuer
from tests.fakes.company import CORP, HELPDESK_IMPERSONATION, NOW, PEOPLE
from tests.fakes.house import House

BLAKE = "okta:00u1"
OKTA = TrustedIssuer(
    name="okta",
    issuer="https://okta.example",
    kind="oidc",
    accepts=frozenset(),
    algorithms=frozenset({"ES256"}),
    audiences={},
    groups="claims.groups",
    sign_in=SignInThere(
        client_id="acme", client_secret=Secret("s"), display="Okta", scopes=("openid", "email")
    ),
)
RULE = replace(
    HELPDESK_IMPERSONATION,
    subject=PartySelector(issuers=frozenset({"okta"}), groups=frozenset({"customers"})),
)


def seen(subject: str = BLAKE, **changes: Any) -> VouchedPerson:
    """How somebody was seen at their last sign-in."""
    members = {
        "subject": subject,
        "origin": Identity(OKTA.issuer, subject.partition(":")[2]),
        "display": "Blake",
        "email": "blake@okta.example",
        "groups": ("customers",),
        "seen_at": NOW - 60,
        **changes,
    }
    return VouchedPerson(**members)


async def house_with(*rules: RuleSpec, issuers: Any = (CORP, OKTA), who: Any = None, **more: Any) -> House:
    """A house in which blake signed in through okta a minute ago, or whoever is said."""
    house = House(rules=rules or (RULE,), people=PEOPLE, issuers=issuers, **more)
    for one in (seen(),) if who is None else who:
        await house.known.remember(one)
    return house
