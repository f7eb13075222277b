"""Changing keys: what is due by the timetable, and what somebody commands (REL-05 to REL-07).

Every change is made whole or not at all, on condition that nothing changed since it was looked at
(``KeyStore.replace``). Of two nodes that are at it at once one wins, and the other looks again; a node that
was frozen in the middle finds that its turn is over (REL-22). Nodes follow through ``LocalKeyRing.refresh``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from actas.core.events import EventName
from actas.core.ports import Clock, Json
from actas.core.records import Record
from actas.crypto.seal import Sealer
from actas.keys.kept import StoredKey, bury_key, make_key
from actas.keys.life import Due, Timetable, due, in_state
from actas.keys.ring import KeyInfo, Purpose, Slot
from actas.keys.store import Kept, KeyStore

_TRIES: Final = 10


class CannotChange(Exception):
    """A change that was asked for cannot be made. The message is a sentence for administrators."""


class NoSuchKey(CannotChange):
    """There is no key of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that happened to a key, for the minutes and for people.

    Attributes:
        key: as it is afterwards.
        replaces: the key that signed before it, where there was one.
        emergency: whether it was taken out at once.
    """

    event: EventName
    key: KeyInfo
    replaces: str | None = None
    emergency: bool = False

    def members(self) -> dict[str, Json]:
        """Return the members of the event."""
        key = self.key
        members: dict[str, Json] = {"kid": key.kid, "purpose": key.purpose, "algorithm": key.algorithm}
        match self.event:
            case "keys:created":
                pass
            case "keys:prepared":
                members["activate_at"] = key.activate_at
            case "keys:activated":
                members["replaces"] = self.replaces
            case "keys:retired":
                members["remove_at"] = key.remove_at
            case _:
                members["emergency"] = self.emergency
        return members


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Changes that are made together.

    Attributes:
        rows: what is kept afterwards, in the order in which it is written: whoever gives a place up first.
    """

    rows: tuple[StoredKey, ...]
    changes: tuple[Change, ...]


Plan = Callable[[Sequence[StoredKey]], Awaitable[Step | None]]
"""Looks at what is kept and says what is to be changed; None when nothing is."""


class Rotation:
    """Changes the keys of one store.

    Args:
        sealer: of the envelope key.
        used: what keys are used for, besides the audit log.
        record: draws up the audit entry of a change, which is kept with it (REL-01).
    """

    def __init__(
        self,
        store: KeyStore,
        *,
        sealer: Sealer,
        clock: Clock,
        timetable: Timetable,
        used: Collection[Slot],
        record: Callable[[Change], Record],
    ) -> None:
        self.timetable = timetable
        self._store = store
        self._sealer = sealer
        self._clock = clock
        self._used = frozenset(used)
        self._record = record

    def is_due(self, keys: Collection[KeyInfo]) -> bool:
        """Return whether something is due, by what a node knows: no reading, no writing."""
        return self._due(keys) is not None

    def use(self, used: Collection[Slot]) -> None:
        """Keep keys for these purposes and algorithms from now on, and leave others as they are."""
        self._used = frozenset(used)

    async def provide(self, slots: Collection[Slot]) -> tuple[Change, ...]:
        """Make the keys that are missing of some purposes and algorithms; they may sign at once.

        As at the first start: no key before them was ever published for the same, so that nothing is to be
        waited for but that all nodes publish them, which is for whoever asks.

        Raises:
            KeysUnusable: the envelope key may seal no more.
            CannotChange: somebody else is changing keys and does not finish.
            Exception: the store failed.
        """

        async def plan(keys: Sequence[StoredKey]) -> Step | None:
            lacking = [slot for slot in sorted(slots) if in_state(keys, slot, "active") is None]
            return _together([await self._first(keys, slot) for slot in lacking])

        return await self._insist(plan, rehearse=False)

    async def turn(self) -> tuple[Change, ...]:
        """Make the change that is due first, if any, unless another node is faster.

        Raises:
            KeysUnusable: the envelope key may seal no more.
            Exception: the store failed.
        """
        kept = await self._store.read()
        step = await self._due_step(kept.keys)
        return () if step is None or not await self._make(kept, step) else step.changes

    async def rotate(
        self, purposes: Collection[Purpose], *, at_once: bool, rehearse: bool = False
    ) -> tuple[Change, ...]:
        """Begin the change of every key of some purposes, or finish it at once.

        Args:
            at_once: the new key signs from now on, though verifiers may not know it yet.
            rehearse: say what would be changed, and change nothing.

        Raises:
            CannotChange: a change is under way already.
        """

        async def plan(keys: Sequence[StoredKey]) -> Step | None:
            slots = [key.slot for key in keys if key.state == "active" and self._wanted(key, purposes)]
            steps = [await self._successor(keys, slot, at_once=at_once) for slot in slots]
            return _together(steps)

        return await self._insist(plan, rehearse=rehearse)

    async def retire(self, kid: str, *, at_once: bool, rehearse: bool = False) -> tuple[Change, ...]:
        """Let a key go: one that is prepared is dropped, one that signs is followed by another.

        Args:
            at_once: in an emergency: it leaves the key set now, and tokens that it signed are refused.
            rehearse: say what would be changed, and change nothing.

        Raises:
            NoSuchKey: there is none of that name.
            CannotChange: it is gone, or retired and not to leave at once, or a change is under way already.
        """

        async def plan(keys: Sequence[StoredKey]) -> Step | None:
            key = next((one for one in keys if one.kid == kid), None)
            if key is None:
                raise NoSuchKey(f"there is no key {kid}")
            if key.state == "gone":
                raise CannotChange(f"the key {kid} is gone already")
            if key.state == "retired" and not at_once:
                raise CannotChange(f"the key {kid} is retired already, and leaves the key set by itself")
            if key.state == "active" and not at_once:
                return await self._successor(keys, key.slot, at_once=False)
            buried = self._bury(key, emergency=at_once)
            if key.state != "active":
                return buried
            # The place is given up before another takes it.
            return _together([buried, await self._takeover(keys, key)])

        return await self._insist(plan, rehearse=rehearse)

    async def _insist(self, plan: Plan, *, rehearse: bool) -> tuple[Change, ...]:
        """Make a change that somebody asked for, looking again when another was faster."""
        for _ in range(_TRIES):
            kept = await self._store.read()
            step = await plan(kept.keys)
            if step is None:
                return ()
            if rehearse or await self._make(kept, step):
                return step.changes
        raise CannotChange("somebody else is changing keys and does not finish; try again")

    async def _make(self, kept: Kept, step: Step) -> bool:
        records = [self._record(one) for one in step.changes]
        return await self._store.replace(step.rows, seen=kept.generation, records=records)

    def _wanted(self, key: KeyInfo, purposes: Collection[Purpose]) -> bool:
        return key.purpose in purposes and (key.purpose == "audit" or key.slot in self._used)

    def _due(self, keys: Collection[KeyInfo]) -> Due | None:
        return due(keys, now=self._clock.now(), timetable=self.timetable, used=self._used)

    async def _due_step(self, keys: Sequence[StoredKey]) -> Step | None:
        found = self._due(keys)
        if found is None:
            return None
        key = next(one for one in keys if one.kid == found.key.kid)
        match found.deed:
            case "remove":
                return self._bury(key, emergency=False)
            case "activate":
                return self._activate(keys, key)
            case "prepare":
                return await self._successor(keys, key.slot, at_once=False)

    async def _first(self, keys: Sequence[StoredKey], slot: Slot) -> Step:
        """Make a key where none signs; one that is prepared signs from now on instead."""
        prepared = in_state(keys, slot, "prepared")
        if prepared is not None:
            return self._activate(keys, replace(prepared, ahead=0))
        active = replace(await self._new(keys, slot, ahead=0), state="active")
        return Step(rows=(active,), changes=(Change(event="keys:created", key=active.info()),))

    async def _successor(self, keys: Sequence[StoredKey], slot: Slot, *, at_once: bool) -> Step:
        """Prepare the key that follows, or let it sign at once."""
        prepared = in_state(keys, slot, "prepared")
        if at_once:
            prepared = prepared or await self._new(keys, slot, ahead=0)
            return self._activate(keys, replace(prepared, ahead=0))
        if prepared is not None:
            raise CannotChange(
                f"the key {prepared.kid} is prepared already; it signs at once with: actas keys rotate --now"
            )
        made = await self._new(keys, slot, ahead=self.timetable.publish_ahead)
        return Step(rows=(made,), changes=(Change(event="keys:prepared", key=made.info()),))

    async def _takeover(self, keys: Sequence[StoredKey], lost: StoredKey) -> Step:
        """Let another key sign in the place of one that is gone."""
        others = [key for key in keys if key.kid != lost.kid]
        prepared = in_state(others, lost.slot, "prepared")
        heir = prepared or await self._new(keys, lost.slot, ahead=0)
        step = self._activate(others, replace(heir, ahead=0))
        return replace(step, changes=tuple(replace(one, replaces=lost.kid) for one in step.changes))

    def _activate(self, keys: Sequence[StoredKey], key: StoredKey) -> Step:
        now = int(self._clock.now())
        rows: list[StoredKey] = []
        changes: list[Change] = []
        old = in_state(keys, key.slot, "active")
        if old is not None:
            retired = replace(old, state="retired", retire_at=now, remove_at=now + self.timetable.keep_after)
            rows.append(retired)
            changes.append(Change(event="keys:retired", key=retired.info()))
        active = replace(key, state="active", activate_at=now)
        rows.append(active)
        changes.append(
            Change(event="keys:activated", key=active.info(), replaces=None if old is None else old.kid)
        )
        return Step(rows=tuple(rows), changes=tuple(changes))

    def _bury(self, key: StoredKey, *, emergency: bool) -> Step:
        gone = bury_key(key, sealer=self._sealer.beside([key.sealed]), at=int(self._clock.now()))
        return Step(
            rows=(gone,), changes=(Change(event="keys:removed", key=gone.info(), emergency=emergency),)
        )

    async def _new(self, keys: Sequence[StoredKey], slot: Slot, *, ahead: int) -> StoredKey:
        purpose, algorithm = slot
        now = int(self._clock.now())
        sealer = self._sealer.beside(one.sealed for one in keys)
        return await asyncio.to_thread(make_key, purpose, algorithm, sealer=sealer, at=now, ahead=ahead)


def _together(steps: Sequence[Step]) -> Step | None:
    if not steps:
        return None
    return Step(
        rows=tuple(row for step in steps for row in step.rows),
        changes=tuple(change for step in steps for change in step.changes),
    )
