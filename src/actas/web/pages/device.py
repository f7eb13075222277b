"""The views of signing in on a device without a keyboard (RFC 8628)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from actas.web.pages.consent import Consent
from actas.web.pages.view import FormView


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode(FormView):
    """Which code does the device show? The form has ``user_code``.

    Attributes:
        code: what was typed before, or came with the address.
        error: what went wrong and what to do.
    """

    template: ClassVar[str] = "device_code.html"
    title: ClassVar[str] = "Connect a device"

    code: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceConsent(Consent):
    """May the app on that device act for you? The form has ``decision``: ``allow`` or ``deny``.

    Attributes:
        code: that the device shows, for people to compare (RFC 8628 section 3.3.1).
        asked_from: the address from which the device asked; None when it is not known.
    """

    template: ClassVar[str] = "device_consent.html"
    title: ClassVar[str] = "Connect a device"

    redirect_host: str | None = None
    code: str
    asked_from: str | None = None
