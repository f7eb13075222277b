"""``actas audit tail``: the last entries, and those to come."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import click

from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.entries import DAMAGED, document, line
from actas.cli.minutes import event_of, log_alone, read_query, read_terms, refusals, tell
from actas.cli.recorded import Event, text
from actas.cli.run import Run
from actas.cli.tree import command as make
from actas.core.ports import JsonObject

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.audit.kept import KeptLog
    from actas.audit.query import Term
    from actas.store.audit_reader import Follower

PAUSE: Final = 0.5
"""Seconds between two looks while following."""


@make(
    examples=(
        ("the last twenty", "actas audit tail -n 20"),
        (
            "whatever is refused to orders from now on, one JSON document a line",
            "actas audit tail -n 0 --follow --where 'client:orders outcome:refused' -o jsonl",
        ),
    ),
    dry_run="harmless",
)
@configuration_flag
@dev_flag
@click.option("-n", "--number", type=click.IntRange(0, 10_000), default=10, help="How many entries; 10.")
@click.option("--follow", is_flag=True, help="Go on with what is written, until interrupted.")
@click.option("--where", metavar="QUERY", help="Only entries that audit search would find by QUERY.")
@click.pass_obj
def command(
    run: Run, /, config: tuple[str, ...], *, dev: bool, number: int, follow: bool, where: str | None
) -> None:
    """Show the last entries, and follow if asked.

    QUERY is as in audit search. Exits 0, 2 when QUERY cannot be read, or 4 when the log cannot; --follow ends
    with 130 when it is interrupted, and waits for a log that cannot be read for a while.
    """
    query = None if where is None else read_query(run, where)

    async def job(base: Foundation) -> tuple[KeptLog, str]:
        return base.audit_log, "" if query is None else query.text(base.ring.digest)

    log, wanted = on_foundation(run, config, dev=dev, job=job, broken=log_alone)
    with refusals(), log.held():
        terms = read_terms(wanted)
        found, seen, follower = _last(log, wanted, number)
        if not follow:
            tell(run, found, empty="no entry matches" if terms else "there are no entries")
            return
        _show(run, found)
        follow_on(run, follower, terms, seen=seen, pause=time.sleep)


def _last(log: KeptLog, wanted: str, number: int) -> tuple[list[JsonObject], set[tuple[str, int]], Follower]:
    """Return the last entries, oldest first, where they stand, and who reads on from there.

    Where to read on is noted before anything is searched: what is written meanwhile is then seen twice
    rather than never, and the places tell.
    """
    from actas.audit.query import read_event
    from actas.store.audit_reader import tail
    from actas.store.audit_search import search

    lines, follower = tail(log, max(number, 1))
    if wanted:
        found = search(log, wanted, limit=number)[::-1]
        return [event_of(one) for one in found], {(one.stream, one.seq) for one in found}, follower
    events = [read_event(one) or dict(DAMAGED) for one in lines]
    return events[len(events) - min(number, len(events)) :], set(), follower


def follow_on(
    run: Run,
    follower: Follower,
    terms: Sequence[Term],
    *,
    seen: set[tuple[str, int]],
    pause: Callable[[float], None],
) -> None:
    """Show what is written, until whoever pauses it raises.

    Args:
        seen: places of entries that were shown already.
        pause: waits for so many seconds.
    """
    from actas.audit.kept import LogUnreadable
    from actas.audit.query import matches, read_event

    told = False
    while True:
        try:
            lines = follower.more()
        except LogUnreadable as problem:
            if not told:
                run.out.warn(f"{problem}; looking again")
            told = True
            pause(PAUSE)
            continue
        told = False
        events = [read_event(one) or dict(DAMAGED) for one in lines]
        _show(run, [one for one in events if _place(one) not in seen and matches(terms, one)])
        seen = set()  # what was read once is not read again
        pause(PAUSE)


def _place(event: Event) -> tuple[str, int]:
    seq = event.get("seq")
    return text(event.get("stream")), seq if isinstance(seq, int) else 0


def _show(run: Run, events: Sequence[Event]) -> None:
    """Write each entry by itself: who follows cannot wait for the end of a list."""
    for event in events:
        match run.options.format:
            case "table":
                run.out.line(line(event, ascii=run.out.ascii))
            case "name":
                run.out.line(text(event.get("id")))
            case _:
                run.out.document("actas/Entry", document(event))
    run.world.stdout.flush()
