"""``actas logout``: forget the login at a server."""

from __future__ import annotations

import click

from actas.cli.logins import forget_login
from actas.cli.output import Answer
from actas.cli.run import Run
from actas.cli.tree import command as make


@make(
    examples=(
        ("at the current server", "actas logout"),
        ("at another one", "actas logout -s https://sts.acme.example"),
    ),
)
@click.pass_obj
def command(run: Run, /) -> None:
    """Forget the login at a server.

    Exits 0, also when there was none.
    """
    server = run.server()
    there = forget_login(run.home, server)
    said = f"signed out at {server}" if there else f"not signed in at {server}"
    run.out.answer(
        Answer(
            kind="actas/Logout", body={"server": server, "was_signed_in": there}, name=server, lines=[said]
        )
    )
