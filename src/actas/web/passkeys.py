"""The pages on which people look after their passkeys."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

from actas.core.errors import InvalidRequest
from actas.core.params import Params
from actas.core.ports import Clock
from actas.signin.credentials import Held
from actas.signin.owner import Owner
from actas.signin.passkey_care import PasskeyCare
from actas.signin.proving import Visitor
from actas.web.asgi import Application
from actas.web.pages.devices import device
from actas.web.pages.security import MakePasskey, PasskeyList, PasskeyRow
from actas.web.securing import Answer, OwnPages
from actas.web.showing import THEN

_NOT_MADE: Final = "No passkey was added: it took too long, it is there already, or there are too many."
_NOT_CHANGED: Final = "Nothing was changed: that passkey is not there any more, or has to stay."
_DONE: Final = {
    "added": "The passkey signs you in from now on.",
    "renamed": "The passkey has another name.",
    "removed": "The passkey is good no more. Remove it from the device that kept it, too.",
}


class PasskeyPages:
    """Adds, names and removes passkeys as browsers ask."""

    def __init__(self, care: PasskeyCare, own: OwnPages, *, clock: Clock) -> None:
        self._care = care
        self._own = own
        self._clock = clock

    def endpoints(self) -> dict[str, Application]:
        """Return who answers each path."""
        return {THEN["passkeys"]: self._own.page("passkeys", shows=self._look, posted=self._change)}

    async def _look(self, owner: Owner, visitor: Visitor, query: Params) -> Answer:
        return await self._list(owner, visitor, done=_DONE.get(query.get("done") or ""))

    async def _list(
        self, owner: Owner, visitor: Visitor, *, done: str | None = None, error: str | None = None
    ) -> Answer:
        return PasskeyList(
            action=self._own.action("passkeys"),
            csrf=self._own.csrf(visitor, "passkeys"),
            passkeys=tuple(_row(one) for one in await self._care.list(owner, visitor)),
            removable=await self._care.may_remove(owner, visitor),
            now=_instant(int(self._clock.now())),
            done=done,
            error=error,
            back=self._own.back,
        )

    async def _change(self, owner: Owner, visitor: Visitor, form: Params) -> Answer:
        match form.require("deed"):
            case "begin":
                return await self._begin(owner, visitor)
            case "make":
                answer, name = form.require_secret("answer"), _name(form)
                made = await self._care.add(owner, visitor, answer=answer, name=name)
                return await self._told(owner, visitor, "added" if made else None, _NOT_MADE)
            case "rename":
                name = _name(form)
                passkey = form.require("passkey")
                renamed = await self._care.rename(owner, visitor, passkey=passkey, name=name)
                return await self._told(owner, visitor, "renamed" if renamed else None, _NOT_CHANGED)
            case "remove":
                removed = await self._care.remove(owner, visitor, passkey=form.require("passkey"))
                return await self._told(owner, visitor, "removed" if removed else None, _NOT_CHANGED)
            case _:
                raise InvalidRequest("malformed_request", detail="deed is not one of this page")

    async def _begin(self, owner: Owner, visitor: Visitor) -> Answer:
        asked = await self._care.begin(owner, visitor)
        return MakePasskey(
            action=self._own.action("passkeys"),
            csrf=self._own.csrf(visitor, "passkeys"),
            asked=msgspec.json.encode(asked).decode(),
            name=device(visitor.agent),
            back=self._own.action("passkeys"),
        )

    async def _told(self, owner: Owner, visitor: Visitor, done: str | None, error: str) -> Answer:
        if done is None:
            return await self._list(owner, visitor, error=error)
        return f"{self._own.action('passkeys')}?done={done}"


def _name(form: Params) -> str:
    name = " ".join(form.require("name").split())
    return name or "Passkey"


def _row(held: Held) -> PasskeyRow:
    used = None if held.used_at is None else _instant(held.used_at)
    return PasskeyRow(id=held.id, name=held.name, made_at=_instant(held.made_at), used_at=used)


def _instant(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
