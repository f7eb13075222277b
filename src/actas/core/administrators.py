"""Who manages this server, as values: the roles, and who holds which.

A role is held by a client, by a person of ours, or by a group. A group is one of whoever vouches for its
members: one of that name at another issuer is another group (SEC-24).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
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


def management_audience(issuer: str) -> str:
    """Return the ``aud`` of tokens for managing the server called ``issuer``."""
    return f"{issuer}/api"


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
        subjects: the role of each of the people of ours who hold one, by their subject (``among``).
    """

    clients: Mapping[str, Role] = field(default_factory=dict[str, Role])
    users: Mapping[str, Role] = field(default_factory=dict[str, Role])
    groups: Mapping[str, Mapping[str, Role]] = field(default_factory=dict[str, Mapping[str, Role]])
    subjects: Mapping[str, Role] = field(default_factory=dict[str, Role])

    def __bool__(self) -> bool:
        return bool(self.clients) or self.people

    @property
    def people(self) -> bool:
        """Whether a person may hold a role."""
        return bool(self.users or self.groups)

    @property
    def groups_elsewhere(self) -> frozenset[str]:
        """The groups of other issuers that hold a role: only a token says who is in them."""
        return frozenset(one for issuer, held in self.groups.items() if issuer != OURSELVES for one in held)

    def among(self, people: Iterable[Person]) -> Administrators:
        """Return the same, which knows who of the people of ours holds a role."""
        held = {one.subject: role for one in people if (role := self.of_person(one)) is not None}
        return replace(self, subjects=held)

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

    def highest_of(self, issuer: str) -> Role | None:
        """Return the highest role that anybody for whom an issuer vouches may hold."""
        return highest(self.groups.get(issuer, {}).values())

    def of_subject(self, origin: str, subject: str, groups: Iterable[str]) -> Role | None:
        """Return the role of a person: of one of ours what they hold now, whatever groups are named.

        Args:
            origin: the name of whoever vouches for them.
            groups: those that another issuer said they are in.
        """
        return self.subjects.get(subject) if origin == OURSELVES else self.of_groups(origin, groups)

    def of_party(self, party: Party) -> Role | None:
        """Return the role of a party: of a person, or of a client that speaks for itself."""
        if party.kind == "person":
            return self.of_subject(party.origin_name, party.identity.subject, party.groups)
        return self.clients.get(party.identity.subject) if party.origin == party.identity else None
