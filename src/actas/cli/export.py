"""``actas export``: write what exists as a configuration file."""

from __future__ import annotations

import click

from actas.admin.objects import KINDS
from actas.cli.managing import Manager
from actas.cli.output import Answer
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.cli.values import Words


@make(
    examples=(
        ("what was made in the console, for git", "actas export --managed console > console.yaml"),
        ("every rule", "actas export --kind rules --managed all"),
    ),
    dry_run="harmless",
)
@click.option("--kind", type=Words(*KINDS), default=(), metavar="KIND,…", help=f"Only {', '.join(KINDS)}.")
@click.option(
    "--managed",
    type=click.Choice(("console", "file", "all")),
    default="console",
    help="Whose objects.  [console]",
)
@click.pass_obj
def command(run: Run, /, kind: tuple[str, ...], managed: str) -> None:
    """Write what exists as a configuration file: what apply takes.

    No secret is in it, because none is kept. Exits 5 when nobody is signed in.
    """
    told = Manager(run).get("/export", kept_by=managed, kind=",".join(kind) or None).body
    if run.out.structured:
        run.out.answer(Answer(kind="actas/Export", body=told, name=str(told["generation"]), lines=[]))
        return
    import yaml

    configuration = told["configuration"]
    if managed != "all" and isinstance(configuration, dict) and configuration.keys() <= {"version"}:
        run.out.talk(f"nothing is kept by the {managed}; --managed all writes everything that is in force")
    text: str = yaml.safe_dump(configuration, sort_keys=False, allow_unicode=True, width=100)
    run.out.text(text.rstrip("\n"))
