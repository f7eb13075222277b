"""How a command ends: the exit codes, and the one exception that a command raises to end otherwise.

A script needs to tell "the answer is no" from "I could not ask".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what it imports in turn would cost `actas --help` a tenth of its time
    from actas.core.ports import Json


class Exit(IntEnum):
    """What a command ended as; part of the contract with scripts."""

    YES = 0
    """Yes, done, nothing to change."""
    NO = 1
    """It ran, and the answer is no."""
    USAGE = 2
    """Used wrongly."""
    CONFIGURATION = 3
    """Configuration is invalid."""
    UNFINISHED = 4
    """Could not reach or finish."""
    NOT_ALLOWED = 5
    """Not allowed to ask."""
    PROTOCOL = 6
    """The other side answered with a protocol error."""
    INTEGRITY = 7
    """Integrity failure, wake somebody."""
    OURS = 70
    """Our fault."""
    INTERRUPTED = 130
    """Interrupted."""


class Failure(Exception):
    """A command ends with something other than yes.

    Args:
        message: one sentence for people.
        code: one word for programs.
        exit: what the program ends with.
        hint: what to do about it, or None.
        more: further members of the error object.
        told: whether people were told already, by the answer itself: then only programs are told again.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        exit: Exit,  # noqa: A002 - the word of the contract
        hint: str | None = None,
        more: Mapping[str, Json] | None = None,
        told: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.exit = exit
        self.hint = hint
        self.more = dict(more or {})
        self.told = told

    def document(self) -> dict[str, Json]:
        """Return the error object of ``--json``."""
        return {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "exit": int(self.exit),
            **self.more,
        }


def misused(message: str, *, hint: str | None = None) -> Failure:
    """Return the failure of a command that was used wrongly."""
    return Failure(message, code="usage", exit=Exit.USAGE, hint=hint)
