"""What a running server logs: coloured text on a terminal, one JSON object a line elsewhere, on stderr.

Nothing shaped like a token, a key or a secret passes: it is replaced by a short digest, so that two
mentions of one token can still be matched.
"""

from __future__ import annotations

import hashlib
import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

_SECRET: Final = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4}"  # a JWT or its beginning
    r"|-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----"
    r"|(?<![A-Za-z0-9_/+-])[A-Za-z0-9_/+-]{40,}={0,2}(?![A-Za-z0-9_/+-])",  # anything long and random
    re.DOTALL,
)
_HEX: Final = re.compile(r"[0-9a-f]{64}")
"""Digests are written in hexadecimal and may be logged."""


def without_secrets(text: str) -> str:
    """Return ``text`` with everything that is shaped like a secret replaced by a digest of it."""
    return _SECRET.sub(_replaced, text)


def _replaced(match: re.Match[str]) -> str:
    found = match.group()
    if _HEX.fullmatch(found) or ("/" in found and found.count("/") > 2):
        return found  # a digest of ours, or a path
    return f"[removed {hashlib.sha256(found.encode()).hexdigest()[:8]}]"


def _filter(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = without_secrets(value)
        elif not isinstance(value, bool | int | float | None):
            event[name] = without_secrets(str(value))
    return event


def configure() -> None:
    """Set up the logs of this process."""
    # What strangers send is not worth a line each; what matters is told by us.
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    terminal = sys.stderr.isatty()
    shown = structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer()
    traces = () if terminal else (structlog.processors.format_exc_info,)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *traces,
            _filter,
            shown,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
