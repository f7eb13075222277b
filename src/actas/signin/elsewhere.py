"""Somebody signs in through an issuer: sent there, and come back with its answer.

The answer is looked at in one order: what we sealed, that this browser began it, that it came to the address
of the issuer that was asked and says so (RFC 9207), and that it is the first. Only then is the code redeemed.
What cannot be traced to an attempt of this browser ends on an error page; anything else leads back to the
question who somebody is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn, Protocol

from actas.audit.log import Minutes
from actas.audit.refusal import refused
from actas.clients.throttle import Throttle
from actas.core.client import Client
from actas.core.errors import AccessDenied, BadToken, OAuthError, TemporarilyUnavailable
from actas.core.params import Params
from actas.core.person import VouchedPerson
from actas.core.ports import Chance, Clock, MarkStore
from actas.core.secret import Secret
from actas.core.sign_in import SignIn
from actas.signin.beginning import Begun, Opening, Visitor, begun_if_any
from actas.signin.flow import Flow
from actas.signin.providers import LIFE, Away, address_of, age_for, back_to, error_word, is_offered
from actas.signin.steps import AskWho, GoOn, SendAway, Trouble
from actas.signin.vouched import Vouched, Vouching
from actas.subjects.known import KnownPeople
from actas.trust.provider import Providers
from actas.trust.registry import SignInThere, TrustedIssuer

_LONGEST_CODE: Final = 4096
_BY_THEM: Final = frozenset({"access_denied", "user_cancelled_authorize", "user_cancelled_login"})


class Directory(Protocol):
    """Finds clients and issuers. Answers from memory."""

    @property
    def issuers(self) -> Mapping[str, TrustedIssuer]:
        """The trusted issuers."""
        ...

    def client(self, client_id: str) -> Client | None:
        """Return the client, or None."""
        ...


class _NotThere(Exception):
    """Nobody was signed in there, and the person may try again.

    Args:
        error: for the minutes.
        trouble: what the person is told.
    """

    def __init__(self, error: OAuthError, trouble: Trouble) -> None:
        super().__init__(str(error))
        self.error = error
        self.trouble = trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """Sends people to issuers, and begins their sessions when they come back.

    Attributes:
        issuer: our own issuer identifier.
        providers: knows where people sign in there.
        vouching: redeems their codes.
        opening: begins sessions.
        known: remembers who came, so that they can be named.
        marks: remembers which answers came already.
        begun: seals what a browser carries; ``away`` what goes there and comes back.
        fresh: raises when what this process knows of the shared state may be out of date.
    """

    issuer: str
    directory: Directory
    providers: Providers
    vouching: Vouching
    opening: Opening
    known: KnownPeople
    marks: MarkStore
    throttle: Throttle
    begun: Flow[Begun]
    away: Flow[Away]
    audit: Minutes
    chance: Chance
    clock: Clock
    fresh: Callable[[], None]

    async def begin(self, flow: str | None, provider: str, visitor: Visitor) -> SendAway | AskWho:
        """Return where somebody is sent who wants to sign in through an issuer.

        Args:
            provider: the name of the issuer.

        Raises:
            OAuthError: what the browser carries was not made here, or nobody signs in so; it stands in the
                minutes. So for ``come_back``.
        """
        trail = self.audit.open(visitor.source, door="sign_in")
        begun = Begun()
        try:
            self.fresh()
            begun = begun_if_any(self.begun, flow, visitor)
            trail.said_by = self._client(begun)
            issuer, terms = self._issuer(provider, begun)
            try:
                found = await self.providers.find(issuer)
            except BadToken as down:
                _cannot(issuer, down)
            away = Away(
                begun=begun,
                provider=issuer.name,
                browser=visitor.browser,
                nonce=self.chance.token(32),
                verifier=self.chance.token(32),
                max_age=age_for(terms, begun.request),
                at=int(self.clock.now()),
            )
            back = back_to(self.issuer, issuer)
            return SendAway(address_of(terms, found, away, state=self.away.seal(away), back=back))
        except _NotThere as not_there:
            await refused(self.audit, trail, not_there.error)
            return self._again(begun, not_there.trouble)
        except Exception as exc:
            raise await refused(self.audit, trail, exc) from exc

    async def come_back(self, provider: str, query: bytes, visitor: Visitor) -> GoOn | AskWho:
        """Return what comes next when somebody comes back from an issuer.

        Args:
            provider: the name of the issuer whose address it is.
            query: the parameters, as received.
        """
        trail = self.audit.open(visitor.source, door="sign_in")
        away: Away | None = None
        try:
            self.fresh()
            form = Params.parse(query)
            found = self._opened(form.get("state"), provider, visitor)
            away = found
            trail.said_by = self._client(away.begun)
            return await self._answered(form, away, visitor)
        except _NotThere as not_there:
            await refused(self.audit, trail, not_there.error)
            if away is None:
                raise not_there.error from not_there
            return self._again(away.begun, not_there.trouble)
        except Exception as exc:
            raise await refused(self.audit, trail, exc) from exc

    async def _answered(self, form: Params, away: Away, visitor: Visitor) -> GoOn:
        issuer, _ = self._issuer(away.provider, away.begun)
        try:
            found = await self.providers.find(issuer)
            _require_from(issuer, form.get("iss"), always=found.names_itself)
            code = _code(issuer, form)
            self.throttle.require_patience("failed_provider_answer", issuer.name, visitor.source)
            # Last: each is a row, and what is refused before must not fill a table.
            await self._require_first(issuer, away)
            back = back_to(self.issuer, issuer)
            try:
                vouched = await self.vouching.redeem(issuer, found, away, code=code, back=back)
            except BadToken as bad:
                if bad.why != "upstream_down":
                    self.throttle.failed("failed_provider_answer", issuer.name, visitor.source)
                raise
        except BadToken as bad:
            _cannot(issuer, bad)
        return await self._signed_in(issuer, vouched, away.begun, visitor)

    async def _signed_in(
        self, issuer: TrustedIssuer, vouched: Vouched, begun: Begun, visitor: Visitor
    ) -> GoOn:
        def sign_in(sid: str, ends_at: int) -> SignIn:
            return SignIn(
                person=vouched.person,
                origin=vouched.origin,
                origin_name=issuer.name,
                groups=vouched.groups,
                claims=vouched.claims,
                at=vouched.at,
                acr=vouched.acr,
                amr=vouched.amr,
                sid=sid,
                ends_at=ends_at,
            )

        await self.known.remember(
            VouchedPerson(
                subject=vouched.person.subject,
                origin=vouched.origin,
                display=vouched.called,
                email=vouched.email,
                groups=None if issuer.groups is None else vouched.groups,
                seen_at=int(self.clock.now()),
            )
        )
        return await self.opening.begin(sign_in, vouched.person, begun, visitor)

    def _issuer(self, name: str, begun: Begun) -> tuple[TrustedIssuer, SignInThere]:
        """Return an issuer that people may sign in through, for what this browser came for."""
        client = self._client(begun)
        for one in self.directory.issuers.values():
            if one.name == name and one.sign_in is not None and is_offered(one, client):
                return one, one.sign_in
        raise AccessDenied("bad_provider_answer", detail=f"nobody signs in through {name[:64]!r} here")

    def _opened(self, state: str | None, provider: str, visitor: Visitor) -> Away:
        """Return the attempt that an answer belongs to, which this browser began with this issuer."""
        try:
            away = self.away.open(state)
        except AccessDenied as refusal:
            raise AccessDenied("bad_provider_answer", detail=f"state: {refusal.detail}") from None
        if away.browser != visitor.browser:
            raise AccessDenied("bad_provider_answer", detail="another browser began this")
        if away.provider != provider:
            detail = f"{away.provider} was asked, and the answer came to the address of {provider}"
            raise AccessDenied("bad_provider_answer", detail=detail)
        return away

    async def _require_first(self, issuer: TrustedIssuer, away: Away) -> None:
        if not await self.marks.claim(
            purpose="provider",
            issuer=issuer.issuer,
            token_id=away.nonce,
            issued_at=away.at,
            expires_at=away.at + LIFE,
        ):
            raise BadToken("the answer came before")

    def _again(self, begun: Begun, trouble: Trouble) -> AskWho:
        flow = self.begun.seal(begun) if begun.is_for_something else ""
        return AskWho(request=begun.request, client=self._client(begun), flow=flow, trouble=trouble)

    def _client(self, begun: Begun) -> Client | None:
        return None if begun.request is None else self.directory.client(begun.request.client)


def _require_from(issuer: TrustedIssuer, iss: str | None, *, always: bool) -> None:
    """Return when an answer says that it is of the issuer that was asked (RFC 9207 section 2.4)."""
    if iss != issuer.issuer and (always or iss is not None):
        said = "nobody" if iss is None else f"{iss[:200]!r}"
        raise BadToken(f"{issuer.name} was asked, and {said} says to answer (iss)")


def _code(issuer: TrustedIssuer, form: Params) -> Secret:
    """Return the code of an answer."""
    error = form.get("error")
    if error is not None:
        word = error_word(error) or "an error that has no name"
        raise _NotThere(
            AccessDenied("provider_refused", detail=f"{issuer.name} answers {word}"),
            Trouble(kind="cancelled" if error in _BY_THEM else "refused", provider=_display(issuer)),
        )
    code = form.secret("code")
    if code is None or len(code) > _LONGEST_CODE:
        raise BadToken(f"{issuer.name} answers with neither a code nor an error")
    return code


def _cannot(issuer: TrustedIssuer, bad: BadToken) -> NoReturn:
    """Raise what it means that an issuer cannot be believed, or asked."""
    if bad.why == "upstream_down":
        error: OAuthError = TemporarilyUnavailable("upstream_down", detail=bad.detail, retry_after=5)
        raise _NotThere(error, Trouble(kind="down", provider=_display(issuer))) from bad
    error = AccessDenied("bad_provider_answer", detail=f"{issuer.name}: {bad.detail}")
    raise _NotThere(error, Trouble(kind="unusable", provider=_display(issuer))) from bad


def _display(issuer: TrustedIssuer) -> str:
    return issuer.name if issuer.sign_in is None else issuer.sign_in.display
