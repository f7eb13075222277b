"""My access: the page on which a person sees what is theirs, and ends it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode

from actas.audit.log import AuditLog
from actas.audit.refusal import in_the_minutes
from actas.core.errors import OAuthError
from actas.core.params import Params
from actas.core.places import occupying
from actas.core.sign_in import OFFLINE, OPENID, SCOPES, USERINFO
from actas.signin.account import Account, Mine
from actas.signin.consents import Consent
from actas.signin.proving import Visitor
from actas.signin.request import Registered
from actas.signin.sessions import SessionOutline
from actas.signin.steps import Then
from actas.web.acted_as import rows_of
from actas.web.admission import Admission
from actas.web.asgi import Application, Headers, Receive, Scope, Send
from actas.web.body import read_form
from actas.web.pages.account import AppRow, MyAccess, SessionRow, WayRow
from actas.web.pages.devices import device
from actas.web.pages.parts import App, ScopeLine
from actas.web.pages.ways import ways
from actas.web.scope_lines import app_of
from actas.web.showing import ACCOUNT, LOGOUT, SIGN_IN, THEN, Showing, not_allowed, see_other
from actas.web.visitor import Visitors

END_SESSION: Final = "/account/end-session"
STOP_APP: Final = "/account/stop-app"
END_IMPERSONATION: Final = "/account/end-impersonation"
_FORMS: Final = "account"
"""What the forms of the page are tied to: they are many, and one page."""

_DONE: Final = {
    "session": "That session has ended, and what apps hold by it.",
    "impersonation": "It has ended, with everything that was begun with it.",
    "app": "The app holds nothing of yours any more. It has to ask you again.",
    "password": "Your password was changed, and you are signed out everywhere else.",
    "no-codes": "Codes are off. Your password alone signs you in.",
}

Deed = Callable[[Visitor, str], Awaitable[bool]]


class AccountPages:
    """Answers browsers that look at my access.

    Args:
        prefix: what stands before every path of ours.
        registered: finds the APIs whose scopes are shown.
        audit: takes refusals of what is not even a form.
    """

    def __init__(
        self,
        account: Account,
        *,
        prefix: str,
        showing: Showing,
        visitors: Visitors,
        registered: Registered,
        audit: AuditLog,
        admission: Admission,
    ) -> None:
        self._account = account
        self._prefix = prefix
        self._showing = showing
        self._visitors = visitors
        self._registered = registered
        self._audit = audit
        self._admission = admission

    def endpoints(self) -> dict[str, Application]:
        """Return who answers each path."""
        return {
            ACCOUNT: self.look,
            END_SESSION: self._ends("session", self._account.end_session),
            STOP_APP: self._ends("app", self._account.stop_app),
            END_IMPERSONATION: self._ends("impersonation", self._account.end_impersonation),
        }

    async def look(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Show the page; to nobody, the way to sign in."""
        visitor, cookies = self._visitors.of(scope)
        if scope["method"] not in ("GET", "HEAD"):
            await not_allowed(send, b"GET")
            return
        try:
            asked = Params.parse(bytes(scope["query_string"]))
            done = asked.get("done")
            with self._admission, occupying(self._admission):
                mine = await self._account.mine(visitor, earlier=asked.get("earlier"))
        except OAuthError as refusal:
            await self._refuse(refusal, visitor, send, cookies)
            return
        if mine is None:
            await see_other(send, f"{self._prefix}{SIGN_IN}", cookies)
            return
        page = self._showing.pages.render(self._view(mine, visitor, _DONE.get(done or "")))
        await page.send(send, extra=cookies)

    def _ends(self, field: str, deed: Deed) -> Application:
        """Return who ends what a form of the page names."""

        async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
            visitor, cookies = self._visitors.of(scope)
            if scope["method"] != "POST":
                await not_allowed(send, b"POST")
                return
            try:
                form = Params.parse(await read_form(scope, receive))
                self._visitors.require_own_form(scope, form, visitor, of=_FORMS)
                with self._admission, occupying(self._admission):
                    ended = await deed(visitor, form.require(field))
            except OAuthError as refusal:
                await self._refuse(refusal, visitor, send, cookies)
                return
            done = f"?done={field}" if ended else ""
            await see_other(send, f"{self._prefix}{ACCOUNT}{done}", cookies)

        return endpoint

    async def _refuse(self, refusal: OAuthError, visitor: Visitor, send: Send, cookies: Headers) -> None:
        told = await in_the_minutes(self._audit, refusal, source=visitor.source, door="account")
        await self._showing.error(told, send, cookies=cookies)

    def _view(self, mine: Mine, visitor: Visitor, done: str | None) -> MyAccess:
        return MyAccess(
            person=mine.called,
            account=mine.subject if mine.person is None else mine.person.name,
            now=_instant(mine.now),
            csrf=self._visitors.csrf(visitor, _FORMS),
            sessions=tuple(_session(one, current=one.sid == mine.session.sid) for one in mine.sessions),
            apps=tuple(self._app(one, app_of(client) or App(one.client), mine) for one, client in mine.apps),
            impersonations=rows_of(mine, self._registered),
            earlier=self._earlier(mine),
            done=done,
            end_session=f"{self._prefix}{END_SESSION}",
            stop_app=f"{self._prefix}{STOP_APP}",
            end_impersonation=f"{self._prefix}{END_IMPERSONATION}",
            sign_out=f"{self._prefix}{LOGOUT}",
            ways=self._ways(mine),
        )

    def _earlier(self, mine: Mine) -> str | None:
        cursor = mine.acting.earlier
        return None if cursor is None else f"{self._prefix}{ACCOUNT}?{urlencode({'earlier': cursor})}"

    def _ways(self, mine: Mine) -> tuple[WayRow, ...]:
        if mine.person is None:
            return ()
        passkeys = self._showing.asked_of_passkeys is not None
        paths: dict[Then, str] = {
            then: f"{self._prefix}{path}" for then, path in THEN.items() if then != "passkeys" or passkeys
        }
        return ways(mine.has, mine.held, account=mine.person.name, paths=paths)

    def _app(self, consent: Consent, app: App, _mine: Mine) -> AppRow:
        return AppRow(
            id=consent.client,
            app=app,
            scopes=self._scopes(consent),
            since=_instant(consent.given_at),
            used_at=_instant(consent.used_at),
        )

    def _scopes(self, consent: Consent) -> tuple[ScopeLine, ...]:
        lines = [
            ScopeLine(name, sentence)
            for name, sentence in SCOPES.items()
            if name in consent.scope and name not in (OPENID, OFFLINE)
        ]
        for name in consent.apis:
            api = self._registered.api(name)
            if api is not None and name != USERINFO:
                allowed = sorted(consent.scope & frozenset(api.scopes))
                lines += [ScopeLine(scope, api.scopes[scope], api=api.name) for scope in allowed]
        return tuple(lines)


def _session(outline: SessionOutline, *, current: bool) -> SessionRow:
    return SessionRow(
        id=outline.sid,
        device=device(outline.browser),
        where=outline.source,
        signed_in_at=_instant(outline.began),
        seen_at=_instant(outline.seen_at),
        current=current,
    )


def _instant(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
