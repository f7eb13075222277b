"""What only plain grants have, turned into the values that the other packages work with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, REFRESH_TOKEN, TokenType
from actas.policy.rule import ScopeMap
from actas.settings.compile_parties import token_types
from actas.settings.schema_chaining import WAYS, TranscribedClaim

_USUAL: Final = frozenset({ACCESS_TOKEN, ID_TOKEN, REFRESH_TOKEN})
_WORD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_Claims = Mapping[str, TranscribedClaim] | None


def shown_by(short: Iterable[str] | None) -> frozenset[TokenType]:
    """Return what may show the people of a connection."""
    return _USUAL if short is None else token_types(short)


def sold_by(scopes: Mapping[str, list[str]]) -> ScopeMap:
    """Return what the scopes of a subject token buy; ``any`` is what an ID token does, which holds none."""
    bought = {held: frozenset(sold) for held, sold in scopes.items() if held != "any"}
    return ScopeMap(bought=bought, signed_in=frozenset(scopes.get("any", ())))


def sources_of(claims: _Claims) -> dict[str, str]:
    """Return the expression of each claim that crosses, without those that cross unchanged."""
    return {name: _source(one) for name, one in (claims or {}).items() if name not in WAYS}


def optional_of(claims: _Claims) -> frozenset[str]:
    """Return the names of those that may be missing."""
    return frozenset(name for name, one in (claims or {}).items() if not one.required)


def ways_of(claims: _Claims) -> frozenset[str]:
    """Return those that cross unchanged or not at all (IDC-57)."""
    return frozenset(claims or ()) & frozenset(WAYS)


def present(claims: _Claims) -> Iterator[str]:
    """Yield a condition for each of these that must be there."""
    for name in WAYS:
        if name in (claims or {}) and (claims or {})[name].required:
            yield f"has(subject.claims.{name})"


def _source(claim: TranscribedClaim) -> str:
    if claim.value is not None:
        return claim.value
    name = claim.claim or ""
    return f"subject.claims.{name}" if _WORD.fullmatch(name) else f'subject.claims["{name}"]'
