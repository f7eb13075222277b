"""What the groups ``clients``, ``apis``, ``issuers``, ``rules`` and ``users`` share: five verbs.

Connections share deletion, and what is told of an object.

One maker for each verb, so that learning one group is learning all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, cast

import click

from actas.cli.exits import Exit, Failure
from actas.cli.managing import Manager, at, tag
from actas.cli.output import Answer, Line, Listing
from actas.cli.run import Run
from actas.cli.sure import make_sure, yes_flag
from actas.cli.tree import Command
from actas.cli.tree import command as make
from actas.core.ports import Json, JsonObject

_SAMPLES: Final = {
    "clients": "orders",
    "apis": "inventory",
    "issuers": "corp-okta",
    "rules": "orders-to-inventory",
    "users": "alice",
    "connections": "assistant-to-tickets",
}

Facts = Callable[[JsonObject], str]


class Beside(NamedTuple):
    """What is told beside an object.

    Attributes:
        members: of the document that programs read.
        lines: for people.
    """

    members: JsonObject
    lines: Sequence[Line]


def lists(kind: str, facts: Facts) -> Command:
    """Return ``list`` for a kind.

    Args:
        facts: the most telling words of a document.
    """

    @make(
        examples=(
            ("for people", f"actas {kind} list"),
            ("what no file keeps", f"actas {kind} list --managed console -o name"),
        ),
        dry_run="harmless",
        help=f"List the {_words(kind)}, by name.\n\nExits 5 when nobody is signed in.",
    )
    @click.option("--managed", type=click.Choice(("console", "file")), help="Only what they keep.")
    @click.pass_obj
    def command(run: Run, /, managed: str | None) -> None:
        found = Manager(run).items(kind, kept_by=managed)
        run.out.listing(
            Listing(
                kind=f"actas/{_title(kind)}",
                items=[told(one) for one in found],
                columns=("NAME", "WHAT", "KEPT BY", "STATE"),
                rows=[(str(one["name"]), facts(document_of(one)), keeper(one), state(one)) for one in found],
                names=[str(one["name"]) for one in found],
                empty=f"there are no {_words(kind)}",
            )
        )

    return command


def shows(kind: str, beside: Callable[[Manager, JsonObject], Beside | None] | None = None) -> Command:
    """Return ``show`` for a kind.

    Args:
        beside: says what is told beside an object, if anything is.
    """
    sample = _SAMPLES[kind]

    @make(
        examples=(
            ("for people", f"actas {kind} show {sample}"),
            ("for programs, with who keeps it and its version", f"actas {kind} show {sample} -o yaml"),
        ),
        dry_run="harmless",
        help=f"Show one of the {_words(kind)}, as it is kept.\n\n"
        "What would stand in a file is its document alone: actas export writes that. Exits 1 when there is "
        "none of that name.",
    )
    @click.argument("name")
    @click.pass_obj
    def command(run: Run, /, name: str) -> None:
        manager = Manager(run)
        body = manager.get(at(kind, name)).body
        run.out.answer(_answer(kind, body, None if beside is None else beside(manager, body)))

    return command


def switches(kind: str, *, disabled: bool) -> Command:
    """Return ``disable`` or ``enable`` for a kind."""
    verb, sample = ("disable" if disabled else "enable"), _SAMPLES[kind]
    means = "Switch it off, whoever keeps it" if disabled else "Switch it on again"

    @make(
        examples=(
            ("now, on every node", f"actas {kind} {verb} {sample}"),
            ("what that would do", f"actas {kind} {verb} {sample} --dry-run"),
        ),
        dry_run="rehearses",
        help=f"{means}.\n\nNo file undoes that. Exits 1 when there is none of that name, 5 when the role is "
        "too small.",
    )
    @click.argument("name")
    @click.pass_obj
    def command(run: Run, /, name: str) -> None:
        manager = Manager(run)
        if run.options.dry_run:
            body = manager.get(at(kind, name)).body
            same = body["disabled"] is disabled
            run.out.talk(f"{name} {f'is {verb}d already' if same else f'would be {verb}d'}")
        else:
            body = manager.send("POST", at(kind, name, verb)).body
        run.out.answer(_answer(kind, body))

    return command


def deletes(kind: str) -> Command:
    """Return ``delete`` for a kind."""
    sample = _SAMPLES[kind]
    lasting = kind not in ("rules", "connections")

    @make(
        examples=(
            ("one that the console keeps", f"actas {kind} delete {sample}"),
            ("in a script", f"actas {kind} delete {sample} --yes"),
        ),
        dry_run="rehearses",
        help=f"Delete one of the {_words(kind)}, with what hangs on it."
        "\n\n"
        + ("The name is never given again. " if lasting else "")
        + "What a file defines is taken out there first. Exits 1 when it cannot be deleted.",
    )
    @click.argument("name")
    @yes_flag
    @click.pass_obj
    def command(run: Run, /, name: str, *, yes: bool) -> None:
        manager = Manager(run)
        seen = manager.get(at(kind, name))
        spent = ", and the name is never given again" if lasting else ""
        if run.options.dry_run:
            if seen.body["kept_by"] == "file" and seen.body["in_force"] is True:
                message = f"{name} is kept by {keeper(seen.body)}; take it out there first"
                raise Failure(message, code="conflict", exit=Exit.NO)
            run.out.talk(f"{name} would be deleted{spent}")
        else:
            make_sure(run, [f"{name} will be deleted at {manager.server}{spent}."], yes=yes)
            manager.send("DELETE", at(kind, name), headers=tag(seen))
        run.out.answer(
            Answer(
                kind=f"actas/{_title(kind)}Deleted",
                body={"name": name, "deleted": not run.options.dry_run},
                name=name,
                lines=[] if run.options.dry_run else [f"deleted {name}"],
            )
        )

    return command


def _answer(kind: str, body: JsonObject, beside: Beside | None = None) -> Answer:
    more = beside or Beside({}, ())
    return Answer(
        kind=f"actas/{_title(kind)}",
        body={**told(body), **more.members},
        name=str(body["name"]),
        lines=[*lines_of(body), *more.lines],
    )


def lines_of(body: JsonObject) -> Iterator[Line]:
    """Yield what is told of an object: its state, then the fields of its document."""
    yield f"{body['name']}  {state(body)}, kept by {keeper(body)}, version {body['version']}"
    for field, value in document_of(body).items():
        if field != "name":
            yield f"  {field:14} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
    secrets = body.get("secrets")
    if isinstance(secrets, list) and secrets:
        yield f"  {'secrets':14} {len(secrets)} made here; shown once, never again"


def told(body: JsonObject) -> dict[str, Json]:
    """Return a document without the word that the output itself writes."""
    return {name: value for name, value in body.items() if name != "kind"}


def document_of(one: JsonObject) -> JsonObject:
    """Return what was written of an object."""
    return cast("JsonObject", one["document"])


def keeper(one: JsonObject) -> str:
    """Return who keeps an object: the console, or the file and the line."""
    return str(one["place"]) if one["kept_by"] == "file" and one.get("place") else str(one["kept_by"])


def state(one: JsonObject) -> str:
    """Return whether an object counts."""
    if one["in_force"] is not True:
        return "out of force"
    off = one["disabled"] is True or document_of(one).get("disabled") is True
    return "disabled" if off else "in force"


def _title(kind: str) -> str:
    return {"apis": "Api"}.get(kind, kind.removesuffix("s").capitalize())


def _words(kind: str) -> str:
    return "APIs" if kind == "apis" else kind
