"""What a server wrote about the tour: read from its log, with the library that the server itself uses.

The server runs meanwhile, in its own process; both read and seal one log safely.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeVar

from actas.admin.explanation import Explanation
from actas.admin.rehearsal import NotExplainable
from actas.app.foundation import Foundation, foundation
from actas.app.outside import outside
from actas.app.own_keys import NotStartedYet
from actas.app.parts import rehearsal
from actas.audit.checkpoint import ring_keys
from actas.audit.kept import LogUnreadable, SearchUnavailable
from actas.core.errors import StoreUnavailable
from actas.core.party import Party
from actas.core.ports import JsonObject
from actas.demo.shown import Hop, NoMinutes, Why
from actas.keys.envelope import EnvelopeKeyRefused
from actas.keys.kept import KeysUnusable
from actas.policy.explain import RuleLine
from actas.settings.faults import ConfigurationFaults
from actas.settings.load import read
from actas.store.audit_notary import NotSealed
from actas.store.audit_proof import Unreadable, verify_log
from actas.store.audit_search import search, show

T = TypeVar("T")

_TROUBLE: Final = (
    ConfigurationFaults,
    EnvelopeKeyRefused,
    KeysUnusable,
    LogUnreadable,
    NotExplainable,
    NotSealed,
    NotStartedYet,
    SearchUnavailable,
    StoreUnavailable,
    Unreadable,
)
"""People may change the configuration while the demo runs, and may break it."""


class Keeper(Protocol):
    """Whose server keeps a log."""

    @property
    def configuration(self) -> Path:
        """The configuration of that server."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of a log.

    Attributes:
        event: what it says.
    """

    id: str
    event: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What can be proven about the log.

    Attributes:
        entries: how many there are.
        problems: what is wrong with it; empty when nothing is.
        sealed: whether a signed checkpoint attests the last one.
    """

    entries: int
    problems: tuple[str, ...]
    sealed: bool


def explain(company: Keeper, entry: str) -> Why | None:
    """Return why the attempt with this entry was refused, or None when there is no such refusal.

    The attempt is put before the policy again, with everything that was known about it.

    Raises:
        NoMinutes: the log, or the configuration, cannot be read.
    """

    async def job(base: Foundation) -> Why | None:
        found = show(base.audit_log, entry)
        if found is None or found.event.get("outcome") != "refused":
            return None
        out = outside(base)
        try:
            return _why(rehearsal(base, out).of_event(found.event))
        finally:
            await out.close()

    return _over(company, job)


def entry_of(company: Keeper, token_id: str) -> str | None:
    """Return the entry that records the issue of the token with this ``jti``, or None.

    Raises:
        NoMinutes: the log, or the configuration, cannot be read.
    """
    found = issue_of(company, token_id)
    return None if found is None else found.id


def issue_of(company: Keeper, token_id: str) -> Entry | None:
    """Return what is written of the issue of the token, or the grant, with this ``jti``; None for nothing.

    Raises:
        NoMinutes: the log, or the configuration, cannot be read.
    """

    async def job(base: Foundation) -> Entry | None:
        found = search(base.audit_log, f'jti:"{token_id}" outcome:granted')
        # Exchanges of that token name it too; the oldest entry is the one that made it.
        return Entry(id=found[-1].id, event=found[-1].event) if found else None

    return _over(company, job)


def prove(company: Keeper) -> Proof:
    """Seal the log now, and verify all of it: every link, every checkpoint, the end.

    Raises:
        NoMinutes: the log cannot be read, or no checkpoint can be made.
    """

    async def job(base: Foundation) -> Proof:
        await base.notary().seal_now()
        verdict = verify_log(base.audit_log, keys=ring_keys(base.ring))
        problems = tuple(finding.sentence for finding in verdict.findings)
        return Proof(entries=verdict.entries, problems=problems, sealed=verdict.unsealed == 0)

    return _over(company, job)


def _over(company: Keeper, job: Callable[[Foundation], Awaitable[T]]) -> T:
    async def opened() -> T:
        draft = read([company.configuration], dev=True, environ={})
        async with foundation(draft, dev=True) as base:
            return await job(base)

    try:
        return asyncio.run(opened())
    except _TROUBLE as problem:
        raise NoMinutes(str(problem)) from problem


def _why(found: Explanation) -> Why:
    deny = next((line for line in found.rules if line.matched and line.effect == "denies"), None)
    hops = _hops(found)
    kind, because = _singled_out(deny, hops)
    proposal = found.proposal
    return Why(
        error=str(found.error),
        reason=str(found.reason),
        rule=None if deny is None else deny.name,
        because=because,
        kind=kind,
        sentence=found.detail if deny is None else deny.reason,
        scopes=(found.requested or ()) if deny is None or not deny.scopes else deny.scopes,
        instead=() if found.suggestion is None else found.suggestion.scope,
        hops=hops,
        target=proposal.targets[0].audience if proposal is not None and proposal.targets else "",
    )


def _hops(found: Explanation) -> tuple[Hop, ...]:
    proposal = found.proposal
    if proposal is None:
        return ()
    subject = proposal.subject
    earlier = [Hop(kind=one.kind, id=one.identity.subject) for one in reversed(subject.actors)]
    last = _hop(proposal.acting, scopes=len(subject.scope) or None)
    return (_hop(subject), *earlier, last)


def _hop(party: Party, *, scopes: int | None = None) -> Hop:
    return Hop(kind=party.kind, id=party.identity.subject, scopes=scopes)


def _singled_out(deny: RuleLine | None, hops: tuple[Hop, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the kind that a rule denies to have in the chain, and who in the chain is of that kind."""
    for condition in () if deny is None else deny.conditions:
        kind = condition.wanted.removeprefix("contains ")
        named = tuple(hop.id for hop in hops if hop.kind == kind)
        if condition.field == "chain.kinds" and named:
            return kind, named
    return "", ()
