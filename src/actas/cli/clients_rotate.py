"""``actas clients rotate-secret``."""

from __future__ import annotations

import click

from actas.cli.clients_create import secret_lines
from actas.cli.exits import misused
from actas.cli.managing import Manager, at
from actas.cli.output import Answer
from actas.cli.run import Run
from actas.cli.sure import make_sure, yes_flag
from actas.cli.tree import command as make


@make(
    examples=(
        (
            "first: both secrets are good until the client has the new one",
            "actas clients rotate-secret orders",
        ),
        ("then: the earlier one ends", "actas clients rotate-secret orders --finish"),
    ),
    dry_run="rehearses",
)
@click.argument("name")
@click.option("--now", is_flag=True, help="End the earlier secrets at once: one of them is known to others.")
@click.option("--finish", is_flag=True, help="Make none; end every secret but the newest.")
@yes_flag
@click.pass_obj
def command(run: Run, /, name: str, *, now: bool, finish: bool, yes: bool) -> None:
    """Make a new secret for a client, and show it once.

    The last one before it goes on beside it until --finish. Only for clients whose secret the server makes.
    Exits 1 when there is no such client, 5 when the role is too small.
    """
    if now and finish:
        raise misused("--now makes a new secret and --finish makes none")
    manager = Manager(run)
    if run.options.dry_run:
        manager.get(at("clients", name))
        said = "would end the earlier secrets" if finish else f"would make a new secret for {name}"
        run.out.answer(Answer(kind="actas/SecretRotated", body={"name": name}, name=name, lines=[said]))
        return
    if now or finish:
        make_sure(run, [f"Whoever uses an earlier secret of {name} is refused from now on."], yes=yes)
    if finish:
        manager.send("DELETE", at("clients", name, "secrets", "earlier"))
        run.out.answer(
            Answer(
                kind="actas/SecretRotated",
                body={"name": name, "secret": None},
                name=name,
                lines=[f"only the newest secret of {name} is good now"],
            )
        )
        return
    told = manager.send("POST", at("clients", name, "secrets"), {"end_earlier": now}).body
    run.out.answer(
        Answer(
            kind="actas/SecretRotated",
            body={"name": name, "secret": told["secret"]},
            name=name,
            lines=secret_lines(name, str(told["secret"])),
        )
    )
