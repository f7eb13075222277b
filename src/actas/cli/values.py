"""The kinds of value that flags take: a path, a span, an instant, a comma-separated list of words."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

_SPAN: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h|d)?")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def typed_path(text: str) -> Path:
    """Return a path as a shell would read it: ``~`` is a home folder, if somebody has that one."""
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


class Span(click.ParamType[float]):
    """A span such as ``10s``, ``500ms`` or ``2m``. Converts to seconds.

    Args:
        bare: whether a number without a unit is seconds. Elsewhere it is refused, as in the configuration.
    """

    name = "span"

    def __init__(self, *, bare: bool = False) -> None:
        self._bare = bare

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        typed = str(value).strip()
        found = _SPAN.fullmatch(typed)
        if found and found[2] is None and not self._bare:
            self.fail(f"{value!r} needs a unit: {typed}s, {typed}m, {typed}h or {typed}d", param, ctx)
        seconds = float(found[1]) * _SECONDS[found[2] or "s"] if found else 0.0
        if seconds <= 0:
            self.fail(f"{value!r} is not a span such as 10s, 500ms or 2m", param, ctx)
        return seconds


class Instant(click.ParamType[float]):
    """An instant: RFC 3339, or seconds since the epoch. Converts to seconds since the epoch."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, int | float):
            return float(value)
        text = str(value).strip()
        if re.fullmatch(r"[0-9]{1,11}(?:\.[0-9]{1,6})?", text):
            return float(text)
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{value!r} is not a time such as 2026-11-23T14:05:00Z", param, ctx)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


class Words(click.ParamType[tuple[str, ...]]):
    """A comma-separated list out of a closed set of words.

    Args:
        allowed: the words.
    """

    name = "words"

    def __init__(self, *allowed: str) -> None:
        self._allowed = allowed

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):
            return tuple(str(one) for one in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        words = tuple(word.strip() for word in str(value).split(",") if word.strip())
        strange = [word for word in words if word not in self._allowed]
        if strange or not words:
            self.fail(f"{value!r} is not a list of {', '.join(self._allowed)}", param, ctx)
        return words
