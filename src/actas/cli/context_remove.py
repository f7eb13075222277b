"""``actas context remove``."""

from __future__ import annotations

import click

from actas.cli.exits import misused
from actas.cli.logins import Contexts, contexts, forget_login, keep_contexts
from actas.cli.output import Answer
from actas.cli.run import Run
from actas.cli.tree import command as make


@make(
    examples=(
        ("forget one", "actas context remove acme"),
        ("see what that would forget", "actas context remove acme --dry-run"),
    ),
    dry_run="rehearses",
)
@click.argument("name")
@click.pass_obj
def command(run: Run, /, name: str) -> None:
    """Forget a server.

    The login there is forgotten too. Exits 2 when no server is known by that name.
    """
    known = contexts(run.home)
    url = known.servers.get(name)
    if url is None:
        raise misused(f"no server is known as {name!r}", hint="actas context list")
    left = {one: address for one, address in known.servers.items() if one != name}
    if not run.options.dry_run:
        keep_contexts(
            run.home, Contexts(servers=left, current=None if known.current == name else known.current)
        )
        forget_login(run.home, url)
    said = f"{'would forget' if run.options.dry_run else 'forgot'} {name}, {url}"
    run.out.answer(Answer(kind="actas/Context", body={"name": name, "server": url}, name=name, lines=[said]))
