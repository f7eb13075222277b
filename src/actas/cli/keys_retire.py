"""``actas keys retire``: let one key go, in an emergency at once (REL-07)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import click

from actas.cli.amounts import counted
from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.keys_changing import recorded, tell
from actas.cli.minutes import refusals
from actas.cli.output import Line
from actas.cli.recorded import Event, member, text
from actas.cli.run import Run
from actas.cli.sure import make_sure, yes_flag
from actas.cli.tree import command as make
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.keys.rotation import Change

_MOST: Final = 1_000_000
_MOST_SHOWN: Final = 20


@make(
    examples=(
        ("drop a key that is prepared, or let another follow the one that signs", "actas keys retire KID"),
        ("the key leaked: refuse everything it signed, everywhere", "actas keys retire KID --now"),
    ),
    dry_run="rehearses",
)
@configuration_flag
@dev_flag
@click.argument("kid")
@click.option("--now", "at_once", is_flag=True, help="In an emergency: out of the key set now.")
@yes_flag
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool, kid: str, at_once: bool, yes: bool) -> None:
    """Let one key go.

    A key that is prepared is dropped. One that signs is followed by another, as keys rotate does.

    With --now, it leaves the key set, its private half is destroyed, and every running server refuses what
    it signed within seconds; verifiers elsewhere do once their copy of the key set is old, after at most 5
    minutes. If it signs, another key takes over at once. Every token that it signed is listed from the audit
    log. Other keys are left as they are.

    Exits 0, 1 when there is no such key or it cannot be changed, 2 when --now needs --yes, 3 when the
    configuration does not hold, 4 when the data folder or the audit log cannot be used.
    """
    rehearse = run.options.dry_run
    if at_once and not rehearse:
        make_sure(run, [f"Every token that the key {kid} signed will be refused, now and for good."], yes=yes)

    async def job(base: Foundation) -> tuple[tuple[Change, ...], list[Event], Foundation]:
        changes = await recorded(
            base,
            lambda: base.rotation.retire(kid, at_once=at_once, rehearse=rehearse),
            rehearse=rehearse,
        )
        return changes, _signed(base, kid) if at_once else [], base

    with refusals():
        changes, signed, base = on_foundation(run, config, dev=dev, job=job)
    if not at_once:
        tell(run, changes, base)
        return
    tokens = [_token(event, now=base.clock.now()) for event in signed]
    tell(run, changes, base, more={"tokens": [*tokens]}, lines=_lines(tokens, kid))


def _signed(base: Foundation, kid: str) -> list[Event]:
    """Return the entries of every token that a key signed, newest first."""
    from actas.cli.minutes import event_of
    from actas.store.audit_search import search

    return [event_of(one) for one in search(base.audit_log, f'key:"{kid}"', limit=_MOST)]


def _token(event: Event, *, now: float) -> dict[str, Json]:
    given = member(event, "given")
    expires_at = given.get("exp")
    return {
        "entry": event.get("id"),
        "jti": given.get("jti"),
        "client": member(event, "client").get("name"),
        "subject": member(event, "subject").get("sub"),
        "audience": given.get("audience"),
        "expires_at": expires_at,
        "live": isinstance(expires_at, int) and expires_at > now,
    }


def _lines(tokens: Sequence[dict[str, Json]], kid: str) -> list[Line]:
    live = [one for one in tokens if one["live"]]
    if not tokens:
        signed = "No token in the audit log was signed by it."
    else:
        ended = f", of which {len(live)} had not expired:" if live else "; all had expired."
        signed = f"It signed {counted(len(tokens), 'token')} in the audit log{ended}"
    lines: list[Line] = [
        signed,
        *(
            f"  {text(one['entry'])}  {text(one['client'])}  for {text(one['subject']) or 'itself'}"
            for one in live[:_MOST_SHOWN]
        ),
    ]
    if len(live) > _MOST_SHOWN:
        lines.append(f"  and {len(live) - _MOST_SHOWN} more: --json lists every one")
    lines.append(f"All of them, also those that are being signed as it goes: actas audit search key:{kid}")
    return lines
