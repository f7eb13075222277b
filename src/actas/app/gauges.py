"""What is read when somebody scrapes: how old keys and checkpoints are, and whether the log is whole."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import partial

from actas import __version__
from actas.app.foundation import Foundation
from actas.app.outside import Outside
from actas.app.reserve import Reserve
from actas.app.seals import Seals
from actas.app.sinks import Pumps
from actas.core.metrics import (
    AUDIT_CHECKPOINT_AGE,
    AUDIT_SINK_RESERVE,
    AUDIT_VERIFIED,
    BUILD_INFO,
    CLOCK_OFFSET,
    ISSUER_KEYS_AGE,
    SIGNING_KEY_AGE,
    SIGNING_KEY_NEXT,
    UPSTREAM_OPEN,
    Gauge,
)
from actas.keys.life import rotates_at
from actas.web.tally import Labels, Reading


def gauges(
    base: Foundation, *, out: Outside, seals: Seals, pumps: Pumps, reserve: Reserve
) -> dict[Gauge, Reading]:
    """Return every gauge of a serving process with what reads it.

    Args:
        out: the keys of issuers that are trusted, and of clients.
        seals: what is known of the checkpoints.
        pumps: what delivers the audit log to sinks.
        reserve: what is left of their reserves.
    """
    build: dict[Labels, float] = {(__version__, platform.python_version()): 1.0}

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
            if key.state == "active" and key.purpose != "audit"
        ]
        signs += [key.activate_at for key in held if key.state == "prepared" and key.activate_at is not None]
        return {("token",): min(signs) - now} if signs else {}

    def checkpoint_age() -> Mapping[Labels, float]:
        return {} if seals.sealed_at is None else {(): base.clock.now() - seals.sealed_at}

    def verified() -> Mapping[Labels, float]:
        return {} if seals.whole is None else {(): float(seals.whole)}

    return {
        ISSUER_KEYS_AGE: partial(_issuer_keys_age, out),
        UPSTREAM_OPEN: partial(_upstream_open, out),
        SIGNING_KEY_AGE: signing_key_age,
        SIGNING_KEY_NEXT: signing_key_next,
        AUDIT_CHECKPOINT_AGE: checkpoint_age,
        AUDIT_VERIFIED: verified,
        **pumps.gauges(),
        AUDIT_SINK_RESERVE: reserve.used,
        CLOCK_OFFSET: lambda: {} if base.database.drift is None else {(): base.database.drift},
        BUILD_INFO: lambda: build,
    }


def _issuer_keys_age(out: Outside) -> Mapping[Labels, float]:
    return {(one.issuer,): one.age for one in out.keys.snapshot() if one.age is not None}


def _upstream_open(out: Outside) -> Mapping[Labels, float]:
    found = [
        (f"{kind} {one.issuer}", float(one.is_open))
        for kind, keys in (("issuer", out.keys), ("client", out.client_keys))
        for one in keys.snapshot()
        if not one.inline
    ]
    found += [(f"server {issuer}", float(is_open)) for issuer, is_open in out.redeemers.open().items()]
    # The open ones first: what is beyond the metric's bound is not shown.
    return {(name,): value for name, value in sorted(found, key=lambda one: (-one[1], one[0]))}
