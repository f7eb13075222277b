"""CloudEvents 1.0.2 in structured mode, one JSON object a line; many together are a batch (its section 3.2).

The extension attributes ``actasstream`` and ``sequence`` say where the entry stands; ``sequence`` is the
extension of that name, so it is text, and of one width so that it sorts as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from actas.audit.formats.entry import Entry, Origin, without_empty
from actas.audit.harmless import harmless
from actas.core.ports import JsonObject

MEDIA_TYPE: Final = "application/cloudevents-batch+json"
_PREFIX: Final = "actas."


def document(entry: Entry, origin: Origin) -> bytes:
    """Return the event that an entry is, with the whole entry as its data."""
    attributes: JsonObject = {
        "specversion": "1.0",
        "id": entry.id,
        "source": origin.issuer,
        "type": event_type(entry),
        **without_empty(subject=entry.id, time=entry.at),
        "datacontenttype": "application/json",
        "actasstream": entry.stream,
        "sequence": f"{entry.seq:020d}",
        "data": entry.members,
    }
    return harmless(msgspec.json.encode(attributes))


def batch(documents: Sequence[bytes]) -> bytes:
    """Return many events as one JSON array."""
    return b"[" + b",".join(documents) + b"]"


def event_type(entry: Entry) -> str:
    """Return the event's name as a dotted one: ``actas.exchange.granted``."""
    return _PREFIX + entry.event.replace(":", ".")
