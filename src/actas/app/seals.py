"""What this process knows of the checkpoints: said in its logs, and kept for whoever asks."""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from actas.audit.lifecycle import BrokenStream
from actas.core.errors import AuditUnavailable
from actas.core.ports import Clock
from actas.store.audit import StreamWriter
from actas.store.audit_notary import Notary, NotSealed, Sealed

_log = structlog.get_logger("actas")


class Seals:
    """How the last attempts to seal the log ended.

    Args:
        broken: streams that were found not whole at the start.

    Attributes:
        sealed_at: when this process last made a checkpoint, seconds since the epoch; None when it never did,
            because another process of the folder does.
        whole: whether every stream held what was sealed of it; None when this process has not looked.
    """

    def __init__(self, *, clock: Clock, broken: Iterable[BrokenStream]) -> None:
        self._clock = clock
        self.sealed_at: float | None = None
        self.whole: bool | None = None
        self._say(broken)

    def note(self, outcome: Sealed | NotSealed) -> None:
        """Note how an attempt ended."""
        if isinstance(outcome, NotSealed):
            _log.error("checkpoint not made", detail=str(outcome))
            return
        self.sealed_at = self._clock.now()
        self.whole = not outcome.broken
        self._say(outcome.broken)
        for missed in outcome.missed:
            _log.warning("checkpoint copy not written", detail=missed)

    async def close(self, writer: StreamWriter, notary: Notary) -> None:
        """Close the stream of this process cleanly, and seal the log."""
        try:
            await writer.close()
            self.note(await notary.seal_now())
        except (AuditUnavailable, NotSealed) as failed:
            _log.error("audit log not sealed", detail=str(failed))

    def _say(self, broken: Iterable[BrokenStream]) -> None:
        for stream in broken:
            self.whole = False
            _log.error("audit stream is not whole", stream=stream.stream, detail=stream.sentence)
