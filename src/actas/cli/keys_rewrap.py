"""``actas keys rewrap``: seal everything again under the envelope key that is configured (REL-08)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from actas.cli.amounts import counted
from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.exits import Exit, Failure
from actas.cli.output import Answer, Line
from actas.cli.run import Run
from actas.cli.sure import make_sure, yes_flag
from actas.cli.tree import command as make
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.keys.store import Otherwise

_FIRST: Final = (
    "Nodes that do not know the envelope key {} cannot start any more, nor follow a change of keys.",
    "Every node must have been started with it as keys.envelope, and the old one as keys.previous_envelope.",
)
_THEN: Final = (
    "Nothing rests under another key. Take keys.previous_envelope out of the configuration of every node,",
    "and keep the old key for as long as you keep backups that were made under it.",
)


@make(
    examples=(
        ("what is to be sealed again", "actas keys rewrap --dry-run"),
        ("do it; killed in the middle, it goes on where it was", "actas keys rewrap --yes"),
    ),
    dry_run="rehearses",
)
@configuration_flag
@dev_flag
@yes_flag
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool, yes: bool) -> None:
    """Seal everything again under the envelope key that is configured.

    What rests under keys.previous_envelope, or a part of it, is sealed again under keys.envelope, while
    servers run. Give both keys to every node first. When it is killed, run it again: every row opens under
    one of the two keys at every moment. A key service that has the envelope key wraps it again, under the
    newest version of its key.

    Exits 0, 2 when it needs --yes, 3 when the configuration does not hold or a row opens under neither key,
    4 when the database, the key service or the audit log cannot be used, or a later release has sealed
    something that only it can seal again.
    """
    before, envelope, wrapped = on_foundation(run, config, dev=dev, job=_look)
    done, after, service = 0, before, None
    if (before.ours or wrapped) and not run.options.dry_run:
        if before.ours:
            make_sure(run, [line.format(envelope) for line in _FIRST], yes=yes)
        done, after, service = on_foundation(run, config, dev=dev, job=_rewrap)
    body: dict[str, Json] = {
        "dry_run": run.options.dry_run,
        "envelope": envelope,
        "rows": before.ours if run.options.dry_run else done,
        "left": after.ours + after.later,
        "service": service,
    }
    lines = _lines(envelope, before, after, done=done, rehearsed=run.options.dry_run)
    if service is not None:
        lines.append(f"the envelope key was wrapped again by {service}")
    run.out.answer(Answer(kind="actas/Rewrap", body=body, name=envelope, lines=lines))
    if run.options.dry_run:
        run.out.talk("nothing was changed: this was --dry-run")
    if after.later:
        raise Failure(
            f"{counted(after.later, 'row belongs', 'rows belong')} to a later release of Actas",
            code="later_release",
            exit=Exit.UNFINISHED,
            hint="keep keys.previous_envelope, and run the keys rewrap of that release",
        )


async def _look(base: Foundation) -> tuple[Otherwise, str, bool]:
    return await base.keys.rewrap.left(), base.keys.rewrap.envelope, base.keys.wrapping is not None


async def _rewrap(base: Foundation) -> tuple[int, Otherwise, str | None]:
    from actas.app.minutes import own_minutes
    from actas.app.recording import write_waiting

    done = 0
    async with own_minutes(base) as minutes:
        while (some := await base.keys.rewrap.some()) is not None:
            await write_waiting(base.outbox, minutes, clock=base.clock)
            done += some.rows
        service = None if base.keys.wrapping is None else await base.keys.wrapping.renew()
        await write_waiting(base.outbox, minutes, clock=base.clock)
    return done, await base.keys.rewrap.left(), service


def _lines(envelope: str, before: Otherwise, after: Otherwise, *, done: int, rehearsed: bool) -> list[Line]:
    if not before.ours:
        return [f"everything that can be opened here rests under the envelope key {envelope}"]
    if rehearsed:
        return [f"to be sealed under the envelope key {envelope}: {counted(before.ours, 'row')}"]
    shown: list[Line] = [f"sealed under the envelope key {envelope}: {counted(done, 'row')}"]
    return [*shown, *_THEN] if not after.later else shown
