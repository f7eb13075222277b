"""An audit entry that is drawn up before it stands in a stream, to be kept together with what it tells."""

from __future__ import annotations

from dataclasses import dataclass, field

from actas.core.events import EventName


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An entry.

    Attributes:
        entry: its id.
        body: its JSON, as the stream takes it.
        at: when it was drawn up, seconds since the epoch.
    """

    entry: str
    event: EventName
    body: bytes = field(repr=False)
    at: float
