"""``actas revoke``: end a token and everything that was exchanged from it, on every node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from actas.cli.amounts import counted
from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.exits import Exit, Failure, misused
from actas.cli.minutes import event_of, refusals
from actas.cli.output import Answer, Ink
from actas.cli.recorded import Event, member
from actas.cli.run import Run
from actas.cli.sure import make_sure, yes_flag
from actas.cli.tokens import TOKEN_HELP, TokenArguments
from actas.cli.tree import command as make
from actas.cli.who import operator
from actas.core.person import subject_of

if TYPE_CHECKING:
    from actas.admin.revoking import Revoking, Wanted
    from actas.app.foundation import Foundation
    from actas.store.audit_search import Found

_MOST: Final = 1_000_000
_WAYS: Final = ("token", "chain", "entry", "subject", "client", "undelivered")
_SHOWN: Final = 20
_TOGETHER: Final = 1000
"""Revocations in one audit entry, whose size is bounded, and in one transaction."""


@make(
    examples=(
        (
            "a token that leaked, and all that was exchanged from it",
            'actas revoke @leaked.jwt --reason "in a public log" --yes',
        ),
        (
            "everything that alice has a part in so far",
            'actas revoke --subject alice@acme.example --reason "HELP-311" --yes',
        ),
    ),
    dry_run="rehearses",
)
@configuration_flag
@dev_flag
@click.argument("token", required=False)
@click.option("--chain", metavar="ID", help="Everything that began with the token of this jti: a txn.")
@click.option("--from", "entry", metavar="ENTRY", help="The token that this audit entry gave.")
@click.option(
    "--subject",
    metavar="WHO",
    help="Whatever this person or service has a part in so far; a user of the server is actas:NAME.",
)
@click.option("--client", metavar="NAME", help="Whatever this client asked for or acts in so far.")
@click.option(
    "--undelivered", is_flag=True, help="Every live token of which nobody knows whether it arrived."
)
@click.option("--reason", metavar="TEXT", required=True, help="Why, for the audit log.")
@yes_flag
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool, reason: str, yes: bool, **asked: Any) -> None:
    """End a token and everything that was exchanged from it.

    Every node refuses it within five seconds, and so does whoever follows the feed of revocations. A token is
    ended for good. Of a person or a client, what they have so far is ended; what is issued to them later is
    good: to keep them out, disable them.

    Works over the data folder or the database of the servers, which may run. With --dry-run, what would be
    ended is shown and nothing is.

    Exits 0, 1 when there is no such thing, 2 when it needs --yes, 3 when the configuration does not hold, 4
    when the database or the audit log cannot be used.

    A TOKEN is @name for a saved one, @file, - for stdin, env:NAME, or the text itself.
    """
    given = [way for way in _WAYS if asked[way]]
    if len(given) != 1:
        raise misused(
            "say one thing to end: a TOKEN, --chain, --from, --subject, --client or --undelivered",
            hint="actas revoke --help",
        )
    if not reason.strip():
        raise misused("--reason is empty")
    if asked["token"] is not None:
        asked["token"] = TokenArguments(run).read(asked["token"], flag="TOKEN").value.reveal()
    with refusals():
        wanted, users = on_foundation(
            run, config, dev=dev, job=lambda base: _looked_up(base, given[0], asked)
        )
        _warn(run, asked["subject"], users)
        if run.options.dry_run or not wanted:
            _tell(run, wanted, None)
            return
        make_sure(
            run, [f"Ends {one.name} and everything exchanged from it." for one in wanted[:_SHOWN]], yes=yes
        )
        done = on_foundation(
            run, config, dev=dev, job=lambda base: _revoke(base, given[0], asked, reason=reason)
        )
    _tell(run, *done)


async def _looked_up(
    base: Foundation, way: str, asked: dict[str, Any]
) -> tuple[list[Wanted], frozenset[str]]:
    """Return what is to be ended, and the subjects of the server's own users."""
    return await _wanted(base, way, asked), frozenset(base.catalog.people)


def _warn(run: Run, whom: str | None, users: frozenset[str]) -> None:
    """Say so when somebody is named as a user of the server types it, and not as tokens name them."""
    if whom is not None and subject_of(whom) in users:
        run.out.warn(f"this ends nothing of the user {whom}, whom tokens call {subject_of(whom)}")


async def _wanted(base: Foundation, way: str, asked: dict[str, Any]) -> list[Wanted]:
    from actas.admin.revoking import Revoking
    from actas.core.errors import BadToken

    revoking = Revoking(
        issuer=base.issuer, marking=base.ring, digest=base.ring.digest, now=int(base.clock.now())
    )
    match way:
        case "token":
            try:
                return [await _token(base, asked["token"], revoking)]
            except BadToken as bad:
                raise misused(f"TOKEN cannot be read: {bad.detail}", hint=f"a TOKEN is {TOKEN_HELP}") from bad
        case "chain":
            return [revoking.token_id(asked["chain"])]
        case "entry":
            return [_given(base, asked["entry"], revoking)]
        case "client":
            _require_client(base, asked["client"])
            return [revoking.party(asked["client"])]
        case "subject":
            return [revoking.party(asked["subject"])]
        case _:
            return _undelivered(base, revoking)


async def _token(base: Foundation, text: str, revoking: Revoking) -> Wanted:
    from actas.app.own_tokens import renewals
    from actas.core.opaque import REFRESH, begins_like

    if not begins_like(text, REFRESH):
        return revoking.token(text)
    # Its text names no family: only the database knows which one it belongs to.
    _, family, ends_at = await renewals(base).owner(text)
    return revoking.token_id(family, expires_at=ends_at)


def _given(base: Foundation, entry: str, revoking: Revoking) -> Wanted:
    from actas.store.audit_search import show

    line = show(base.audit_log, entry)
    found = _token_of(line, revoking)
    if found is None:
        what = f"there is no entry {entry}" if line is None else f"the entry {entry} gave no token"
        raise Failure(what, code="not_found", exit=Exit.NO, hint="actas audit search finds entries")
    return found


def _token_of(line: Found | None, revoking: Revoking) -> Wanted | None:
    """Return the token that an entry gave, if it gave one."""
    given: Event = {} if line is None else member(event_of(line), "given")
    name, expires_at = given.get("jti"), given.get("exp")
    if not isinstance(name, str) or not isinstance(expires_at, int):
        return None
    return revoking.token_id(name, expires_at=expires_at)


def _require_client(base: Foundation, name: str) -> None:
    from actas.core.suggest import did_you_mean

    if base.catalog.client(name) is None:
        message = f"there is no client {name!r}{did_you_mean(name, base.catalog.clients)}"
        raise Failure(
            message,
            code="not_found",
            exit=Exit.NO,
            hint="tokens of a client that was removed are refused anyway",
        )


def _undelivered(base: Foundation, revoking: Revoking) -> list[Wanted]:
    from actas.audit.query import undelivered_ids
    from actas.store.audit_search import search, show

    log = base.audit_log
    told = [event_of(one) for one in search(log, "event:log:*", limit=_MOST)]
    entries = dict.fromkeys(one for event in told for one in undelivered_ids(dict(event)))
    tokens = [_token_of(show(log, entry), revoking) for entry in entries]
    return [one for one in tokens if one is not None and one.until > revoking.now]


async def _revoke(
    base: Foundation, way: str, asked: dict[str, Any], *, reason: str
) -> tuple[list[Wanted], str | None]:
    """Revoke what is to be ended by now, write it down, and return it with the first entry.

    It is looked for again: whoever was asked may have thought for a while, and what a person or a client was
    given meanwhile is ended too.
    """
    from actas.app.minutes import own_minutes
    from actas.audit.log import draw_up, write_kept
    from actas.core.ports import SystemChance

    wanted = await _wanted(base, way, asked)
    entries: list[str] = []
    async with own_minutes(base) as minutes:
        for first in range(0, len(wanted), _TOGETHER):
            part = wanted[first : first + _TOGETHER]
            record = draw_up(
                "revocation:granted",
                now=base.clock.now(),
                chance=SystemChance(),
                revoked=[one.name for one in part],
                why=reason[:500],
                operator=operator(),
            )
            entries.append(record.entry)
            await base.revoked.add([one.revoked(record.entry) for one in part], record=record)
            await write_kept(minutes, record, kept=base.revoked)
    return wanted, entries[0] if entries else None


def _tell(run: Run, wanted: Sequence[Wanted], entry: str | None) -> None:
    names = [one.name for one in wanted]
    lines: list[Any] = []
    if not wanted:
        lines.append("there is nothing to end")
    for name in names[:_SHOWN]:
        done = (Ink("ended", "bad"), f"  {name}, and everything exchanged from it")
        lines.append(done if entry else f"would end  {name}, and everything exchanged from it")
    if len(names) > _SHOWN:
        lines.append(
            f"  and {counted(len(names) - _SHOWN, 'more token', 'more tokens')}: --json lists every one"
        )
    if entry:
        lines.append(f"entry {entry}")
    run.out.answer(
        Answer(
            kind="actas/Revocation",
            body={"dry_run": run.options.dry_run, "revoked": [*names], "entry": entry},
            name=entry or "",
            lines=lines,
        )
    )
    if run.options.dry_run:
        run.out.talk("nothing was ended: this was --dry-run")
