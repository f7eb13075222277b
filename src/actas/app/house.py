"""A serving process, as far as whoever changes its configuration needs it."""

from __future__ import annotations

from typing import Protocol

from actas.app.foundation import Foundation
from actas.app.parts import Shared
from actas.app.prepared import Prepared


class House(Protocol):
    """The serving process, as far as its steward needs it."""

    base: Foundation
    shared: Shared

    async def put_in_force(self, prepared: Prepared, *, generation: int) -> None:
        """Put a configuration in force, whole.

        Raises:
            AuditUnavailable: that it takes effect could not be recorded.
        """
        ...

    async def note_loaded(self, base: Foundation, generation: int) -> None:
        """Write down that a configuration takes effect.

        Raises:
            AuditUnavailable: it could not be written.
        """
        ...
