"""The requests of devices as they are kept (``subjects.device_code``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

import msgspec

from actas.core.reason import Reason
from actas.core.records import Record

INTERVAL: Final = 5
"""Seconds that a device waits between two questions, and that it waits longer each time it did not."""

State = Literal["waiting", "allowed", "denied", "used"]

Room = Literal[0, 1, 2]
"""Who has room: a client that proves who it is; one that is registered, and that anybody can say to be; one
that nobody here has chosen. Each has the room of those after it too, which have none of its own."""


class AskedDevice(msgspec.Struct, frozen=True, kw_only=True):
    """What an app on a device asks of whoever types its code.

    Attributes:
        client: who asks.
        user_code: the code that the person types.
        scope: what may be granted at most.
        apis: the names of the APIs that it is for.
        dropped: the scopes that were asked for and that no API has there.
        source: the address from which it asked.
        began: when, seconds since the epoch.
        ends_at: until when somebody may decide, seconds since the epoch.
    """

    client: str
    user_code: str
    scope: frozenset[str]
    apis: tuple[str, ...]
    source: str
    began: int
    ends_at: int
    dropped: tuple[str, ...] = ()


class NotLet(msgspec.Struct, frozen=True, kw_only=True):
    """Why a device has nothing of what it asked.

    Attributes:
        why: what whoever was asked said, or was told.
    """

    why: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDevice:
    """The request of a device as it is kept.

    Attributes:
        digest: the keyed digest of the device's code.
        user_code: the mark of the person's.
        whose: the mark of whom it is counted for: the client, at one place unless it proves who it is.
        client: the mark of the client, wherever it asks.
        near: the mark of the network from which it was asked, of all clients; empty when that is not counted.
        wide: the same of a larger network.
        room: as ``Room``.
        asked: what was asked, sealed.
        state: how far it is.
        authorization: the name of what was let; empty while nothing was.
        answer: what was let, or why nothing is, sealed; empty while nobody decided.
        interval: seconds that the device has to wait between two questions.
        polled_at: when it asked last, seconds since the epoch; 0 for never.
        ends_at: as in ``AskedDevice``. What is sealed counts.
    """

    digest: str
    user_code: str
    whose: str
    client: str = ""
    near: str = ""
    wide: str = ""
    room: Room = 0
    asked: bytes = field(repr=False)
    state: State = "waiting"
    authorization: str = ""
    answer: bytes = field(default=b"", repr=False)
    interval: int = INTERVAL
    polled_at: int = 0
    ends_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What came of a request that waits, as it is to be kept.

    Attributes:
        digest: of the request.
        authorization: the name of what was let; ``answer`` is that, or why nothing is, sealed.
        record: the audit entry of it, kept with it or not at all (REL-01).
    """

    digest: str
    state: State
    authorization: str = ""
    answer: bytes = field(default=b"", repr=False)
    record: Record | None = None


class DecidedMeanwhile(Exception):
    """The request waits no more: nothing that was to be kept with its decision is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many requests may wait that have not ended.

    Attributes:
        whose: counted for the same; ``client``, ``near`` and ``wide`` likewise.
        room: in the room of the request, and the rooms after it.
    """

    whose: int
    client: int
    near: int
    wide: int
    room: int


class DeviceCodeStore(Protocol):
    """Keeps the requests of devices, for all nodes. Each step is one, whoever else does what.

    All raise ``StoreUnavailable`` when it is not known whether it was done.
    """

    async def keep(self, device: KeptDevice, *, now: int, most: Bounds) -> Literal["kept", "taken", "full"]:
        """Keep a request.

        Args:
            now: seconds since the epoch.
            most: how many there may be beside it. What has ended is not counted.

        Returns:
            ``taken`` when another one has one of its codes, ``full`` when there are too many: then nothing
            was changed.
        """
        ...

    async def find(self, digest: str) -> KeptDevice | None:
        """Return the request whose device's code has this digest, or None."""
        ...

    async def named(self, user_code: str) -> KeptDevice | None:
        """Return the request whose person's code has this mark, or None."""
        ...

    async def poll(self, digest: str, *, at: int, travel: int, longer: int) -> tuple[bool, int]:
        """Note that a device that waits asked again.

        Args:
            at: when, seconds since the epoch.
            travel: seconds by which it may be early.
            longer: seconds by which its interval grows when it is earlier.

        Returns:
            Whether it was too early, and its interval from now on.
        """
        ...

    async def decide(self, decision: Decision) -> bool:
        """Keep what came of a request that waits.

        Returns:
            False, and nothing is changed, when it waits no more.
        """
        ...

    async def use(self, digest: str) -> bool:
        """Note that the device has heard what it was allowed; False when it had, or nothing was allowed."""
        ...
