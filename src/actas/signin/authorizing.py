"""What an app may do for whoever is signed in: asked, answered, written down, and handed out as a code.

One function says what comes next (``_next``), whether the browser comes from the app, from signing in or from
the question. A code is made only from what was read, signed in, and consented to, in this order; the event is
written before the code leaves (SEC-86).
"""

from __future__ import annotations

from collections.abc import Callable

from actas.audit.log import Minutes
from actas.audit.refusal import refused
from actas.audit.trail import Trail
from actas.core.client import Client
from actas.core.errors import AccessDenied, InvalidRequest, OAuthError, StoreUnavailable
from actas.core.errors_of_signing_in import ConsentRequired, LoginRequired
from actas.core.params import Params
from actas.core.ports import Clock
from actas.core.sign_in import GrantedCode
from actas.signin.apps import Strangers
from actas.signin.beginning import Begun, Visitor, begun_here
from actas.signin.flow import Flow
from actas.signin.granting import Directory, Granting
from actas.signin.hints import Hints
from actas.signin.naming import Naming
from actas.signin.providers import is_fresh, may_use
from actas.signin.pushed import PushedRequests
from actas.signin.redirects import may_go_to
from actas.signin.request import AuthorizationRequest, SendBack, Where, read_request
from actas.signin.sessions import Session, Sessions
from actas.signin.steps import Answered, AskConsent, AskWho, Step, later
from actas.signin.suiting import Suiting, named
from actas.subjects.authorization_code import LIFE, AuthorizationCodes


class Authorizing:
    """Answers authorization requests.

    Args:
        issuer: our own issuer identifier.
        granting: says what is granted, and writes it down.
        codes: keeps what is handed out.
        hints: reads ID tokens of ours.
        suiting: says whether a session is as an app wants it.
        pushed: knows what apps pushed before.
        strangers: finds out what apps are that are not registered.
        naming: notes which app was named, of what is refused.
        begun: seals what a browser carries.
        fresh: raises when what this process knows of the shared state may be out of date.
    """

    def __init__(
        self,
        *,
        issuer: str,
        directory: Directory,
        sessions: Sessions,
        granting: Granting,
        codes: AuthorizationCodes,
        hints: Hints,
        suiting: Suiting,
        pushed: PushedRequests,
        strangers: Strangers,
        naming: Naming,
        begun: Flow[Begun],
        audit: Minutes,
        clock: Clock,
        fresh: Callable[[], None],
    ) -> None:
        self._issuer = issuer
        self._directory = directory
        self._sessions = sessions
        self._granting = granting
        self._codes = codes
        self._hints = hints
        self._suiting = suiting
        self._pushed = pushed
        self._strangers = strangers
        self._naming = naming
        self._begun = begun
        self._audit = audit
        self._clock = clock
        self._fresh = fresh

    async def ask(self, query: bytes, visitor: Visitor) -> Step:
        """Return what comes next when an app sends somebody.

        Args:
            query: the parameters, as received.

        Raises:
            OAuthError: it is refused, nobody can be told but the person, and it stands in the minutes. So for
                all methods.
        """
        trail = self._open(visitor)
        try:
            form = trail.form = Params.parse(query)
            trail.asked_as = form.get("client_id") or ""
            self._fresh()
            await self._strangers.meet(form.get("client_id"), source=visitor.source)
            name, form = self._pushed.find(form) or (None, form)
            request, client = read_request(
                form, self._directory, hints=self._hints, now=self._clock.now(), pushed=name
            )
            step = await self._next(named(request, self._directory), client, visitor, trail, proved=False)
            return step if name is None else later(step)
        except Exception as exc:  # noqa: BLE001 - every exception ends as a refusal (SEC-04)
            return await self._refused(trail, exc)

    async def go_on(self, flow: str | None, visitor: Visitor) -> Step:
        """Return what comes next when somebody signed in."""
        trail = self._open(visitor)
        try:
            self._fresh()
            begun, request, client = await self._opened(flow, visitor, trail)
            return await self._next(request, client, visitor, trail, proved=begun.proved)
        except Exception as exc:  # noqa: BLE001 - every exception ends as a refusal (SEC-04)
            return await self._refused(trail, exc)

    async def decide(self, flow: str | None, *, allowed: bool, visitor: Visitor) -> Step:
        """Return what comes next when somebody said whether the app may act for them."""
        trail = self._open(visitor)
        try:
            self._fresh()
            begun, request, client = await self._opened(flow, visitor, trail)
            session = await self._session(request, visitor, proved=begun.proved)
            if session is None:
                return self._ask_who(request, client, visitor)
            trail.client = client
            if begun.shown != session.sign_in.person.subject:
                # Somebody else has signed in since: nobody answers what another was asked.
                return self._ask_consent(request, client, session, visitor, proved=begun.proved)
            if not allowed:
                detail = f"{session.sign_in.person.subject} does not let {client.name} act for them"
                raise SendBack(AccessDenied("denied_by_person", detail=detail), request.where)
            return await self._answer(request, client, session, trail, said_yes=True)
        except Exception as exc:  # noqa: BLE001 - every exception ends as a refusal (SEC-04)
            return await self._refused(trail, exc, decided=True)

    async def _next(
        self, request: AuthorizationRequest, client: Client, visitor: Visitor, trail: Trail, *, proved: bool
    ) -> Step:
        quiet = "none" in request.prompt
        session = await self._session(request, visitor, proved=proved)
        if session is None:
            if quiet:
                raise SendBack(LoginRequired(detail="nobody is signed in as the app wants it"), request.where)
            return self._ask_who(request, client, visitor)
        # Only now: until somebody has signed in, anybody can ask, and must not fill the log (SEC-90).
        trail.client = client
        request = self._granting.narrowed(request, session)
        if await self._granting.must_ask(request, client, session):
            if quiet:
                subject = session.sign_in.person.subject
                detail = f"{subject} was not asked about {' '.join(sorted(request.scope))}"
                raise SendBack(ConsentRequired(detail=detail), request.where)
            return self._ask_consent(request, client, session, visitor, proved=proved)
        return await self._answer(request, client, session, trail, said_yes=False)

    async def _session(
        self, request: AuthorizationRequest, visitor: Visitor, *, proved: bool
    ) -> Session | None:
        """Return the session of a browser, when it is good enough for what is asked.

        Args:
            proved: whether somebody has signed in for this very request; then it is not asked again, however
                small ``max_age`` is.

        Raises:
            SendBack: they are not whom the app means.
        """
        session = await self._sessions.find(visitor.session)
        client = self._directory.client(request.client)
        if session is None or not may_use(session.sign_in, client, self._directory, ours=self._issuer):
            return None
        if proved and session.began >= request.began and is_fresh(session.sign_in.at, request):
            if request.hinted not in (None, session.sign_in.person.subject):
                detail = f"{session.sign_in.person.subject} signed in, and the app means {request.hinted}"
                raise SendBack(LoginRequired(detail=detail), request.where)
            return session
        return session if await self._suiting.suits(session, request) else None

    async def _answer(
        self,
        request: AuthorizationRequest,
        client: Client,
        session: Session,
        trail: Trail,
        *,
        said_yes: bool,
    ) -> Answered:
        try:
            self._granting.require_member(client, session)
        except AccessDenied as stranger:
            raise SendBack(stranger, request.where) from stranger
        request = self._granting.narrowed(request, session)
        authorization = self._granting.authorization(
            client, session, scope=request.scope, apis=request.apis, nonce=request.nonce
        )
        told = self._granting.told(
            authorization, source=trail.source, dropped=request.dropped, redirect_uri=request.redirect_uri
        )
        if said_yes:
            await self._granting.consented(authorization, told, fingerprint=client.fingerprint)
        await self._pushed.use_up(request)
        code = await self._codes.keep(
            GrantedCode(
                authorization=authorization,
                redirect_uri=request.redirect_uri,
                challenge=request.challenge,
                jkt=request.jkt,
                expires_at=authorization.began + LIFE,
            )
        )
        await self._audit.note("authorization:granted", **told)
        return self._answered(request.where, ("code", code.reveal()))

    def _answered(self, where: Where, *members: tuple[str, str]) -> Answered:
        state = () if where.state is None else (("state", where.state),)
        return Answered(where=where, members=(*members, *state, ("iss", self._issuer)))

    def _ask_who(self, request: AuthorizationRequest, client: Client, visitor: Visitor) -> AskWho:
        flow = self._begun.seal(Begun(browser=visitor.browser, request=request))
        return AskWho(request=request, client=client, flow=flow, name=request.login_hint or "")

    def _ask_consent(
        self,
        request: AuthorizationRequest,
        client: Client,
        session: Session,
        visitor: Visitor,
        *,
        proved: bool,
    ) -> AskConsent:
        subject = session.sign_in.person.subject
        begun = Begun(browser=visitor.browser, request=request, proved=proved, shown=subject)
        return AskConsent(
            request=request,
            client=client,
            flow=self._begun.seal(begun),
            person=self._directory.person(subject),
            account=subject,
            called=session.sign_in.called,
        )

    async def _opened(
        self, flow: str | None, visitor: Visitor, trail: Trail
    ) -> tuple[Begun, AuthorizationRequest, Client]:
        """Return what a browser carried, and whose it is, as far as that still holds.

        Raises:
            AccessDenied: it was not made here.
            InvalidRequest: no app asks, or not any more, or it is to be called back elsewhere by now.
        """
        begun = begun_here(self._begun, flow, visitor)
        request = begun.request
        if request is None:
            raise InvalidRequest("malformed_request", detail="no app asked for anything")
        trail.asked_as = request.client
        await self._strangers.meet(request.client, source=visitor.source)
        client = self._directory.client(request.client)
        if client is None or client.disabled or client.sign_in is None:
            raise InvalidRequest("unknown_app", detail=f"nobody signs in to {request.client} any more")
        if not may_go_to(request.redirect_uri, client.sign_in.redirect_uris):
            detail = f"{client.name} has registered {request.redirect_uri[:300]} no more"
            raise InvalidRequest("unknown_redirect", detail=detail)
        return begun, request, client

    def _open(self, visitor: Visitor) -> Trail:
        return self._audit.open(visitor.source, door="authorization")

    async def _refused(self, trail: Trail, exc: Exception, *, decided: bool = False) -> Answered:
        """Write a refusal down, and return what the app is told.

        Args:
            decided: whether somebody was asked and answered. Before that, a link to us must not lead on to an
                address that whoever made it chose themselves (RFC 9700 section 4.11.2).

        Raises:
            OAuthError: the app is not to be told.
        """
        error = exc.error if isinstance(exc, SendBack) else exc
        self._naming.note(trail, error)
        refusal: OAuthError = await refused(self._audit, trail, error)
        if not isinstance(exc, SendBack) or isinstance(error, StoreUnavailable):
            raise refusal from exc
        client = self._directory.client(exc.where.client)
        if not decided and (client is None or client.sign_in is None or not client.sign_in.vouched):
            raise refusal from exc
        return self._answered(exc.where, ("error", refusal.code), ("error_description", refusal.sentence))
