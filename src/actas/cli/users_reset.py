"""``actas users reset``."""

from __future__ import annotations

from typing import Any, Final

import click

from actas.cli.exits import misused
from actas.cli.managing import Manager, at
from actas.cli.output import Answer
from actas.cli.run import Run
from actas.cli.sure import make_sure, yes_flag
from actas.cli.tree import command as make

_WORDS: Final = {
    "code": "the app that makes codes",
    "recovery": "recovery codes",
    "passkey": "passkeys",
    "password": "the password",
}


@make(
    examples=(
        ("alice has lost her phone", 'actas users reset alice --codes --reason "HELP-311" --yes'),
        (
            "and her laptop, with its passkey",
            'actas users reset alice --codes --passkeys --reason "HELP-311" --yes',
        ),
    ),
    dry_run="rehearses",
)
@click.argument("name")
@click.option("--codes", is_flag=True, help="One-time codes and recovery codes.")
@click.option("--passkeys", is_flag=True, help="Passkeys, all of them.")
@click.option(
    "--everything",
    is_flag=True,
    help="These, and the password: the one that the configuration gives is good again.",
)
@click.option("--reason", metavar="TEXT", required=True, help="Why, for the audit log.")
@yes_flag
@click.pass_obj
def command(run: Run, /, name: str, *, reason: str, yes: bool, **lost: bool) -> None:
    """Take away what somebody signs in with and has lost.

    They sign in with what is left, and set up the rest again at /account. Their sessions end, and what apps
    hold for them. Make sure that it is they who ask: whoever knows their password is in from then on.

    Exits 1 when there is no such user, 5 when the role is too small: it takes an owner.
    """
    what: list[Any] = [word for word in ("codes", "passkeys", "everything") if lost[word]]
    if not what:
        raise misused("say what was lost: --codes, --passkeys or --everything")
    if not reason.strip():
        raise misused("--reason is empty")
    manager = Manager(run)
    if run.options.dry_run:
        manager.get(at("users", name))
        removed: list[Any] = []
        lines = [f"would take {' and '.join(what)} from {name}, and end their sessions"]
    else:
        make_sure(run, [f"{name} can sign in without {' and '.join(what)} from now on."], yes=yes)
        body = manager.send("POST", at("users", name, "reset"), {"what": what, "reason": reason.strip()}).body
        found = body.get("removed")
        removed = list(found) if isinstance(found, list) else []
        said = ", ".join(_WORDS.get(str(one), str(one)) for one in removed) or "nothing: there was none of it"
        lines = [f"took from {name}: {said}", "their sessions have ended"]
    run.out.answer(
        Answer(kind="actas/UserReset", body={"name": name, "removed": removed}, name=name, lines=lines)
    )
