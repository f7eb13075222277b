"""Consents: what people let apps do, remembered until they take it back.

Taking it back ends everything that the app holds for that person on every node, what it was given to go on
with while they are away included: all of it bears the mark of the two (``subjects.authorization_code``), and
so does what it gets by another server's grant where a consent has to be on record (``signin.agreed``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from actas.core.errors import StoreUnavailable
from actas.core.lineage import Ending, Lineage, Marking, Revoked, joined
from actas.core.ports import Clock
from actas.core.records import Record
from actas.subjects.authorization_code import LONGEST, mark_of_consent
from actas.subjects.device_records import Decision
from actas.subjects.revoked import note_written

USED_EVERY: Final = 3600
"""Seconds in which it is noted once that a consent is used."""

APART: Final = 5
"""Seconds by which the clocks of two nodes may differ (REL-13): what is dated a moment ahead counts too."""

_TRIES: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a person let an app do.

    Attributes:
        client: the app.
        apis: the names of the APIs that it may go to.
        at: by API, the scopes that were asked for with it: what it may do at one is no yes to another.
        given_at: when it was given, or added to, last; seconds since the epoch.
        used_at: when the app was last let through by it, to the hour, seconds since the epoch.
        fingerprint: that of the app as it was then (``core.client.SignInTerms``).
    """

    client: str
    scope: frozenset[str]
    apis: tuple[str, ...]
    given_at: int
    used_at: int
    fingerprint: str = ""
    at: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    def covers(self, scope: frozenset[str], offered: Mapping[str, frozenset[str]]) -> bool:
        """Return whether it says yes to every scope, at every API that has it.

        Args:
            scope: what is asked for.
            offered: by API that it is asked for, the scopes that the app may ask for there.
        """
        return scope <= self.scope and all(
            api in self.at and scope & there <= self.at[api] for api, there in offered.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptConsent:
    """A consent as it is kept.

    Attributes:
        subject: whose it is.
        version: how often it was given or added to.
    """

    subject: str
    version: int
    consent: Consent


class ConsentStore(Protocol):
    """Keeps consents, for all nodes. Each step is one, whoever else does what at the same moment.

    All raise ``StoreUnavailable`` when it is not known whether it was done.
    """

    async def read(self, subject: str, client: str) -> KeptConsent | None:
        """Return what a person let an app do; None when that is nothing."""
        ...

    async def write(
        self, kept: KeptConsent, *, seen: KeptConsent | None, record: Record, device: Decision | None = None
    ) -> bool:
        """Keep a consent in the place of what was seen.

        Args:
            seen: what was read; None when that was nothing.
            record: the audit entry of it, kept with it or not at all (REL-01).
            device: what it decides of a device that waits, kept with it or not at all.

        Returns:
            False, and nothing is changed, when another version is there now.

        Raises:
            DecidedMeanwhile: the device waits no more; nothing is changed.
        """
        ...

    async def touch(self, subject: str, client: str, *, at: int) -> None:
        """Note when a consent was used; nothing, when it is gone or was used later."""
        ...

    async def forget(self, subject: str, client: str) -> None:
        """Remove a consent."""
        ...

    async def of(self, subject: str) -> Sequence[KeptConsent]:
        """Return what a person let apps do."""
        ...


class Consents:
    """Remembers consents, and ends what was made from those that are taken back.

    Args:
        issuer: our own issuer identifier.
        store: keeps them.
        revocations: knows what was revoked, and takes what is.
        marking: makes marks.
    """

    def __init__(
        self, *, issuer: str, store: ConsentStore, revocations: Ending, marking: Marking, clock: Clock
    ) -> None:
        self._issuer = issuer
        self._store = store
        self._revocations = revocations
        self._marking = marking
        self._clock = clock

    async def given(self, subject: str, client: str, *, fingerprint: str = "") -> Consent | None:
        """Return what a person let an app do, and note that it is made use of; None when that is nothing.

        Args:
            fingerprint: that of the app as it is now: with another one it was another app that was let in.

        Raises:
            StoreUnavailable: nobody knows.
        """
        kept = await self._store.read(subject, client)
        if kept is None or self._is_withdrawn(kept) or kept.consent.fingerprint != fingerprint:
            return None
        now = int(self._clock.now())
        if now - kept.consent.used_at < USED_EVERY:
            return kept.consent
        await self._store.touch(subject, client, at=now)
        return replace(kept.consent, used_at=now)

    async def give(
        self,
        subject: str,
        client: str,
        *,
        scope: frozenset[str],
        apis: tuple[str, ...],
        record: Record,
        fingerprint: str = "",
        device: Decision | None = None,
    ) -> None:
        """Add to what a person lets an app do, or say it anew where the app is not what it was.

        Args:
            fingerprint: that of the app as it is now.
            record: the audit entry that says so, which is kept with it.
            device: what it decides of a device that waits, which is kept with it.

        Raises:
            DecidedMeanwhile: the device waits no more, and nothing was added.
            StoreUnavailable: nobody knows whether it was added.
        """
        for _ in range(_TRIES):
            seen = await self._store.read(subject, client)
            now = int(self._clock.now())
            consent = Consent(
                client=client,
                scope=scope,
                apis=apis,
                given_at=now,
                used_at=now,
                fingerprint=fingerprint,
                at=dict.fromkeys(apis, scope),
            )
            if seen is not None and not self._is_withdrawn(seen) and seen.consent.fingerprint == fingerprint:
                consent = _added(seen.consent, consent)
            version = 1 if seen is None else seen.version + 1
            kept = KeptConsent(subject=subject, version=version, consent=consent)
            if await self._store.write(kept, seen=seen, record=record, device=device):
                return
        raise StoreUnavailable(
            f"what {subject} lets {client} do was changed {_TRIES} times by others meanwhile"
        )

    async def withdraw(self, subject: str, client: str, *, record: Record) -> None:
        """Forget what a person let an app do, and end everything that it holds for them, on every node.

        Args:
            record: the audit entry that says so, which is kept with it.

        Raises:
            StoreUnavailable: not all of it could be done; to try again does no harm.
        """
        now = int(self._clock.now())
        mark = mark_of_consent(self._marking, self._issuer, subject, client)
        ended = Revoked(mark=mark, up_to=now + APART, until=now + LONGEST, entry=record.entry)
        await self._revocations.add([ended], record=record)
        await self._store.forget(subject, client)

    def upon(self, subject: str, client: str, *, before: Lineage) -> Lineage | None:
        """Return the lineage of what is made upon a consent: it ends when that is taken back.

        Args:
            before: what else it comes from.

        Returns:
            None when what it comes from is older than a withdrawal, so that it would be dead at once.
        """
        mark = mark_of_consent(self._marking, self._issuer, subject, client)
        if self._revocations.against(Lineage((mark,), before.since)) is not None:
            return None
        return joined(before, Lineage((mark,), before.since), since=before.since)

    async def written(self, entry: str) -> None:
        """Note that the audit entry of what was given or withdrawn stands in a stream."""
        await note_written(self._revocations, entry)

    async def of(self, subject: str) -> tuple[Consent, ...]:
        """Return what a person lets apps do, newest first.

        Raises:
            StoreUnavailable: nobody knows.
        """
        found = [kept.consent for kept in await self._store.of(subject) if not self._is_withdrawn(kept)]
        return tuple(sorted(found, key=lambda one: (one.given_at, one.client), reverse=True))

    def _is_withdrawn(self, kept: KeptConsent) -> bool:
        """Return whether it was withdrawn after it was given, and its row could not be removed."""
        mark = mark_of_consent(self._marking, self._issuer, kept.subject, kept.consent.client)
        since = kept.consent.given_at + APART + 1
        return self._revocations.against(Lineage((mark,), since)) is not None


def _added(before: Consent, now: Consent) -> Consent:
    """Return what was given with what is given beside it."""
    at = dict(before.at)
    for api, scope in now.at.items():
        at[api] = at.get(api, frozenset()) | scope
    apis = tuple(dict.fromkeys((*before.apis, *now.apis)))
    return replace(now, scope=before.scope | now.scope, apis=apis, at=at)
