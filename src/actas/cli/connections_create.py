"""``actas connections create``."""

from __future__ import annotations

from typing import Any

import click

from actas.cli.connected import people_of, way_of
from actas.cli.exits import misused
from actas.cli.managing import Manager, at
from actas.cli.objects import told
from actas.cli.output import Answer, Ink, Line
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import JsonObject


@make(
    examples=(
        (
            "the assistant reads tickets for people in support",
            (
                "actas connections create assistant-to-tickets --client assistant "
                "--to https://auth.tickets.example --as acme-assistant --scope tickets:read --group support"
            ),
        ),
        (
            "for every user, paused until the other side is ready",
            (
                "actas connections create web-to-wiki --client web --to https://auth.wiki.example "
                "--as acme-web --scope pages:read --everybody --paused"
            ),
        ),
    ),
    dry_run="rehearses",
)
@click.argument("name")
@click.option("--client", metavar="NAME", required=True, help="The client that asks for grants.")
@click.option(
    "--to", "issuer", metavar="ISSUER", required=True, help="The other domain's server: its issuer."
)
@click.option(
    "--as", "there", metavar="ID", required=True, help="The client_id by which it knows the client."
)
@click.option("--resource", "resources", multiple=True, metavar="URI", help="An API there; may repeat.")
@click.option("--scope", "scopes", multiple=True, metavar="S", required=True, help="A scope; may repeat.")
@click.option("--group", "groups", multiple=True, metavar="NAME", help="People in this group; may repeat.")
@click.option("--person", "names", multiple=True, metavar="WHO", help="This person; may repeat.")
@click.option("--from", "sources", multiple=True, metavar="ISSUER", help="Who vouches for them.  [actas]")
@click.option("--everybody", is_flag=True, help="All users, when neither --group nor --person says which.")
@click.option("--identify-by", type=click.Choice(("subject", "pairwise", "email")), help="Their name there.")
@click.option("--lifetime", metavar="SPAN", help="How long a grant lives, at most 5m.")
@click.option("--paused", is_flag=True, help="Nothing comes of it until it is resumed.")
@click.option("--description", metavar="TEXT", help="What it is for.")
@click.pass_obj
def command(run: Run, /, name: str, **flags: Any) -> None:
    """Make a connection that the console keeps.

    Grants come of it at once, unless it is made paused. Exits 1 when the name is taken, 3 when the connection
    would not hold, 5 when the role is too small.
    """
    document = _document(name, **flags)
    manager = Manager(run)
    if run.options.dry_run:
        kept: JsonObject = {"name": name, "document": document}
        said: Line = f"would make the connection {name}: {_way(document)}"
    else:
        body = manager.send("PUT", at("connections", name), document, headers={"If-None-Match": "*"}).body
        kept = told(body)
        said = (Ink("✓ ", "good"), f"made the connection {name}: {_way(document)}")
    run.out.answer(Answer(kind="actas/Connection", body=kept, name=name, lines=[said]))


def _way(document: JsonObject) -> str:
    return f"{way_of(document)}, {people_of(document)}"


def _document(name: str, **flags: Any) -> JsonObject:
    """Return the connection that the flags say.

    Raises:
        Failure: they do not say for whom it is (exit 2).
    """
    people: JsonObject = {
        field: [*flags[flag]]
        for field, flag in (("from", "sources"), ("groups", "groups"), ("names", "names"))
        if flags[flag]
    }
    if flags["everybody"] == bool(flags["groups"] or flags["names"]):
        raise misused("for whom is it?", hint="--group NAME or --person WHO, or else --everybody")
    there: JsonObject = {
        "issuer": flags["issuer"],
        "client_id": flags["there"],
        "scopes": [one for words in flags["scopes"] for one in words.split()],
    }
    if flags["resources"]:
        there["resource"] = [*flags["resources"]]
    document: JsonObject = {
        "name": name,
        "direction": "issue",
        "client": flags["client"],
        "resource": there,
        "people": people or {"from": ["actas"]},
    }
    document |= {
        field: flags[field]
        for field in ("identify_by", "lifetime", "description")
        if flags[field] is not None
    }
    return {**document, "disabled": True} if flags["paused"] else document
