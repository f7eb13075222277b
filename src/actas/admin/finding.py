"""What comes of one look at a connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from actas.core.ports import JsonObject

State = Literal["good", "warn", "bad", "skipped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What came of one look.

    Attributes:
        name: at what.
        state: ``bad`` keeps the connection from working, ``warn`` may, ``skipped`` could not be looked at.
        says: what was found, in a sentence.
        remedy: what to do; empty when nothing is.
        silent: whether nobody answered who was asked.
    """

    name: str
    state: State
    says: str
    remedy: str = ""
    silent: bool = False

    def document(self) -> JsonObject:
        """Return it for programs."""
        return {"name": self.name, "state": self.state, "says": self.says, "remedy": self.remedy}
