"""``actas context list``."""

from __future__ import annotations

import click

from actas.cli.logins import contexts
from actas.cli.output import Listing
from actas.cli.run import Run
from actas.cli.tree import command as make


@make(
    examples=(
        ("for people", "actas context list"),
        ("the names alone", "actas context list -o name"),
    ),
    dry_run="harmless",
)
@click.pass_obj
def command(run: Run, /) -> None:
    """List the servers that are known by name."""
    known = contexts(run.home)
    names = sorted(known.servers)
    run.out.listing(
        Listing(
            kind="actas/Context",
            items=[
                {"name": name, "server": known.servers[name], "current": name == known.current}
                for name in names
            ],
            columns=("NAME", "SERVER", ""),
            rows=[(name, known.servers[name], "current" if name == known.current else "") for name in names],
            names=names,
            empty="no server is known by name; actas context add NAME URL",
        )
    )
