"""``actas rules who-can``: the question that auditors ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import click

from actas.cli.managing import Manager
from actas.cli.output import Answer, Ink, Line
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import JsonObject


@make(
    examples=(
        ("who could change stock", "actas rules who-can inventory:stock:write"),
        ("who could get anything at orders", "actas rules who-can orders --json"),
        ("for whom a connection is", "actas rules who-can connection:assistant-to-tickets"),
    ),
    dry_run="harmless",
)
@click.argument("target", metavar="API[:SCOPE]")
@click.pass_obj
def command(run: Run, /, target: str) -> None:
    """Read the policy backwards: who could end at an API, or get a grant by a connection.

    Every client, subject and condition that could end at the API, or at one scope of it, with the denies that
    cut some of them off. connection:NAME is what a connection leads to. It says what rules allow; what a
    request gets, `actas explain` says.

    Exits 0, also when nobody can; 1 when there is no such API or scope, 5 when nobody is signed in.
    """
    api, scope = _read(target)
    told = Manager(run).get("/who-can", api=api, scope=scope or None).body
    ways = cast("list[JsonObject]", told["ways"])
    lines = [line for way in ways for line in _lines(way)] or [f"nobody can get {target}"]
    run.out.answer(Answer(kind="actas/WhoCan", body=told, name="\n".join(_names(ways)), lines=lines))


def _read(target: str) -> tuple[str, str]:
    """Return the API, or what a connection leads to, and the scope, empty when none is named."""
    head, _, rest = target.partition(":")
    if head != "connection":
        return head, rest
    name, _, scope = rest.partition(":")
    return f"{head}:{name}", scope


def _names(ways: list[JsonObject]) -> list[str]:
    return list(dict.fromkeys(str(way["client"]) for way in ways if way["closed"] is not True))


def _lines(way: JsonObject) -> Iterator[Line]:
    mark = Ink("✕ ", "bad") if way["closed"] else Ink("● ", "strong")
    yield (
        mark,
        f"{way['client']} ({way['client_kind']}), by {way['kind']}: {' '.join(_texts(way['scopes']))}",
    )
    yield f"    rule {way['rule']}  {way['place']}"
    for held, bought in cast("dict[str, list[str]]", way["held"]).items():
        whatever = "whatever the token holds" if held == "any" else f"a token with {held}"
        yield f"    {whatever} buys {' '.join(bought)}"
    for condition in _texts(way["conditions"]):
        yield f"    {condition}"
    for cut in cast("list[JsonObject]", way["cuts"]):
        when = "always" if cut["always"] else " and ".join(_texts(cut["conditions"]))
        scopes = _texts(cut["scopes"])
        what = f" for {' '.join(scopes)}" if scopes else ""
        yield (Ink("    ✕ ", "bad"), f"{cut['rule']} denies{what}, {when}  {cut['place']}")


def _texts(value: object) -> list[str]:
    return [str(one) for one in cast("list[object]", value)]
