"""Where people sign in at an issuer, and where their codes are redeemed: known for an hour, asked for rarely.

An issuer that does not answer is left alone for a while (``breaker``): nobody who wants to sign in waits for
it but the one who tries it again. Its addresses are at its own host or at hosts on record (SEC-36, SEC-73).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from actas.core.ending import stopped
from actas.core.errors import BadToken
from actas.core.places import waiting_for_others
from actas.core.ports import Clock, Fetch, FetchFailed, Json
from actas.trust.breaker import Breaker
from actas.trust.discovery import place_of, published, takes_form_alone
from actas.trust.registry import TrustedIssuer

RELOCATE: Final = 3600
"""Seconds for which what a discovery document said is used."""

RETRY: Final = 5
"""Seconds between two attempts on an issuer that did not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What an issuer publishes for apps of its.

    Attributes:
        authorization_endpoint: where people sign in.
        token_endpoint: where their codes are redeemed.
        names_itself: whether every answer of it has ``iss`` (RFC 9207).
        by_form: whether it takes a client's secret in the form alone.
        userinfo_endpoint: where it says more of people; None where that is not asked for.
    """

    authorization_endpoint: str
    token_endpoint: str
    names_itself: bool
    by_form: bool
    userinfo_endpoint: str | None = None


@dataclass(slots=True)
class _Known:
    issuer: TrustedIssuer
    provider: Provider | None = None
    at: float = 0.0
    breaker: Breaker = field(default_factory=Breaker)
    task: asyncio.Task[None] | None = None

    def usable(self, now: float, age: float) -> Provider | None:
        """Return what is known, unless that is older than ``age`` seconds."""
        return self.provider if self.provider is not None and 0 <= now - self.at < age else None


class Providers:
    """Knows what issuers publish for apps of theirs. Outlives a change of configuration.

    Args:
        fetch: the only way out.
        clock: by which what is known ages.
    """

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def find(self, issuer: TrustedIssuer) -> Provider:
        """Return what an issuer publishes for apps of its: of the last hour, or while it does not answer of
        its ``outage_grace``.

        Raises:
            BadToken: ``upstream_down``: it is not known, and cannot be had now.
        """
        known = self._known.get(issuer.name)
        if known is None or not _is_same(known.issuer, issuer):
            known = self._known[issuer.name] = _Known(issuer)
        found = known.usable(self._clock.now(), RELOCATE)
        if found is not None:
            return found
        await self._asked(known)
        found = known.usable(self._clock.now(), issuer.outage_grace)
        if found is None:
            raise BadToken(f"{issuer.name} cannot be asked: {known.breaker.error}", why="upstream_down")
        return found

    def troubles(self) -> tuple[str, ...]:
        """Return a sentence for each issuer whose last attempt failed, in the order of their names."""
        return tuple(
            f"issuer {name}: where people sign in there cannot be found: {one.breaker.error}"
            for name, one in sorted(self._known.items())
            if one.breaker.error
        )

    def keep_only(self, names: Collection[str]) -> None:
        """Drop what is kept of everybody else."""
        self._known = {name: one for name, one in self._known.items() if name in names}

    async def aclose(self) -> None:
        """End what is under way."""
        await stopped(self._tasks)

    async def _asked(self, known: _Known) -> None:
        """Wait for the attempt under way, or make one when it is time. Whoever gives up ends none."""
        if known.task is None:
            if not known.breaker.may_try(self._clock.now(), usual=RETRY):
                return
            known.breaker.begin(self._clock.now())
            known.task = asyncio.create_task(self._ask(known), name=f"discovery of {known.issuer.name}")
            self._tasks.add(known.task)
            known.task.add_done_callback(self._tasks.discard)
        elif known.breaker.is_open:
            return
        with waiting_for_others():
            await asyncio.wait({known.task})

    async def _ask(self, known: _Known) -> None:
        began = self._clock.now()
        try:
            known.provider = _read(await published(known.issuer, self._fetch), known.issuer)
        except FetchFailed as failed:
            known.breaker.fail(failed.detail, self._clock.now())
        except Exception as failed:  # noqa: BLE001 - an attempt fails, what is known stays
            known.breaker.fail(repr(failed), self._clock.now())
        else:
            known.at = began
            known.breaker.succeed(self._clock.now())
        finally:
            known.task = None


def _read(document: Mapping[str, Json], issuer: TrustedIssuer) -> Provider:
    terms = issuer.sign_in
    if terms is None:
        raise FetchFailed(f"nobody signs in through {issuer.name}")

    def place(member: str) -> str:
        return place_of(document, member, issuer, hosts=terms.hosts, listed_in="sign_in.hosts")

    return Provider(
        authorization_endpoint=terms.authorization_endpoint or place("authorization_endpoint"),
        token_endpoint=terms.token_endpoint or place("token_endpoint"),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        by_form=takes_form_alone(document),
        userinfo_endpoint=place("userinfo_endpoint") if terms.userinfo else None,
    )


def _is_same(one: TrustedIssuer, other: TrustedIssuer) -> bool:
    """Whether two registrations are of the same issuer, with the same places."""

    def places(issuer: TrustedIssuer) -> tuple[object, ...]:
        terms = issuer.sign_in
        if terms is None:
            return (issuer.issuer,)
        written = (terms.authorization_endpoint, terms.token_endpoint)
        return (issuer.issuer, *written, terms.hosts, terms.userinfo)

    return one is other or places(one) == places(other)
