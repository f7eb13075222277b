"""What a request can say of itself while it is answered, to whoever traces requests across systems.

The rest of the server speaks to a ``Tracing``; what makes spans of it is plugged in above, and nothing is
while nobody traces. Names of spans and attributes are part of the contract with operators (product.md 7). No
attribute holds a secret, and none a value that a caller chose, but for the ids of its trace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol

import msgspec

Attribute = str | int | Sequence[str]
Attributes = Mapping[str, Attribute]

_TRACEPARENT: Final = re.compile(rb"00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")


class TraceParent(msgspec.Struct, frozen=True):
    """Where a caller's request stands in its trace (W3C Trace Context section 3.2).

    Attributes:
        trace_id: 32 hexadecimal digits.
        span_id: 16 hexadecimal digits.
        is_sampled: whether the caller keeps its own part.
    """

    trace_id: str
    span_id: str
    is_sampled: bool


def read_traceparent(sent: Sequence[bytes]) -> TraceParent | None:
    """Return what the one header ``traceparent`` says, or None for anything but one good one of version 00.

    Nothing else of a caller's context is taken: ``tracestate`` and ``baggage`` are free text.
    """
    if len(sent) != 1:
        return None
    found = _TRACEPARENT.fullmatch(sent[0])
    if found is None:
        return None
    trace_id, span_id, flags = found.groups()
    return TraceParent(trace_id.decode(), span_id.decode(), bool(int(flags, 16) & 1))


class Tracing(Protocol):
    """Follows requests.

    Attributes:
        on: whether anybody looks; what costs something to say is not said otherwise.
    """

    on: bool

    def request(self, name: str) -> AbstractContextManager[object]:
        """Follow one request from here to the end of the block."""
        ...

    def step(
        self, name: str, attributes: Attributes | None = None, *, leaves: bool = False
    ) -> AbstractContextManager[object]:
        """Follow one step of the request that is under way.

        Args:
            leaves: whether it goes to another system and waits for it.
        """
        ...

    def begin(self, sent: Sequence[bytes] = ()) -> str | None:
        """Settle to which trace the request that is under way belongs, once, and return its id.

        Args:
            sent: the headers ``traceparent`` of a caller who has proved who it is; of others none is taken,
                for it would decide what an operator keeps and pays for.
        """
        ...

    def describe(self, attributes: Attributes, *, failed: str = "") -> None:
        """Say how the request that is under way ended.

        Args:
            failed: the reason, when it was our failure.
        """
        ...

    def headers(self) -> Mapping[str, str]:
        """Return what a request of ours to another system says of where it stands."""
        ...


class _Nothing:
    """A block that is not followed."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_how: object) -> None:
        return None


_NOTHING: Final = _Nothing()
_NO_HEADERS: Final[Mapping[str, str]] = {}


class Untraced:
    """Follows nothing. A caller's trace is still named in the minutes."""

    on: bool = False

    def request(self, name: str) -> _Nothing:  # noqa: ARG002 (the protocol's)
        return _NOTHING

    def step(
        self,
        name: str,  # noqa: ARG002 (the protocol's)
        attributes: Attributes | None = None,  # noqa: ARG002 (the protocol's)
        *,
        leaves: bool = False,  # noqa: ARG002 (the protocol's)
    ) -> _Nothing:
        return _NOTHING

    def begin(self, sent: Sequence[bytes] = ()) -> str | None:
        parent = read_traceparent(sent) if sent else None
        return None if parent is None else parent.trace_id

    def describe(self, attributes: Attributes, *, failed: str = "") -> None:
        """Say nothing."""

    def headers(self) -> Mapping[str, str]:
        return _NO_HEADERS


UNTRACED: Final[Tracing] = Untraced()
