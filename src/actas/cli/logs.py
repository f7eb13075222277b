"""What a running server logs: coloured text on a terminal, one JSON object a line elsewhere, on stderr.

There is one way out, and ``core.redaction`` stands in it: our own records, those of libraries (``logging``),
warnings, and whatever nobody caught. Tracebacks are plain text without the values of variables, on a terminal
too.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Generator, Iterable, MutableMapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, TextIO

import structlog

from actas.audit.trail import under_way
from actas.core.redaction import Redaction

_SOFTEST: Final = logging.WARNING
"""Of what libraries say; beneath it they tell what they do, and with what."""

_LEVELS: Final = {"warning": logging.WARNING, "error": logging.ERROR, "critical": logging.CRITICAL}


def configure(known: Iterable[str] = ()) -> None:
    """Set up the logs of this process.

    Args:
        known: secrets that this process was given, as they are written; removed wherever they turn up.
    """
    redaction = Redaction(known)

    def remove(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {redaction.text(name): redaction.value(value, name=name) for name, value in event.items()}

    terminal = sys.stderr.isatty()
    shown = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if terminal
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _with_request,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Text before anything is removed: a renderer that made it later would write what it likes.
            structlog.processors.format_exc_info,
            structlog.processors.StackInfoRenderer(),
            remove,
            shown,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    _take_over()


@contextmanager
def held_back(stream: TextIO, *, verbose: bool) -> Generator[None]:
    """Keep what a server would log out of a command's answer, which says by itself what it found.

    Args:
        stream: where warnings go when they are asked for.
        verbose: whether they are.
    """
    before = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if verbose else logging.CRITICAL),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
    )
    try:
        yield
    finally:
        structlog.configure(**before)


def _with_request(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say to which attempt a record belongs, and to which trace."""
    trail = under_way.get()
    if trail is not None:
        event["entry"] = trail.entry
        if trail.trace is not None:
            event["trace_id"] = trail.trace
    return event


def _take_over() -> None:
    """Let everything that others write about this process take our way out."""
    root = logging.getLogger()
    root.handlers[:] = [_Handler()]
    root.setLevel(_SOFTEST)
    # What strangers send is not worth a line each; what matters is told by us.
    logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
    logging.raiseExceptions = False  # it would print the arguments of a record that cannot be formatted
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    sys.unraisablehook = lambda told: _uncaught(told.exc_type, told.exc_value, told.exc_traceback)
    threading.excepthook = lambda told: _uncaught(told.exc_type, told.exc_value, told.exc_traceback)


class _Handler(logging.Handler):
    """Writes the records of libraries as ours are written."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sentence = record.getMessage()
        except Exception:  # noqa: BLE001 (whatever a library's arguments do when they are shown)
            sentence = f"a record that cannot be shown, from {record.pathname}:{record.lineno}"
        level = max((one for one in _LEVELS.values() if one <= record.levelno), default=logging.WARNING)
        log = structlog.get_logger(record.name)
        log.log(level, sentence, logger=record.name, exc_info=record.exc_info or None)


def _uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is None:
        error = kind()
    structlog.get_logger("actas").critical("nobody caught an exception", exc_info=(kind, error, trace))
