"""A kind of exchange, as a value. The table of kinds is their order of preference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from actas.core.party import Actor
from actas.core.permit import Proposal, Refusal
from actas.core.wire import TokenType
from actas.policy.rule import KindWord

Check = Callable[[Proposal], Refusal | None]
"""One must of a specification, as a pure function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of exchange.

    Attributes:
        name: what rules call it.
        spec: where it is written.
        fits: whether the shape of a request can mean this kind.
        chain: the actors of the new token, newest first.
        checks: the musts of this kind alone, after those of every kind. Never empty.
        yields: the token types it can issue.
        longest_life: a cap in seconds that no rule lifts, or None.
        each_its_own: whether every target grants scopes of its own, instead of those that all have.
        names_subject: whether its subject is only named, and proves nothing: no other kind takes such a one.
        only_held: whether it grants only scopes that the subject token holds, whatever a rule sells.
    """

    name: KindWord
    spec: str
    fits: Callable[[Proposal], bool]
    chain: Callable[[Proposal], tuple[Actor, ...]]
    checks: tuple[Check, ...]
    yields: frozenset[TokenType]
    longest_life: int | None = None
    only_held: bool = False
    each_its_own: bool = False
    names_subject: bool = False

    def __post_init__(self) -> None:
        if not self.checks:
            raise ValueError(f"the kind {self.name} checks nothing")
