"""What comes next while somebody connects a device, as pages."""

from __future__ import annotations

from typing import Final

from actas.core.client import Client
from actas.core.errors import OAuthError
from actas.core.sign_in import OFFLINE
from actas.signin.proving import Visitor
from actas.signin.request import Registered
from actas.signin.steps import AskDevice, AskDeviceConsent, DeviceDone, ForDevice
from actas.subjects.user_code import shown_user_code
from actas.web.pages.answers import Message
from actas.web.pages.device import DeviceCode, DeviceConsent
from actas.web.pages.parts import App
from actas.web.pages.view import View
from actas.web.scope_lines import app_of, scope_lines
from actas.web.visitor import Visitors

DEVICE: Final = "/device"
DEVICE_CONTINUE: Final = "/device/continue"
DEVICE_CONSENT: Final = "/device/consent"

_WRONG: Final = "No device waits for this code. Compare it with what the device shows now."


def device_view(
    step: ForDevice,
    visitor: Visitor,
    *,
    prefix: str,
    my_access: str,
    visitors: Visitors,
    registered: Registered,
) -> View:
    """Return the page of a step.

    Args:
        prefix: what stands before every path of ours.
        my_access: the path of the page on which what was allowed can be stopped.
        registered: finds the APIs whose scopes are shown.
    """
    match step:
        case AskDevice():
            action = f"{prefix}{DEVICE}"
            return DeviceCode(
                action=action,
                csrf=visitors.csrf(visitor, action),
                code=step.code,
                error=_WRONG if step.wrong else None,
            )
        case AskDeviceConsent():
            action = f"{prefix}{DEVICE_CONSENT}"
            csrf = visitors.csrf(visitor, action)
            return _consent(step, action=action, csrf=csrf, my_access=my_access, registered=registered)
        case DeviceDone(allowed=True):
            return Message(
                sentence="Your device is connected.",
                text=("You can close this page. The device goes on by itself within a few seconds.",),
                link=(my_access, "What may act for you"),
            )
        case DeviceDone(refused=OAuthError() as refusal):
            return _refused(refusal, step.client, my_access)
        case DeviceDone():
            return Message(
                sentence="Your device was not connected.",
                text=("You said no. The device is told so, and nothing changed.",),
            )


def _refused(refusal: OAuthError, client: Client, my_access: str) -> Message:
    app = app_of(client) or App(client.name)
    why = (
        "You hold no role at this server that allows this, so this app cannot manage it for you."
        if refusal.reason == "no_role"
        else f"Your account may not sign in to {app.name}."
    )
    told = "The device is told so. With another account, have it show another code."
    entry = () if refusal.entry is None else (f"For whoever runs this: entry {refusal.entry}.",)
    return Message(
        sentence="Your device was not connected.",
        text=(why, told, *entry),
        link=(my_access, "See who is signed in"),
    )


def _consent(
    step: AskDeviceConsent, *, action: str, csrf: str, my_access: str, registered: Registered
) -> DeviceConsent:
    asked = step.asked
    return DeviceConsent(
        action=action,
        csrf=csrf,
        hidden=(("flow", step.flow),),
        app=app_of(step.client) or App(step.client.name),
        person=step.called if step.person is None else step.person.display,
        account=step.account if step.person is None else step.person.name,
        scopes=scope_lines(asked.scope, asked.apis, step.client, registered),
        offline=OFFLINE in asked.scope,
        my_access=my_access,
        code=shown_user_code(asked.user_code),
        asked_from=asked.source,
    )
