"""How an explanation is shown: seven stages, the rules with their conditions, the scope table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from actas.cli.output import Answer, Ink, Line
from actas.cli.run import Run
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.admin.explanation import Explanation, Stage
    from actas.policy.explain import RuleLine
    from actas.policy.narrow import ScopeTable

_INDENT = " " * 18


def show(run: Run, found: Explanation, *, entry: str | None, when: str | None, everything: bool) -> None:
    """Answer with an explanation.

    Args:
        entry: the past attempt it explains, if any.
        when: when that was, in words.
        everything: also rules that did not match.
    """
    run.out.answer(
        Answer(
            kind="actas/Explanation",
            body=document(found, entry=entry),
            name="granted" if found.granted else str(found.reason),
            lines=list(_lines(found, when=when, everything=everything)),
        )
    )


def _lines(found: Explanation, *, when: str | None, everything: bool) -> Iterator[Line]:
    if found.granted:
        yield (Ink("GRANTED", "good"), f"  {found.kind}: {' '.join(found.scopes)}")
    else:
        yield (Ink("REFUSED", "bad"), f"  {found.error}, {found.reason}")
    if when is not None:
        yield Ink(f"at {when}", "dim")
    yield ""
    shown = [line for line in found.rules if everything or line.matched is not False]
    for stage in found.stages:
        yield _stage(stage)
        if stage.name == "rules":
            yield from _rules(shown)
            if found.near_miss is not None and found.near_miss not in shown:
                yield f"{_INDENT}nearest: {found.near_miss.name}"
                yield from _conditions(found.near_miss)
        if stage.name == "scopes":
            for table in found.tables:
                yield from _table(table, found)
    yield ""
    yield from _endings(found, shown)


def _stage(stage: Stage) -> Line:
    mark = {True: Ink("✓", "good"), False: Ink("✕", "bad"), None: Ink("·", "dim")}[stage.passed]
    return (f"  {stage.number} {stage.name:<13} ", mark, f"  {stage.text}")


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
    columns = sorted(table.defines | requested)
    if not columns:
        return
    yield f"{_INDENT}{table.api.name:<20}{'  '.join(columns)}"
    rows = (
        ("the API defines", table.defines),
        ("the token buys", table.buys),
        ("the client may ask", table.may_ask),
        ("no rule denies", frozenset(columns) - table.denied),
        ("asked for", frozenset(requested) if found.requested is not None else table.leaves),
        (
            "would be granted",
            frozenset(found.scopes) if found.granted else table.leaves & (requested or table.leaves),
        ),
    )
    for title, scopes in rows:
        pieces: list[str | Ink] = [f"{_INDENT}{title:<20}"]
        for column in columns:
            mark = Ink("●", "good") if column in scopes else Ink("✕", "bad")
            pieces += [mark, " " * (len(column) + 1)]
        yield pieces


def _endings(found: Explanation, shown: Sequence[RuleLine]) -> Iterator[Line]:
    if found.granted:
        return
    yield f"Why:               {found.detail}"
    for line in shown:
        if line.name in found.refused_by and line.effect == "denies":
            yield f'Why the rule:      "{line.reason}"'
    if found.suggestion is not None:
        yield (Ink("Would be granted:  ", "strong"), f'--scope "{" ".join(found.suggestion.scope)}"')
    elif found.near_miss is not None:
        missing = ", ".join(one.field for one in found.near_miss.missed)
        yield f"Nearest:           {found.near_miss.name} would allow it but for {missing}"


def document(found: Explanation, *, entry: str | None) -> dict[str, Json]:
    """Return an explanation for programs."""
    return {
        "entry": entry,
        "outcome": "granted" if found.granted else "refused",
        "exchange": found.kind,
        "error": found.error,
        "reason": found.reason,
        "detail": found.detail,
        "policy": found.policy,
        "scope": [*found.scopes],
        "stages": [
            {"number": one.number, "name": one.name, "passed": one.passed, "text": one.text}
            for one in found.stages
        ],
        "rules": [_rule_document(line) for line in found.rules],
        "scopes": [_table_document(table) for table in found.tables],
        "near_miss": None if found.near_miss is None else found.near_miss.name,
        "would_be_granted": None if found.suggestion is None else {"scope": [*found.suggestion.scope]},
    }


def _rule_document(line: RuleLine) -> Json:
    conditions: list[Json] = [
        {"field": one.field, "wanted": one.wanted, "holds": one.holds, "seen": one.seen}
        for one in line.conditions
    ]
    return {
        "name": line.name,
        "effect": line.effect,
        "kind": line.kind,
        "place": line.place,
        "matched": line.matched,
        "reason": line.reason,
        "scopes": [*line.scopes],
        "conditions": conditions,
    }


def _table_document(table: ScopeTable) -> Json:
    return {
        "api": table.api.name,
        "defines": [*sorted(table.defines)],
        "buys": [*sorted(table.buys)],
        "may_ask": [*sorted(table.may_ask)],
        "denied": [*sorted(table.denied)],
        "leaves": [*sorted(table.leaves)],
    }
