"""What comes next while somebody signs in, as an answer to the browser: a page, or the way on.

Every way on is a 303, so that what was typed is never sent along (OP-10). A page whose form may end at an app
says so in its content policy, and nowhere else may a form lead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypedDict
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from actas.core.errors import OAuthError
from actas.core.ports import JsonObject
from actas.core.reasons import REASONS
from actas.core.sign_in import OFFLINE
from actas.signin.leaving import AskLeave, Left
from actas.signin.proving import Visitor
from actas.signin.redirects import is_local
from actas.signin.request import Registered, Where
from actas.signin.steps import (
    Answered,
    AskCode,
    AskConsent,
    AskDevice,
    AskWho,
    DeviceDone,
    ForDevice,
    GoOn,
    Later,
    SendAway,
    Step,
    Then,
)
from actas.web.asgi import Headers, Send, respond
from actas.web.buttons import Buttons, sentence_of
from actas.web.pages.answers import ErrorView, Message, Posting, SignOut
from actas.web.pages.consent import Consent
from actas.web.pages.parts import App
from actas.web.pages.rendering import Pages
from actas.web.pages.sign_in import PasskeyForm, SignIn, SignInCode
from actas.web.pages.view import View
from actas.web.scope_lines import app_of, scope_lines
from actas.web.showing_devices import DEVICE_CONTINUE, device_view
from actas.web.visitor import Visitors

SIGN_IN: Final = "/sign-in"
CODE: Final = "/sign-in/code"
PASSKEY: Final = "/sign-in/passkey"
CODE_PASSKEY: Final = "/sign-in/code/passkey"
CONTINUE: Final = "/authorize/continue"
CONSENT: Final = "/consent"
ACCOUNT: Final = "/account"
LOGOUT: Final = "/logout"
LEAVE: Final = "/logout/confirm"
THEN: Final[dict[Then, str]] = {
    "password": "/account/password",
    "codes": "/account/codes",
    "recovery": "/account/recovery-codes",
    "passkeys": "/account/passkeys",
}
"""Where people look after what they sign in with."""

_WRONG: Final = "That name and that password do not belong together. Try again."
_WRONG_PASSKEY: Final = "That passkey does not sign you in here. Try again, or sign in otherwise."
_WRONG_CODE: Final = "That code is not right, or was used before. Try the one that your app shows now."


class _FormParts(TypedDict):
    """What every page with a form has (``pages.view.FormView``)."""

    action: str
    csrf: str
    hidden: tuple[tuple[str, str], ...]
    leads_to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """Answers browsers.

    Attributes:
        prefix: what stands before every path of ours.
        docs: the address of the page that explains reasons.
        registered: finds the APIs whose scopes are shown.
        buttons: through whom people may sign in.
        asked_of_passkeys: what a browser is asked for that is to use a passkey; None where none works.
    """

    prefix: str
    docs: str
    pages: Pages
    visitors: Visitors
    registered: Registered
    buttons: Buttons
    asked_of_passkeys: Callable[[Visitor], JsonObject] | None = None

    async def step(self, step: Step, visitor: Visitor, send: Send, *, cookies: Headers) -> None:
        """Show what comes next.

        Args:
            cookies: headers that the browser is to have as well.
        """
        match step:
            case GoOn():
                await self._on(step, send, cookies=cookies)
            case Later():
                path = CONTINUE if step.signed_in else SIGN_IN
                await see_other(send, f"{self.prefix}{path}?flow={quote(step.flow, safe='')}", cookies)
            case SendAway():
                await see_other(send, step.address, cookies)
            case Answered() if step.where.mode == "query":
                await see_other(send, _with_query(step.where, step.members), cookies)
            case Answered():
                view = self._posting(step)
                await self.pages.render(view).send(send, extra=cookies)
            case _:
                wrong = (isinstance(step, AskWho | AskCode | AskDevice) and step.wrong) or (
                    isinstance(step, AskWho | AskCode) and step.passkey_refused
                )
                wrong = wrong or (isinstance(step, AskWho) and step.trouble is not None)
                wrong = wrong or (isinstance(step, DeviceDone) and step.refused is not None)
                page = self.pages.render(self._view(step, visitor), status=403 if wrong else 200)
                await page.send(send, extra=cookies)

    async def leaving(self, step: AskLeave | Left, visitor: Visitor, send: Send, *, cookies: Headers) -> None:
        """Show what comes next when somebody signs out."""
        match step:
            case AskLeave():
                action = f"{self.prefix}{LEAVE}"
                view = SignOut(
                    action=action,
                    csrf=self.visitors.csrf(visitor, action),
                    hidden=(("flow", step.flow),),
                    leads_to=() if step.leave.uri is None else (step.leave.uri,),
                    person=step.account if step.person is None else step.person.display,
                    app=app_of(step.client),
                    stay=f"{self.prefix}{ACCOUNT}",
                )
                await self.pages.render(view).send(send, extra=cookies)
            case Left(leave=leave) if leave.uri is not None:
                where = Where(client=leave.client or "", redirect_uri=leave.uri, state=None, mode="query")
                members = () if leave.state is None else (("state", leave.state),)
                address = _with_query(where, members) if members else leave.uri
                await see_other(send, address, [*cookies, *self.visitors.forget()])
            case Left():
                done = Message(
                    sentence="You are signed out.",
                    text=("What apps hold by this session has ended. What may go on without you, goes on.",),
                    link=(f"{self.prefix}{SIGN_IN}", "Sign in again"),
                )
                await self.pages.render(done).send(send, extra=[*cookies, *self.visitors.forget()])

    async def error(self, refusal: OAuthError, send: Send, *, cookies: Headers) -> None:
        """Show a refusal that nobody else can be told."""
        text = REASONS[refusal.reason]
        view = ErrorView(
            sentence=text.sentence,
            remedy=text.remedy.replace("`", ""),
            reason=refusal.reason,
            docs=self.docs,
            entry=refusal.entry,
        )
        extra = [*cookies]
        if refusal.retry_after is not None:
            extra.append((b"retry-after", str(refusal.retry_after).encode("ascii")))
        await self.pages.render(view, status=refusal.status).send(send, extra=extra)

    async def _on(self, step: GoOn, send: Send, *, cookies: Headers) -> None:
        kept = [*cookies, *self.visitors.keep(step.session)]
        way = DEVICE_CONTINUE if step.device else CONTINUE
        own = ACCOUNT if step.then is None else THEN[step.then]
        path = own if step.flow is None else f"{way}?flow={quote(step.flow, safe='')}"
        await see_other(send, f"{self.prefix}{path}", kept)

    def _view(self, step: AskWho | AskCode | AskConsent | ForDevice, visitor: Visitor) -> View:
        match step:
            case AskWho():
                return SignIn(
                    **self._form(SIGN_IN, step, visitor),
                    app=app_of(step.client),
                    name=step.name,
                    error=_problem(step, _WRONG) or sentence_of(step),
                    again=step.again,
                    passkey=self._passkey(PASSKEY, visitor),
                    password=self.buttons.passwords,
                    providers=self.buttons.of(step, visitor),
                )
            case AskCode():
                again = f"?flow={quote(step.back, safe='')}" if step.back else ""
                return SignInCode(
                    **self._form(CODE, step, visitor),
                    app=app_of(step.client),
                    name=step.name,
                    error=_problem(step, _WRONG_CODE),
                    back=f"{self.prefix}{SIGN_IN}{again}",
                    passkey=self._passkey(CODE_PASSKEY, visitor) if step.passkey else None,
                )
            case AskConsent():
                return self._consent(step, visitor)
            case _:
                return device_view(
                    step,
                    visitor,
                    prefix=self.prefix,
                    my_access=f"{self.prefix}{ACCOUNT}",
                    visitors=self.visitors,
                    registered=self.registered,
                )

    def _passkey(self, path: str, visitor: Visitor) -> PasskeyForm | None:
        if self.asked_of_passkeys is None:
            return None
        action = f"{self.prefix}{path}"
        asked = msgspec.json.encode(self.asked_of_passkeys(visitor)).decode()
        return PasskeyForm(action=action, csrf=self.visitors.csrf(visitor, action), asked=asked)

    def _form(self, path: str, step: AskWho | AskCode | AskConsent, visitor: Visitor) -> _FormParts:
        action = f"{self.prefix}{path}"
        return _FormParts(
            action=action,
            csrf=self.visitors.csrf(visitor, action),
            hidden=(("flow", step.flow),),
            leads_to=() if step.request is None else (step.request.redirect_uri,),
        )

    def _consent(self, step: AskConsent, visitor: Visitor) -> Consent:
        uri = step.request.redirect_uri
        return Consent(
            **self._form(CONSENT, step, visitor),
            app=app_of(step.client) or App(step.client.name),
            person=step.called if step.person is None else step.person.display,
            account=step.account if step.person is None else step.person.name,
            scopes=scope_lines(step.request.scope, step.request.apis, step.client, self.registered),
            redirect_host=urlsplit(uri).hostname or urlsplit(uri).scheme,
            local=is_local(uri),
            offline=OFFLINE in step.request.scope,
            my_access=f"{self.prefix}{ACCOUNT}",
        )

    def _posting(self, step: Answered) -> Posting:
        uri = step.where.redirect_uri
        client = self.registered.client(step.where.client)
        return Posting(
            address=uri,
            host=urlsplit(uri).hostname or "",
            app=app_of(client) or App(step.where.client),
            fields=step.members,
        )


def _problem(step: AskWho | AskCode, wrong: str) -> str | None:
    if step.passkey_refused:
        return _WRONG_PASSKEY
    return wrong if step.wrong else None


def _with_query(where: Where, members: tuple[tuple[str, str], ...]) -> str:
    """Return the redirect address with an answer; a query that it has stays (RFC 6749 section 4.1.2)."""
    head, mark, query = where.redirect_uri.partition("?")
    return f"{head}?{query}{'&' if mark and query else ''}{urlencode(members)}"


async def see_other(send: Send, address: str, extra: Headers) -> None:
    """Send a browser on (RFC 9110 section 15.4.4)."""
    headers: Headers = [
        (b"location", address.encode("ascii")),
        (b"cache-control", b"no-store"),
        (b"referrer-policy", b"no-referrer"),
        *extra,
    ]
    await respond(send, status=303, headers=headers, body=b"")


async def not_allowed(send: Send, allow: bytes) -> None:
    """Answer a method that a path does not take."""
    await respond(send, status=405, headers=[(b"allow", allow)], body=b"")
