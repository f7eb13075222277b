"""``actas db migrate``: bring the database to this release's schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from actas.cli.configuration import configuration_flag, dev_flag
from actas.cli.database import draft_of, on_database
from actas.cli.exits import misused
from actas.cli.output import Answer, Line
from actas.cli.run import Run
from actas.cli.tree import command as make

if TYPE_CHECKING:
    from actas.store.database import Database
    from actas.store.schema import Migration, Standing


@make(
    examples=(
        ("what would be done", "actas db migrate --dry-run"),
        ("before the first node of a new release is started", "actas db migrate"),
    ),
    dry_run="rehearses",
)
@configuration_flag
@dev_flag
@click.option("--to", "version", type=click.IntRange(min=1), metavar="N", help="Only as far as schema N.")
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool, version: int | None) -> None:
    """Bring the database to this release's schema.

    Each step is taken once and whole, however many nodes begin at the same time, and there is no way back but
    a backup. Nodes of the release before serve on meanwhile, as long as the steps only add: actas db status
    says which releases may. A SQLite file is brought there by the server itself.

    Exits 0, 2 when N is no step ahead, 3 when the configuration does not hold, 4 when the database cannot be
    used or its schema is unknown to this release.
    """
    rehearse = run.options.dry_run
    draft = draft_of(run, config, dev=dev)
    taken, standing, name = on_database(
        draft,
        lambda database: _migrate(database, to=version, rehearse=rehearse),
        make=not rehearse,
    )
    run.out.answer(
        Answer(
            kind="actas/Migration",
            body={
                "dry_run": rehearse,
                "database": name,
                "version": standing.version,
                "newest": standing.newest,
                "steps": [{"version": one.version, "name": one.name} for one in taken],
            },
            name=str(standing.version),
            lines=_lines(taken, standing, name, rehearse=rehearse),
        )
    )
    if rehearse:
        run.out.talk("nothing was changed: this was --dry-run")


async def _migrate(
    database: Database, *, to: int | None, rehearse: bool
) -> tuple[tuple[Migration, ...], Standing, str]:
    """Return the steps that were taken, or would be, how the database stands now, and its name."""
    from actas.core.ports import SystemClock
    from actas.store.schema import migrations

    before = await database.standing()
    steps = migrations()[:to]
    if to is not None and not before.version <= to <= before.newest:
        raise misused(
            f"schema {to} is not ahead: the database has schema {before.version},"
            f" and this release knows {before.newest}",
            hint="actas db status lists the steps; there is no way back but a backup",
        )
    if rehearse:
        return tuple(one for one in before.pending if to is None or one.version <= to), before, database.name
    taken = await database.migrate(clock=SystemClock(), steps=steps) if before.pending else ()
    return taken, await database.standing(), database.name


def _lines(taken: tuple[Migration, ...], standing: Standing, name: str, *, rehearse: bool) -> list[Line]:
    if not taken:
        return [f"{name} has schema {standing.version}: there is nothing to do"]
    head = "these steps would be taken" if rehearse else f"now has schema {standing.version}"
    return [f"{name}: {head}", *(f"  {one.version:>3}  {one.name}" for one in taken)]
