"""``actas db purge``: remove what has ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from actas.cli.amounts import counted
from actas.cli.configuration import configuration_flag, dev_flag
from actas.cli.database import draft_of, on_database
from actas.cli.output import Answer, Line
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.cli.wording import padded

if TYPE_CHECKING:
    from actas.settings.load import Draft
    from actas.store.database import Database


@make(
    examples=(
        ("what has ended, and could go", "actas db purge --dry-run"),
        ("after servers were off for long", "actas db purge"),
    ),
    dry_run="rehearses",
)
@configuration_flag
@dev_flag
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool) -> None:
    """Remove what has ended, in small steps.

    Running servers do it by themselves; nothing is wrong when this is never run. What is removed can end,
    open or say nothing any more: revocations of tokens that have expired, refresh tokens and what opaque
    tokens stood for, marks of assertions that nobody accepts any more, impersonations that were asked for
    three months ago. The audit log is never touched.

    Exits 0, 3 when the configuration does not hold, 4 when the database or the marks cannot be used; what was
    removed until then is gone.
    """
    draft = draft_of(run, config, dev=dev)
    rehearse = run.options.dry_run
    removed = on_database(draft, lambda database: _purge(database, draft, rehearse=rehearse))
    lines: list[Line] = [
        f"{padded(name, 14)} {counted(count, 'row')}" for name, count in removed.items() if count
    ]
    total = sum(removed.values())
    run.out.answer(
        Answer(
            kind="actas/Purge",
            body={"dry_run": rehearse, "removed": {**removed}},
            name=str(total),
            lines=lines or ["nothing has ended that is still there"],
        )
    )
    if rehearse:
        run.out.talk("nothing was changed: this was --dry-run")


async def _purge(database: Database, draft: Draft, *, rehearse: bool) -> Mapping[str, int]:
    """Return how many rows of each table were removed, or would be."""
    import apsw

    from actas.core.errors import StoreUnavailable
    from actas.core.ports import SystemClock
    from actas.store.database import require_current
    from actas.store.marks_file import MarksLost, count_marks
    from actas.store.purging import purge
    from actas.store.stock import take_stock

    clock = SystemClock()
    require_current(await database.standing(), database.name)
    await database.require_same_time(clock)
    folder = draft.server.data
    try:
        if not rehearse:
            return {name: count async for name, count in purge(database, folder, clock=clock)}
        stock = await take_stock(database, now=int(clock.now()))
        found = {one.name: one.ended for one in stock.holdings if one.ended is not None}
        marks = await asyncio.to_thread(count_marks, folder, now=int(clock.now()))
    except (apsw.Error, MarksLost, OSError) as problem:
        raise StoreUnavailable(f"the marks in {folder} cannot be used: {problem}") from problem
    return found if database.shared or marks is None else {**found, "marks": marks[1]}
