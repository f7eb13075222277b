"""What is read when somebody scrapes: how old keys and checkpoints are, and whether the log is whole."""

from __future__ import annotations

import platform
from collections.abc import Mapping

from actas import __version__
from actas.app.foundation import Foundation
from actas.app.seals import Seals
from actas.core.metrics import (
    AUDIT_CHECKPOINT_AGE,
    AUDIT_VERIFIED,
    BUILD_INFO,
    ISSUER_KEYS_AGE,
    SIGNING_KEY_AGE,
    SIGNING_KEY_NEXT,
    Gauge,
)
from actas.keys.life import rotates_at
from actas.trust.jwks import IssuerKeys
from actas.web.tally import Labels, Reading


def gauges(base: Foundation, *, keys: IssuerKeys, seals: Seals) -> dict[Gauge, Reading]:
    """Return every gauge of a serving process with what reads it.

    Args:
        keys: of the issuers that are trusted.
        seals: what is known of the checkpoints.
    """
    build: dict[Labels, float] = {(__version__, platform.python_version()): 1.0}

    def issuer_keys_age() -> Mapping[Labels, float]:
        return {(one.issuer,): one.age for one in keys.snapshot() if one.age is not None}

    def signing_key_age() -> Mapping[Labels, float]:
        now, ages = base.clock.now(), dict[Labels, float]()
        held = base.ring.keys()
        for key in held:
            if key.state == "active":
                age = now - key.created_at
                ages[key.purpose,] = min(age, ages.get((key.purpose,), age))
        return ages

    def signing_key_next() -> Mapping[Labels, float]:
        now, held = base.clock.now(), base.ring.keys()
        signs = [
            rotates_at(key, base.rotation.timetable)
            for key in held
            if key.state == "active" and key.purpose == "token"
        ]
        signs += [key.activate_at for key in held if key.state == "prepared" and key.activate_at is not None]
        return {("token",): min(signs) - now} if signs else {}

    def checkpoint_age() -> Mapping[Labels, float]:
        return {} if seals.sealed_at is None else {(): base.clock.now() - seals.sealed_at}

    def verified() -> Mapping[Labels, float]:
        return {} if seals.whole is None else {(): float(seals.whole)}

    return {
        ISSUER_KEYS_AGE: issuer_keys_age,
        SIGNING_KEY_AGE: signing_key_age,
        SIGNING_KEY_NEXT: signing_key_next,
        AUDIT_CHECKPOINT_AGE: checkpoint_age,
        AUDIT_VERIFIED: verified,
        BUILD_INFO: lambda: build,
    }
