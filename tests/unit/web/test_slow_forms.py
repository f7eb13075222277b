"""A form that arrives slowly takes no place from others, however long it takes (REL-11)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actas.core.ports import SystemChance
from actas.web.account import END_SESSION, STOP_APP, AccountPages
from actas.web.admission import Admission
from actas.web.asgi import Message, Scope
from actas.web.securing import OwnPages, SecurityPages
from actas.web.showing import CODE, CODE_PASSKEY, CONSENT, LEAVE, LOGOUT, PASSKEY, SIGN_IN, THEN
from actas.web.showing_devices import DEVICE, DEVICE_CONSENT
from actas.web.signing_in import AUTHORIZE, SigningIn
from actas.web.visitor import Visitors

MOST = 2
OWN = (PASSKEY, CODE_PASSKEY, THEN["password"], THEN["codes"], THEN["recovery"])


class Told(Exception):
    """What the desks behind the addresses answer: it ends the request."""


class Behind:
    """Whatever desk is asked, and how much room there was while it was."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self.room: list[int] = []

    def __getattr__(self, name: str) -> Any:
        async def asked(*_: Any, **__: Any) -> None:
            self.room.append(self.admission.room)
            raise Told

        return asked


class OwnForms(Visitors):
    """Takes every form for one of ours: that is shown elsewhere."""

    def require_own_form(self, *_: Any, **__: Any) -> None:
        pass


def endpoint_of(path: str, behind: Behind) -> Any:
    visitors = OwnForms(
        issuer="https://sts.acme.example", mark=lambda *of: "-".join(of), chance=SystemChance()
    )
    shared: Any = {"showing": behind, "visitors": visitors, "audit": behind, "admission": behind.admission}
    desk: Any = behind
    signing_in = SigningIn(
        authorizing=desk, proving=desk, by_passkey=desk, leaving=desk, devices=desk, **shared
    )
    account = AccountPages(desk, prefix="", registered=desk, **shared)
    own = OwnPages(desk, prefix="", showing=desk, visitors=visitors, admission=behind.admission)
    security = SecurityPages(desk, own).endpoints()
    return {**signing_in.endpoints(), **account.endpoints(), **security}[path]


@pytest.mark.requirement("REL-11")
@pytest.mark.parametrize(
    "path",
    [AUTHORIZE, SIGN_IN, CODE, CONSENT, DEVICE, DEVICE_CONSENT, LOGOUT, LEAVE, END_SESSION, STOP_APP, *OWN],
)
async def test_a_form_takes_a_place_when_it_has_arrived_and_not_before(path: str) -> None:
    behind = Behind(Admission(most=MOST))
    waits, arrives = asyncio.Event(), asyncio.Event()
    parts = [
        b"name=alice&password=x&code=1&decision=allow&",
        b"session=s&app=a&flow=f&user_code=c&answer=x",
    ]

    async def receive() -> Message:
        part = parts.pop(0)
        if not parts:
            waits.set()
            await arrives.wait()
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(_message: Message) -> None:
        raise AssertionError("the desk was not asked")

    scope: Scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"content-type", b"application/x-www-form-urlencoded")],
        "client": ("192.0.2.7", 40000),
    }
    request = asyncio.create_task(endpoint_of(path, behind)(scope, receive, send))
    await waits.wait()
    assert behind.admission.room == MOST
    arrives.set()
    with pytest.raises(Told):
        await request
    assert behind.room == [MOST - 1]
    assert behind.admission.room == MOST
