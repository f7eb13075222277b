"""``actas connections create``."""

from __future__ import annotations

from typing import Any

import click

from actas.cli.connected import health_of, people_of, way_of
from actas.cli.connection_flags import connection_of
from actas.cli.exits import Failure
from actas.cli.managing import Manager
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
        (
            "orders takes what its callers hold to another company's stock, whose server decides",
            (
                "actas connections create orders-to-stock --grant jwt --client orders "
                "--to https://auth.stock.example --as acme-orders --held orders:read --scope stock:read "
                "--everybody"
            ),
        ),
        (
            "to another company's MCP servers, for who signed in today with a second factor",
            (
                "actas connections create bot-to-handbook --client bot --to https://auth.wiki.example "
                "--as acme-bot --resource https://mcp.wiki.example/mcp --mcp --scope pages:read "
                """--everybody --set sign_in='{"max_age":"8h","acr":"mfa"}'"""
            ),
        ),
        (
            "a client that has no name there gets what this server redeems for it, by a key of its own",
            (
                "actas connections create crm-to-stock --client crm --to https://auth.stock.example "
                "--as acme-actas --scope stock:read --everybody --redeem-by key"
            ),
        ),
        (
            "another company's app redeems its server's grants for an API of ours",
            (
                "actas connections create acme-to-tickets --direction accept --client acme-assistant "
                "--from acme --api tickets --scope tickets:read --everybody --unknown create"
            ),
        ),
    ),
    dry_run="rehearses",
)
@click.argument("name")
@click.option(
    "--direction",
    type=click.Choice(("issue", "accept")),
    default="issue",
    help="Vouch for people of ours, or believe another domain's server.  [issue]",
)
@click.option(
    "--client", metavar="NAME", required=True, help="The client that asks for grants, or redeems them."
)
@click.option("--to", "issuer", metavar="ISSUER", help="The other domain's server: its issuer.")
@click.option("--as", "there", metavar="ID", help="The client_id by which it knows the client.")
@click.option("--resource", "resources", multiple=True, metavar="URI", help="An API there; may repeat.")
@click.option("--scope", "scopes", multiple=True, metavar="S", required=True, help="A scope; may repeat.")
@click.option(
    "--grant",
    type=click.Choice(("id-jag", "jwt")),
    default="id-jag",
    help="Identity assertions, or plain grants (identity chaining).  [id-jag]",
)
@click.option(
    "--held", multiple=True, metavar="S", help="For jwt: a scope that buys those of --scope; may repeat."
)
@click.option(
    "--chain", type=click.Choice(("keep", "prune", "pairwise")), help="For jwt: who acts, as told.  [prune]"
)
@click.option("--group", "groups", multiple=True, metavar="NAME", help="People in this group; may repeat.")
@click.option("--person", "names", multiple=True, metavar="WHO", help="This person; may repeat.")
@click.option("--from", "sources", multiple=True, metavar="ISSUER", help="Who vouches for them.  [actas]")
@click.option("--api", metavar="NAME", help="To accept: the API that grants are redeemed for.")
@click.option(
    "--match",
    type=click.Choice(("subject", "email", "aud_sub", "sub_id")),
    help="To accept: who they are here.",
)
@click.option(
    "--unknown", type=click.Choice(("refuse", "create")), help="To accept: who never was here.  [refuse]"
)
@click.option("--everybody", is_flag=True, help="All users, when neither --group nor --person says which.")
@click.option("--redeem-by", metavar="key|env:NAME|file:PATH", help="Redeem for the client, known so there.")
@click.option("--identify-by", type=click.Choice(("subject", "pairwise", "email")), help="Their name there.")
@click.option("--detail", "details", multiple=True, metavar="JSON", help="What may be granted so (RFC 9396).")
@click.option("--tenant", metavar="ID", help="The tenant that grants are of; none otherwise.")
@click.option("--aud-tenant", metavar="ID", help="The tenant that grants are for; none otherwise.")
@click.option("--mcp", is_flag=True, help="The APIs there are MCP servers; a grant is for one of them.")
@click.option("--sub-id", metavar="JSON", help="What others than the two servers call people (RFC 9493).")
@click.option("--proposal", "proposals", multiple=True, metavar="NAME", help="A proposal to try; may repeat.")
@click.option("--lifetime", metavar="SPAN", help="How long a grant lives, or what comes of it.")
@click.option("--paused", is_flag=True, help="Nothing comes of it until it is resumed.")
@click.option("--description", metavar="TEXT", help="What it is for.")
@click.option("--set", "fields", multiple=True, metavar="FIELD=VALUE", help="Any other field; may repeat.")
@click.pass_obj
def command(run: Run, /, name: str, **flags: Any) -> None:
    """Make a connection that the console keeps.

    Grants come of it, or are redeemed by it, at once, unless it is made paused. It is looked over as show
    does, and what may keep it from working draws warnings. With --direction accept,
    --from is the issuer that is believed, and --everybody all for whom it gives grants. What has no flag is
    set by its name in a file: --set sign_in.max_age=8h; lists and objects as JSON. Exits 1 when the name
    is taken, 3 when the connection would not hold, 5 when the role is too small.
    """
    document = connection_of(name, **flags)
    manager = Manager(run)
    kept: JsonObject = told(manager.make("connections", name, document))
    if run.options.dry_run:
        kept = {"name": name, "document": document}
        said: Line = f"would make the connection {name}: {_way(document)}"
    else:
        said = (Ink("✓ ", "good"), f"made the connection {name}: {_way(document)}")
    run.out.answer(Answer(kind="actas/Connection", body=kept, name=name, lines=[said]))
    if not (run.options.dry_run or flags["paused"]):
        _look_over(run, manager, name)


def _look_over(run: Run, manager: Manager, name: str) -> None:
    """Warn of what keeps a connection from working that was made just now. It is made all the same."""
    try:
        checks = health_of(manager, name)
    except Failure as failed:
        run.out.warn(f"it could not be looked over: {failed.message}")
        return
    troubles = [one for one in checks if isinstance(one, dict) and one["state"] in ("bad", "warn")]
    for one in troubles:
        run.out.warn(f"{one['name']}: {one['says']}")
    if troubles:
        run.out.talk(Ink(f"actas connections show {name} says what to do", "dim"))


def _way(document: JsonObject) -> str:
    return f"{way_of(document)}, {people_of(document)}"
