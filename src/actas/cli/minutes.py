"""What the commands that read the minutes share: queries with tokens in them, instants, and what goes wrong.

How an entry is shown is ``entries``'s; where it stands and who sealed it, ``standing``'s.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import click

from actas.cli.entries import DAMAGED, line, listing
from actas.cli.exits import Exit, Failure, misused
from actas.cli.recorded import Event
from actas.cli.run import Run
from actas.cli.tokens import TokenArguments
from actas.cli.values import Instant, Span
from actas.cli.wording import listed
from actas.core.ports import JsonObject

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.audit.query import Term
    from actas.store.audit_search import Found

# Quoted text is passed over as a whole: what looks like a term inside it is none.
_TOKEN: Final = re.compile(r'(?<!\S)token:(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]+))(?=\s|$)|"[^"]*"')


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as it was typed: so long ago, or itself.

    Attributes:
        ago: seconds, or None.
        at: seconds since the epoch, or None.
    """

    ago: float | None = None
    at: float | None = None

    def seen_from(self, now: float) -> float:
        """Return it in seconds since the epoch."""
        return now - self.ago if self.ago is not None else self.at or 0.0


class When(click.ParamType[Moment]):
    """A span with a unit, counted back from now, such as ``24h``; or an instant, as ``--at`` takes one."""

    name = "when"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Moment:
        if isinstance(value, Moment):
            return value
        typed = str(value).strip()
        if re.fullmatch(r"[0-9.]+(?:ms|s|m|h|d)", typed):
            return Moment(ago=Span().convert(typed, param, ctx))
        try:
            return Moment(at=Instant().convert(typed, param, ctx))
        except click.BadParameter:
            self.fail(
                f"{value!r} is neither a span such as 24h nor a time such as 2026-11-23T14:05:00Z", param, ctx
            )


@dataclass(frozen=True, slots=True)
class Query:
    """A query as it was typed, with the tokens that its terms stand for.

    Attributes:
        typed: the text.
        tokens: each token, by the argument that gave it.
    """

    typed: str
    tokens: dict[str, str]

    def text(self, digest: Callable[[str], str]) -> str:
        """Return the query that the log is searched with: no token is in it.

        Args:
            digest: the keyed digest by which the minutes name a token.
        """

        def replaced(found: re.Match[str]) -> str:
            argument = found["quoted"] or found["plain"]
            return found[0] if argument is None else f'digest:"{digest(self.tokens[argument])}"'

        return _TOKEN.sub(replaced, self.typed)


def read_query(run: Run, typed: str) -> Query:
    """Return a query, with its token arguments read.

    Raises:
        Failure: there is no such token (exit 2).
    """
    arguments, tokens = TokenArguments(run), dict[str, str]()
    for found in _TOKEN.finditer(typed):
        argument = found["quoted"] or found["plain"]
        if argument is not None and argument not in tokens:
            tokens[argument] = arguments.read(argument, flag="token:").value.reveal()
    return Query(typed, tokens)


def read_terms(text: str) -> tuple[Term, ...]:
    """Return the terms of a query without tokens.

    Raises:
        BadQuery: it cannot be read.
        Failure: a term asks for an outcome or an event that no entry can have (exit 2).
    """
    from actas.audit.query import read_query as read
    from actas.core.events import EVENTS
    from actas.core.suggest import did_you_mean

    closed: dict[tuple[str, ...], tuple[str, ...]] = {
        ("outcome",): ("granted", "refused"),
        ("event",): tuple(EVENTS),
    }
    terms = read(text)
    for term in terms:
        known = closed.get(term.fields)
        if known is None or term.value in known:
            continue
        if not (term.prefix and any(one.startswith(term.value) for one in known)):
            (field,) = term.fields
            typed = f"{term.value}*" if term.prefix else term.value
            raise misused(
                f"there is no {field} {typed!r}{did_you_mean(term.value, known)}",
                hint=f"{field} is {listed(known, last='or')}",
            )
    return terms


def event_of(found: Found) -> JsonObject:
    """Return an entry that was found; one that is damaged or gone says where it should be."""
    place: JsonObject = {"id": found.id, "at": found.at, "stream": found.stream, "seq": found.seq}
    return found.event or {**DAMAGED, **place}


def tell(run: Run, events: Sequence[Event], *, empty: str, following: str | None = None) -> None:
    """Answer with entries, in the form that was asked for.

    Args:
        empty: what people are told when there are none.
        following: what asks for the rest, or None.
    """
    if run.options.format != "table":
        run.out.listing(listing(events, following=following))
        return
    for event in events:
        run.out.line(line(event, ascii=run.out.ascii))
    if not events:
        run.out.talk(empty)


def log_alone(_base: Foundation) -> str:
    """Say what a configuration that does not hold means for whoever reads the log: nothing."""
    return "the log is read without it"


@contextlib.contextmanager
def refusals() -> Generator[None]:
    """Make what can go wrong with reading the minutes into failures."""
    from actas.audit.kept import LogUnreadable, SearchUnavailable
    from actas.audit.query import BadQuery

    hint = "actas audit verify says what is wrong with the log"
    try:
        yield
    except BadQuery as bad:
        raise misused(str(bad), hint="actas audit search --help") from bad
    except SearchUnavailable as away:
        raise Failure(str(away), code="search", exit=Exit.UNFINISHED, hint=hint) from away
    except LogUnreadable as problem:
        message = f"the log cannot be read: {problem}"
        raise Failure(message, code="log", exit=Exit.UNFINISHED, hint=hint) from problem
