"""``actas audit search``: find entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from actas.cli.configuration import configuration_flag, dev_flag, on_foundation
from actas.cli.entries import COLUMNS, document, row
from actas.cli.exits import Exit, Failure, misused
from actas.cli.output import Listing
from actas.cli.run import Run
from actas.cli.tokens import TokenArguments
from actas.cli.tree import command as make
from actas.cli.values import Instant, Span

if TYPE_CHECKING:
    from actas.app import Foundation
    from actas.store.audit_search import Found

TOKEN = "token:"


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
@click.argument("query", nargs=-1, required=True)
@click.option("--since", type=Span(), metavar="SPAN", help="Only the last 24h, 30m, 7d…")
@click.option("--until", type=Instant(), metavar="TIME", help="Only before this instant.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, help="How many entries; 100.")
@click.pass_obj
def command(
    run: Run,
    /,
    config: tuple[str, ...],
    *,
    dev: bool,
    query: tuple[str, ...],
    since: float | None,
    until: float | None,
    limit: int,
) -> None:
    """Find entries.

    The newest come first. QUERY is terms that must all hold: client:, subject:, actor:, api:, rule:,
    outcome:, reason:, kind:, txn:, jti:, event:, source: with a value (a * at its end matches any ending),
    token: with a token argument, delivery:unknown, or bare words.
    """
    arguments = TokenArguments(run)
    presented = {
        term: arguments.read(term.removeprefix(TOKEN), flag=TOKEN).value.reveal()
        for term in query
        if term.startswith(TOKEN)
    }

    async def job(base: Foundation) -> tuple[Found, ...]:
        from actas.audit.query import BadQuery
        from actas.store.audit_projection import SearchUnavailable
        from actas.store.audit_search import search

        terms = [f"digest:{base.ring.digest(presented[one])}" if one in presented else one for one in query]
        begins = None if since is None else run.now - since
        try:
            return search(base.audit_folder, " ".join(terms), since=begins, until=until, limit=limit)
        except BadQuery as bad:
            raise misused(str(bad), hint="actas audit search --help") from bad
        except SearchUnavailable as away:
            raise Failure(str(away), code="search", exit=Exit.UNFINISHED) from away

    found = on_foundation(run, config, dev=dev, job=job)
    run.out.listing(
        Listing(
            kind="actas/Entry",
            items=[document(one.event) for one in found],
            columns=COLUMNS,
            rows=[row(one.event) for one in found],
            names=[one.id for one in found],
            empty="nothing was found",
        )
    )
    if not found:
        raise Failure("nothing was found", code="not_found", exit=Exit.NO, told=True)
