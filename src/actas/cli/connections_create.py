"""``actas connections create``."""

from __future__ import annotations

from typing import Any, Final

import click

from actas.cli.connected import health_of, people_of, way_of
from actas.cli.exits import Failure, misused
from actas.cli.managing import Manager, at
from actas.cli.objects import told
from actas.cli.output import Answer, Ink, Line
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.details import LONGEST
from actas.core.ports import Json, JsonObject
from actas.crypto.json import BadJson, read_object

_OF_ASSERTIONS: Final = {
    "resources": "--resource",
    "details": "--detail",
    "tenant": "--tenant",
    "aud_tenant": "--aud-tenant",
}
"""What a plain grant of ours does not say."""


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
    "--match", type=click.Choice(("subject", "email", "aud_sub")), help="To accept: who they are here."
)
@click.option(
    "--unknown", type=click.Choice(("refuse", "create")), help="To accept: who never was here.  [refuse]"
)
@click.option("--everybody", is_flag=True, help="All users, when neither --group nor --person says which.")
@click.option("--identify-by", type=click.Choice(("subject", "pairwise", "email")), help="Their name there.")
@click.option("--detail", "details", multiple=True, metavar="JSON", help="What may be granted so (RFC 9396).")
@click.option("--tenant", metavar="ID", help="The tenant that grants are of; none otherwise.")
@click.option("--aud-tenant", metavar="ID", help="The tenant that grants are for; none otherwise.")
@click.option("--lifetime", metavar="SPAN", help="How long a grant lives, or what comes of it.")
@click.option("--paused", is_flag=True, help="Nothing comes of it until it is resumed.")
@click.option("--description", metavar="TEXT", help="What it is for.")
@click.pass_obj
def command(run: Run, /, name: str, **flags: Any) -> None:
    """Make a connection that the console keeps.

    Grants come of it, or are redeemed by it, at once, unless it is made paused. It is looked over as show
    does, and what may keep it from working draws warnings. With --direction accept,
    --from is the issuer that is believed, and --everybody all for whom it gives grants. Exits 1 when the name
    is taken, 3 when the connection would not hold, 5 when the role is too small.
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


def _document(name: str, **flags: Any) -> JsonObject:
    """Return the connection that the flags say.

    Raises:
        Failure: they do not say for whom it is, or a flag is of the other direction or missing (exit 2).
    """
    accepts = flags["direction"] == "accept"
    _of_one_direction(flags["direction"], flags)
    if flags["everybody"] == bool(flags["groups"] or flags["names"]):
        raise misused("for whom is it?", hint="--group NAME or --person WHO, or else --everybody")
    document: JsonObject = {"name": name, "direction": flags["direction"], "client": flags["client"]}
    document |= _kind(flags)
    document |= _accepting(flags) if accepts else _issuing(flags)
    document |= {
        field: flags[field]
        for field in ("identify_by", "lifetime", "description")
        if flags[field] is not None
    }
    called = {field: flags[field] for field in ("tenant", "aud_tenant") if flags[field] is not None}
    document |= {"identifiers": called} if called else {}
    return {**document, "disabled": True} if flags["paused"] else document


def _issuing(flags: dict[str, Any]) -> JsonObject:
    there: JsonObject = {"issuer": flags["issuer"], "client_id": flags["there"], "scopes": _sold(flags)}
    there |= _details(flags)
    if flags["resources"]:
        there["resource"] = [*flags["resources"]]
    return {"resource": there, "people": _people(flags, ("from", "sources")) or {"from": ["actas"]}}


def _accepting(flags: dict[str, Any]) -> JsonObject:
    (source,) = flags["sources"]
    document: JsonObject = {"from": source, "api": flags["api"], "scopes": _scopes(flags)}
    document |= _details(flags)
    people = _people(flags)
    people |= {field: flags[field] for field in ("match", "unknown") if flags[field] is not None}
    return {**document, "people": people} if people else document


def _people(flags: dict[str, Any], *more: tuple[str, str]) -> JsonObject:
    fields = (*more, ("groups", "groups"), ("names", "names"))
    return {field: [*flags[flag]] for field, flag in fields if flags[flag]}


def _scopes(flags: dict[str, Any]) -> list[Json]:
    return [one for words in flags["scopes"] for one in words.split()]


def _sold(flags: dict[str, Any]) -> Json:
    """Return the scopes there: for plain grants by what they are bought with, an ID token if nothing is
    said.
    """
    if flags["grant"] == "id-jag":
        return _scopes(flags)
    return {one: _scopes(flags) for one in flags["held"] or ("any",)}


def _kind(flags: dict[str, Any]) -> JsonObject:
    """Return what the flags say of the kind of grant.

    Raises:
        Failure: a flag is of the other kind, or of the other direction (exit 2).
    """
    plain = flags["grant"] == "jwt"
    for field, flag in (("held", "--held"), ("chain", "--chain")):
        if flags[field] and not (plain and flags["direction"] == "issue"):
            raise misused(f"{flag} goes with --grant jwt and --direction issue")
    for field, flag in _OF_ASSERTIONS.items():
        if flags[field] and plain and flags["direction"] == "issue":
            raise misused(
                f"{flag} has no meaning with --grant jwt, whose grants are for a server and say scopes"
            )
    document: JsonObject = {"grant": "jwt"} if plain else {}
    return {**document, "chain": flags["chain"]} if flags["chain"] else document


def _details(flags: dict[str, Any]) -> JsonObject:
    found: list[Json] = []
    for text in flags["details"]:
        try:
            found.append(read_object(text.encode(), max_bytes=LONGEST))
        except BadJson as bad:
            raise misused(f"--detail: {bad}", hint="""as --detail '{"type":"ticket_access"}'""") from None
    return {"authorization_details": found} if found else {}


def _of_one_direction(direction: str, flags: dict[str, Any]) -> None:
    """Return when every flag is of that direction, and none that it needs is missing.

    Raises:
        Failure: one is not, or is missing (exit 2).
    """
    needed = {"issue": {"issuer": "--to", "there": "--as"}, "accept": {"sources": "--from", "api": "--api"}}
    more = {
        "issue": {"resources": "--resource", "identify_by": "--identify-by"},
        "accept": {"api": "--api", "match": "--match", "unknown": "--unknown"},
    }
    other = "accept" if direction == "issue" else "issue"
    astray = {**needed[other], **more[other]}
    astray.pop("sources", None)  # both have it: whom it is for, or who is believed
    for field, flag in astray.items():
        if flags[field]:
            raise misused(f"{flag} goes with --direction {other}")
    for field, flag in needed[direction].items():
        if not flags[field]:
            raise misused(f"--direction {direction} needs {flag}")
    if direction == "accept" and len(flags["sources"]) != 1:
        raise misused("grants of one issuer are accepted by one connection", hint="say --from once")
