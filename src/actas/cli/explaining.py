"""How an explanation is shown: seven stages, the rules with their conditions, the scope table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actas.cli.output import Answer, Ink, Line
from actas.cli.recorded import Event, member, text
from actas.cli.run import Run
from actas.cli.unruled import unruled
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.admin.explanation import Explanation, Stage
    from actas.policy.explain import RuleLine
    from actas.policy.narrow import ScopeTable

_INDENT = " " * 18

_STAGE = 13
"""Columns of the name of a stage."""

_MOST_STRANGE = 12
"""Columns at most for scopes of a grant that the API has not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the minutes say of an attempt that is explained again.

    Attributes:
        at: when it was, as entries write instants.
        granted: how it ended then.
        what: what was granted, or the error and the reason.
        reason: why it was refused, or None; ``detail`` is the same as a sentence.
        changed: whether the policy has changed since.
        broken: why the entry is not what was written, or None.
        hints: what the log has beside, of why it ended so then.
    """

    entry: str
    at: str
    granted: bool
    what: str
    reason: str | None
    changed: bool
    broken: str | None
    detail: str = ""
    hints: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, event: Event, *, entry: str, policy: str, broken: str | None, before: Iterable[str] = ()
    ) -> Past:
        """Return what an event says.

        Args:
            policy: the version of the policy in force now.
            before: what the log has of before the attempt.
        """
        granted = event.get("outcome") == "granted"
        given = member(event, "given") or member(member(event, "redeemed"), "came")
        kind, scope = text(event.get("kind")), text(given.get("scope"))
        reason = text(event.get("reason"))
        return cls(
            entry=entry,
            at=text(event.get("at")),
            granted=granted,
            what=f"{kind}: {scope}" if granted else f"{text(event.get('error'))}, {reason}",
            reason=None if granted else reason,
            changed=event.get("policy") not in (None, policy),
            broken=broken,
            detail="" if granted else text(event.get("detail")),
            hints=(*before, *unruled(event)),
        )

    def differs(self, found: Explanation) -> bool:
        """Whether it ended otherwise than it would now."""
        return (self.granted, self.reason) != (found.granted, found.reason)


def written_down(event: Event) -> Explanation:
    """Return what an entry says by itself, where there are no rules to decide it by again.

    Raises:
        NotExplainable: it is no attempt.
    """
    from actas.admin.explanation import Explanation
    from actas.admin.rehearsal import NotExplainable

    if event.get("outcome") not in ("granted", "refused"):
        raise NotExplainable(f"{event.get('id')} is {event.get('event')}, which is not an attempt")
    granted = event["outcome"] == "granted"
    return Explanation(
        granted=granted,
        kind=text(event.get("kind")) or None,
        error=None if granted else text(event.get("error")),
        reason=None if granted else text(event.get("reason")),
        detail="" if granted else text(event.get("detail")),
        stages=(),
        rules=(),
        tables=(),
        requested=None,
        scopes=tuple(text(member(event, "given").get("scope")).split()) if granted else (),
        near_miss=None,
        suggestion=None,
        policy=text(event.get("policy")),
    )


def show(
    run: Run, found: Explanation, *, past: Past | None, hints: Sequence[str] = (), everything: bool
) -> None:
    """Answer with an explanation.

    Args:
        past: the past attempt it explains, if any.
        hints: names that are not defined, and which were probably meant.
        everything: also rules that did not match.
    """
    granted = found.granted if past is None else past.granted
    reason = found.reason if past is None else past.reason
    run.out.answer(
        Answer(
            kind="actas/Explanation",
            body=document(found, past=past, hints=hints),
            name="granted" if granted else str(reason),
            lines=list(lines_of(found, past=past, hints=hints, everything=everything)),
        )
    )


def lines_of(
    found: Explanation, *, past: Past | None, hints: Sequence[str], everything: bool
) -> Iterator[Line]:
    """Return an explanation for people, line by line."""
    now = f"{found.kind}: {' '.join(found.scopes)}" if found.granted else f"{found.error}, {found.reason}"
    if past is None:
        yield _headline(now, granted=found.granted)
    else:
        if past.broken is not None:
            yield Ink("✕ what follows is not what was written, or cannot be proven to be", "bad")
            yield f"  {past.broken}"
            yield ""
        yield _headline(past.what, granted=past.granted)
        yield Ink(f"at {past.at}{', and the policy has changed since' if past.changed else ''}", "dim")
        if past.differs(found):
            if past.detail:
                yield f"Why then:          {past.detail}"
                yield from map(_hint, past.hints)
            yield ""
            yield (
                "under the rules of now it would be ",
                _headline(now, granted=found.granted)[0],
                f"  {now}",
            )
    yield ""
    shown = [line for line in found.rules if everything or line.matched is not False]
    wide = max((_STAGE, *(len(stage.name) for stage in found.stages)))
    for stage in found.stages:
        yield _stage(stage, wide)
        if stage.name == "rules":
            yield from _rules(shown)
            if found.near_miss is not None and found.near_miss not in shown:
                near = found.near_miss
                yield (f"{_INDENT}nearest: {near.name}", Ink(f"   {near.place}".rstrip(), "dim"))
                yield from _conditions(found.near_miss)
        if stage.name == "scopes" and found.reason != "connection_paused":  # a pause leaves nothing
            for table in found.tables:
                yield from _table(table, found)
    yield ""
    then = () if past is None or past.differs(found) else past.hints
    yield from _endings(found, shown, (*then, *hints))


def _headline(what: str, *, granted: bool) -> tuple[Ink, str]:
    return (Ink("GRANTED", "good") if granted else Ink("REFUSED", "bad"), f"  {what}")


def _hint(hint: str) -> str:
    return f"{'':<19}{hint}"


def _stage(stage: Stage, wide: int) -> Line:
    mark = {True: Ink("✓", "good"), False: Ink("✕", "bad"), None: Ink("·", "dim")}[stage.passed]
    return (f"  {stage.number} {stage.name:<{wide}} ", mark, f"  {stage.text}")


def _rules(lines: Sequence[RuleLine]) -> Iterator[Line]:
    for line in lines:
        state = {True: "", False: " (did not match)", None: " (cannot be evaluated)"}[line.matched]
        what = f"{line.effect} {' '.join(line.scopes)}".rstrip()
        yield (f"{_INDENT}{line.name} {what}{state}", Ink(f"   {line.place}", "dim"))
        yield from _conditions(line)


def _conditions(line: RuleLine) -> Iterator[Line]:
    for one in line.conditions:
        mark = {True: Ink("✓", "good"), False: Ink("✕", "bad"), None: Ink("✕", "bad")}[one.holds]
        yield (
            f"{_INDENT}  ",
            mark,
            f" {one.field}: {one.wanted}",
            Ink(f"   saw {one.seen or 'nothing'}", "dim"),
        )


def _table(table: ScopeTable, found: Explanation) -> Iterator[Line]:
    requested = set(found.requested or ())
    redeems = found.redeems
    held = table.holds if redeems and table.holds else frozenset[str]()
    strange = sorted(held - table.defines - requested)[:_MOST_STRANGE]  # another server says how many
    columns = sorted(table.defines | requested | frozenset(strange))
    if not columns:
        return
    wide = max(22 if redeems else 20, len(table.api.name) + 2)
    yield f"{_INDENT}{table.api.name:<{wide}}{'  '.join(columns)}"
    left = frozenset(found.scopes) if found.granted else table.leaves & (requested or table.leaves)
    if found.reason == "not_consented":  # nobody is given a part of what they agreed to
        left = frozenset[str]()
    rows = (
        *((("the API defines", table.defines),) if table.api.abroad is None else ()),
        *_bought(table, found),
        *((("the client may ask", table.may_ask),) if table.api.abroad is None else ()),
        ("no rule denies", frozenset(columns) - table.denied),
        ("asked for", frozenset(requested) if found.requested is not None else table.leaves),
        ("would be granted", left),
    )
    for title, scopes in rows:
        pieces: list[str | Ink] = [f"{_INDENT}{title:<{wide}}"]
        for column in columns:
            mark = Ink("●", "good") if column in scopes else Ink("✕", "bad")
            pieces += [mark, " " * (len(column) + 1)]
        yield pieces


def _bought(table: ScopeTable, found: Explanation) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield what the subject token buys; where that is at most what it holds, that and what a rule says.

    Of an API of another domain this server knows no more than what the connection lists.
    """
    if table.api.abroad is not None:
        yield "the connection lists", table.defines
        if table.buys != table.defines:
            yield "the token buys", table.buys
        return
    if table.holds is None or table.lets is None:
        yield "the token buys", table.buys
        return
    yield "the grant says" if found.redeems else "the token holds", table.holds
    if found.kind is not None:  # where none opened, none lists anything
        yield "the connection lists" if found.redeems else "the rule sells", table.lets


def _endings(found: Explanation, shown: Sequence[RuleLine], hints: Sequence[str]) -> Iterator[Line]:
    if found.granted:
        return
    yield f"Why:               {found.detail}"
    yield from map(_hint, hints)
    for line in shown:
        if line.name in found.refused_by and line.effect == "denies":
            yield f'Why the rule:      "{line.reason}"'
    if found.suggestion is not None:
        yield (Ink("Would be granted:  ", "strong"), f'--scope "{" ".join(found.suggestion.scope)}"')
    elif found.near_miss is not None:
        missing = ", ".join(one.field for one in found.near_miss.missed)
        yield f"Nearest:           {found.near_miss.name} would allow it but for {missing}"


def document(found: Explanation, *, past: Past | None, hints: Sequence[str]) -> dict[str, Json]:
    """Return an explanation for programs. ``recorded`` is what the minutes say, the rest what is so now."""
    from actas.admin.told import explained

    recorded: Json = None
    if past is not None:
        recorded = {
            "at": past.at,
            "outcome": "granted" if past.granted else "refused",
            "reason": past.reason,
            "detail": past.detail or None,
            "policy_changed": past.changed,
            "broken": past.broken,
        }
    return {
        "entry": None if past is None else past.entry,
        "recorded": recorded,
        **explained(found),
        "hints": [*(() if past is None else past.hints), *hints],
    }
