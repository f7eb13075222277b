"""Who may manage what: the roles, and the API of our own that their tokens are for.

A token for managing is asked for at the token endpoint like any other and goes through the same seven steps.
What is special is that its API and its rules are made here, from the roles that the configuration gives, and
that no rule of anybody's can name that API: nobody acts for another in it, and nobody impersonates (SEC-48).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from actas.core.administrators import (
    ROLES,
    Administrators,
    Role,
    covers,
    management_audience,
    scope_of,
    scopes_within,
)
from actas.core.client import Client
from actas.core.party import OURSELVES
from actas.core.person import subject_of
from actas.core.target import Api
from actas.policy.rule import ClientSelector, PartySelector, RuleSpec, ScopeMap

LIFETIME: Final = 3600
"""Seconds that a token for managing lives. What its holder may do is looked up anew at every request."""

_MEANINGS: Final[dict[Role, str]] = {
    "auditor": "Read the configuration",
    "operator": "Change clients, APIs, issuers, rules and policy tests",
    "owner": "Say who holds a role, who the users are, and what the defaults are",
}


def role_in(scope: Iterable[str]) -> Role | None:
    """Return the highest role that scopes name, or None."""
    named = frozenset(scope)
    return next((role for role in reversed(ROLES) if scope_of(role) in named), None)


def least(one: Role | None, other: Role | None) -> Role | None:
    """Return the lower of two roles; none when either is none."""
    if one is None or other is None:
        return None
    return one if covers(other, one) else other


def management_api(issuer: str) -> Api:
    """Return the API of our own: ``actas``, which no API of the configuration can be called."""
    return Api(
        name=OURSELVES,
        audience=management_audience(issuer),
        scopes={scope_of(role): _MEANINGS[role] for role in ROLES},
        lifetime=LIFETIME,
        format="jwt",
    )


def role_rules(holders: Administrators, clients: Iterable[Client]) -> Iterator[RuleSpec]:
    """Yield the rules that give tokens of a role, and of the lower ones, to whoever holds it.

    A client that holds one asks for itself. A person signs in to an app that is for managing, and it gets
    what they were asked about; no refresh token comes of that.

    Args:
        holders: who holds which role.
        clients: every client that the configuration lists.
    """
    apps = frozenset(one.name for one in clients if one.sign_in is not None and one.sign_in.management)
    for role in ROLES:
        own = ClientSelector(names=_of(role, holders.clients))
        if own.names:
            yield _rule(role, role, own, scopes=ScopeMap(anyway=scopes_within(role)))
        if not apps:
            continue
        for name, somebody in _people(role, holders):
            yield _rule(
                f"{role}:{name}",
                role,
                ClientSelector(names=apps),
                scopes=ScopeMap(bought={one: frozenset({one}) for one in scopes_within(role)}),
                subject=somebody,
            )


def _people(role: Role, holders: Administrators) -> Iterator[tuple[str, PartySelector]]:
    """Yield whom a role is given to by name, and by groups: those of each issuer apart (SEC-24)."""
    people = PartySelector(issuers=frozenset({OURSELVES}), kinds=frozenset({"person"}))
    named = frozenset(subject_of(name) for name in _of(role, holders.users))
    if named:
        yield "users", replace(people, names=named, origins=frozenset({OURSELVES}))
    for issuer, held in sorted(holders.groups.items()):
        groups = _of(role, held)
        if groups:
            yield f"groups:{issuer}", replace(people, groups=groups, origins=frozenset({issuer}))


def _of(role: Role, holders: Mapping[str, Role]) -> frozenset[str]:
    return frozenset(name for name, held in holders.items() if held == role)


def _rule(
    name: str, role: Role, client: ClientSelector, *, scopes: ScopeMap, subject: PartySelector | None = None
) -> RuleSpec:
    return RuleSpec(
        name=f"{OURSELVES}:{name}",  # the colon keeps it apart from every rule of the configuration
        effect="allow",
        kind="own" if subject is None else "sign_in",
        client=client,
        subject=subject,
        apis=frozenset({OURSELVES}),
        scopes=scopes,
        lifetime=LIFETIME,
        description=f"What an {role} may ask for.",
        place="admins",
    )


def with_roles(clients: Iterable[Client], holders: Administrators) -> Iterator[Client]:
    """Yield clients, each that may ask for the API of our own with it among its APIs."""
    for client in clients:
        terms = client.sign_in
        manages = holders.people and terms is not None and terms.management
        may = client.name in holders.clients or manages
        yield replace(client, apis=client.apis | {OURSELVES}) if may else client
