"""Changing keys from the command line: written down, and told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from actas.cli.exits import Exit, Failure
from actas.cli.keys_shown import change_document, timetable_lines
from actas.cli.output import Answer, Line
from actas.cli.run import Run
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.keys.rotation import Change


async def recorded(
    base: Foundation, change: Callable[[], Awaitable[tuple[Change, ...]]], *, rehearse: bool
) -> tuple[Change, ...]:
    """Make a change, and write it into a stream of its own.

    Raises:
        AuditUnavailable: it cannot be written down; nothing was changed unless the log failed in between, and
            then a server writes it down.
        Failure: it cannot be made.
    """
    from actas.app.minutes import own_minutes
    from actas.app.recording import write_waiting
    from actas.keys.rotation import CannotChange

    try:
        if rehearse:
            return await change()
        async with own_minutes(base) as minutes:
            changes = await change()
            await write_waiting(base.outbox, minutes, clock=base.clock)
    except CannotChange as cannot:
        raise Failure(
            str(cannot), code="cannot_change", exit=Exit.NO, hint="actas keys list --all shows every key"
        ) from cannot
    return changes


def tell(
    run: Run,
    changes: Sequence[Change],
    base: Foundation,
    *,
    more: Mapping[str, Json] | None = None,
    lines: Sequence[Line] = (),
) -> None:
    """Write what was changed.

    Args:
        more: further members of the document.
        lines: further lines for people.
    """
    rehearsed = run.options.dry_run
    last = changes[-1].key.kid if changes else ""
    body: dict[str, Json] = {
        "dry_run": rehearsed,
        "changes": [change_document(one) for one in changes],
        **(more or {}),
    }
    shown = [*timetable_lines(changes, base, rehearsed=rehearsed), *lines]
    run.out.answer(Answer(kind="actas/KeyChange", body=body, name=last, lines=shown))
    if rehearsed:
        run.out.talk("nothing was changed: this was --dry-run")
