"""How much one connection may hold, and how long it may take (SEC-26)."""

from __future__ import annotations

from typing import Final

MAX_UNREAD: Final = 64 * 1024
"""Bytes of a body that are kept before no more is read."""

MAX_DROPPED: Final = 1024 * 1024
"""Bytes that are read and dropped, so that an answer is not lost to them, before the connection is closed."""

MAX_AHEAD: Final = 64
"""Requests that may have come before the first of them is answered."""

SLOWEST: Final = 10.0
"""Seconds for a request to arrive once it has begun, for the first request of a connection, and for a caller
to read on when it has let an answer lie."""

LINGER: Final = 2.0
"""Seconds in which what is still sent is dropped after the last answer, so that the answer arrives."""

KEEP_ALIVE: Final = 75.0
"""Seconds between two requests."""
