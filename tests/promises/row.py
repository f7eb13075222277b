"""What a requirement is: an id, where it is written, one sentence, and whether this release claims it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Page = Literal[
    "rfc8693",
    "rfc8707",
    "rfc9068",
    "rfc8414",
    "rfc7662",
    "rfc7009",
    "rfc9449",
    "rfc8705",
    "rfc9728",
    "rfc8628",
    "clients",
    "oidc",
    "cross-app",
    "security",
]
"""The page of ``docs/specs`` on which a requirement stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One requirement.

    Attributes:
        id: as tests name it.
        source: the standard and section, or the section of the project's own security promises.
        says: one sentence, in our words.
        claimed: whether this release keeps it; then a test shows it.
        reason: why it is not claimed; empty when it is.
        page: where its row is printed.
    """

    id: str
    source: str
    says: str
    claimed: bool
    reason: str = ""
    page: Page = "rfc8693"


def kept(name: str, source: str, says: str) -> Requirement:
    """Return a requirement that this release claims."""
    return Requirement(id=name, source=source, says=says, claimed=True)


def later(name: str, source: str, says: str, *, reason: str) -> Requirement:
    """Return a requirement that this release does not claim, with the reason."""
    return Requirement(id=name, source=source, says=says, claimed=False, reason=reason)


def on(page: Page, *rows: Requirement) -> tuple[Requirement, ...]:
    """Return the rows, printed on ``page``."""
    return tuple(replace(row, page=page) for row in rows)
