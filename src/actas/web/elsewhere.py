"""The addresses of signing in through an issuer: one that leads there, and one for each to come back to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from actas.audit.trail import Door
from actas.core.params import Params
from actas.signin.beginning import Visitor
from actas.signin.elsewhere import Elsewhere
from actas.signin.providers import BACK
from actas.signin.steps import Step
from actas.web.asgi import Application, Receive, Scope, Send
from actas.web.buttons import AWAY
from actas.web.showing import not_allowed
from actas.web.visitor import Visitors


class Answers(Protocol):
    """Answers a browser with what comes next."""

    async def answer(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        next_of: Callable[[bytes, Visitor], Awaitable[Step]],
        *,
        door: Door,
    ) -> None:
        """Show it, or a refusal."""
        ...


class SigningInElsewhere:
    """Answers browsers that go to an issuer and come back.

    Args:
        names: of the issuers.
    """

    def __init__(
        self, elsewhere: Elsewhere, *, names: Iterable[str], desk: Answers, visitors: Visitors
    ) -> None:
        self._elsewhere = elsewhere
        self._names = tuple(names)
        self._desk = desk
        self._visitors = visitors

    def endpoints(self) -> dict[str, Application]:
        """Return who answers each path; nobody, where nobody signs in through an issuer."""
        back = {f"{BACK}{name}": self._back(name) for name in self._names}
        return {AWAY: self.begin, **back} if back else {}

    async def begin(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send somebody to the issuer whose button they pressed."""

        async def begun(sent: bytes, visitor: Visitor) -> Step:
            form = Params.parse(sent)
            self._visitors.require_own_link(scope, form, visitor)
            return await self._elsewhere.begin(form.get("flow"), form.require("provider"), visitor)

        await self._get(scope, receive, send, begun)

    def _back(self, name: str) -> Application:
        async def came(sent: bytes, visitor: Visitor) -> Step:
            return await self._elsewhere.come_back(name, sent, visitor)

        async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
            await self._get(scope, receive, send, came)

        return endpoint

    async def _get(
        self, scope: Scope, receive: Receive, send: Send, next_of: Callable[[bytes, Visitor], Awaitable[Step]]
    ) -> None:
        if scope["method"] != "GET":
            await not_allowed(send, b"GET")
            return
        await self._desk.answer(scope, receive, send, next_of, door="sign_in")
