"""What came of one look at an installation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

DAY: Final = 86_400

SOON: Final = 14 * DAY
"""Seconds before its end at which a certificate should be renewed."""

State = Literal["good", "warn", "bad", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one look.

    Attributes:
        name: at what.
        state: ``bad`` stops something, or soon will; ``warn`` wants somebody to see it; ``skipped`` could not
            be looked at.
        says: what was found, in a sentence.
        remedy: what to do; empty when nothing is.
    """

    name: str
    state: State
    says: str
    remedy: str = ""


def ending(certificate: str, left: float, *, remedy: str) -> Result:
    """Return what is said of a certificate by when it ends.

    Args:
        certificate: what it is called.
        left: seconds until then.
    """
    if left > 0:
        said = f"{certificate} ends in {left / DAY:.0f} days"
    else:
        said = f"{certificate} ended {-left / DAY:.0f} days ago"
    state: State = "bad" if left <= 0 else "warn" if left < SOON else "good"
    return Result(name="TLS", state=state, says=said, remedy="" if state == "good" else remedy)
