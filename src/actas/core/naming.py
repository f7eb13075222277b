"""What a person is called in another domain, where that is neither our ``sub`` nor an address.

A name there comes from one of two places: what the configuration says of a user of ours (``known_as``), or a
claim by which their own issuer tells it. A person without such a name is not told of under another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from actas.core.person import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """Where a name that a person has in another domain comes from. One of the two is set.

    Attributes:
        known_as: the label under which a user of ours has it.
        claim: the claim of the token that shows the person.
    """

    known_as: str | None = None
    claim: str | None = None

    def of(self, person: Person | None, said: Mapping[str, str]) -> str | None:
        """Return the name, or None when the person has none.

        Args:
            person: the user of ours, or None for everybody else.
            said: the claims of their token that name somebody.
        """
        if self.claim is not None:
            return said.get(self.claim)
        return None if person is None or self.known_as is None else person.known_as.get(self.known_as)

    def __str__(self) -> str:
        return f"the claim {self.claim}" if self.known_as is None else f"known_as.{self.known_as}"


IdentifierFormat = Literal["email", "iss_sub", "opaque", "saml-nameid"]
"""Formats of subject identifiers (RFC 9493 sections 3.2.2, 3.2.3 and 3.2.4; ID-JAG section 3.2)."""

NAMED_BY: Final[Mapping[IdentifierFormat, str]] = {
    "email": "email",
    "iss_sub": "sub",
    "opaque": "id",
    "saml-nameid": "nameid",
}
"""The member of each format that is the person's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectId:
    """How the claim ``sub_id`` names people: the same person as ``sub``, in another namespace (JAG-5).

    Attributes:
        who: what fills the member of ``NAMED_BY``; None for a person's verified address.
        fixed: the members that are the same for everybody.
        own: further members that are a person's own, left out for whoever has none.
        alone: whether people are found by that one member and ``issuer``, whatever else is said (JAG-67).
    """

    format: IdentifierFormat
    who: Called | None = None
    fixed: Mapping[str, str] = field(default_factory=dict[str, str])
    own: Mapping[str, Called] = field(default_factory=dict[str, Called])
    alone: bool = False

    @property
    def named_by(self) -> str:
        """The member that is the person's own."""
        return NAMED_BY[self.format]

    def of(self, name: str, person: Person | None, said: Mapping[str, str]) -> dict[str, str]:
        """Return the identifier of somebody: exactly the members that it has there (JAG-8).

        Args:
            name: what fills the member of ``NAMED_BY``.
            person: the user of ours, or None for everybody else.
            said: the claims of their token that name somebody.
        """
        own = {member: called.of(person, said) for member, called in self.own.items()}
        return {
            "format": self.format,
            **self.fixed,
            self.named_by: name,
            **{member: one for member, one in own.items() if one is not None},
        }

    @property
    def sources(self) -> tuple[Called, ...]:
        """Where what it says of a person comes from."""
        return (*(() if self.who is None else (self.who,)), *self.own.values())
