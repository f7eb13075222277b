"""``actas clients create``."""

from __future__ import annotations

from typing import cast

import click

from actas.cli.managing import Manager, at
from actas.cli.output import Answer, Ink, Line
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import Json, JsonObject


@make(
    examples=(
        (
            "a service with a secret that the server makes",
            "actas clients create nightly --api inventory --own",
        ),
        (
            "an agent, and the person who answers for it",
            "actas clients create helper --kind agent --owner dana@acme.example --api orders",
        ),
    ),
    dry_run="rehearses",
)
@click.argument("name")
@click.option("--kind", type=click.Choice(("app", "service", "agent")), default="service", help="What it is.")
@click.option("--owner", metavar="WHO", help="The person who answers for it; agents must have one.")
@click.option("--api", "apis", multiple=True, metavar="NAME", help="An API it may ask for; may repeat.")
@click.option("--own", is_flag=True, help="It may also ask for tokens of its own (client_credentials).")
@click.option("--description", metavar="TEXT", help="What it is for.")
@click.pass_obj
def command(
    run: Run,
    /,
    name: str,
    *,
    kind: str,
    owner: str | None,
    apis: tuple[str, ...],
    own: bool,
    description: str | None,
) -> None:
    """Make a client that the console keeps.

    The server makes its secret and shows it once. Exits 1 when the name is taken or was, 3 when the client
    would not hold, 5 when the role is too small.
    """
    grants: list[Json] = ["token_exchange", *(["client_credentials"] if own else [])]
    document: JsonObject = {
        "name": name,
        "kind": kind,
        "auth": {"method": "client_secret", "secret": {"generated": True}},
        "grants": grants,
    }
    if owner is not None:
        document["owner"] = owner
    if description is not None:
        document["description"] = description
    if apis:
        document["may_request"] = {"apis": list[Json](apis)}
    manager = Manager(run)
    manager.make("clients", name, document)
    if run.options.dry_run:
        run.out.answer(
            Answer(
                kind="actas/ClientCreated",
                body={"document": document},
                name=name,
                lines=[f"would make the client {name}, and a secret for it"],
            )
        )
        return
    told = manager.send("POST", at("clients", name, "secrets"), {}).body
    run.out.answer(
        Answer(
            kind="actas/ClientCreated",
            body={"name": name, "secret": told["secret"], "client": _inner(told)},
            name=name,
            lines=secret_lines(name, str(told["secret"])),
        )
    )


def secret_lines(name: str, secret: str) -> list[Line]:
    """Return what people are told of a new secret."""
    return [
        (Ink("✓ ", "good"), f"the secret of {name}, shown this once:"),
        secret,
    ]


def _inner(told: JsonObject) -> JsonObject:
    client = cast("JsonObject", told["client"])
    return {key: value for key, value in client.items() if key != "kind"}
