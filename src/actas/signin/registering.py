"""Clients register themselves (RFC 7591): off unless the configuration says so, and bound by what it says.

What a client becomes is written down, whole, with the client itself (SEC-86). Its secret is told once and
kept as a keyed digest. There is no address at which it could change or read what it registered.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final, Protocol

from actas.audit.log import Minutes, draw_up, write_kept
from actas.audit.refusal import refused
from actas.clients.budget import Budget
from actas.clients.metadata import BadMetadata
from actas.clients.registered import Registered, RegistrationTerms, new_id
from actas.core.errors import InvalidToken, OAuthError, TemporarilyUnavailable
from actas.core.errors_of_registering import (
    InvalidClientMetadata,
    InvalidRedirectUri,
    UnapprovedSoftwareStatement,
)
from actas.core.lineage import Marking
from actas.core.party import Caller
from actas.core.ports import Chance, Clock, JsonObject
from actas.core.records import Record
from actas.crypto.json import BadJson, read_object
from actas.crypto.passwords import digest_secret, generate_secret

MOST_BYTES: Final = 16 * 1024
"""Of what a client says of itself."""

FIRST_USE: Final = 24 * 3600
"""Seconds within which a client is used for the first time, or ends."""

PER_SOURCE: Final = 10
"""Registrations of one source in an hour."""

PER_HOUR: Final = 200
"""Registrations in one."""

_WITH_SECRET: Final = ("client_secret_basic", "client_secret_post")


class Registry(Protocol):
    """Keeps clients that registered themselves, for all nodes."""

    async def keep(self, client: Registered, *, most: int, record: Record) -> bool:
        """Keep a new client.

        Args:
            most: how many there may be.
            record: the audit entry of it, kept with it or not at all (REL-01).

        Returns:
            False, and nothing is kept, when there are so many already.

        Raises:
            StoreUnavailable: nobody knows whether it was kept.
        """
        ...

    async def written(self, entry: str) -> None:
        """Note that the entry stands in a stream."""
        ...


class ClientRegistration:
    """Answers the registration endpoint, over one configuration.

    Args:
        terms: what the configuration says.
        registry: keeps clients.
        budget: bounds how often anybody may register one; it outlives a configuration.
        pepper: the key under which secrets are digested.
        marking: makes the names of clients known again.
        fresh: raises when what this process knows of the shared state may be out of date.
    """

    def __init__(
        self,
        *,
        terms: RegistrationTerms,
        registry: Registry,
        budget: Budget,
        pepper: bytes,
        marking: Marking,
        audit: Minutes,
        chance: Chance,
        clock: Clock,
        fresh: Callable[[], None],
    ) -> None:
        self._terms = terms
        self._registry = registry
        self._budget = budget
        self._pepper = pepper
        self._marking = marking
        self._audit = audit
        self._chance = chance
        self._clock = clock
        self._fresh = fresh

    async def __call__(self, body: bytes, caller: Caller) -> JsonObject:
        """Register a client, and return what it is told: all that was registered, and its secret.

        Args:
            body: JSON, as received.
            caller: who sent it.

        Raises:
            OAuthError: it was not registered. The refusal stands in the minutes, under ``entry``.
        """
        trail = self._audit.open(caller.address, door="registration")
        try:
            self._fresh()
            let_in = self._is_let_in(caller)
            # Who has no token takes nothing from those who have one, from however many addresses they come.
            self._budget.spend(caller.address, alone=not let_in)
            if not let_in:
                detail = "the initial access token is missing or another"
                raise InvalidToken("bad_initial_token", detail=detail)
            return await self._registered(body, caller)
        except Exception as exc:
            raise await refused(self._audit, trail, exc) from exc

    async def turn_away(self, caller: Caller, error: OAuthError) -> OAuthError:
        """Record a request that cannot be read, and return what to tell the caller."""
        return await refused(self._audit, self._audit.open(caller.address, door="registration"), error)

    def _is_let_in(self, caller: Caller) -> bool:
        if self._terms.open:
            return True
        shown = "" if caller.authorization is None else caller.authorization.reveal()
        scheme, _, text = shown.partition(" ")
        token = self._terms.token
        wanted = b"" if token is None else token.reveal().encode("utf-8", "surrogatepass")
        same = hmac.compare_digest(text.strip().encode("utf-8", "surrogatepass"), wanted)
        return bool(wanted) and same and scheme.lower() == "bearer"

    async def _registered(self, body: bytes, caller: Caller) -> JsonObject:
        try:
            said = read_object(body, max_bytes=MOST_BYTES)
        except BadJson as bad:
            raise InvalidClientMetadata(detail=f"what it says cannot be read: {bad}") from None
        if "software_statement" in said:
            raise UnapprovedSoftwareStatement(detail="nobody's software statements are believed here")
        try:
            metadata, method = self._terms.read(said)
        except BadMetadata as bad:
            refusal = InvalidRedirectUri if bad.redirect else InvalidClientMetadata
            raise refusal(detail=str(bad)) from None
        now = int(self._clock.now())
        secret = generate_secret() if method in _WITH_SECRET else None
        client = Registered(
            client_id=new_id(chance=self._chance, marking=self._marking),
            metadata=metadata,
            secret=b"" if secret is None else digest_secret(secret, pepper=self._pepper),
            registered_at=now,
            used_at=now,
            until=now + min(FIRST_USE, self._terms.unused_for),
        )
        await self._keep(client, caller)
        told: JsonObject = {"client_id": client.client_id, "client_id_issued_at": now, **metadata}
        if secret is not None:
            told |= {"client_secret": secret, "client_secret_expires_at": 0}
        return told

    async def _keep(self, client: Registered, caller: Caller) -> None:
        record = draw_up(
            "registration:granted",
            now=self._clock.now(),
            chance=self._chance,
            source=caller.address,
            client={"name": client.client_id},
            by="anybody" if self._terms.open else "the initial access token",
            after=client.metadata,
        )
        if not await self._registry.keep(client, most=self._terms.most, record=record):
            detail = f"{self._terms.most} clients have registered, and none has ended"
            raise TemporarilyUnavailable("registrations_full", detail=detail, retry_after=3600)
        await write_kept(self._audit, record, kept=self._registry)
