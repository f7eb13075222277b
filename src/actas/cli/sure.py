"""Dangerous verbs say what will happen, then ask."""

from __future__ import annotations

from collections.abc import Sequence

import click

from actas.cli.exits import misused
from actas.cli.output import Line
from actas.cli.run import Run

yes_flag = click.option("--yes", is_flag=True, help="Do it without asking.")


def make_sure(run: Run, lines: Sequence[Line], *, yes: bool) -> None:
    """Return when it may be done.

    Args:
        lines: what will happen.
        yes: whether ``--yes`` was given.

    Raises:
        Failure: somebody said no, or there is nobody to ask.
    """
    if yes:
        return
    for line in lines:
        run.out.aside(line)
    if not run.world.stdin.isatty():
        raise misused("nothing was done: there is nobody to ask", hint="--yes does it without asking")
    run.out.aside("Type yes to do it:")
    if run.world.stdin.readline().strip().lower() != "yes":
        raise misused("nothing was done")
