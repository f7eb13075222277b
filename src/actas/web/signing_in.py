"""The addresses at which people sign in: what comes is read, and what comes next is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from actas.audit.log import Minutes
from actas.audit.refusal import in_the_minutes
from actas.audit.trail import Door
from actas.core.errors import InvalidRequest, OAuthError
from actas.core.params import Params
from actas.core.places import occupying
from actas.signin.authorizing import Authorizing
from actas.signin.by_passkey import ByPasskey
from actas.signin.devices import Devices
from actas.signin.leaving import AskLeave, Leaving, Left
from actas.signin.proving import Proving, Visitor
from actas.signin.steps import Step
from actas.web.admission import Admission
from actas.web.asgi import NO_STORE, Application, Receive, Scope, Send, header, respond
from actas.web.body import read_form
from actas.web.showing import (
    CODE,
    CODE_PASSKEY,
    CONSENT,
    CONTINUE,
    LEAVE,
    LOGOUT,
    PASSKEY,
    SIGN_IN,
    Showing,
    not_allowed,
)
from actas.web.showing_devices import DEVICE, DEVICE_CONSENT, DEVICE_CONTINUE
from actas.web.visitor import Visitors

AUTHORIZE = "/authorize"

Next = Callable[[Params, Visitor], Awaitable[Step]]


class SigningIn:
    """Answers browsers while somebody signs in.

    Args:
        audit: takes refusals of what is not even a form.
    """

    def __init__(
        self,
        *,
        authorizing: Authorizing,
        proving: Proving,
        by_passkey: ByPasskey,
        leaving: Leaving,
        devices: Devices,
        showing: Showing,
        visitors: Visitors,
        audit: Minutes,
        admission: Admission,
    ) -> None:
        self._authorizing = authorizing
        self._proving = proving
        self._by_passkey = by_passkey
        self._leaving = leaving
        self._devices = devices
        self._showing = showing
        self._visitors = visitors
        self._audit = audit
        self._admission = admission

    def endpoints(self) -> dict[str, Application]:
        """Return who answers each path."""
        return {
            AUTHORIZE: self.authorize,
            CONTINUE: self.go_on,
            SIGN_IN: self._posts("sign_in", self._password, shows=self.begin),
            CODE: self._posts("sign_in", self._code),
            PASSKEY: self._posts("sign_in", self._passkey),
            CODE_PASSKEY: self._posts("sign_in", self._passkey_after_password),
            CONSENT: self._posts("authorization", self._decision),
            DEVICE: self._posts("authorization", self._user_code, shows=self.device),
            DEVICE_CONTINUE: self.device_goes_on,
            DEVICE_CONSENT: self._posts("authorization", self._device_decision),
            LOGOUT: self.logout,
            LEAVE: self.leave,
        }

    async def authorize(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an authorization request, by GET or by POST (OpenID Connect Core section 3.1.2.1)."""
        if scope["method"] not in ("GET", "POST"):  # a HEAD would hand out a code that nobody receives
            await not_allowed(send, b"GET, POST")
            return
        if _nobody_looks(scope):
            await respond(send, status=503, headers=[*NO_STORE], body=b"")
            return
        await self.answer(scope, receive, send, self._authorizing.ask, door="authorization")

    async def go_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go on with what an app asked, once somebody signed in."""

        async def continued(sent: bytes, visitor: Visitor) -> Step:
            return await self._authorizing.go_on(Params.parse(sent).get("flow"), visitor)

        if scope["method"] != "GET":
            await not_allowed(send, b"GET")
            return
        await self.answer(scope, receive, send, continued, door="authorization")

    async def begin(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Show the form to somebody who came by themselves, or begins again."""

        async def begun(sent: bytes, visitor: Visitor) -> Step:
            return self._proving.begin(Params.parse(sent).get("flow"), visitor)

        await self.answer(scope, receive, send, begun, door="sign_in")

    async def device(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Show the form for the code of a device; one that came with the address is filled in, no more."""

        async def begun(sent: bytes, _visitor: Visitor) -> Step:
            return self._devices.begin(Params.parse(sent).get("user_code"))

        await self.answer(scope, receive, send, begun, door="authorization")

    async def device_goes_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go on with the code of a device, once somebody signed in."""

        async def continued(sent: bytes, visitor: Visitor) -> Step:
            return await self._devices.go_on(Params.parse(sent).get("flow"), visitor)

        if scope["method"] != "GET":
            await not_allowed(send, b"GET")
            return
        await self.answer(scope, receive, send, continued, door="authorization")

    async def logout(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask somebody whether to sign out, by GET or by POST (RP-Initiated Logout section 2)."""
        if scope["method"] not in ("GET", "HEAD", "POST"):
            await not_allowed(send, b"GET, POST")
            return
        await self.answer(scope, receive, send, self._leaving.ask, door="sign_in")

    async def leave(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sign somebody out, who said so."""

        async def confirmed(sent: bytes, visitor: Visitor) -> Left:
            form = Params.parse(sent)
            self._visitors.require_own_form(scope, form, visitor)
            return await self._leaving.confirm(form.get("flow"), visitor)

        if scope["method"] != "POST":
            await not_allowed(send, b"POST")
            return
        await self.answer(scope, receive, send, confirmed, door="sign_in")

    def _posts(self, door: Door, answer: Next, *, shows: Application | None = None) -> Application:
        """Return who answers a form of ours; a GET changes nothing (SEC-78)."""

        async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["method"] in ("GET", "HEAD") and shows is not None:
                await shows(scope, receive, send)
                return
            if scope["method"] != "POST":
                await not_allowed(send, b"POST" if shows is None else b"GET, POST")
                return

            async def posted(sent: bytes, visitor: Visitor) -> Step:
                form = Params.parse(sent)
                self._visitors.require_own_form(scope, form, visitor)
                return await answer(form, visitor)

            await self.answer(scope, receive, send, posted, door=door)

        return endpoint

    async def _password(self, form: Params, visitor: Visitor) -> Step:
        password, name = form.require_secret("password"), form.require("name")
        return await self._proving.password(form.get("flow"), name=name, password=password, visitor=visitor)

    async def _code(self, form: Params, visitor: Visitor) -> Step:
        return await self._proving.code(form.get("flow"), code=form.require_secret("code"), visitor=visitor)

    async def _passkey(self, form: Params, visitor: Visitor) -> Step:
        answer = form.require_secret("answer")
        return await self._by_passkey.alone(form.get("flow"), answer=answer, visitor=visitor)

    async def _passkey_after_password(self, form: Params, visitor: Visitor) -> Step:
        answer = form.require_secret("answer")
        return await self._by_passkey.second(form.get("flow"), answer=answer, visitor=visitor)

    async def _decision(self, form: Params, visitor: Visitor) -> Step:
        return await self._authorizing.decide(form.get("flow"), allowed=_allows(form), visitor=visitor)

    async def _user_code(self, form: Params, visitor: Visitor) -> Step:
        return await self._devices.typed(form.require("user_code"), visitor)

    async def _device_decision(self, form: Params, visitor: Visitor) -> Step:
        return await self._devices.decide(form.get("flow"), allowed=_allows(form), visitor=visitor)

    async def answer(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        next_of: Callable[[bytes, Visitor], Awaitable[Step | AskLeave | Left]],
        *,
        door: Door,
    ) -> None:
        """Show what comes next, or a refusal, which stands in the minutes by then.

        Args:
            next_of: says what comes next, by the parameters as received, of a form or in the query.
        """
        visitor, cookies = self._visitors.of(scope)
        try:
            # Before a place is taken: a form may arrive as slowly as its sender likes (REL-11).
            posted = scope["method"] == "POST"
            sent = await read_form(scope, receive) if posted else bytes(scope["query_string"])
            with self._admission, occupying(self._admission):
                step = await next_of(sent, visitor)
        except OAuthError as refusal:
            told = await in_the_minutes(self._audit, refusal, source=visitor.source, door=door)
            await self._showing.error(told, send, cookies=cookies)
            return
        if isinstance(step, AskLeave | Left):
            await self._showing.leaving(step, visitor, send, cookies=cookies)
        else:
            await self._showing.step(step, visitor, send, cookies=cookies)


def _nobody_looks(scope: Scope) -> bool:
    """Return whether a browser loads a page before anybody asked for it: no code is made for that."""
    return any(value.startswith(b"prefetch") for value in header(scope, b"sec-purpose"))


def _allows(form: Params) -> bool:
    """Return what somebody decided.

    Raises:
        InvalidRequest: neither.
    """
    decision = form.require("decision")
    if decision not in ("allow", "deny"):
        raise InvalidRequest("malformed_request", detail="decision is neither allow nor deny")
    return decision == "allow"
