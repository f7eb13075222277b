"""``actas impersonate list``, ``approve``, ``refuse`` and ``end``.

Somebody who has a token of their own shows it with ``--as``, through a client that may present it. Whoever
holds a role in the server, and is signed in with ``actas login``, sees all of them and ends any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast
from urllib.parse import quote

import click

from actas.cli.ask import token_type
from actas.cli.asking import asker, client_flags, credentials, proven
from actas.cli.dpop import holder
from actas.cli.exits import misused
from actas.cli.line import Chain
from actas.cli.managing import Manager
from actas.cli.output import Answer, Ink, Listing
from actas.cli.recorded import instant_of, moment
from actas.cli.run import Run
from actas.cli.server import find_server
from actas.cli.telling import failure_of
from actas.cli.tokens import TOKEN_HELP, TokenArguments
from actas.cli.tree import command as make
from actas.cli.values import typed_path
from actas.cli.verdict import read_refusal
from actas.cli.wire import Sent
from actas.core.ports import Json, JsonObject

Flag = Callable[[Callable[..., None]], Callable[..., None]]
"""Adds flags to a command."""

_NOBODY: Final = Chain(stations=(), targets=(), scopes=())
_LIVE: Final = ("waiting", "approved", "running")


class _Id(click.Argument):
    """The ID of an impersonation, which ``--dpop`` in front of it takes for its KEY."""

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        try:
            return super().process_value(ctx, value)
        except click.MissingParameter as missing:
            taken = ctx.params.get("dpop")
            if not taken or typed_path(taken).exists():
                raise
            raise misused(
                missing.format_message(),
                hint=f"--dpop took {taken!r} as its KEY; write --dpop=FILE, or --dpop before another flag",
            ) from None


def _shows(command: Any) -> Any:
    flags = (
        click.option("--as", "who", metavar="TOKEN", help=f"Who asks, by a token of theirs: {TOKEN_HELP}."),
        click.option(
            "--as-type",
            metavar="TYPE",
            help="What it is: access, id, jwt, or a URI.  [by its looks, or access]",
        ),
        click.option(
            "--dpop",
            is_flag=False,
            flag_value="",
            metavar="[KEY]",
            help="Prove the key that it is bound to (RFC 9449): one's own, or a file with one JWK.",
        ),
        client_flags,
    )
    for flag in reversed(flags):
        command = flag(command)
    return command


@make(
    examples=(
        ("all of them, for whoever holds a role", "actas impersonate list"),
        ("those that lee may see", "actas impersonate list --client helpdesk --as @lee --as-type id"),
    ),
    dry_run="harmless",
)
@_shows
@click.pass_obj
def _list(run: Run, /, **flags: Any) -> None:
    """List who acts, or acted, as whom and why.

    Exits 0, 5 when nobody is signed in, 4 when the server cannot be reached, 6 when it refuses.
    """
    if flags["who"] is None:
        _require_none(flags)
        items = Manager(run).items("impersonations")
    else:
        items = _all(_Asking(run, flags))
    run.out.listing(
        Listing(
            kind="actas/Impersonation",
            items=items,
            columns=("IMPERSONATION", "STATE", "WHO", "AS", "UNTIL", "WHY"),
            rows=[_row(one) for one in items],
            names=[str(one["id"]) for one in items],
            empty="nobody is acting as anybody",
        )
    )


def _decision(action: str, *, does: str, examples: tuple[tuple[str, str], ...], more: Flag) -> click.Command:
    """Return the command by which a second person decides.

    Args:
        more: adds the flags of this decision alone.
    """

    @make(
        examples=(
            *examples,
            (
                "lee shows an ID token",
                f"actas impersonate {action} --client helpdesk --as @lee --as-type id kMPqr0pBQmW8a1J5tqk0wQ",
            ),
        )
    )
    @click.argument("name", metavar="ID", cls=_Id)
    @more
    @_shows
    @click.pass_obj
    def command(run: Run, /, name: str, reason: str | None = None, **flags: Any) -> None:
        if flags["who"] is None:
            raise misused(f"who wants to {action} it?", hint="--as TOKEN, of somebody who may")
        _done(run, _Asking(run, flags)(action, impersonation=name, reason=reason))

    command.help = (
        f"{does}\n\nA second person does, never whoever asked nor whom it is about. Exits 1 when it is not "
        "for them to decide on, 4 when the server cannot be reached, 6 when the request itself is wrong."
    )
    return command


@make(
    examples=(
        (
            "an operator ends one",
            "actas impersonate end kMPqr0pBQmW8a1J5tqk0wQ --reason 'the ticket is closed'",
        ),
        (
            "whoever began it does",
            "actas impersonate end --client helpdesk --as @dana kMPqr0pBQmW8a1J5tqk0wQ",
        ),
    ),
)
@click.argument("name", metavar="ID", cls=_Id)
@click.option("--reason", metavar="TEXT", help="Why; it stands in the audit log.")
@_shows
@click.pass_obj
def _end(run: Run, /, name: str, reason: str | None, **flags: Any) -> None:
    """End one, with every token that came of it.

    Its administrator may, its person, whoever may approve it, and every operator of the server. Exits 1 when
    it has ended already or is not theirs, 4 when the server cannot be reached, 5 when nobody is signed in.
    """
    if flags["who"] is not None:
        _done(run, _Asking(run, flags)("end", impersonation=name, reason=reason))
        return
    _require_none(flags)
    body: JsonObject = {} if reason is None else {"reason": reason}
    _done(run, Manager(run).send("POST", f"/impersonations/{quote(name, safe='')}/end", body).body)


LIST: Final = {"command": _list}
END: Final = {"command": _end}
APPROVE: Final = {
    "command": _decision(
        "approve",
        does="Approve one that waits.",
        examples=(
            (
                "lee lets dana look in",
                "actas impersonate approve --client helpdesk --as @lee kMPqr0pBQmW8a1J5tqk0wQ",
            ),
            (
                "lee shows an ID token",
                "actas impersonate approve --client helpdesk --as @lee --as-type id kMPqr0pBQmW8a1J5tqk0wQ",
            ),
        ),
        more=lambda command: command,
    )
}
REFUSE: Final = {
    "command": _decision(
        "refuse",
        does="Refuse to approve one that waits.",
        examples=(
            (
                "lee does not, and says why",
                "actas impersonate refuse --as @lee kMPqr0pBQmW8a1J5tqk0wQ --reason 'ask her first'",
            ),
        ),
        more=click.option("--reason", metavar="TEXT", help="Why; the log has it, and whoever asked sees it."),
    )
}


def _require_none(flags: dict[str, Any]) -> None:
    """Return when nothing was said of who shows a token, where nobody does.

    Raises:
        Failure: something was, and would not be heard (exit 2).
    """
    for name, value in flags.items():
        if value is not None and (name, value) != ("client_auth", "auto"):
            flag = f"--{name.replace('_', '-')}"
            raise misused(f"{flag} is about a token that --as shows, which is missing", hint="--as TOKEN")


class _Asking:
    """Somebody who shows a token of theirs, as often as there is something to ask."""

    def __init__(self, run: Run, flags: dict[str, Any]) -> None:
        tokens = TokenArguments(run)
        shown, declared, dpop = flags.pop("who"), flags.pop("as_type"), flags.pop("dpop")
        text = tokens.read(shown, flag="--as")
        self._run = run
        self._who = credentials(run, tokens, **flags)
        self._key = None if dpop is None else holder(run, dpop)
        self._ask = asker(run)
        self._server = find_server(run.server(), self._ask)
        self._token = text.value
        self._shown = [
            ("subject_token", text.value.reveal()),
            ("subject_token_type", token_type(declared, text, flag="--as-type")),
        ]

    def __call__(self, action: str, **more: str | None) -> JsonObject:
        """Ask, and return the answer.

        Raises:
            Failure: it was refused, or there is no answer.
        """
        fields = [("action", action), *self._shown]
        fields += [(key, value) for key, value in more.items() if value is not None]

        def request() -> Sent:
            proof = self._who.prove(self._server, now=self._run.now)
            return proven(f"{self._server.issuer}/impersonations", proof, *fields)

        if self._key is None:
            answered = self._ask(request())
        else:
            _, answered = self._key.asks(self._ask, request, token=self._token.reveal())
        document = answered.document()
        if answered.status != 200 or document is None:
            raise failure_of(read_refusal(answered, _NOBODY))
        return document


def _all(asking: _Asking) -> list[JsonObject]:
    """Return every one that somebody may see, page by page."""
    found: list[JsonObject] = []
    following: str | None = None
    while True:
        page = asking("list", cursor=following)
        found += cast("list[JsonObject]", page["impersonations"])
        after = page.get("next")
        if not isinstance(after, str):
            return found
        following = after


def _done(run: Run, one: JsonObject) -> None:
    lines = [
        (Ink(f"{one['state']}", "good" if one["state"] in _LIVE else "bad"), f"  impersonation {one['id']}"),
        f"  {_named(one['administrator'])} as {_named(one['subject'])}: {one['reason']}",
    ]
    if one.get("ended_why"):
        lines.append(f"  {one['state']}: {one['ended_why']}")
    run.out.answer(Answer(kind="actas/Impersonation", body=one, name=str(one["id"]), lines=lines))


def _row(one: JsonObject) -> tuple[str, ...]:
    until = instant_of(one["until"])
    ends = "" if until is None else moment(until)
    why = " ".join(str(one[name]) for name in ("ticket", "reason") if one[name])
    if one.get("ended_why"):
        why = f"{why} ({one['state']}: {one['ended_why']})"
    who, whom = _named(one["administrator"]), _named(one["subject"])
    return (str(one["id"]), str(one["state"]), who, whom, ends, why)


def _named(value: Json) -> str:
    return str(value.get("sub")) if isinstance(value, dict) else ""
