"""How the core asks for the world without touching it.

Everything that decides is a **flow**: a generator that yields what it wants done and is sent what
came of it. Two small drivers run flows, one that awaits and one that blocks (`async_wire`,
`sync_wire`), so the two clients cannot differ in what they decide.
"""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Generator, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from actas_sdk.errors import ActasError

__all__ = [
    "REAL",
    "Answer",
    "Ask",
    "Call",
    "Failure",
    "Flow",
    "Pause",
    "Step",
    "Together",
    "World",
    "together",
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One HTTP request to make.

    Attributes:
        headers: may hold a secret, so they do not print.
        body: may hold a token, so it does not print.
        largest: bytes of the largest answer that is read.
        within: seconds for the whole of it, so that an answer in drops does not hold us.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    largest: int
    within: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back.

    Attributes:
        headers: with lower-case names.
        body: None when it was larger than `Ask.largest`, or encoded in a way that was not asked for.
        secrets: what was secret in the question, and is not shown when the answer repeats it (`echo`).
    """

    url: str
    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Nothing came back.

    Attributes:
        detail: what happened, without anything of the request but its address.
        sent: whether the request may have arrived.
    """

    detail: str
    sent: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """Call something of the application's own. The async driver awaits what it returns, if that can be."""

    function: Callable[[], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Run ``flow`` once for everybody who wants the same ``key`` at the same time."""

    key: Hashable
    flow: Callable[[], Flow[Any]]


Step = Ask | Call | Pause | Together
"""What a flow may want done. It is sent an `Answer` or `Failure`, what was returned, None, or what the inner
flow returned or raised."""

Flow = Generator[Step, Any, T]


def together(key: Hashable, flow: Callable[[], Flow[T]]) -> Flow[T]:
    """Return what ``flow`` returns, run once for everybody who wants the same ``key`` at once.

    Raises:
        ActasError: what ``flow`` raises.
    """
    outcome = yield Together(key=key, flow=flow)
    if isinstance(outcome, ActasError):
        raise outcome
    result: T = outcome
    return result


def _new_id() -> str:
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Time and chance, handed in so that tests can hold them still.

    Attributes:
        now: returns seconds since the epoch.
        monotonic: returns seconds of a clock that nobody sets.
        jitter: returns a number from 0 to 1.
        new_id: returns a text nobody can guess, of at least 128 bits.
    """

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.SystemRandom().random
    new_id: Callable[[], str] = _new_id


REAL: Final = World()
"""The clock and the chance of this computer."""
