"""A desk whose requests are followed in traces, and marks whose claims are.

Nothing of it is there while nobody traces: the endpoint then has the desk itself.
"""

from __future__ import annotations

from typing import TypeVar

from actas.core.errors import OAuthError
from actas.core.party import Caller
from actas.core.ports import MarkStore
from actas.core.tracing import Tracing
from actas.web.body import Desk

Found = TypeVar("Found")


class TracedDesk(Desk[Found]):
    """Implements ``web.body.Desk``.

    Args:
        desk: what answers.
        name: what a request is called in traces.
    """

    def __init__(self, desk: Desk[Found], *, tracing: Tracing, name: str) -> None:
        self._desk = desk
        self._tracing = tracing
        self._name = name

    async def __call__(self, body: bytes, caller: Caller) -> Found:
        with self._tracing.request(self._name):
            return await self._desk(body, caller)

    async def turn_away(self, caller: Caller, error: OAuthError) -> OAuthError:
        with self._tracing.request(self._name):
            return await self._desk.turn_away(caller, error)


class TracedMarks(MarkStore):
    """Implements ``core.ports.MarkStore``."""

    def __init__(self, marks: MarkStore, *, tracing: Tracing) -> None:
        self._marks = marks
        self._tracing = tracing

    async def claim(
        self, *, purpose: str, issuer: str, token_id: str, issued_at: int, expires_at: int
    ) -> bool:
        with self._tracing.step("actas.marks", {"db.operation.name": purpose}, leaves=True):
            return await self._marks.claim(
                purpose=purpose,
                issuer=issuer,
                token_id=token_id,
                issued_at=issued_at,
                expires_at=expires_at,
            )
