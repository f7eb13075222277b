"""``actas context add``."""

from __future__ import annotations

import click

from actas.cli.logins import Contexts, checked_name, contexts, keep_contexts
from actas.cli.output import Answer
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.cli.wire import checked


@make(
    examples=(
        ("production", "actas context add acme https://sts.acme.example"),
        ("this computer", "actas context add here http://127.0.0.1:8693"),
    ),
    dry_run="rehearses",
)
@click.argument("name")
@click.argument("url")
@click.pass_obj
def command(run: Run, /, name: str, url: str) -> None:
    """Know a server by name.

    The first one is asked from then on. Exits 2 when the address cannot be asked.
    """
    checked_name(name)
    checked(url, what="URL")
    known = contexts(run.home)
    current = known.current or name
    if not run.options.dry_run:
        keep_contexts(run.home, Contexts(servers={**known.servers, name: url}, current=current))
    said = f"{'would know' if run.options.dry_run else 'knows'} {url} as {name}"
    run.out.answer(
        Answer(
            kind="actas/Context",
            body={"name": name, "server": url, "current": current == name},
            name=name,
            lines=[said],
        )
    )
