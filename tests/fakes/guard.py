"""What a guard of the matrix is: one thing that can say no."""

from __future__ import annotations

from dataclasses import dataclass

from actas.core.reasons import Reason
from actas.kinds.kind import Check
from tests.fakes.trips import Trip


@dataclass(frozen=True, kw_only=True)
class Guard:
    """One thing that can say no.

    Attributes:
        reason: what the minutes have then.
        naming: a word of the detail by which it is told from other guards with this reason.
        trip: the attempt with this one thing wrong, or why the guard has no meaning on its path.
        check: the must of the specifications that it trips, or None for what is no such check.
    """

    name: str
    reason: Reason
    naming: str
    trip: Trip
    check: Check | None = None
