"""``actas connections list``, ``show``, ``pause`` and ``resume``."""

from __future__ import annotations

from typing import Final

import click

from actas.cli.exits import Failure
from actas.cli.line import Chain, Kind, Station, horizontal
from actas.cli.managing import Manager, at
from actas.cli.objects import document_of, lines_of, state, told
from actas.cli.output import Answer, Line, Listing
from actas.cli.run import Run
from actas.cli.tree import Command
from actas.cli.tree import command as make
from actas.cli.tried import lines_of_checks
from actas.cli.wording import short_issuer
from actas.core.ports import Json, JsonObject

BEYOND: Final = (
    "Tokens that {server} has given out for earlier grants are its own, and live until it ends them."
)
"""What pausing a connection, or deleting it, does not reach."""

WITHIN: Final = "Tokens that earlier grants of {server} were redeemed for live on, for ten minutes at most."
"""The same of a connection by which the grants of others are redeemed here."""

_PAUSED: Final = "paused"


@make(
    examples=(
        ("for people", "actas connections list"),
        (
            "what is paused, in a script",
            "actas connections list --json | jq -r '.items[] | select(.disabled)'",
        ),
    ),
    dry_run="harmless",
)
@click.option("--managed", type=click.Choice(("console", "file")), help="Only what they keep.")
@click.pass_obj
def listing(run: Run, /, managed: str | None) -> None:
    """List the connections: who reaches what, for whom.

    Exits 5 when nobody is signed in.
    """
    found = Manager(run).items("connections", kept_by=managed)
    run.out.listing(
        Listing(
            kind="actas/Connection",
            items=[told(one) for one in found],
            columns=("NAME", "CLIENT → SERVER", "PEOPLE", "SCOPES", "STATE"),
            rows=[
                (
                    str(one["name"]),
                    way_of(document_of(one)),
                    people_of(document_of(one)),
                    " ".join(_scopes(document_of(one))),
                    _standing(one),
                )
                for one in found
            ],
            names=[str(one["name"]) for one in found],
            empty="there are no connections",
        )
    )


@make(
    examples=(
        ("for people", "actas connections show assistant-to-tickets"),
        (
            "for programs, with who keeps it and whether it can work",
            "actas connections show assistant-to-tickets -o yaml",
        ),
    ),
    dry_run="harmless",
)
@click.argument("name")
@click.pass_obj
def show(run: Run, /, name: str) -> None:
    """Show a connection, the way that it opens, and whether it can work.

    For the last the server looks at its own key and asks the other side what it says of itself: its issuer,
    that it takes or gives such grants, and what time it is there.

    What would stand in a file is its document alone: actas export writes that. Exits 1 when there is none of
    that name.
    """
    manager = Manager(run)
    body = manager.get(at("connections", name)).body
    kind = _kind_of_client(manager, body)
    checks = health_of(manager, name)
    lines: list[Line] = [f"  {drawn(body, kind, ascii=run.out.ascii)}", "", *lines_of(body)]
    run.out.answer(
        Answer(
            kind="actas/Connection",
            body={**told(body), "health": checks},
            name=name,
            lines=[*lines, *([""] if checks else []), *lines_of_checks(checks, indent="  ")],
        )
    )


def _switch(verb: str, *, disabled: bool) -> Command:
    """Return ``pause`` or ``resume``."""
    summary = (
        "Pause a connection: no new grant comes of it."
        if disabled
        else "Let grants come of a connection again."
    )
    more = (
        "It holds at once, on every node. Tokens that the other server has given out for earlier grants are "
        "its own, and live until it ends them.\n\n"
        if disabled
        else "One that its file says is disabled stays so.\n\n"
    )

    @make(
        examples=(
            ("now, on every node", f"actas connections {verb} assistant-to-tickets"),
            ("what that would do", f"actas connections {verb} assistant-to-tickets --dry-run"),
        ),
        dry_run="rehearses",
        help=f"{summary}\n\n{more}Exits 1 when there is none of that name, 5 when the role is too small.",
    )
    @click.argument("name")
    @click.pass_obj
    def command(run: Run, /, name: str) -> None:
        manager = Manager(run)
        if run.options.dry_run:
            body = manager.get(at("connections", name)).body
            same = body["disabled"] is disabled
            done = "paused" if disabled else "resumed"
            run.out.talk(f"{name} {f'is {done} already' if same else f'would be {done}'}")
        else:
            word = "disable" if disabled else "enable"
            body = manager.send("POST", at("connections", name, word)).body
        said = _standing(body)
        lines: list[Line] = [f"{name} is {said}"]
        if disabled:
            document = document_of(body)
            beyond = WITHIN if _accepts(document) else BEYOND
            lines.append(f"  {beyond.format(server=server_of(document))}")
        elif said == _PAUSED:
            lines.append("  its document says disabled, which is taken out there")
        shown: list[Line] = [] if run.options.dry_run else lines  # how it stands is not what would be
        run.out.answer(Answer(kind="actas/Connection", body=told(body), name=name, lines=shown))

    return command


def way_of(document: JsonObject) -> str:
    """Return which way a connection leads: from the client to the other server, or from there to it."""
    kind = ", plain grants" if document.get("grant") == "jwt" else ""
    kind += ", redeemed for it" if "redeem" in document else ""
    return f"{document.get('client')} {'←' if _accepts(document) else '→'} {server_of(document)}{kind}"


def server_of(document: JsonObject) -> str:
    """Return what the other domain is called for people: its server, or as the issuer that it is here."""
    if _accepts(document):
        return str(document.get("from"))
    return short_issuer(str(_there(document).get("issuer")))


def people_of(document: JsonObject) -> str:
    """Return for whom a connection is, in words."""
    people = document.get("people")
    who = people if isinstance(people, dict) else {}
    said = [", ".join(_many(who.get("names")))] if "names" in who else []
    said += [f"in {' or '.join(_many(who.get('groups')))}"] if "groups" in who else []
    said += [f"from {', '.join(_many(who.get('from')))}"] if "from" in who else []
    said += ["when …"] if "when" in who else []
    if _accepts(document):
        said += ["known or not" if who.get("unknown") == "create" else "known here"]
    return ", ".join(said) or "all users"


def drawn(body: JsonObject, kind: Kind, *, ascii: bool) -> str:  # noqa: A002 - the flag's word
    """Return the three stations: who asks, the server that decides, and what is reached there.

    Args:
        body: the connection, as the server keeps it.
        kind: what its client is.
        ascii: draws with letters and punctuation alone.
    """
    document = document_of(body)
    there, client = _there(document), str(document.get("client"))
    if _accepts(document):
        stations = (
            Station(kind="issuer", id=str(document.get("from"))),
            Station(kind=kind, id=client, by="crossing"),
        )
    else:
        server = str(there.get("issuer"))
        stations = (Station(kind=kind, id=client), Station(kind="issuer", id=server, by="crossing"))
    chain = Chain(
        stations=stations,
        targets=tuple(_many(document.get("api") if _accepts(document) else there.get("resource"))),
        scopes=tuple(_scopes(document)),
        outcome="refused" if _standing(body) != "active" else "granted",
        by="delegation" if _accepts(document) else "crossing",
    )
    return horizontal(chain, ascii=ascii)


def _accepts(document: JsonObject) -> bool:
    """Whether grants of others are redeemed by it, rather than grants for them given."""
    return document.get("direction") == "accept"


def health_of(manager: Manager, name: str) -> list[Json]:
    """Return what is found of a connection; nothing of one that is kept, and not in force where we ask."""
    try:
        found = manager.get(at("connections", name, "health")).body["checks"]
    except Failure as refused:
        if refused.code != "not_found":
            raise
        return []
    return found if isinstance(found, list) else []


def _scopes(document: JsonObject) -> list[str]:
    said = (document if _accepts(document) else _there(document)).get("scopes")
    if isinstance(said, dict):  # of plain grants: by what each is bought with
        return [*dict.fromkeys(one for bought in said.values() for one in _many(bought))]
    return _many(said)


def _kind_of_client(manager: Manager, body: JsonObject) -> Kind:
    """Return what the client of a connection is, to be drawn as such."""
    found = manager.get(at("clients", str(document_of(body).get("client")))).body
    match document_of(found).get("kind"):
        case "agent":
            return "agent"
        case "app":
            return "app"
        case _:
            return "service"


def _standing(body: JsonObject) -> str:
    return {"in force": "active", "disabled": _PAUSED}.get(state(body), state(body))


def _there(document: JsonObject) -> JsonObject:
    there = document.get("resource")
    return there if isinstance(there, dict) else {}


def _many(value: Json) -> list[str]:
    """Return one or several texts as a list."""
    if isinstance(value, list):
        return [str(one) for one in value]
    return [] if value is None else [str(value)]


VERBS: Final = {
    "list": listing,
    "show": show,
    "pause": _switch("pause", disabled=True),
    "resume": _switch("resume", disabled=False),
}
