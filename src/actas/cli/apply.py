"""``actas apply``: make what files say so."""

from __future__ import annotations

from typing import cast

import click

from actas.cli.amounts import counted
from actas.cli.declared import adopt_flag, files_flag, prune_flag, wanted
from actas.cli.exits import Exit, Failure
from actas.cli.managing import Manager, change_lines
from actas.cli.output import Answer, Ink
from actas.cli.plan import planned
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import JsonObject


@make(
    examples=(
        ("what was planned", "actas apply -f actas.yaml"),
        ("and nothing else than what was planned", "actas apply -f policy/ --generation 41"),
    ),
    dry_run="rehearses",
)
@files_flag
@adopt_flag
@prune_flag
@click.option(
    "--generation", type=click.IntRange(0), help="Only if the configuration is still the one of this plan."
)
@click.pass_obj
def command(run: Run, /, paths: tuple[str, ...], *, adopt: bool, prune: bool, generation: int | None) -> None:
    """Make what files say so on every node: whole, tested, or not at all.

    Objects that the console keeps stay as they are. Exits 1 when something is in the way, 3 when what would
    come of it does not hold or a policy test fails, 5 when nobody is signed in or the role is too small.
    """
    manager = Manager(run)
    if run.options.dry_run:
        plan = planned(run, manager, paths, adopt=adopt, prune=prune)
        run.out.answer(plan)
        if plan.name == "blocked":
            raise Failure("something is in the way", code="conflict", exit=Exit.NO, told=True)
        return
    body = wanted(run, paths, adopt=adopt, prune=prune)
    if generation is not None:
        body["generation"] = generation
    told = manager.send("POST", "/apply", body).body
    changes = cast("list[JsonObject]", told["changes"])
    said = f"{counted(len(changes), 'object')} changed" if changes else "nothing to change"
    run.out.answer(
        Answer(
            kind="actas/Applied",
            body=told,
            name=str(told["generation"]),
            lines=[
                *change_lines(told["changes"]),
                (Ink("✓ ", "good"), f"{said} · generation {told['generation']}"),
            ],
        )
    )
