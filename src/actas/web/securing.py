"""The pages on which people look after what they sign in with: password, one-time codes, recovery codes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from actas.core.errors import InvalidRequest, OAuthError
from actas.core.params import Params
from actas.core.places import occupying
from actas.signin.one_time_codes import NewApp
from actas.signin.owner import Keeping, Owner
from actas.signin.proving import Visitor
from actas.signin.securing import PasswordProblem, Securing
from actas.signin.steps import Then
from actas.web.admission import Admission
from actas.web.asgi import Application, Headers, Receive, Scope, Send
from actas.web.body import read_form
from actas.web.pages.security import (
    BeginCodes,
    ChangePassword,
    DropCodes,
    EnrolCodes,
    NewRecovery,
    RecoveryCodes,
)
from actas.web.pages.view import View
from actas.web.showing import ACCOUNT, THEN, Showing, not_allowed, see_other
from actas.web.visitor import Visitors

_WRONG_CODE: Final = "That is not the code that your app shows now. Try the next one."
_PROBLEMS: Final[dict[PasswordProblem, str]] = {
    "wrong": "That is not your current password. Nothing was changed.",
    "same": "That is the password that you have. Choose another.",
    "too_short": "That is too short. Take more characters, a few words for example.",
    "too_long": "That is too long. Take fewer characters.",
    "common": "That is one that many people choose, and the first that is tried. Choose another.",
    "personal": "That is made of your own name or address. Choose another.",
}
_DIFFERENT: Final = "The two new passwords are not the same. Type it again."

Answer = View | str
"""A page, or the path to which the browser goes on."""

Deed = Callable[[Owner, Visitor, Params], Awaitable[Answer]]
"""What becomes of the parameters that a browser sent, in a form or in the query."""


class OwnPages:
    """Answers browsers at pages that only their owner reaches, a few minutes after they proved who they are.

    Args:
        prefix: what stands before every path of ours.
        keeping: says who that is.
    """

    def __init__(
        self, keeping: Keeping, *, prefix: str, showing: Showing, visitors: Visitors, admission: Admission
    ) -> None:
        self._keeping = keeping
        self._showing = showing
        self._visitors = visitors
        self._admission = admission
        self.prefix = prefix
        self.back = f"{prefix}{ACCOUNT}"

    def page(self, then: Then, *, shows: Deed, posted: Deed) -> Application:
        """Return who answers the path of a page, and the forms on it."""

        async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
            visitor, cookies = self._visitors.of(scope)
            if scope["method"] not in ("GET", "HEAD", "POST"):
                await not_allowed(send, b"GET, POST")
                return
            answer: Answer | None = None
            try:
                form = await self._form(scope, receive, visitor)  # takes as long as the browser likes
                with self._admission, occupying(self._admission):
                    owner = await self._keeping.owner(visitor, then=then)
                    if isinstance(owner, Owner):
                        deed = posted if scope["method"] == "POST" else shows
                        answer = await deed(owner, visitor, form)
            except OAuthError as refusal:
                if refusal.entry is None:
                    refusal = await self._keeping.refused(visitor, refusal)
                await self._showing.error(refusal, send, cookies=cookies)
                return
            if answer is not None:
                await self._answer(answer, send, cookies)
            elif owner is None:
                await see_other(send, self.back, cookies)
            elif not isinstance(owner, Owner):
                await self._showing.step(owner, visitor, send, cookies=cookies)

        return endpoint

    def csrf(self, visitor: Visitor, then: Then) -> str:
        """Return what the forms of a page carry."""
        return self._visitors.csrf(visitor, self.action(then))

    def action(self, then: Then) -> str:
        """Return the path of a page."""
        return f"{self.prefix}{THEN[then]}"

    async def _form(self, scope: Scope, receive: Receive, visitor: Visitor) -> Params:
        if scope["method"] != "POST":
            return Params.parse(bytes(scope["query_string"]))
        form = Params.parse(await read_form(scope, receive))
        self._visitors.require_own_form(scope, form, visitor)
        return form

    async def _answer(self, answer: Answer, send: Send, cookies: Headers) -> None:
        if isinstance(answer, str):
            await see_other(send, answer, cookies)
            return
        wrong = getattr(answer, "error", None) is not None
        page = self._showing.pages.render(answer, status=403 if wrong else 200)
        await page.send(send, extra=cookies)


class SecurityPages:
    """Changes passwords and one-time codes as browsers ask."""

    def __init__(self, securing: Securing, own: OwnPages) -> None:
        self._securing = securing
        self._own = own

    def endpoints(self) -> dict[str, Application]:
        """Return who answers each path."""
        page = self._own.page
        return {
            THEN["password"]: page("password", shows=self._password, posted=self._set_password),
            THEN["codes"]: page("codes", shows=self._codes, posted=self._change_codes),
            THEN["recovery"]: page("recovery", shows=self._recovery, posted=self._make_recovery),
        }

    async def _password(
        self, owner: Owner, visitor: Visitor, _query: Params, *, error: str | None = None
    ) -> Answer:
        return ChangePassword(
            action=self._own.action("password"),
            csrf=self._own.csrf(visitor, "password"),
            account=owner.person.name,
            has_one="password" in await self._securing.has(owner, visitor),
            shortest=self._securing.shortest,
            error=error,
            back=self._own.back,
        )

    async def _set_password(self, owner: Owner, visitor: Visitor, form: Params) -> Answer:
        new = form.require_secret("new")
        if new != form.secret("again"):
            return await self._password(owner, visitor, form, error=_DIFFERENT)
        current = form.secret("current")
        problem = await self._securing.change_password(owner, visitor, current=current, new=new)
        if problem is not None:
            return await self._password(owner, visitor, form, error=_PROBLEMS[problem])
        return f"{self._own.back}?done=password"

    async def _codes(self, owner: Owner, visitor: Visitor, _query: Params) -> Answer:
        action, csrf = self._own.action("codes"), self._own.csrf(visitor, "codes")
        if "code" in await self._securing.has(owner, visitor):
            return DropCodes(action=action, csrf=csrf, back=self._own.back)
        return BeginCodes(action=action, csrf=csrf, back=self._own.back)

    async def _change_codes(self, owner: Owner, visitor: Visitor, form: Params) -> Answer:
        deed = form.require("deed")
        if deed == "drop":
            dropped = await self._securing.drop_codes(owner, visitor)
            return f"{self._own.back}?done=no-codes" if dropped else self._own.back
        if "code" in await self._securing.has(owner, visitor):
            return self._own.back  # turned on meanwhile, on another page
        if deed == "begin":
            return self._enrolling(owner, visitor, await self._securing.begin_codes(owner, visitor))
        if deed == "confirm":
            return await self._confirm(owner, visitor, form)
        raise InvalidRequest("malformed_request", detail="deed is none of begin, confirm and drop")

    async def _confirm(self, owner: Owner, visitor: Visitor, form: Params) -> Answer:
        answer = await self._securing.confirm_codes(owner, visitor, code=form.require_secret("code"))
        if answer is None:
            return self._own.action("codes")
        if isinstance(answer, NewApp):
            return self._enrolling(owner, visitor, answer, error=_WRONG_CODE)
        codes = tuple(one.reveal() for one in answer)
        return RecoveryCodes(codes=codes, first=True, back=self._own.back)

    def _enrolling(self, owner: Owner, visitor: Visitor, new: NewApp, *, error: str | None = None) -> View:
        return EnrolCodes(
            action=self._own.action("codes"),
            csrf=self._own.csrf(visitor, "codes"),
            account=owner.person.name,
            secret=new.secret.reveal(),
            uri=new.address.reveal(),
            error=error,
            back=self._own.back,
        )

    async def _recovery(self, owner: Owner, visitor: Visitor, _query: Params) -> Answer:
        if "code" not in await self._securing.has(owner, visitor):
            return self._own.back
        action, csrf = self._own.action("recovery"), self._own.csrf(visitor, "recovery")
        return NewRecovery(action=action, csrf=csrf, back=self._own.back)

    async def _make_recovery(self, owner: Owner, visitor: Visitor, _form: Params) -> Answer:
        codes = await self._securing.make_recovery(owner, visitor)
        if codes is None:
            return self._own.back
        shown = tuple(one.reveal() for one in codes)
        return RecoveryCodes(codes=shown, first=False, back=self._own.back)
