"""An explanation as a document: one form for the command line and for the management API."""

from __future__ import annotations

from actas.admin.explanation import Explanation
from actas.core.ports import Json, JsonObject
from actas.policy.explain import RuleLine
from actas.policy.narrow import ScopeTable


def explained(found: Explanation) -> JsonObject:
    """Return what an explanation says is so now."""
    return {
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
        "rules": [_rule(line) for line in found.rules],
        "scopes": [_table(table) for table in found.tables],
        "near_miss": None if found.near_miss is None else found.near_miss.name,
        "would_be_granted": None if found.suggestion is None else {"scope": [*found.suggestion.scope]},
    }


def _rule(line: RuleLine) -> JsonObject:
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


def _table(table: ScopeTable) -> JsonObject:
    return {
        "api": table.api.name,
        "defines": [*sorted(table.defines)],
        "buys": [*sorted(table.buys)],
        "may_ask": [*sorted(table.may_ask)],
        "denied": [*sorted(table.denied)],
        "leaves": [*sorted(table.leaves)],
        "holds": None if table.holds is None else [*sorted(table.holds)],
        "lets": None if table.lets is None else [*sorted(table.lets)],
    }
