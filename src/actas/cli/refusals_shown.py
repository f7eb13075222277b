"""Refusals on the terminal of whoever tries a server out: a line for each, and the command that explains it.

Only with --dev and only where a person reads: JSON logs are what they are without it. A stranger's refusals
are shown as far as they are written (``audit.flood``), those of clients up to a number in a minute.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TextIO

from actas.cli.configuration import DEFAULT
from actas.cli.repeated import repeated
from actas.cli.run import Options
from actas.cli.wording import clean

if TYPE_CHECKING:
    from actas.audit.trail import Trail

MOST: Final = 100
"""Lines in a minute."""


def on_terminal(paths: Sequence[str], *, dev: bool) -> Callable[[Trail], None] | None:
    """Return what shows refusals; None where they are not shown.

    Args:
        paths: the configuration that is served.
        dev: whether it is served for development.
    """
    return Shown(sys.stderr, paths) if dev and sys.stderr.isatty() else None


class Shown:
    """Writes a line for each refusal.

    Args:
        stream: where to.
        paths: the configuration that is served.
    """

    def __init__(self, stream: TextIO, paths: Sequence[str]) -> None:
        self._stream = stream
        self._again = Options(dev=True, config=() if tuple(paths) == (DEFAULT,) else tuple(paths)).again
        self._minute = 0
        self._lines = 0

    def __call__(self, trail: Trail) -> None:
        """Show the refusal of a trail that stands in the minutes."""
        minute = int(trail.at // 60)
        if minute != self._minute:
            self._minute, self._lines = minute, 0
        self._lines += 1
        if self._lines <= MOST:
            print(line_of(trail, self._again), file=self._stream, flush=True)
        elif self._lines == MOST + 1:
            more = repeated("actas audit tail --follow", self._again)
            print(f"more is refused than is shown in a minute: {more}", file=self._stream, flush=True)


def line_of(trail: Trail, again: str) -> str:
    """Return the line of a refusal: when, why, to whom, what they were told, and what explains it.

    Args:
        again: the flags that the command needs.
    """
    from actas.audit.stream import instant
    from actas.core.redaction import without_secrets

    refused, client = trail.refused, trail.client or trail.said_by
    if refused is None:
        return ""
    who = client.name if client is not None else without_secrets(trail.asked_as[:64])
    said = (
        instant(trail.at)[11:19],
        "REFUSED",
        refused.reason,
        who or "somebody",
        refused.sentence,
        repeated(f"actas explain --entry {trail.entry}", again),
    )
    return clean("  ".join(said))
