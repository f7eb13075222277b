"""One exchange as the rules see it."""

from __future__ import annotations

from typing import Any

import msgspec

from actas.core.party import Actor
from actas.core.permit import Proposal
from actas.policy.expression import Context
from actas.policy.facts import ClaimsNeeded, context_of, values_of


class Situation(msgspec.Struct):
    """One exchange as the rules see it. Values for expressions are made when the first one asks.

    Attributes:
        chain: the subject, then every actor, oldest first, the acting party last.
        beside: who is in it under another name, for expressions of a deny (``policy.faces``).
        others: the same under each other name, once somebody asked.
    """

    proposal: Proposal
    chain: tuple[Actor, ...]
    needed: ClaimsNeeded
    beside: tuple[Actor, ...] = ()
    others: tuple[Situation, ...] | None = None
    _values: dict[str, Any] | None = None
    _context: Context | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The values of the names that expressions may use."""
        if self._values is None:
            self._values = values_of(self.proposal, chain=self.chain, beside=self.beside, needed=self.needed)
        return self._values

    @property
    def context(self) -> Context:
        """The same values, converted for the expression language."""
        if self._context is None:
            self._context = context_of(self.values)
        return self._context
