"""One-time codes of an app (TOTP, RFC 6238): six digits, another every thirty seconds."""

from __future__ import annotations

import base64
import hmac
import re
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

SECRET_BYTES: Final = 20
"""Bytes that an app shares with us: as long as what RFC 4226 section 4 recommends, 160 bits."""

STEP: Final = 30
"""Seconds of a step, each of which has a code."""

DRIFT: Final = 1
"""Steps before and after the present one whose codes are taken: clocks differ, and people type slowly."""

_DIGITS: Final = 6
_CODE: Final = re.compile(r"[0-9]{6}", re.ASCII)


def step_at(now: float) -> int:
    """Return the step of an instant, seconds since the epoch."""
    return int(now) // STEP


def step_of(code: str, *, secret: bytes, now: float) -> int | None:
    """Return the step whose code this is, of those that are taken now; None when it is none of them.

    Args:
        code: as it was typed; spaces in it are no part of it.
        secret: what the app shares with us.
    """
    typed = "".join(code.split())
    shown = typed.encode("ascii") if _CODE.fullmatch(typed) else b""
    present, found = step_at(now), None
    # Each is compared, so that the time says nothing about which of them it was.
    for step in range(present - DRIFT, present + DRIFT + 1):
        if hmac.compare_digest(_totp(secret).generate(step * STEP), shown):
            found = step
    return found


def written(secret: bytes) -> str:
    """Return what the app shares with us as people type it: base32 (RFC 4648)."""
    return base64.b32encode(secret).decode("ascii").rstrip("=")


def address_of(secret: bytes, *, account: str, issuer: str) -> str:
    """Return the ``otpauth://`` address from which an app learns everything, mostly as a QR code.

    Args:
        account: whose it is, as the app shows it.
        issuer: with whom, likewise.
    """
    return _totp(secret).get_provisioning_uri(account, issuer)


def _totp(secret: bytes) -> TOTP:
    # Apps know SHA-1 and often nothing else. What is asked of it here is not broken (RFC 6238 section 1.2).
    return TOTP(secret, _DIGITS, SHA1(), STEP)  # noqa: S303
