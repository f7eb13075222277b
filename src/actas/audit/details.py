"""Authorization details as an event has them: whole, because nobody could decide again without them.

Their size is bounded where they are read (``core.details``). What could be a token is cut out.
"""

from __future__ import annotations

from actas.core.details import Details
from actas.core.ports import Json
from actas.core.redaction import without_tokens


def harmless_details(details: Details) -> list[Json]:
    """Return them without what could be a token."""
    return [_harmless(one) for one in details]


def _harmless(value: Json) -> Json:
    if isinstance(value, str):
        return without_tokens(value)
    if isinstance(value, list):
        return [_harmless(one) for one in value]
    if isinstance(value, dict):
        return {without_tokens(name): _harmless(inner) for name, inner in value.items()}
    return value
