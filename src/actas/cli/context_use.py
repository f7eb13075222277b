"""``actas context use``."""

from __future__ import annotations

import click

from actas.cli.exits import misused
from actas.cli.logins import Contexts, contexts, keep_contexts
from actas.cli.output import Answer
from actas.cli.run import Run
from actas.cli.tree import command as make


@make(
    examples=(
        ("ask production", "actas context use acme"),
        ("see what that would ask", "actas context use acme --dry-run"),
    ),
    dry_run="rehearses",
)
@click.argument("name")
@click.pass_obj
def command(run: Run, /, name: str) -> None:
    """Ask this server from now on.

    --server, ACTAS_SERVER and ACTAS_ISSUER still name another. Exits 2 when no server is known by that name.
    """
    known = contexts(run.home)
    url = known.servers.get(name)
    if url is None:
        raise misused(f"no server is known as {name!r}", hint="actas context list")
    if not run.options.dry_run:
        keep_contexts(run.home, Contexts(servers=known.servers, current=name))
    run.out.answer(
        Answer(
            kind="actas/Context",
            body={"name": name, "server": url, "current": not run.options.dry_run},
            name=name,
            lines=[f"{'would ask' if run.options.dry_run else 'asks'} {url}"],
        )
    )
