"""Who may manage what: the roles, and the API of our own that their tokens are for.

A token for managing is asked for at the token endpoint like any other and goes through the same seven steps.
What is special is that its API and its rules are made here, from the roles that the configuration gives, and
that no rule of anybody's can name that API: nobody acts for another in it, and nobody impersonates (SEC-48).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, Literal

from actas.core.client import Client
from actas.core.party import OURSELVES
from actas.core.target import Api
from actas.policy.rule import ClientSelector, RuleSpec, ScopeMap

Role = Literal["auditor", "operator", "owner"]

ROLES: Final[tuple[Role, ...]] = ("auditor", "operator", "owner")
"""Each holds what the one before it does."""

LIFETIME: Final = 3600
"""Seconds that a token for managing lives. What its holder may do is looked up anew at every request."""

_MEANINGS: Final[dict[Role, str]] = {
    "auditor": "Read the configuration",
    "operator": "Change clients, APIs, issuers, rules and policy tests",
    "owner": "Say who holds a role, and what the defaults are",
}


def covers(held: Role | None, wanted: Role) -> bool:
    """Whether one role holds what another does."""
    return held is not None and ROLES.index(held) >= ROLES.index(wanted)


def scope_of(role: Role) -> str:
    """Return the scope that a token of the role carries."""
    return f"{OURSELVES}:{role}"


def role_in(scope: Iterable[str]) -> Role | None:
    """Return the highest role that scopes name, or None."""
    named = frozenset(scope)
    return next((role for role in reversed(ROLES) if scope_of(role) in named), None)


def least(one: Role | None, other: Role | None) -> Role | None:
    """Return the lower of two roles; none when either is none."""
    if one is None or other is None:
        return None
    return one if covers(other, one) else other


def management_audience(issuer: str) -> str:
    """Return the ``aud`` of tokens for managing the server called ``issuer``."""
    return f"{issuer}/api"


def management_api(issuer: str) -> Api:
    """Return the API of our own: ``actas``, which no API of the configuration can be called."""
    return Api(
        name=OURSELVES,
        audience=management_audience(issuer),
        scopes={scope_of(role): _MEANINGS[role] for role in ROLES},
        lifetime=LIFETIME,
        format="jwt",
    )


def role_rules(holders: Mapping[str, Role]) -> Iterator[RuleSpec]:
    """Yield the rules that give clients tokens of their roles, and of the lower ones.

    Args:
        holders: the role that each client holds, by its name.
    """
    for role in ROLES:
        names = frozenset(name for name, held in holders.items() if held == role)
        if names:
            yield RuleSpec(
                name=f"{OURSELVES}:{role}",  # the colon keeps it apart from every rule of the configuration
                effect="allow",
                kind="own",
                client=ClientSelector(names=names),
                apis=frozenset({OURSELVES}),
                scopes=ScopeMap(anyway=frozenset(scope_of(one) for one in ROLES if covers(role, one))),
                lifetime=LIFETIME,
                description=f"What an {role} may ask for.",
                place="admins",
            )


def with_roles(clients: Iterable[Client], holders: Mapping[str, Role]) -> Iterator[Client]:
    """Yield clients, each that holds a role with the API of our own among those it may ask for."""
    for client in clients:
        yield replace(client, apis=client.apis | {OURSELVES}) if client.name in holders else client
