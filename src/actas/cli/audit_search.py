"""``actas audit search``: find entries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.exits import Exit, Failure
from actas.cli.minutes import (
    Moment,
    When,
    event_of,
    log_alone,
    read_query,
    read_terms,
    refusals,
    tell,
)
from actas.cli.run import Run
from actas.cli.tree import command as make

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.store.audit_search import Found


@make(
    examples=(
        (
            "what was refused to a client today",
            "actas audit search client:orders outcome:refused --since 24h",
        ),
        ("where a token came from", "actas audit search token:@suspicious.jwt"),
    ),
    dry_run="harmless",
)
@configuration_flag
@dev_flag
@click.argument("query", nargs=-1)
@click.option("--since", type=When(), metavar="WHEN", help="Only from then on: 24h, 7d, or a time.")
@click.option("--until", type=When(), metavar="WHEN", help="Only before then.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, help="How many entries; 100.")
@click.pass_obj
def command(
    run: Run,
    /,
    config: tuple[str, ...],
    *,
    dev: bool,
    query: tuple[str, ...],
    since: Moment | None,
    until: Moment | None,
    limit: int,
) -> None:
    """Find entries.

    The newest come first. QUERY is terms that must all hold; without one, every entry is found. A term is
    client:, subject:, actor:, issuer:, api:, scope:, rule:, outcome:, reason:, kind:, grant:, event:, key:,
    policy:, txn:, jti:, digest:, id:, source:, stream:, delivery:, trace: or impersonation: with a value, or
    a bare word. A value that ends in * matches by its beginning, and "..." keeps spaces. token: takes a
    token argument, such as @orders, and finds what names that token.

    Exits 0, 1 when nothing was found, 2 when QUERY cannot be read, or 4 when the log cannot.
    """
    asked = read_query(run, " ".join(query))

    async def job(base: Foundation) -> tuple[Found, ...]:
        from actas.store.audit_search import search

        wanted = asked.text(base.ring.digest)
        read_terms(wanted)
        return search(
            base.audit_log,
            wanted,
            since=None if since is None else since.seen_from(run.now),
            until=None if until is None else until.seen_from(run.now),
            limit=limit + 1,
        )

    with refusals():
        found, following = page(on_foundation(run, config, dev=dev, job=job, broken=log_alone), limit)
    tell(run, [event_of(one) for one in found], empty="nothing was found", following=following)
    if following is not None:
        run.out.talk(f"there are more: --until {following}")
    if not found:
        raise Failure("nothing was found", code="not_found", exit=Exit.NO, told=True)


def page(found: Sequence[Found], limit: int) -> tuple[Sequence[Found], str | None]:
    """Return what to show, newest first, and the ``--until`` that asks for the rest.

    Several entries may be of one millisecond, and ``--until`` can only step over all of them: a page ends
    where the millisecond changes, unless it would be empty then.

    Args:
        found: one more than fits, when there is more.
    """
    if len(found) <= limit:
        return found, None
    first_left_out = found[limit].at
    whole = [one for one in found[:limit] if one.at > first_left_out]
    if not whole:
        return found[:limit], first_left_out
    return whole, _just_after(first_left_out)


def _just_after(at: str) -> str:
    """Return the next millisecond, as entries write instants."""
    instant = datetime.fromisoformat(at)
    millis = instant.microsecond // 1000 + 1
    if millis < 1000:
        return f"{at[:20]}{millis:03d}Z"
    return datetime.fromtimestamp(int(instant.timestamp()) + 1, tz=instant.tzinfo).strftime(
        "%Y-%m-%dT%H:%M:%S.000Z"
    )
