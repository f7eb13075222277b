"""``POST /device_authorization``: an app on a device asks for codes (RFC 8628 section 3.1).

What it asks is held against its registration as an authorization request is; nobody is asked anything yet.
A client that proves nothing may ask too, so an answer is no entry of the log, and what waits is bounded
(``subjects.device_code``). What is refused is one.
"""

from __future__ import annotations

from collections.abc import Callable

from actas.audit.log import AuditLog
from actas.audit.trail import Trail
from actas.clients.authenticator import ClientAuthenticator
from actas.core.client import Client
from actas.core.errors import UnauthorizedClient
from actas.core.params import Params
from actas.core.ports import JsonObject
from actas.core.wire import DEVICE_CODE
from actas.desk import Desk
from actas.signin.wanted import Offers, asked_for
from actas.subjects.device_code import LIFE, DeviceCodes
from actas.subjects.device_records import INTERVAL, AskedDevice, Room
from actas.subjects.user_code import shown_user_code


class DeviceRequests(Desk[JsonObject]):
    """Answers the device authorization endpoint.

    Args:
        address: of the page at which people type the code.
        registered: the APIs that there are.
        codes: keeps what is asked.
        clients: as for ``Desk``; ``audit`` and ``fresh`` likewise.
    """

    door = "device"
    proven = False

    def __init__(
        self,
        *,
        address: str,
        registered: Offers,
        codes: DeviceCodes,
        clients: ClientAuthenticator,
        audit: AuditLog,
        fresh: Callable[[], None],
    ) -> None:
        super().__init__(clients=clients, audit=audit, fresh=fresh)
        self._address = address
        self._registered = registered
        self._codes = codes

    async def _answer(self, client: Client, form: Params, trail: Trail) -> JsonObject:
        if DEVICE_CODE not in client.grants or client.sign_in is None:
            detail = f"{client.name} is not registered for {DEVICE_CODE}"
            raise UnauthorizedClient("client_may_not_exchange", detail=detail)
        wanted = asked_for(form, client, self._registered)
        asked = AskedDevice(
            client=client.name,
            user_code="",
            scope=wanted.scope,
            apis=wanted.apis,
            dropped=wanted.dropped,
            source=trail.source,
            began=0,
            ends_at=0,
        )
        code, asked = await self._codes.begin(asked, room=_room(client, proven=trail.method != "none"))
        shown = shown_user_code(asked.user_code)
        return {
            "device_code": code.reveal(),
            "user_code": shown,
            "verification_uri": self._address,
            "verification_uri_complete": f"{self._address}?user_code={shown}",
            "expires_in": LIFE,
            "interval": INTERVAL,
        }


def _room(client: Client, *, proven: bool) -> Room:
    """Return whose room the devices of a client take: a key that a stranger made says nothing of them."""
    if client.sign_in is None or not client.sign_in.vouched:
        return 2
    return 0 if proven else 1
