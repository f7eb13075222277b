"""``actas rules test``."""

from __future__ import annotations

from typing import cast

import click

from actas.cli.amounts import counted
from actas.cli.exits import Exit, Failure
from actas.cli.managing import Manager
from actas.cli.output import Answer, Ink, Line
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import JsonObject


@make(
    examples=(
        ("the rules in force", "actas rules test"),
        ("in a pipeline, after apply", "actas rules test --json"),
    ),
    dry_run="harmless",
)
@click.pass_obj
def command(run: Run, /) -> None:
    """Run the policy tests that are kept against the rules in force.

    Tests in a file are run by `actas check` and `actas plan`. Exits 1 when one fails, 5 when nobody is signed
    in.
    """
    tests = cast("list[JsonObject]", Manager(run).send("POST", "/run-tests").body["tests"])
    failed = [one for one in tests if one["problems"]]
    lines: list[Line] = []
    for one in failed:
        lines.append((f"{one['place']}: ", Ink("fails", "bad"), f": {one['name']}"))
        lines += [f"    {problem}" for problem in cast("list[str]", one["problems"])]
    passed = len(tests) - len(failed)
    of_failed = f", {len(failed)} {'fails' if len(failed) == 1 else 'fail'}" if failed else ""
    lines.append(f"{counted(passed, 'policy test')} {'passes' if passed == 1 else 'pass'}{of_failed}")
    run.out.answer(
        Answer(
            kind="actas/PolicyTests",
            body={"tests": [*tests]},
            name="failed" if failed else "passed",
            lines=lines,
        )
    )
    if failed:
        raise Failure(
            f"{counted(len(failed), 'policy test')} failed", code="policy_tests", exit=Exit.NO, told=True
        )
