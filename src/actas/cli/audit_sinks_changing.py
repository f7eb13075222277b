"""``actas audit sinks pause|resume|skip|rewind``: what an operator may do, each on the record (SEC-89)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

import click

from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.exits import Exit, Failure, misused
from actas.cli.minutes import refusals
from actas.cli.output import Answer
from actas.cli.run import Run
from actas.cli.sure import make_sure, yes_flag
from actas.cli.tree import command as make
from actas.cli.who import operator
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.audit.chain import Head
    from actas.audit.sinks import Due
    from actas.core.events import EventName
    from actas.store.sinks import SqlSinks

MOST_REASON: Final = 500
"""Characters of a reason."""

_NAME: Final = click.argument("name")
_REASON: Final = click.option("--reason", required=True, metavar="TEXT", help="Why; it is written down.")


@make(
    examples=(
        ("while its receiver is being moved", "actas audit sinks pause siem --reason 'new address'"),
        ("who would do it", "actas audit sinks pause siem --reason test --dry-run"),
    ),
    dry_run="rehearses",
)
@configuration_flag
@dev_flag
@_NAME
@_REASON
@click.pass_obj
def pause(run: Run, /, config: tuple[str, ...], *, dev: bool, name: str, reason: str) -> None:
    """Deliver nothing more to a sink.

    What is being delivered just now is finished. Nothing is lost: deliveries go on where they stopped, with
    audit sinks resume.

    Exits 0, 1 when there is no such sink, 4 when it cannot be written down.
    """

    async def deed(base: Foundation, store: SqlSinks) -> dict[str, Json]:
        del base
        await store.pause(name, by=operator())
        return {}

    _do(run, config, dev=dev, name=name, event="sinks:paused", reason=reason, deed=deed, done="paused")


@make(
    examples=(
        ("after a pause", "actas audit sinks resume siem --reason 'moved'"),
        ("after its receiver was mended", "actas audit sinks resume siem --reason 'accepts the field now'"),
    ),
    dry_run="rehearses",
)
@configuration_flag
@dev_flag
@_NAME
@_REASON
@click.pass_obj
def resume(run: Run, /, config: tuple[str, ...], *, dev: bool, name: str, reason: str) -> None:
    """Let deliveries go on, and try at once.

    Ends a pause, and does not wait any longer for the next try of what failed or was refused.

    Exits 0, 1 when there is no such sink, 4 when it cannot be written down.
    """

    async def deed(base: Foundation, store: SqlSinks) -> dict[str, Json]:
        del base
        await store.pause(name, by="")
        await store.retry(name)
        return {}

    _do(run, config, dev=dev, name=name, event="sinks:resumed", reason=reason, deed=deed, done="resumed")


@make(
    examples=(
        ("see what it would be", "actas audit sinks skip siem --reason 'ticket 4711' --dry-run"),
        ("do it", "actas audit sinks skip siem --reason 'ticket 4711' --yes"),
    ),
    dry_run="rehearses",
)
@configuration_flag
@dev_flag
@_NAME
@_REASON
@yes_flag
@click.pass_obj
def skip(run: Run, /, config: tuple[str, ...], *, dev: bool, name: str, reason: str, yes: bool) -> None:
    """Pass over what a sink will not have.

    Only what the sink refused, as audit sinks list --json shows it: the sink does not get it, everything
    after it is delivered, and the log says who decided that. It stays in the log itself.

    Exits 0, 1 when there is no such sink or it refuses nothing, 2 when --yes is needed, 4 when it cannot be
    written down.
    """

    async def refused(base: Foundation, store: SqlSinks) -> Due:
        del base
        state = await store.state(name)
        if not state.refused or state.due is None:
            raise Failure(
                f"the sink {name} refuses nothing",
                code="nothing_refused",
                exit=Exit.NO,
                hint="actas audit sinks list says how it stands",
            )
        return state.due

    due = _ask(run, config, dev=dev, name=name, what=refused)
    many = f"entries {due.after + 1} to {due.upto}" if due.upto > due.after + 1 else f"entry {due.upto}"
    if not run.options.dry_run:
        make_sure(run, [f"The sink {name} will never get {many} of {due.stream}."], yes=yes)

    async def deed(base: Foundation, store: SqlSinks) -> dict[str, Json]:
        if not await store.skip(name, due, has=_head(base, due)):
            message = f"the sink {name} refuses something else by now"
            raise Failure(message, code="changed", exit=Exit.NO, hint="look again: actas audit sinks list")
        return {}

    place: dict[str, Json] = {"of": due.stream, "from": due.after + 1, "to": due.upto}
    _do(
        run,
        config,
        dev=dev,
        name=name,
        event="sinks:skipped",
        reason=reason,
        deed=deed,
        done=f"will not get {many} of {due.stream}",
        place=place,
    )


@make(
    examples=(
        ("a receiver lost its copy", "actas audit sinks rewind lake s1 --reason 'disk replaced'"),
        ("after the log was restored from a backup", "actas audit sinks rewind siem s1 --reason 'restored'"),
    ),
    dry_run="rehearses",
)
@configuration_flag
@dev_flag
@_NAME
@click.argument("stream")
@_REASON
@click.pass_obj
def rewind(run: Run, /, config: tuple[str, ...], *, dev: bool, name: str, stream: str, reason: str) -> None:
    """Deliver a stream again from its beginning.

    For a receiver that lost its copy, and for a log that is not the one any more that was delivered. The
    receiver gets entries again that it may have; each has its stream and its number. STREAM is s1, s2 and so
    on, or checkpoints.

    Exits 0, 1 when there is no such sink or stream, 4 when it cannot be written down.
    """

    async def deed(base: Foundation, store: SqlSinks) -> dict[str, Json]:
        del base
        await store.rewind(name, stream)
        return {}

    async def known(base: Foundation, store: SqlSinks) -> None:
        if stream not in (await store.state(name)).has and stream not in base.audit_log.streams():
            message = f"there is no stream {stream!r}"
            raise Failure(message, code="not_found", exit=Exit.NO, hint="actas audit sinks list --json")

    _ask(run, config, dev=dev, name=name, what=known)
    _do(
        run,
        config,
        dev=dev,
        name=name,
        event="sinks:rewound",
        reason=reason,
        deed=deed,
        done=f"gets {stream} again from its beginning",
        place={"of": stream},
    )


COMMANDS: Final = {"pause": pause, "resume": resume, "skip": skip, "rewind": rewind}
"""The commands by their names."""


def _ask(
    run: Run,
    config: tuple[str, ...],
    *,
    dev: bool,
    name: str,
    what: Callable[[Foundation, SqlSinks], Awaitable[Any]],
) -> Any:
    """Return what is found out about a sink, before anything is changed."""

    async def job(base: Foundation) -> Any:
        return await what(base, _store(base, name))

    with refusals():
        return on_foundation(run, config, dev=dev, job=job)


def _do(
    run: Run,
    config: tuple[str, ...],
    *,
    dev: bool,
    name: str,
    event: EventName,
    reason: str,
    deed: Callable[[Foundation, SqlSinks], Awaitable[dict[str, Json]]],
    done: str,
    place: dict[str, Json] | None = None,
) -> None:
    """Write down what an operator does, and then do it."""
    if not reason.strip() or len(reason) > MOST_REASON:
        raise misused(f"--reason is a sentence of at most {MOST_REASON} characters")

    async def job(base: Foundation) -> None:
        from actas.app.minutes import own_minutes

        store = _store(base, name)
        if run.options.dry_run:
            return
        async with own_minutes(base) as minutes:
            await minutes.note(event, sink=name, why=reason, operator=operator(), **(place or {}))
            await deed(base, store)

    with refusals():
        on_foundation(run, config, dev=dev, job=job)
    rehearsed = run.options.dry_run
    body: dict[str, Json] = {"name": name, "dry_run": rehearsed, "event": event, **(place or {})}
    line = f"{'would be done: ' if rehearsed else ''}the sink {name} {'is ' if ' ' not in done else ''}{done}"
    run.out.answer(Answer(kind="actas/AuditSinkChange", body=body, name=name, lines=[line]))


def _store(base: Foundation, name: str) -> SqlSinks:
    from actas.app.sinks import sink_store
    from actas.core.suggest import did_you_mean

    known = [one.name for one in base.definitions.audit.sinks]
    if name not in known:
        message = f"there is no sink {name!r}{did_you_mean(name, known)}"
        raise Failure(message, code="not_found", exit=Exit.NO, hint="audit.sinks in the configuration")
    return sink_store(base)


def _head(base: Foundation, due: Due) -> Head:
    """Return the end of what is passed over."""
    from actas.audit.chain import Head, line_hash
    from actas.audit.formats.entry import CHECKPOINTS
    from actas.store.audit_reader import line_at

    if due.stream == CHECKPOINTS:  # nobody compares the hash of a checkpoint: it is signed
        return Head(due.upto, "")
    line = line_at(base.audit_log, due.stream, due.upto)
    if line is None:
        message = f"the log does not hold entry {due.upto} of {due.stream} any more"
        raise Failure(message, code="log", exit=Exit.UNFINISHED, hint="actas audit verify")
    return Head(due.upto, line_hash(line))
