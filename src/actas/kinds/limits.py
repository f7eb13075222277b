"""What may be granted at most, and the refusals of more: scopes, depth and life. Pure, and only ever less."""

from __future__ import annotations

from typing import Final, NamedTuple

from actas.core.confirmation import Confirmation
from actas.core.details import Details
from actas.core.errors import InvalidRequest, InvalidScope
from actas.core.lineage import MOST_MARKS, Lineage
from actas.core.party import Actor
from actas.core.permit import Proposal, Refusal
from actas.core.spans import span
from actas.core.wire import ID_TOKEN, JWT_BEARER
from actas.kinds.kind import Kind
from actas.policy.connections import connection_of
from actas.policy.decide import Verdict
from actas.policy.narrow import NO_SCOPES, ScopeTable, scope_table, shared
from actas.policy.rule import KindWord, PolicyDefaults

_OF_GRANTS: Final[tuple[KindWord, ...]] = ("redemption", "chained")
"""The kinds of exchange by which grants of other domains are redeemed."""

_LONGEST: Final = 300
"""Most characters of scopes in a sentence."""


class Limits(NamedTuple):
    """What was found to be granted.

    Attributes:
        actors: the chain of the new token, newest first.
        lifetime: its life in seconds.
        confirmation: the key that it is bound to, or None.
        lineage: what it comes from.
        details: the authorization details of it.
    """

    scope: frozenset[str]
    actors: tuple[Actor, ...]
    lifetime: int
    confirmation: Confirmation | None
    lineage: Lineage
    details: Details = ()


def scope_tables(
    proposal: Proposal, kind: Kind | None, verdicts: tuple[Verdict, ...]
) -> tuple[ScopeTable, ...]:
    """Return what becomes of the scopes at every target.

    Under one kind: the chosen one, else the first that was considered.

    Args:
        kind: the chosen kind, or None when no rule allows one.
        verdicts: what the rules said; of one kind, or of all that were considered.
    """
    client, held, renewal = proposal.client, proposal.subject.scope, proposal.renewal
    signed_in = proposal.subject.token_type == ID_TOKEN
    tables = tuple(
        [
            scope_table(verdict, client=client, held=held, signed_in=signed_in)
            for verdict in verdicts
            if kind is not None or verdict.kind == verdicts[0].kind
        ]
    )
    if renewal is not None:
        # Never more than was granted when it began (RFC 6749 section 6).
        return tuple([table.only(renewal.family.scope) for table in tables])
    # What a grant says is so, whether or not it is redeemed.
    only_held = proposal.grant_type == JWT_BEARER if kind is None else kind.only_held
    return tuple([table.only_held(held) for table in tables]) if only_held else tables


def granted_scopes(
    requested: frozenset[str] | None,
    kind: Kind | None,
    tables: tuple[ScopeTable, ...],
    verdicts: tuple[Verdict, ...],
    defaults: PolicyDefaults,
    *,
    none_will_do: bool = False,
) -> tuple[frozenset[str], Refusal | None]:
    """Return the scopes to grant, and the refusal when that is none or less than was asked for.

    Args:
        requested: the scopes asked for, or None when none were named (RFC 6749 section 3.3).
        kind: the chosen kind, or None.
        tables: what becomes of the scopes at every target.
        defaults: say whether a request for more is rejected or trimmed.
        none_will_do: whether something else is granted, and no scope need be.
    """
    together = kind is not None and kind.each_its_own
    leaves = NO_SCOPES.union(*(table.leaves for table in tables)) if together else shared(tables)
    granted = leaves if requested is None else requested & leaves
    excess = NO_SCOPES if requested is None else requested - leaves
    if (granted or none_will_do) and (not excess or defaults.on_excess_scope == "trim"):
        return granted, None
    # A deny is named only for what would have been granted without it.
    blocked = NO_SCOPES.union(*(table.without_denies & table.denied for table in tables))
    forbidden = blocked if requested is None else excess & blocked
    if forbidden:
        rules = {
            rule.spec.name
            for verdict in verdicts
            for rule in verdict.scope_denies
            if not forbidden.isdisjoint(rule.spec.denied_scopes)
        }
        return granted, Refusal(
            error=InvalidScope,
            reason="denied_by_rule",
            detail=f"{', '.join(sorted(rules))} denies {' '.join(sorted(forbidden))}",
            rules=tuple(sorted(rules)),
        )
    detail = (
        f"not available on this path: {' '.join(sorted(excess))}" if excess else "no scope is left to grant"
    )
    said = _said_by_grant(excess, kind, tables, verdicts) + _together(requested, kind, tables)
    return granted, Refusal(error=InvalidScope, reason="excess", detail=f"{detail}{said}")


def _said_by_grant(
    excess: frozenset[str], kind: Kind | None, tables: tuple[ScopeTable, ...], verdicts: tuple[Verdict, ...]
) -> str:
    """Return the rest of the sentence where a grant of another domain is redeemed: what it says, and what the
    connection lists, of which one alone gives nothing. Empty where both say what is missing.
    """
    if kind is not None and (there := [one.api for one in tables if one.api.abroad is not None]):
        listed = frozenset(there[0].scopes)  # such a grant is for one server
        lists = f": the connection {connection_of(there[0].name)} lists {_listed(listed)}"
        return lists if excess - listed else ""
    if kind is None or kind.name not in _OF_GRANTS:
        return ""
    said: list[str] = []
    for verdict, table in zip(verdicts, tables, strict=False):
        holds, lets = table.holds or NO_SCOPES, table.lets or NO_SCOPES
        if excess <= holds & lets if excess else holds & lets:
            continue  # something else is in the way: what the API offers, or what the client may ask for
        names = ", ".join(sorted({connection_of(rule.spec.name) for rule in verdict.allows}))
        said.append(f"the grant says {_listed(holds)}, and the connection {names} lists {_listed(lets)}")
    return f": {'; '.join(said)}" if said else ""


def _together(requested: frozenset[str] | None, kind: Kind | None, tables: tuple[ScopeTable, ...]) -> str:
    """Return what is to be said where a grant is redeemed for several APIs, one of which alone would do."""
    if kind is None or kind.name not in _OF_GRANTS or len(tables) < 2:
        return ""
    left = [one.leaves if requested is None else requested & one.leaves for one in tables]
    alone = [one.api.audience for one, scopes in zip(tables, left, strict=True) if scopes]
    names = ", ".join(table.api.name for table in tables)
    if not alone:
        return ""
    return f"; one token would be for {names} together: name one as resource, such as {alone[0]}"


def _listed(scopes: frozenset[str]) -> str:
    return " ".join(sorted(scopes))[:_LONGEST] or "no scope"


def beyond_limits(
    depth: int, limit: int, lifetime: int, lineage: Lineage, *, proposal: Proposal
) -> list[Refusal]:
    """Return the refusals of a token that would name too many actors, come from too much, or never be valid.

    Args:
        depth: how many actors it would name.
        limit: how many it may.
        lifetime: its life in seconds.
        lineage: what it would come from; one place is left for itself.
        proposal: what is asked, whose tokens may have ended.
    """
    found: list[Refusal] = []
    if depth > limit:
        detail = f"the token would name {depth} actors, and the limit is {limit}"
        found.append(Refusal(error=InvalidRequest, reason="chain_too_deep", detail=detail))
    if len(lineage.marks) >= MOST_MARKS:
        detail = f"the token would come from {len(lineage.marks)} others, and the limit is {MOST_MARKS - 1}"
        found.append(Refusal(error=InvalidRequest, reason="chain_too_deep", detail=detail))
    if lifetime <= 0:
        found.append(Refusal(error=InvalidRequest, reason="expired", detail=_what_ended(proposal)))
    return found


def _what_ended(proposal: Proposal) -> str:
    """Return which token ended, since when: one is believed for as long as clocks may differ, and gives
    nothing that would be good.
    """
    first = "the grant" if proposal.grant_type == JWT_BEARER else "the subject token"
    for token, party in ((first, proposal.subject), ("the actor token", proposal.actor)):
        if party is None or party is proposal.itself or party.expires_at > int(proposal.at):
            continue
        ago, lived = int(proposal.at) - party.expires_at, party.expires_at - party.issued_at
        return f"{token} ended {span(ago)} ago, and lived {span(lived)}"
    return "a token in the request has ended"


def lifetime_of(proposal: Proposal, kind: Kind | None, longest: int) -> int:
    """Return the life of the token in seconds, never beyond any parent's end (SEC-43).

    Args:
        longest: what rules and APIs allow.
    """
    limits = [longest]
    if kind is not None and kind.longest_life is not None:
        limits.append(kind.longest_life)
    limits += [end - int(proposal.at) for end in parents_end(proposal)]
    return min(limits)


def parents_end(proposal: Proposal) -> tuple[int, ...]:
    """Return when each token that was presented ends, seconds since the epoch."""
    parents = [] if proposal.subject is proposal.itself else [proposal.subject.expires_at]
    if proposal.actor is not None:
        parents.append(proposal.actor.expires_at)
    return tuple(parents)
