"""Who manages this server, as values: the roles, and who holds which.

A role is held by a client, by a person of ours, or by a group. A group is one of whoever vouches for its
members: one of that name at another issuer is another group (SEC-24).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from actas.core.party import OURSELVES, Party
from actas.core.person import Person

Role = Literal["auditor", "operator", "owner"]

ROLES: Final[tuple[Role, ...]] = ("auditor", "operator", "owner")
"""Each holds what the one before it does."""


def covers(held: Role | None, wanted: Role) -> bool:
    """Whether one role holds what another does."""
    return held is not None and ROLES.index(held) >= ROLES.index(wanted)


def highest(roles: Iterable[Role | None]) -> Role | None:
    """Return the highest of some roles; None when there is none."""
    found = frozenset(roles)
    return next((role for role in reversed(ROLES) if role in found), None)


def scope_of(role: Role) -> str:
    """Return the scope that a token of the role carries."""
    return f"{OURSELVES}:{role}"


def scopes_within(role: Role | None) -> frozenset[str]:
    """Return the scopes that a role holds, those of the lower ones included."""
    return frozenset(scope_of(one) for one in ROLES if covers(role, one))


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrators:
    """Who holds which role.

    Attributes:
        clients: by their names.
        users: people of ours, by what the configuration calls them.
        groups: by the name of the issuer that vouches for their members, ``actas`` for ourselves, and by
            group.
    """

    clients: Mapping[str, Role] = field(default_factory=dict[str, Role])
    users: Mapping[str, Role] = field(default_factory=dict[str, Role])
    groups: Mapping[str, Mapping[str, Role]] = field(default_factory=dict[str, Mapping[str, Role]])

    def __bool__(self) -> bool:
        return bool(self.clients) or self.people

    @property
    def people(self) -> bool:
        """Whether a person may hold a role."""
        return bool(self.users or self.groups)

    def of_person(self, person: Person | None) -> Role | None:
        """Return the role of a person of ours, by their name and by the groups they are in now."""
        if person is None or person.disabled:
            return None
        return highest((self.users.get(person.name), self.of_groups(OURSELVES, person.groups)))

    def of_groups(self, issuer: str, groups: Iterable[str]) -> Role | None:
        """Return the highest role of some groups.

        Args:
            issuer: the name of whoever says that somebody is in them.
        """
        held = self.groups.get(issuer, {})
        return highest(held.get(one) for one in groups)

    def of_somebody(self, origin: str, person: Person | None, groups: Iterable[str]) -> Role | None:
        """Return the role of a person, whoever vouches for them.

        Args:
            origin: the name of whoever does.
            person: who they are now, when we do.
            groups: those that another issuer said they are in.
        """
        return self.of_person(person) if origin == OURSELVES else self.of_groups(origin, groups)

    def of_party(self, party: Party, person: Person | None) -> Role | None:
        """Return the role of a party: of a person, or of a client that speaks for itself.

        Args:
            person: who a person of ours is now.
        """
        if party.kind == "person":
            return self.of_somebody(party.origin_name, person, party.groups)
        return self.clients.get(party.identity.subject) if party.origin == party.identity else None
