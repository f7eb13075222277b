"""What a stream says about itself: started, recovered, closed.

Bodies only, made by the process that takes the stream up or lays it down; where they are written is the
store's. They are the log's own events (``core.events``) and carry no outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from actas.audit.stream import instant, new_entry_id
from actas.core.events import EventName
from actas.core.ports import Chance, Clock, Json, JsonObject

MOST_NAMED: Final = 500
"""Ids named by one event, so that no line of the log grows without bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenStream:
    """A stream that could not be taken up because it does not hold what it must.

    Attributes:
        seq: the first entry that cannot be trusted.
        sentence: what is wrong, for administrators.
    """

    stream: str
    seq: int
    sentence: str


class Narrator:
    """Makes the bodies of the log's own events."""

    def __init__(self, *, clock: Clock, chance: Chance) -> None:
        self._clock = clock
        self._chance = chance

    def started(self, *, unknown: Sequence[str] = (), broken: Sequence[BrokenStream] = ()) -> list[bytes]:
        """Return the events of a stream that is born or was closed cleanly.

        Args:
            unknown: entries granted before whose delivery is unknown.
            broken: streams that were passed over; they stay as they are, for whoever investigates.
        """
        facts: JsonObject = {"broken": [_broken(one) for one in broken]} if broken else {}
        return self._naming("log:started", unknown, facts)

    def recovered(
        self, *, checked: tuple[int, int], unknown: Sequence[str], broken: Sequence[BrokenStream] = ()
    ) -> list[bytes]:
        """Return the events of a stream that was not closed cleanly (REL-03).

        Args:
            checked: the numbers of the entries between which the chain was followed.
            unknown: as for ``started``.
            broken: as for ``started``.
        """
        facts: JsonObject = {"checked": list[Json](checked)}
        if broken:
            facts["broken"] = [_broken(one) for one in broken]
        return self._naming("log:recovered", unknown, facts)

    def closed(self, *, unknown: Sequence[str] = ()) -> list[bytes]:
        """Return the events that close a stream; entries whose answer never left are named."""
        return self._naming("log:closed", unknown, {})

    def _naming(self, event: EventName, unknown: Sequence[str], facts: JsonObject) -> list[bytes]:
        bodies = [self._body(event, facts | _unknown(unknown[:MOST_NAMED]))]
        bodies += [
            self._body(event, _unknown(unknown[at : at + MOST_NAMED]))
            for at in range(MOST_NAMED, len(unknown), MOST_NAMED)
        ]
        return bodies

    def _body(self, event: EventName, facts: JsonObject) -> bytes:
        now = self._clock.now()
        body: JsonObject = {"id": new_entry_id(now, self._chance), "at": instant(now), "event": event}
        if facts:
            body["facts"] = facts
        return msgspec.json.encode(body)


def _unknown(ids: Sequence[str]) -> JsonObject:
    return {"delivery_unknown": list[Json](ids)} if ids else {}


def _broken(one: BrokenStream) -> JsonObject:
    return {"stream": one.stream, "seq": one.seq, "sentence": one.sentence}
