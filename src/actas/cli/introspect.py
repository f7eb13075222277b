"""``actas introspect``: ask the server whether a token is live (RFC 7662)."""

from __future__ import annotations

from typing import Any, Final

import click

from actas.cli.asking import asker, client_flags, credentials, proven
from actas.cli.chains import chain_of, parties
from actas.cli.exits import Exit, Failure
from actas.cli.line import Chain
from actas.cli.output import Answer, Ink, Line
from actas.cli.recorded import instant_of, moment
from actas.cli.run import Run
from actas.cli.sentence import sentence
from actas.cli.server import find_server
from actas.cli.telling import failure_of
from actas.cli.tokens import TokenArguments
from actas.cli.tree import command as make
from actas.cli.verdict import read_refusal
from actas.cli.wire import Answered
from actas.core.ports import JsonObject

_NOT_LIVE: Final = "unknown, expired, or not this client's to ask about"
_NOBODY: Final = Chain(stations=(), targets=(), scopes=())


@make(
    examples=(
        ("whether the token that orders was shown is live", "actas introspect --client orders @alice-orders"),
        ("the same for a script, which needs no words", "actas introspect --client orders --json - < token"),
    ),
    dry_run="harmless",
)
@click.argument("token")
@client_flags
@click.pass_obj
def command(run: Run, /, token: str, **flags: Any) -> None:
    """Ask the server whether a token is live (RFC 7662).

    The server tells the client that the token was issued to, and the API that it is for; to everybody else no
    token is live. Exits 0 when it is, 1 when it is not, 4 when the server cannot be reached, 6 when the
    request itself is wrong.

    A TOKEN is @name for a saved one, @file, - for stdin, env:NAME, or the text itself.
    """
    tokens = TokenArguments(run)
    given = tokens.read(token, flag="TOKEN")
    who = credentials(run, tokens, **flags)
    ask = asker(run)
    server = find_server(run.server(), ask)
    if server.introspection_endpoint is None:
        raise Failure(
            f"{server.issuer} does not offer this: its metadata has no introspection_endpoint",
            code="not_offered",
            exit=Exit.PROTOCOL,
        )
    proof = who.prove(server, now=run.now)
    told = _told(ask(proven(server.introspection_endpoint, proof, ("token", given.value.reveal()))))
    run.out.answer(_answer(told))
    if told["active"] is not True:
        raise Failure(
            f"not live: {_NOT_LIVE}",
            code="not_active",
            exit=Exit.NO,
            told=True,
        )


def _told(answered: Answered) -> JsonObject:
    """Return the members of an introspection answer.

    Raises:
        Failure: the server refused, or answered with something else.
    """
    document = answered.document()
    if answered.status != 200 or document is None:
        raise failure_of(read_refusal(answered, _NOBODY))
    if not isinstance(document.get("active"), bool):
        raise Failure(
            "the server's answer is not as RFC 7662 has it: it has no active",
            code="bad_answer",
            exit=Exit.PROTOCOL,
        )
    return document


def _answer(told: JsonObject) -> Answer:
    if told["active"] is not True:
        return Answer(
            kind="actas/Introspection",
            body=told,
            name="inactive",
            lines=[(Ink("✕ ", "bad"), f"not live: {_NOT_LIVE}")],
        )
    chain = chain_of(told)
    ends = instant_of(told.get("exp"))
    until = "" if ends is None else f", until {moment(ends)} UTC"
    lines: list[Line] = [(Ink("✓ ", "good"), f"live{until}"), sentence(chain)]
    return Answer(
        kind="actas/Introspection",
        body={**told, "chain": parties(chain), "sentence": sentence(chain)},
        name="active",
        lines=lines,
    )
