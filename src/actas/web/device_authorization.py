"""``POST /device_authorization`` (RFC 8628 section 3.1): an app on a device asks for codes."""

from __future__ import annotations

import msgspec

from actas.core.errors import OAuthError
from actas.signin.device_requests import DeviceRequests
from actas.web.admission import Admission
from actas.web.asgi import JSON, NO_STORE, Receive, Scope, Send, respond
from actas.web.body import asked
from actas.web.errors import ErrorWriter


class DeviceAuthorizationEndpoint:
    """Answers the device authorization endpoint.

    Args:
        requests: of the current configuration.
        admission: bounds the requests at work.
    """

    def __init__(self, requests: DeviceRequests, *, errors: ErrorWriter, admission: Admission) -> None:
        self._requests = requests
        self._errors = errors
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            told = await asked(self._requests, scope, receive, admission=self._admission)
        except OAuthError as refused:
            await self._errors.write(send, refused)
            return
        await respond(send, status=200, headers=[JSON, *NO_STORE], body=msgspec.json.encode(told))
