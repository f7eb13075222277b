"""What people sign in with and to, in memory only: for tests, held to the same suites as the real stores."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from actas.core.errors import StoreUnavailable
from actas.core.ports import Clock
from actas.core.records import Record
from actas.signin.consents import KeptConsent
from actas.signin.session_records import KeptSession
from actas.store.sessions import KEPT_LONGER
from actas.subjects.device_records import Bounds, DecidedMeanwhile, Decision, KeptDevice


class MemorySessions:
    """Implements ``signin.session_records.SessionStore``.

    Attributes:
        kept: the sessions by digest.
        broken: whether the database is away.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self.kept: dict[str, KeptSession] = {}
        self.broken = False

    async def keep(self, session: KeptSession, *, replaces: str | None) -> bool:
        self._require()
        if replaces is not None and replaces not in self.kept:
            return False
        if session.digest in self.kept:
            raise StoreUnavailable("there is a session of this digest already")
        self.kept.pop(replaces or "", None)
        self.kept[session.digest] = session
        return True

    async def find(self, digest: str) -> KeptSession | None:
        self._require()
        return self.kept.get(digest)

    async def named(self, sid: str) -> KeptSession | None:
        self._require()
        found = [one for one in self.kept.values() if one.sid == sid]
        return max(found, key=lambda one: one.ends_at, default=None)

    async def touch(self, digest: str, *, at: int) -> None:
        self._require()
        if digest in self.kept and self.kept[digest].seen_at < at:
            self.kept[digest] = replace(self.kept[digest], seen_at=at)

    async def end(self, sid: str) -> None:
        self._require()
        self.kept = {digest: one for digest, one in self.kept.items() if one.sid != sid}

    async def of(self, whose: str) -> list[KeptSession]:
        self._require()
        return [one for one in self.kept.values() if one.whose == whose]

    async def sweep(self) -> int:
        before = int(self._clock.now()) - KEPT_LONGER
        there = len(self.kept)
        self.kept = {digest: one for digest, one in self.kept.items() if one.ends_at >= before}
        return there - len(self.kept)

    def _require(self) -> None:
        if self.broken:
            raise StoreUnavailable("the database is away")


class MemoryDeviceCodes:
    """Implements ``subjects.device_records.DeviceCodeStore``.

    Attributes:
        kept: the requests by digest.
        records: the audit entries that were kept with them.
        broken: whether the database is away.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self.kept: dict[str, KeptDevice] = {}
        self.records: list[Record] = []
        self.broken = False

    async def keep(self, device: KeptDevice, *, now: int, most: Bounds) -> Literal["kept", "taken", "full"]:
        self._require()
        waiting = [one for one in self.kept.values() if one.ends_at > now]
        for name in ("whose", "client", "near", "wide"):
            mark = getattr(device, name)
            if mark and sum(getattr(one, name) == mark for one in waiting) >= getattr(most, name):
                return "full"
        if sum(one.room >= device.room for one in waiting) >= most.room:
            return "full"
        if device.digest in self.kept or await self.named(device.user_code) is not None:
            return "taken"
        self.kept[device.digest] = device
        return "kept"

    async def find(self, digest: str) -> KeptDevice | None:
        self._require()
        return self.kept.get(digest)

    async def named(self, user_code: str) -> KeptDevice | None:
        self._require()
        return next((one for one in self.kept.values() if one.user_code == user_code), None)

    async def poll(self, digest: str, *, at: int, travel: int, longer: int) -> tuple[bool, int]:
        self._require()
        one = self.kept.get(digest)
        if one is None:
            return False, longer
        early = one.polled_at + one.interval - travel > at
        interval = one.interval + (longer if early else 0)
        if one.state == "waiting":
            self.kept[digest] = replace(one, polled_at=at, interval=interval)
        return early, interval

    async def decide(self, decision: Decision) -> bool:
        self._require()
        one = self.kept.get(decision.digest)
        if one is None or one.state != "waiting":
            return False
        decided = replace(
            one, state=decision.state, authorization=decision.authorization, answer=decision.answer
        )
        self.kept[decision.digest] = decided
        self.records += [] if decision.record is None else [decision.record]
        return True

    async def use(self, digest: str) -> bool:
        self._require()
        one = self.kept.get(digest)
        if one is None or one.state != "allowed":
            return False
        self.kept[digest] = replace(one, state="used")
        return True

    async def sweep(self) -> int:
        before = int(self._clock.now()) - KEPT_LONGER
        there = len(self.kept)
        self.kept = {digest: one for digest, one in self.kept.items() if one.ends_at >= before}
        return there - len(self.kept)

    def _require(self) -> None:
        if self.broken:
            raise StoreUnavailable("the database is away")


class MemoryConsents:
    """Implements ``signin.consents.ConsentStore``.

    Args:
        devices: where devices wait that are decided on together with a consent.

    Attributes:
        kept: the consents by person and app.
        records: the audit entries that were kept with them.
        broken: whether the database is away.
    """

    def __init__(self, devices: MemoryDeviceCodes | None = None) -> None:
        self._devices = devices
        self.kept: dict[tuple[str, str], KeptConsent] = {}
        self.records: list[Record] = []
        self.broken = False

    async def read(self, subject: str, client: str) -> KeptConsent | None:
        self._require()
        return self.kept.get((subject, client))

    async def write(
        self, kept: KeptConsent, *, seen: KeptConsent | None, record: Record, device: Decision | None = None
    ) -> bool:
        self._require()
        key = (kept.subject, kept.consent.client)
        if _unused(self.kept.get(key)) != _unused(seen):
            return False
        if device is not None and (self._devices is None or not await self._devices.decide(device)):
            raise DecidedMeanwhile
        self.kept[key] = kept
        self.records.append(record)
        return True

    async def touch(self, subject: str, client: str, *, at: int) -> None:
        self._require()
        there = self.kept.get((subject, client))
        if there is not None and there.consent.used_at < at:
            used = replace(there.consent, used_at=at)
            self.kept[subject, client] = replace(there, consent=used)

    async def forget(self, subject: str, client: str) -> None:
        self._require()
        self.kept.pop((subject, client), None)

    async def of(self, subject: str) -> list[KeptConsent]:
        self._require()
        return [one for one in self.kept.values() if one.subject == subject]

    def _require(self) -> None:
        if self.broken:
            raise StoreUnavailable("the database is away")


def _unused(kept: KeptConsent | None) -> KeptConsent | None:
    """Return a consent as if it had never been used: to use one is no change of it."""
    return None if kept is None else replace(kept, consent=replace(kept.consent, used_at=0))
