"""``actas connections try``: both sides of a connection, in a dry run."""

from __future__ import annotations

import json
from typing import Any, cast

import click

from actas.cli.exits import Exit, Failure, misused
from actas.cli.logins import contexts
from actas.cli.managing import Manager, at
from actas.cli.output import Answer
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.cli.tried import blamed, lines_of_trial, outcome_of
from actas.cli.values import Span
from actas.core.ports import Json, JsonObject


@make(
    examples=(
        (
            "would alice get at tickets, and if not, whose no is it?",
            "actas connections try assistant-to-tickets --as alice --scope tickets:read",
        ),
        (
            "the other server is an Actas that you may ask too: it decides its side itself",
            "actas connections try assistant-to-tickets --as alice --there tickets",
        ),
        (
            "grants of theirs are redeemed here: the person as their grants name them",
            "actas connections try acme-assistant-to-tickets --as actas:alice --json",
        ),
    ),
    dry_run="harmless",
)
@click.argument("name")
@click.option(
    "--as",
    "who",
    metavar="WHO",
    required=True,
    help="The person: user, ISSUER:SUB or address; to accept, the sub (or sub_id) of their grants.",
)
@click.option("--scope", "scopes", multiple=True, metavar="S…", help="What is asked for; may repeat.  [all]")
@click.option(
    "--there", metavar="CONTEXT|URL", help="The other server, an Actas at which you are signed in too."
)
@click.option("--acr", metavar="WORD", help="How they signed in.  [the weakest way]")
@click.option("--signed-in", "ago", type=Span(), metavar="SPAN", help="How long ago they did.  [just now]")
@click.option("--claims", metavar="JSON", help="What else their own issuer says of them, as an object.")
@click.pass_obj
def command(run: Run, /, name: str, who: str, there: str | None, **flags: Any) -> None:
    """Say which side of a connection would refuse somebody, and why.

    Nothing is issued and nothing is written down. This server decides its side as it would decide a request.
    Of the other side it tells what its metadata says: its issuer, that it takes or gives such grants, its
    keys. With --there, that server decides what it would say to the grant.

    A dry run has the sign-in of a person and no access token: what a connection for plain grants gives for an
    access token alone is tried with actas explain --for jwt.

    Exits 0 when our side would say yes and nothing is known against it on the other, 1 when one would
    refuse, 2 when it cannot be tried so, 4 when the other could not be reached, 5 when the role is too small.
    """
    manager = Manager(run)
    tried = _tried(manager, name, _asked(who, **flags))
    legs = cast("list[JsonObject]", tried["legs"])
    if there is not None:
        if tried["direction"] != "issue":
            raise misused("--there goes with a connection by which this server gives grants")
        other = Manager(run, server=_server(run, there))
        legs[1] = _decided_there(other, legs[1], tried["grant"], tried["typ"])
    outcome, refusing = outcome_of(legs), blamed(legs)
    body: JsonObject = {**tried, "outcome": outcome, "refused_by": [str(one["server"]) for one in refusing]}
    lines = lines_of_trial(tried, legs, decided_there=there is not None)
    run.out.answer(Answer(kind="actas/TriedConnection", body=body, name=outcome, lines=[*lines]))
    if outcome == "refused":
        reason, why = _why(refusing[0])
        raise Failure(f"{refusing[0]['server']} would refuse: {why}", code=reason, exit=Exit.NO, told=True)
    if outcome == "unreachable":
        message = "the other side could not be reached"
        raise Failure(message, code="unreachable", exit=Exit.UNFINISHED, told=True)


def _tried(manager: Manager, name: str, asked: JsonObject) -> JsonObject:
    """Return what the server says of it.

    Raises:
        Failure: such a thing cannot be tried (exit 2), or there is no answer.
    """
    try:
        return manager.send("POST", at("connections", name, "try"), asked).body
    except Failure as refused:
        if refused.code != "invalid_request":
            raise
        raise misused(str(refused)) from refused


def _asked(who: str, **flags: Any) -> JsonObject:
    asked: JsonObject = {"as": who}
    if flags["scopes"]:
        asked["scope"] = " ".join(word for words in flags["scopes"] for word in words.split())
    if flags["acr"] is not None:
        asked["acr"] = flags["acr"]
    if flags["ago"] is not None:
        asked["ago"] = int(flags["ago"])
    if flags["claims"] is not None:
        try:
            claims: Json = json.loads(flags["claims"])
        except ValueError:
            claims = None
        if not isinstance(claims, dict):
            raise misused(
                "--claims is not a JSON object", hint="""such as --claims '{"groups": ["support"]}'"""
            )
        asked["claims"] = claims
    return asked


def _server(run: Run, there: str) -> str:
    """Return the address of the other server: a context, or an address.

    Raises:
        Failure: no server is known by that name (exit 2).
    """
    if there.startswith(("https://", "http://")):
        return there.rstrip("/")
    found = contexts(run.home).servers.get(there)
    if found is None:
        raise misused(f"no server is known as {there!r}", hint="actas context list")
    return found


def _decided_there(other: Manager, seen: JsonObject, grant: Json, typ: Json) -> JsonObject:
    """Return the second leg as the other server decides it; as it was when there would be no grant."""
    if not isinstance(grant, dict):
        return seen
    try:
        told = other.send("POST", "/try-grant", {"claims": grant, "typ": typ}).body
    except Failure as refused:
        if refused.code != "not_found":
            raise
        # It does not know the question, which is no answer to it.
        message = f"{other.server} decides no grants in a dry run: it is older than this command"
        raise Failure(message, code="bad_answer", exit=Exit.PROTOCOL, hint="leave --there out") from refused
    leg = cast("JsonObject", told["leg"])
    says = "no" if "no" in (seen["says"], leg["says"]) else leg["says"]
    return {**seen, "says": says, "place": leg["place"], "decision": leg["decision"]}


def _why(leg: JsonObject) -> tuple[str, str]:
    """Return why a side would refuse: a word and a sentence."""
    decision = leg["decision"]
    if isinstance(decision, dict) and decision["outcome"] == "refused":
        return str(decision["reason"]), str(decision["detail"])
    checks = cast("list[JsonObject]", leg["checks"])
    bad = next(one for one in checks if one["state"] == "bad")
    return f"bad_{str(bad['name']).replace(' ', '_')}", str(bad["says"])
