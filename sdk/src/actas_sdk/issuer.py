"""One authorization server: where it is, what it says about itself, and how it is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from actas_sdk.address import issuer_address, well_known
from actas_sdk.echo import answering
from actas_sdk.errors import BadAnswer, Unreachable
from actas_sdk.flow import Answer, Ask, Failure, Flow, Pause, World, together
from actas_sdk.metadata import Metadata, metadata
from actas_sdk.requests import document
from actas_sdk.responses import unreachable

__all__ = ["Issuer", "ask"]

_FRESH: Final = 3600.0
_REPEATS: Final = 2
_LONGEST_PAUSE: Final = 2.0
_DEFECT: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    metadata: Metadata
    at: float


class Issuer:
    """What we know of one server. Holds its metadata for an hour; longer only while it is down.

    Args:
        address: its issuer identifier.
        world: time and chance.

    Raises:
        Misconfigured: ``address`` cannot be an issuer.
    """

    def __init__(self, address: str, *, world: World) -> None:
        self.address = issuer_address(address)
        self._world = world
        self._known: _Known | None = None

    def describe(self) -> Flow[Metadata]:
        """Return the server's metadata.

        Raises:
            Unreachable: it could not be had.
            BadAnswer: it is not this server's.
        """
        fresh = self._fresh()
        if fresh is not None:
            return fresh
        known = self._known
        try:
            return (yield from together(("metadata", self.address), self._fetch))
        except Unreachable:
            if known is None:
                raise
            return known.metadata

    def _fresh(self) -> Metadata | None:
        known, now = self._known, self._world.now()
        return known.metadata if known is not None and known.at <= now < known.at + _FRESH else None

    def _fetch(self) -> Flow[Metadata]:
        fresh = self._fresh()
        if fresh is not None:  # another thread landed with it since we looked
            return fresh
        for url in well_known(self.address):
            answer = yield from ask(partial(document, url), world=self._world, repeatable=True)
            # Some servers know only the address of OpenID Connect Discovery.
            if answer.status != 404:
                found = metadata(answer, issuer=self.address)
                self._known = _Known(metadata=found, at=self._world.now())
                return found
        raise BadAnswer(f"{self.address} publishes no metadata")


def ask(make: Callable[[], Ask], *, world: World, repeatable: bool) -> Flow[Answer]:
    """Send a request, and twice more after a pause with jitter while there is no answer.

    A refusal is an answer. So is 500, which is a defect that a repeat would only meet again.

    Args:
        make: builds the request anew for each try: a proof of the client is good for one.
        world: time and chance.
        repeatable: whether a request that may have arrived can be sent again without harm. One
            that certainly did not arrive always can.

    Raises:
        Unreachable: no answer came, or the server asked to wait longer than a caller would.
    """
    attempt = 0
    while True:
        request = make()
        reply = answering(request, (yield request))
        problem = unreachable(reply, now=world.now())
        if problem is None and isinstance(reply, Answer):
            return reply
        problem = problem or Unreachable()
        never_arrived = isinstance(reply, Failure) and not reply.sent
        defect = isinstance(reply, Answer) and reply.status == _DEFECT
        wait = max(0.1 * 2**attempt * (1 + world.jitter()), problem.retry_after or 0)
        if attempt == _REPEATS or defect or wait > _LONGEST_PAUSE or not (repeatable or never_arrived):
            raise problem
        yield Pause(wait)
        attempt += 1
