"""Devices that wait to be let in, where every node finds them (REL-23): each step is one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal, get_args

from sqlalchemy import Row, case, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.core.ports import Clock
from actas.store.database import Database
from actas.store.device_tables import DEVICE_CODES
from actas.store.outbox import Outbox
from actas.store.sweeping import remove_ended
from actas.store.words import one_of
from actas.subjects.device_records import Bounds, Decision, KeptDevice, Room, State

KEPT_LONGER: Final = 60
"""Seconds that a row outlives its code, so that one that has just ended is said to have ended."""

TOPIC: Final = "devices"
"""Whose turn it is to count, and to add."""

_ROOMS: Final[tuple[Room, ...]] = get_args(Room)
_STATES: Final[tuple[State, ...]] = get_args(State)
_TABLE: Final = DEVICE_CODES.c


class SqlDeviceCodes:
    """Implements ``subjects.device_records.DeviceCodeStore``."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        # Its own: whoever decided writes the entry, and not whatever else of this process writes entries.
        self._outbox = Outbox(database)

    async def keep(self, device: KeptDevice, *, now: int, most: Bounds) -> Literal["kept", "taken", "full"]:
        same = or_(_TABLE.digest == device.digest, _TABLE.user_code == device.user_code)
        async with self._database.writing(turn=TOPIC) as connection:
            for counted, bound in _bounds(device, most):
                if await _count(connection, counted, _TABLE.ends_at > now) >= bound:
                    return "full"
            if await _count(connection, same):
                return "taken"
            await connection.execute(insert(DEVICE_CODES).values(**_row(device)))
        return "kept"

    async def find(self, digest: str) -> KeptDevice | None:
        return await self._one(_TABLE.digest == digest)

    async def named(self, user_code: str) -> KeptDevice | None:
        return await self._one(_TABLE.user_code == user_code)

    async def poll(self, digest: str, *, at: int, travel: int, longer: int) -> tuple[bool, int]:
        early = _TABLE.polled_at + _TABLE.pause - travel > at
        noted = (
            update(DEVICE_CODES)
            .where(_TABLE.digest == digest, _TABLE.state == "waiting")
            .values(polled_at=at, pause=case((early, _TABLE.pause + longer), else_=_TABLE.pause))
        )
        wanted = select(_TABLE.pause, early).where(_TABLE.digest == digest)
        async with self._database.writing(turn=f"device {digest}") as connection:
            found = (await connection.execute(wanted)).one_or_none()
            if found is None:
                return False, longer
            await connection.execute(noted)
        pause, was_early = found
        return bool(was_early), int(pause) + (longer if was_early else 0)

    async def decide(self, decision: Decision) -> bool:
        async with self._database.writing(turn=f"device {decision.digest}") as connection:
            return await decide_on(connection, decision, outbox=self._outbox)

    async def use(self, digest: str) -> bool:
        used = update(DEVICE_CODES).where(_TABLE.digest == digest, _TABLE.state == "allowed")
        async with self._database.writing(turn=f"device {digest}") as connection:
            return (await connection.execute(used.values(state="used"))).rowcount == 1

    async def sweep(self) -> int:
        """Remove what has ended, in small steps, and return how many there were.

        Raises:
            DatabaseUnavailable: the database failed; what was removed so far is.
        """
        before = int(self._clock.now()) - KEPT_LONGER
        return await remove_ended(self._database, _TABLE.digest, _TABLE.ends_at, before=before, turn=TOPIC)

    async def _one(self, condition: Any) -> KeptDevice | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(DEVICE_CODES).where(condition))).one_or_none()
        return None if row is None else _kept(row)


async def decide_on(connection: AsyncConnection, decision: Decision, *, outbox: Outbox) -> bool:
    """Keep, within a transaction, what came of a request.

    Returns False, and nothing is changed, when it waits no more.

    Args:
        outbox: takes the audit entry of it.
    """
    decided = (
        update(DEVICE_CODES)
        .where(_TABLE.digest == decision.digest, _TABLE.state == "waiting")
        .values(state=decision.state, authorized=decision.authorization, answer=decision.answer)
    )
    if (await connection.execute(decided)).rowcount != 1:
        return False
    await outbox.put(connection, [] if decision.record is None else [decision.record])
    return True


def _bounds(device: KeptDevice, most: Bounds) -> Iterator[tuple[Any, int]]:
    """Yield what is counted beside a request, and how many there may be of it."""
    yield _TABLE.whose == device.whose, most.whose
    for column, mark, bound in (
        (_TABLE.client, device.client, most.client),
        (_TABLE.near, device.near, most.near),
        (_TABLE.wide, device.wide, most.wide),
    ):
        if mark:
            yield column == mark, bound
    yield _TABLE.room >= device.room, most.room


async def _count(connection: AsyncConnection, *conditions: Any) -> int:
    wanted = select(func.count()).select_from(DEVICE_CODES).where(*conditions)
    return int(await connection.scalar(wanted) or 0)


def _row(device: KeptDevice) -> dict[str, Any]:
    return {
        "digest": device.digest,
        "user_code": device.user_code,
        "whose": device.whose,
        "client": device.client,
        "near": device.near,
        "wide": device.wide,
        "room": device.room,
        "asked": device.asked,
        "state": device.state,
        "authorized": device.authorization,
        "answer": device.answer,
        "pause": device.interval,
        "polled_at": device.polled_at,
        "ends_at": device.ends_at,
    }


def _kept(row: Row[Any]) -> KeptDevice:
    return KeptDevice(
        digest=row.digest,
        user_code=row.user_code,
        whose=row.whose,
        client=row.client,
        near=row.near,
        wide=row.wide,
        room=_ROOMS[int(row.room)],
        asked=bytes(row.asked),
        state=one_of(_STATES, row.state),
        authorization=row.authorized,
        answer=bytes(row.answer),
        interval=row.pause,
        polled_at=row.polled_at,
        ends_at=row.ends_at,
    )
