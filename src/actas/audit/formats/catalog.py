"""The formats by name, and how many documents become one file or one message."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from actas.audit.formats import cef, cloud_events, csv_rows, ecs, native, ocsf
from actas.audit.formats.entry import Entry, Origin

FormatName = Literal["json", "ocsf", "ecs", "cef", "cloudevents", "csv"]
SinkFormatName = Literal["json", "ocsf", "ecs", "cef", "cloudevents"]
"""What a sink can be sent: CSV is for people who asked a question, and carries the question."""


def lines(documents: Sequence[bytes]) -> bytes:
    """Return documents as lines."""
    return b"".join(one + b"\n" for one in documents)


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes:
        document: makes the document of an entry: one line without its end.
        media_type: of a message that holds many.
        body: makes such a message.
    """

    document: Callable[[Entry, Origin], bytes]
    media_type: str
    body: Callable[[Sequence[bytes]], bytes] = lines


_JSON_LINES: Final = "application/x-ndjson"

FORMATS: Final[Mapping[FormatName, Format]] = {
    "json": Format(native.document, _JSON_LINES),
    "ocsf": Format(ocsf.document, _JSON_LINES),
    "ecs": Format(ecs.document, _JSON_LINES),
    "cef": Format(cef.document, "text/plain; charset=utf-8"),
    "cloudevents": Format(cloud_events.document, cloud_events.MEDIA_TYPE, cloud_events.batch),
    "csv": Format(csv_rows.document, "text/csv; charset=utf-8"),
}
"""Every format by the name that commands and configurations know it by."""
