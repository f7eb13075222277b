"""Tells apps that a session ended in which they got tokens (Back-Channel Logout 1.0 section 2.5).

At least once, by one process at a time: what is taken is taken for longer than a try may last, and whoever
dies over it leaves it to the next (``signin.served``). An answer of 200 or 204 means that the app heard.
Whatever else comes, or nothing, is tried again later and later, and not for ever. One app that hangs keeps no
other waiting: each is told by itself.

People whom a configuration locks out or forgets, and those whose issuer is not trusted any more, have no
session either. Nobody revokes anything then, so it is looked for here, whenever another configuration is in
force.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol
from urllib.parse import urlencode

import structlog

from actas.audit.event import person_document
from actas.audit.formats.entry import one_line
from actas.core.client import Client
from actas.core.errors import AuditUnavailable, BadToken, StoreUnavailable
from actas.core.metrics import LOGOUT_NOTICES, UNMETERED, Meter
from actas.core.pacing import backoff, spread
from actas.core.ports import Clock, FetchFailed, Post
from actas.core.wire import SigningAlgorithm
from actas.issuers.logout_token import LogoutTokenIssuer
from actas.signin.served import DueNotice, Leaver, SessionApps
from actas.subjects.live import LiveParties

EVERY: Final = 1.0
"""Seconds between two looks, on average."""

PATIENCE: Final = 5.0
"""Seconds that an app has to answer."""

TAKEN_FOR: Final = 15
"""Seconds for which whoever took a notice has it to itself; longer than a try may last."""

AT_ONCE: Final = 4
"""Notices on their way to one app."""

APPS_AT_ONCE: Final = 32
"""Apps that are told at the same time."""

MOST_TRIES: Final = 20
"""Tries, over about two and a half hours."""

SLOWEST: Final = 900
"""Seconds between two tries, at most."""

_HEARD: Final = (200, 204)
"""Section 2.8."""

_SHOWN: Final = 300
"""Characters of what went wrong that are kept."""

_log = structlog.get_logger("actas.logout")


class Registered(Protocol):
    """Finds clients as they are in the configuration in force. Answers from memory."""

    def client(self, client_id: str) -> Client | None:
        """Return the client, or None."""
        ...


class Telling:
    """Tells apps, for as long as a process serves.

    Args:
        issuer: our own issuer identifier.
        store: knows who is to be told.
        tokens: makes logout tokens.
        post: the guarded way out.
        registered: the clients in force; another object for another configuration.
        live: knows who may still be signed in, under the configuration in force.
        note: writes an event.
    """

    def __init__(
        self,
        *,
        issuer: str,
        store: SessionApps,
        tokens: LogoutTokenIssuer,
        post: Post,
        registered: Callable[[], Registered],
        live: Callable[[], LiveParties],
        note: Callable[..., Awaitable[Any]],
        clock: Clock,
        meter: Meter = UNMETERED,
    ) -> None:
        self._issuer = issuer
        self._store = store
        self._tokens = tokens
        self._post = post
        self._registered = registered
        self._live = live
        self._note = note
        self._clock = clock
        self._meter = meter
        self._looked_at: Registered | None = None
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(APPS_AT_ONCE)
        self._said = ""

    async def run(self) -> None:
        """Tell apps until cancelled."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(spread(EVERY))
        finally:
            await self.close()

    async def look(self) -> None:
        """Begin to tell whoever is to be told now. What fails is tried again at a later look."""
        try:
            await self._end_the_gone()
            for client in await self._store.waiting(at=int(self._clock.now())):
                if client not in self._under_way:
                    self._under_way[client] = asyncio.create_task(self._tell(client))
        except (StoreUnavailable, AuditUnavailable) as failed:
            self._complain(failed)
        else:
            self._said = ""

    async def settled(self) -> None:
        """Return once nothing that was begun is under way."""
        while self._under_way:
            await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def close(self) -> None:
        """Leave what is under way to another process."""
        for task in self._under_way.values():
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.settled()

    async def _end_the_gone(self) -> None:
        """End the sessions of whoever may not be signed in under this configuration."""
        registered = self._registered()
        if registered is self._looked_at:
            return
        live, now = self._live(), int(self._clock.now())
        gone = [one for one in await self._store.signed_in(at=now) if not self._is_live(one, live)]
        if gone:
            await self._store.end_of(gone, at=now)
        self._looked_at = registered

    def _is_live(self, leaver: Leaver, live: LiveParties) -> bool:
        try:
            if leaver.vouched_by != self._issuer:
                live.vouching(leaver.vouched_by)
            else:
                live.require_person(leaver.subject)
        except BadToken:
            return False
        return True

    async def _tell(self, name: str) -> None:
        """Tell one app all that it is to hear now."""
        try:
            more = True
            while more:
                async with self._places:  # before anything is taken: what is taken is tried at once
                    more = await self._tell_some(name)
        except (StoreUnavailable, AuditUnavailable) as failed:
            self._complain(failed)
        except Exception:  # noqa: BLE001 - logged with its traceback; another look tries again
            _log.exception("apps are not told that a session ended", client=name)
        finally:
            self._under_way.pop(name, None)

    async def _tell_some(self, name: str) -> bool:
        """Tell one app a part of what it is to hear now; whether there may be more."""
        now = int(self._clock.now())
        due = await self._store.claim(name, most=AT_ONCE, at=now, until=now + TAKEN_FOR)
        client = self._registered().client(name)
        if client is None or client.disabled or client.sign_in is None or not client.sign_in.told_at:
            await self._store.settle(due)  # nobody wants to hear
            return bool(due)
        terms, told_at = client.sign_in, client.sign_in.told_at
        tries = [self._try(one, told_at, algorithm=terms.algorithm) for one in due]
        for done in await asyncio.gather(*tries, return_exceptions=True):
            if done is not None:
                raise done
        return bool(due)

    async def _try(self, notice: DueNotice, address: str, *, algorithm: SigningAlgorithm) -> None:
        """Tell an app once."""
        try:
            await self._send(notice, address, algorithm=algorithm)
        except FetchFailed as failed:
            await self._failed(notice, failed.detail)
            return
        self._meter.count(LOGOUT_NOTICES, "delivered")
        await self._note("logout:delivered", **self._members(notice))
        await self._store.settle([notice])

    async def _send(self, notice: DueNotice, address: str, *, algorithm: SigningAlgorithm) -> None:
        """Send a notice, and return once the app heard.

        Raises:
            FetchFailed: it did not, or nobody knows whether it did.
        """
        token = await self._tokens.issue(
            notice.client, subject=notice.subject, sid=notice.sid, algorithm=algorithm
        )
        answer = await self._post.post(
            address,
            urlencode({"logout_token": token.reveal()}).encode("ascii"),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            within=PATIENCE,
        )
        if answer.status not in _HEARD:
            raise FetchFailed(f"{address.partition('?')[0]} answered with status {answer.status}")

    async def _failed(self, notice: DueNotice, detail: str) -> None:
        """Have a notice tried again later and later, or for the last time not at all."""
        said = one_line(detail)[:_SHOWN]
        if notice.tries >= MOST_TRIES:
            self._meter.count(LOGOUT_NOTICES, "given_up")
            await self._note("logout:failed", **self._members(notice), detail=said)
            await self._store.settle([notice])
            _log.error(
                "an app is not told that a session ended", client=notice.client, sid=notice.sid, detail=said
            )
            return
        self._meter.count(LOGOUT_NOTICES, "failed")
        wait = backoff(notice.tries, slowest=SLOWEST)
        next_at = int(self._clock.now()) + max(1, round(wait))
        await self._store.postpone(notice, next_at=next_at, detail=said)
        _log.warning(
            "an app could not be told that a session ended; it is tried again",
            client=notice.client,
            tries=notice.tries,
            detail=said,
        )

    def _members(self, notice: DueNotice) -> dict[str, Any]:
        return {
            "client": notice.client,
            "subject": person_document(self._issuer, notice.subject),
            "sid": notice.sid,
            "ended_at": notice.ended_at,
            "because": notice.entry or None,
            "tries": notice.tries,
        }

    def _complain(self, failed: StoreUnavailable | AuditUnavailable) -> None:
        """Say once that nothing can be done just now."""
        if (said := str(failed)) != self._said:
            self._said = said
            _log.error("apps are not told that a session ended", detail=said)
