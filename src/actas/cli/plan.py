"""``actas plan``: what apply would change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import click

from actas.cli.amounts import counted
from actas.cli.declared import adopt_flag, files_flag, prune_flag, wanted
from actas.cli.exits import Exit, Failure
from actas.cli.managing import Manager, change_lines
from actas.cli.output import Answer, Ink, Line
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import JsonObject


@make(
    examples=(
        ("what a review is about", "actas plan -f actas.yaml"),
        ("in a pipeline, with what was taken out of the files", "actas plan -f policy/ --prune --json"),
    ),
    dry_run="harmless",
)
@files_flag
@adopt_flag
@prune_flag
@click.pass_obj
def command(run: Run, /, paths: tuple[str, ...], *, adopt: bool, prune: bool) -> None:
    """Say what apply would change, and run the policy tests against it.

    Changes nothing. Exits 0 when nothing would change, 1 when something would, something is in the way or a
    policy test fails, 3 when what would come of it does not hold, 5 when nobody is signed in.
    """
    plan = planned(run, Manager(run), paths, adopt=adopt, prune=prune)
    run.out.answer(plan)
    if plan.name != "in sync":
        raise Failure("there is something to change", code="changes", exit=Exit.NO, told=True)


def planned(run: Run, manager: Manager, paths: tuple[str, ...], *, adopt: bool, prune: bool) -> Answer:
    """Return what files would change.

    Raises:
        Failure: it cannot be said.
    """
    told = manager.send("POST", "/plan", wanted(run, paths, adopt=adopt, prune=prune)).body
    conflicts = cast("list[JsonObject]", told["conflicts"])
    failed = [one for one in cast("list[JsonObject]", told["tests"]) if one["problems"]]
    changes = cast("list[JsonObject]", told["changes"])
    state = "blocked" if conflicts or failed else "changes" if changes else "in sync"
    return Answer(
        kind="actas/Plan",
        body={"state": state, **told},
        name=state,
        lines=[*change_lines(told["changes"]), *_in_the_way(conflicts, failed), *_sum(told, failed)],
    )


def _in_the_way(conflicts: list[JsonObject], failed: list[JsonObject]) -> Iterator[Line]:
    for one in conflicts:
        yield (Ink("✕ ", "bad"), f"{one['place']}: {one['kind']} {one['name']} {one['why']}")
    for one in failed:
        yield (Ink("✕ ", "bad"), f"{one['place']}: the policy test fails: {one['name']}")
        for problem in cast("list[str]", one["problems"]):
            yield f"    {problem}"


def _sum(told: JsonObject, failed: list[JsonObject]) -> Iterator[Line]:
    changes, tests = cast("list[JsonObject]", told["changes"]), cast("list[JsonObject]", told["tests"])
    passed = len(tests) - len(failed)
    said = "nothing to change" if not changes else f"{counted(len(changes), 'object')} to change"
    of_tests = f" · {counted(passed, 'policy test')} {'passes' if passed == 1 else 'pass'}" if tests else ""
    yield f"{said}{of_tests}"
