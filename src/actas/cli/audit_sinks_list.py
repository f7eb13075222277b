"""``actas audit sinks list``: the sinks, how far each is, and what went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.minutes import refusals
from actas.cli.output import Listing
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.cli.wording import duration
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.audit.batches import Missing
    from actas.audit.sinks import SinkState
    from actas.settings.definitions import SinkSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """A sink as it is configured, as it is known, and what it has not."""

    settings: SinkSettings
    where: str
    state: SinkState
    missing: Mapping[str, Missing]

    @property
    def word(self) -> str:
        """How it stands, in a word or two."""
        if self.state.paused_by:
            return "paused"
        if self.state.refused or self.changed:
            return "stopped"
        if self.state.trouble:
            return "failing"
        if not self.state.holder:
            return "waiting for a server"
        return "delivering" if self.entries else "up to date"

    @property
    def entries(self) -> int:
        """How many entries it has not."""
        return sum(one.entries for one in self.missing.values())

    @property
    def changed(self) -> str:
        """What of the log does not go on from what it has."""
        return "; ".join(one.changed for one in self.missing.values() if one.changed is not None)

    @property
    def trouble(self) -> str:
        """What is wrong, for people."""
        if self.state.paused_by:
            return f"paused by {self.state.paused_by}"
        return self.changed or self.state.refused or self.state.trouble

    def age(self, now: float) -> float:
        """How many seconds it is behind."""
        since = min((one.since for one in self.missing.values() if one.since), default=0)
        return max(0.0, now - since) if since else 0.0


@make(
    examples=(
        ("how far each is", "actas audit sinks list"),
        ("for a program", "actas audit sinks list --json"),
    ),
    dry_run="harmless",
)
@configuration_flag
@dev_flag
@click.pass_obj
def command(run: Run, /, config: tuple[str, ...], *, dev: bool) -> None:
    """List the sinks, how far each is, and what went wrong.

    A sink is up to date, delivering, failing (it is tried again), stopped (it will not have an entry, or the
    log was changed after it was delivered; see audit sinks skip and rewind), paused, or waiting for a server
    that delivers.

    Exits 0, 3 when the configuration does not hold, 4 when the log or the data folder cannot be read.
    """
    with refusals():
        shown = on_foundation(run, config, dev=dev, job=_look)
    run.out.listing(
        Listing(
            kind="actas/AuditSink",
            items=[_document(one, run.now) for one in shown],
            columns=("SINK", "FORMAT", "STATE", "MISSING", "BEHIND", "WHERE", "TROUBLE"),
            rows=[
                (
                    one.settings.name,
                    one.settings.format,
                    one.word,
                    f"{one.entries:,}",
                    duration(one.age(run.now)) if one.entries else "",
                    one.where,
                    one.trouble,
                )
                for one in shown
            ],
            names=[one.settings.name for one in shown],
            empty="there are no sinks; audit.sinks in the configuration names them",
        )
    )


async def _look(base: Foundation) -> list[_Shown]:
    from actas.app.sinks import sink_store, where
    from actas.audit.batches import missing

    shown: list[_Shown] = []
    for settings in base.definitions.audit.sinks:
        state = await sink_store(base).state(settings.name)
        lacks = missing(base.audit_log, state.has)
        shown.append(_Shown(settings=settings, where=where(settings), state=state, missing=lacks))
    return shown


def _document(one: _Shown, now: float) -> dict[str, Json]:
    state = one.state
    streams: dict[str, Json] = {
        stream: {
            "has": state.has[stream].seq if stream in state.has else 0,
            "missing": one.missing[stream].entries if stream in one.missing else 0,
        }
        for stream in sorted({*state.has, *one.missing})
    }
    due = state.due
    return {
        "name": one.settings.name,
        "format": one.settings.format,
        "where": one.where,
        "state": one.word,
        "streams": streams,
        "missing": one.entries,
        "behind_seconds": round(one.age(now), 3),
        "paused_by": state.paused_by or None,
        "refused": None
        if due is None or not state.refused
        else {"why": state.refused, "stream": due.stream, "from": due.after + 1, "to": due.upto},
        "changed": one.changed or None,
        "trouble": state.trouble or None,
        "trouble_since": state.trouble_since or None,
        "delivered_at": state.delivered_at or None,
    }
