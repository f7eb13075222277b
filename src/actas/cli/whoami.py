"""``actas whoami``: who is signed in, and as what."""

from __future__ import annotations

import click

from actas.cli.managing import Manager
from actas.cli.output import Answer
from actas.cli.run import Run
from actas.cli.tree import command as make


@make(
    examples=(
        ("at the current server", "actas whoami"),
        ("for a script", "actas whoami --json"),
    ),
    dry_run="harmless",
)
@click.pass_obj
def command(run: Run, /) -> None:
    """Say who is signed in at a server, and as what.

    Exits 5 when nobody is, 4 when the server cannot be reached.
    """
    manager = Manager(run)
    told = manager.get("/whoami").body
    minutes = max(0, int(manager.login.ends_at - run.now)) // 60
    person = told.get("person")
    who = f"{person} with {told['client']}" if isinstance(person, str) else str(told["client"])
    run.out.answer(
        Answer(
            kind="actas/Whoami",
            body={**told, "server": manager.server, "ends_at": manager.login.ends_at},
            name=person if isinstance(person, str) else str(told["client"]),
            lines=[f"{who}, {told['role']} at {manager.server}, for {minutes} more minutes"],
        )
    )
