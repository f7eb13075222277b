"""What a person who is signed in lets an app have: who may, what it is called, and what is written of it.

The same for an app that is called back with a code and for one on a device that waits.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from actas.audit.event import person_document
from actas.audit.log import Minutes, draw_up, write_kept
from actas.core.administrators import Administrators, scopes_within
from actas.core.client import Client
from actas.core.errors import AccessDenied
from actas.core.party import OURSELVES
from actas.core.person import People
from actas.core.ports import Chance, Clock
from actas.core.records import Record
from actas.core.sign_in import SCOPES, Authorization
from actas.policy.decide import scopes_of
from actas.signin.consents import Consents
from actas.signin.providers import may_use
from actas.signin.redirects import is_anybodys
from actas.signin.request import AuthorizationRequest, Registered, SendBack
from actas.signin.sessions import Session
from actas.subjects.device_records import Decision
from actas.trust.registry import TrustRegistry


class Directory(Registered, People, TrustRegistry, Protocol):
    """Finds apps, APIs, people and issuers, and who manages this server. Answers from memory."""

    @property
    def administrators(self) -> Administrators:
        """Who manages this server."""
        ...


class Granting:
    """Makes authorizations, and has consents kept and written down.

    Args:
        issuer: our own issuer identifier.
        directory: people of ours, and the issuers that vouch for others; and who holds a role.
    """

    def __init__(
        self,
        *,
        issuer: str,
        directory: Directory,
        consents: Consents,
        audit: Minutes,
        chance: Chance,
        clock: Clock,
    ) -> None:
        self._issuer = issuer
        self._directory = directory
        self._consents = consents
        self._audit = audit
        self._chance = chance
        self._clock = clock

    def require_member(self, client: Client, session: Session) -> None:
        """Return when somebody may sign in to an app.

        Raises:
            AccessDenied: they are in none of its groups, or signed in by a way that is not offered for it.
        """
        if not may_use(session.sign_in, client, self._directory, ours=self._issuer):
            through = session.sign_in.origin_name
            detail = f"nobody signs in to {client.name} through {through}"
            raise AccessDenied("no_rule", detail=detail)
        groups = frozenset[str]() if client.sign_in is None else client.sign_in.groups
        person = self._directory.person(session.sign_in.person.subject)
        held = session.sign_in.groups if person is None else person.groups
        if groups and groups.isdisjoint(held):
            detail = f"{session.sign_in.person.subject} is in no group that may sign in to {client.name}"
            raise AccessDenied("no_rule", detail=detail)

    async def must_ask(self, request: AuthorizationRequest, client: Client, session: Session) -> bool:
        """Return whether somebody is to be asked before an app has what it asks.

        Of managing they are each time: by what was said once, or by an administrator for everybody, nobody
        manages.

        Raises:
            StoreUnavailable: nobody knows.
        """
        terms = client.sign_in
        if OURSELVES in request.apis or "consent" in request.prompt:
            return True
        if terms is None or terms.consent == "never":
            return False
        if terms.consent == "always" or is_anybodys(client, request.redirect_uri):
            return True
        subject = session.sign_in.person.subject
        given = await self._consents.given(subject, client.name, fingerprint=client.fingerprint)
        apis = (self._directory.api(name) for name in request.apis)
        offered = {api.name: scopes_of(api, client) for api in apis if api is not None}
        return given is None or not given.covers(request.scope, offered)

    def narrowed(self, request: AuthorizationRequest, session: Session) -> AuthorizationRequest:
        """Return what an app asks, ``within_role``.

        Raises:
            SendBack: they hold no such role, which the app is told.
        """
        try:
            scope = self.within_role(request.scope, request.apis, session)
        except AccessDenied as no_administrator:
            raise SendBack(no_administrator, request.where) from no_administrator
        return msgspec.structs.replace(request, scope=scope)

    def within_role(self, scope: frozenset[str], apis: tuple[str, ...], session: Session) -> frozenset[str]:
        """Return what somebody may let an app have of what it asks: of managing, what their role holds.

        Args:
            apis: the names of the APIs that it asks for.

        Raises:
            AccessDenied: they hold no role, or a lower one than it wants.
        """
        if OURSELVES not in apis:
            return scope
        who = session.sign_in
        subject = who.person.subject
        role = self._directory.administrators.of_subject(who.origin_name, subject, who.groups)
        held = scopes_within(role)
        if scope.isdisjoint(held):
            detail = f"{subject} is {role or 'no administrator'}, and {' '.join(sorted(scope))} was asked for"
            raise AccessDenied("no_role", detail=detail)
        return scope & (held | frozenset(SCOPES))

    def authorization(
        self,
        client: Client,
        session: Session,
        *,
        scope: frozenset[str],
        apis: tuple[str, ...],
        nonce: str | None = None,
    ) -> Authorization:
        """Return what somebody lets an app do from now on.

        Args:
            scope: what at most; ``apis`` where.
            nonce: for the ID token, as the app sent it.
        """
        return Authorization(
            id=self._chance.token(16),
            client=client.name,
            sign_in=session.sign_in,
            apis=apis,
            scope=scope,
            nonce=nonce,
            began=int(self._clock.now()),
        )

    def told(
        self, authorization: Authorization, *, source: str, dropped: tuple[str, ...], **members: Any
    ) -> dict[str, Any]:
        """Return what entries say of an authorization.

        Args:
            source: the address of the browser.
            dropped: the scopes that were asked for and are nowhere.
            members: what else they say.
        """
        signed_in = authorization.sign_in
        return {
            "source": source,
            "client": authorization.client,
            "subject": person_document(self._issuer, signed_in.person.subject),
            "authorization": authorization.id,
            "sid": signed_in.sid,
            "scope": " ".join(sorted(authorization.scope)),
            "apis": list(authorization.apis),
            **({"dropped": " ".join(dropped)} if dropped else {}),
            **members,
        }

    async def consented(
        self,
        authorization: Authorization,
        told: dict[str, Any],
        *,
        fingerprint: str,
        device: Decision | None = None,
    ) -> None:
        """Keep that somebody said yes, and write it down.

        Args:
            told: what the entry says.
            fingerprint: that of the app, as it is now.
            device: what it decides of a device that waits, which is kept with it.

        Raises:
            DecidedMeanwhile: the device waits no more; nothing was kept.
            StoreUnavailable: nobody knows whether it was kept.
            AuditUnavailable: it was not written yet.
        """
        record = draw_up("consent:given", now=self._clock.now(), chance=self._chance, **told)
        subject, name = authorization.sign_in.person.subject, authorization.client
        await self._consents.give(
            subject,
            name,
            scope=authorization.scope,
            apis=authorization.apis,
            record=record,
            fingerprint=fingerprint,
            device=device,
        )
        await self.write(record)

    def granted(self, told: dict[str, Any]) -> Record:
        """Return the entry that says what an app was let have, to be kept with what lets it.

        Args:
            told: what the entry says.
        """
        return draw_up("authorization:granted", now=self._clock.now(), chance=self._chance, **told)

    async def write(self, record: Record) -> None:
        """Write an entry that was kept with what it tells.

        Raises:
            AuditUnavailable: it was not written yet.
        """
        await write_kept(self._audit, record, kept=self._consents)
