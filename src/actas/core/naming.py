"""What a person is called in another domain, where that is neither our ``sub`` nor an address.

A name there comes from one of two places: what the configuration says of a user of ours (``known_as``), or a
claim by which their own issuer tells it. A person without such a name is not told of under another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
