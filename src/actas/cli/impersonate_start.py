"""``actas impersonate start``: begin to act as somebody, or get one more token of what runs."""

from __future__ import annotations

from typing import Any

import click

from actas.cli.asking import client_flags, dpop_flag
from actas.cli.exchange import perform
from actas.cli.exchange_wanted import Flags
from actas.cli.run import Run
from actas.cli.shown import SHOWABLE
from actas.cli.tokens import TOKEN_HELP
from actas.cli.tree import command as make
from actas.cli.values import Words
from actas.core.person import subject_of


@make(
    examples=(
        (
            "dana looks in as carol, at orders, and says why",
            "actas impersonate start --as @dana --subject actas:carol --audience orders --reason 'bad page'",
        ),
        (
            "the same through a client that is named, kept under a name",
            (
                "actas impersonate start --client helpdesk --as @dana --subject actas:carol --audience "
                "orders --reason 'bad page' --ticket HELP-1 --save carol-orders"
            ),
        ),
    ),
)
@click.option(
    "--subject",
    "whom",
    required=True,
    metavar="WHO",
    help="As whom: NAME of a user, which is actas:NAME, or ISSUER:SUB.",
)
@click.option(
    "--as",
    "administrator",
    required=True,
    metavar="TOKEN",
    help=f"The administrator's own token: {TOKEN_HELP}.",
)
@click.option(
    "--as-type", metavar="TYPE", help="What it is: access, id, jwt, or a URI.  [by its looks, or access]"
)
@click.option("--reason", metavar="TEXT", help="Why; the person is told.")
@click.option("--ticket", metavar="ID", help="The ticket that it is about.")
@click.option("--audience", multiple=True, metavar="NAME|URI", help="API it is for; may repeat.")
@click.option("--resource", multiple=True, metavar="URI", help="Address it is for; may repeat.")
@click.option("--scope", multiple=True, metavar="SCOPES", help="What it allows; may repeat.")
@client_flags
@dpop_flag
@click.option("--raw", is_flag=True, help="Print the token alone, whole.")
@click.option("--save", metavar="NAME", help="Keep it as @NAME, with the issuer's keys.")
@click.option("--show", type=Words(*SHOWABLE), default=(), metavar="WHAT,…", help="request, response, code.")
@click.pass_obj
def command(run: Run, /, whom: str, administrator: str, as_type: str | None, **flags: Any) -> None:
    """Begin to act as somebody, or get one more token.

    A bare NAME is one of the server's own users, actas:NAME.
    While it runs, asking again gives another token of the same impersonation, never beyond its end. Exits 1
    when the policy says no or somebody has to approve it first, 6 when the request itself is wrong, 4 when
    the server cannot be reached.
    """
    perform(
        run,
        Flags(
            subject=administrator,
            subject_type=as_type,
            actor=None,
            actor_type=None,
            requested="access",
            own=False,
            requested_subject=_qualified(whom),
            **flags,
        ),
    )


def _qualified(whom: str) -> str:
    """Return the ``sub`` of a person who is called by a bare name; a subject identifier as it is."""
    return whom if ":" in whom else subject_of(whom)
