"""Step 3 of the pipeline: whatever was presented is proven, and what a bad one calls for is done."""

from __future__ import annotations

from typing import Final

from actas.audit.event import record_of
from actas.audit.trail import Trail
from actas.clients.throttle import Throttle
from actas.core.errors import BadToken, OAuthError
from actas.core.family import Renewal, Spent
from actas.core.party import Party, PresentedToken, Role
from actas.core.permit import ExchangeRequest, Parties
from actas.core.sign_in import Authorization
from actas.core.tracing import UNTRACED, Tracing
from actas.core.wire import JWT_BEARER
from actas.core.wording import as_called
from actas.grants.grant import Grant
from actas.subjects.authorization_code import AuthorizationCodes
from actas.subjects.device_code import DeviceCodes
from actas.subjects.named import NamedPeople
from actas.subjects.refresh_token import Renewals, is_copy
from actas.subjects.validator import Validators

_STEPS: Final = {"subject": "actas.subject", "actor": "actas.actor"}
"""What the proof of a token is called in a trace, by the role of the token."""


class Presented:
    """Proves what requests at the token endpoint present.

    Args:
        tokens: proves subject and actor tokens.
        renewals: proves refresh tokens by which an earlier exchange is done again.
        codes: redeems authorization codes.
        devices: redeems the codes of devices.
        named: knows people who are only named, and who acts as somebody else already.
        throttle: makes guessing slow.
        tracing: follows the steps of requests.
    """

    def __init__(
        self,
        *,
        tokens: Validators,
        renewals: Renewals,
        codes: AuthorizationCodes,
        devices: DeviceCodes,
        named: NamedPeople,
        throttle: Throttle,
        tracing: Tracing = UNTRACED,
    ) -> None:
        self._tokens = tokens
        self._renewals = renewals
        self._codes = codes
        self._devices = devices
        self._named = named
        self._throttle = throttle
        self._tracing = tracing

    async def parties(
        self,
        request: ExchangeRequest,
        proven: Authorization | Party | None,
        itself: Party,
        *,
        grant: Grant,
        trail: Trail,
    ) -> Parties:
        """Return everybody in a request; who is only named is looked up, and proves nothing.

        Args:
            proven: what a code stands for, or whom a grant tells of: the subject then.
            itself: the client, which speaks for itself when nobody else is the subject.
        """
        looked = await self._named.look_up(request.named)
        if isinstance(proven, Party):
            trail.subject = proven
        elif proven is not None:
            trail.subject = await self.signed_in(proven, grant, trail)
        else:
            trail.subject = await self.party(request.subject, grant, trail) or looked.party or itself
        trail.actor = await self.party(request.actor, grant, trail)
        return Parties(trail.subject, trail.actor, itself, looked.person)

    async def party(self, token: PresentedToken | None, grant: Grant, trail: Trail) -> Party | None:
        """Return whom a token speaks of; None when none was presented.

        Raises:
            OAuthError: it is not good. All methods raise it.
        """
        if token is None:
            return None
        name = "" if trail.client is None else trail.client.name
        try:
            with self._tracing.step(_STEPS[token.role]):
                party = await self._tokens.prove(token)
        except BadToken as bad:
            raise await self._bad(bad, token.role, grant, trail) from bad
        self._throttle.succeeded("failed_tokens", name, trail.source)
        if party.impersonation is not None:
            trail.impersonation = await self._named.behind(party)
        return party

    async def renewal(self, token: PresentedToken | None, grant: Grant, trail: Trail) -> Renewal | None:
        """Return what a refresh token stands for; None when none was presented."""
        if token is None:
            return None
        try:
            return await self._renewals.prove(token.value.reveal())
        except BadToken as bad:
            raise await self._bad(bad, token.role, grant, trail) from bad

    async def authorization(
        self, request: ExchangeRequest, grant: Grant, trail: Trail
    ) -> Authorization | None:
        """Return what a code stands for, which is good no more; None when none was presented."""
        client = trail.client
        if client is None:
            return None
        try:
            if request.device is not None:
                return await self._devices.redeem(request.device, client=client)
            if request.code is not None:
                return await self._codes.redeem(request.code, client=client, proven=trail.proven)
            return None
        except BadToken as bad:
            raise await self._bad(bad, "subject", grant, trail) from bad

    async def asserted(self, request: ExchangeRequest, grant: Grant, trail: Trail) -> Party | None:
        """Return whom the grant of another domain's server tells of; None when none is redeemed."""
        if request.grant_type != JWT_BEARER:
            return None
        trail.subject = await self.party(request.subject, grant, trail)
        return trail.subject

    async def signed_in(self, authorization: Authorization, grant: Grant, trail: Trail) -> Party:
        """Return who signed in."""
        try:
            return self._codes.party(authorization)
        except BadToken as bad:
            raise await self._bad(bad, "subject", grant, trail) from bad

    async def written(self, trail: Trail) -> None:
        """Note that the entry of an attempt, which revoked something, stands in the minutes."""
        await self._renewals.written(trail.entry)

    async def _bad(self, bad: BadToken, role: Role, grant: Grant, trail: Trail) -> OAuthError:
        """Do what a bad token calls for, and return the refusal."""
        client = trail.client
        if bad.told is not None:
            trail.told = {**trail.told, role: bad.told}
        elif bad.why in ("forged", "bad_code"):
            # Whoever has a genuine token guesses at nothing, whomever it speaks of.
            self._throttle.failed("failed_tokens", "" if client is None else client.name, trail.source)
        request = trail.request
        requested = None if request is None or request.redeemed else request.requested
        error = as_called(grant.token_error, grant_type=grant.grant_type, requested=requested)
        refusal = bad.refusal(role, error)
        if isinstance(bad, Spent) and client is not None and is_copy(bad, client=client, proven=trail.proven):
            # There are two copies of it: RFC 9700 section 4.14.2, RFC 6749 section 4.1.2.
            trail.refused, trail.revoked = refusal, (f"token:{bad.family}",)
            record = record_of(trail, "exchange:refused")
            await self._renewals.end_family(bad.family, ends_at=bad.ends_at, record=record)
        return refusal
