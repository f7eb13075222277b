"""What comes next while somebody signs in: a page to show, or an answer for the app."""

from __future__ import annotations

from typing import Literal

import msgspec

from actas.core.client import Client
from actas.core.errors import OAuthError
from actas.core.person import Person
from actas.signin.request import AuthorizationRequest, Where
from actas.subjects.device_records import AskedDevice

Then = Literal["password", "codes", "recovery", "passkeys"]
"""The page of what somebody signs in with that they go on to, once they have proved again who they are."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why nobody was signed in through an issuer.

    Attributes:
        kind: the person said no there, it refused, it does not answer, or its answer cannot be used.
        provider: what people call it.
    """

    kind: Literal["cancelled", "refused", "down", "unusable"]
    provider: str


class AskWho(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody must say who they are.

    Attributes:
        request: what an app asks; None when somebody came by themselves. So for the other steps.
        flow: what the next form carries.
        name: what was typed before, or hinted.
        wrong: whether they tried and it was not right.
        passkey_refused: whether it was by a passkey that they tried.
        again: whether they are signed in, and must prove it again.
        trouble: why they were not signed in through an issuer.
    """

    request: AuthorizationRequest | None
    client: Client | None
    flow: str
    name: str = ""
    wrong: bool = False
    passkey_refused: bool = False
    again: bool = False
    trouble: Trouble | None = None


class AskCode(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody whose password was right must say a one-time code.

    Attributes:
        back: what a browser carries that begins again with another name.
        passkey: whether they have a passkey, which will do as well.
        passkey_refused: as in ``AskWho``.
    """

    request: AuthorizationRequest | None
    client: Client | None
    flow: str
    back: str
    name: str
    wrong: bool = False
    passkey: bool = False
    passkey_refused: bool = False


class AskConsent(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody must say whether the app may act for them.

    Attributes:
        person: None when an issuer vouches for them.
        account: their subject.
        called: their name for people to read, as whoever vouches for them said it.
    """

    request: AuthorizationRequest
    client: Client
    flow: str
    person: Person | None
    account: str
    called: str


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """The browser goes on at an address that may be loaded again, unlike the one that it was sent to.

    Attributes:
        flow: what it carries there.
        signed_in: whether somebody is signed in as the app wants it, and is to be asked for consent.
    """

    flow: str
    signed_in: bool


class SendAway(msgspec.Struct, frozen=True):
    """Somebody signs in through an issuer.

    Attributes:
        address: where the browser goes for it.
    """

    address: str


class GoOn(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody is signed in; the browser goes on with what it came for.

    Attributes:
        flow: what it carries; None when they came by themselves.
        session: the text of the session, for the browser to keep.
        then: the page that they came for by themselves; None for my access.
        device: whether it came for a device.
    """

    flow: str | None
    session: str
    then: Then | None = None
    device: bool = False


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """The app has its answer.

    Attributes:
        where: where it goes.
        members: of the answer, in order.
    """

    where: Where
    members: tuple[tuple[str, str], ...]


class AskDevice(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody must say which code their device shows.

    Attributes:
        code: what was typed before, or came with the address.
        wrong: whether no device waits for it.
    """

    code: str = ""
    wrong: bool = False


class AskDeviceConsent(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody must say whether the app on a device may act for them.

    Attributes:
        asked: what it asks.
        flow: what the next form carries.
        person: None when an issuer vouches for them.
        account: their subject.
        called: as in ``AskConsent``.
    """

    asked: AskedDevice
    client: Client
    flow: str
    person: Person | None
    account: str
    called: str


class DeviceDone(msgspec.Struct, frozen=True, kw_only=True):
    """It is decided; the device hears of it when it asks.

    Attributes:
        allowed: whether it may.
        refused: the refusal that decided it, whatever they would have said; None when somebody said it.
    """

    allowed: bool
    client: Client
    refused: OAuthError | None = None


ForDevice = AskDevice | AskDeviceConsent | DeviceDone
"""The steps that are a device's alone."""

Step = AskWho | AskCode | AskConsent | Later | SendAway | GoOn | Answered | ForDevice


def later(step: Step) -> Step:
    """Return a step of a pushed request: what it was asked by cannot be loaded again after a minute."""
    match step:
        case AskWho() | AskConsent():
            return Later(flow=step.flow, signed_in=isinstance(step, AskConsent))
        case _:
            return step
