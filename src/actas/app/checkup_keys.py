"""Looking at our own keys: how old those are that sign, and which envelope key all of them rest under."""

from __future__ import annotations

from collections.abc import Iterator

from actas.app.finding import DAY, Result
from actas.app.foundation import Foundation
from actas.keys.life import rotates_at
from actas.keys.ring import SIGNED


async def look_at_keys(base: Foundation) -> list[Result]:
    """Return what is found of each key that signs, and of what seals them."""
    return [*_signing(base), *await _sealing(base)]


def _signing(base: Foundation) -> Iterator[Result]:
    now = base.clock.now()
    held = base.ring.keys()
    for key in [one for one in held if one.state == "active"]:
        does = "decrypts" if key.purpose == "encryption" else "signs"
        what = f"{key.kid} ({key.algorithm}) {does} {SIGNED[key.purpose]}"
        age = (now - key.created_at) / DAY
        late = now - rotates_at(key, base.rotation.timetable) if key.purpose != "audit" else 0.0
        if late > DAY:
            yield Result(
                name="keys",
                state="warn",
                says=f"{what}, {age:.0f} days old, {late / DAY:.0f} days beyond its time",
                remedy="a running server rotates by itself, and its log says why it does not; "
                "or: actas keys rotate",
            )
        else:
            yield Result(name="keys", state="good", says=f"{what}, {age:.0f} days old")


async def _sealing(base: Foundation) -> list[Result]:
    """Look for what rests under another envelope key than ``keys.envelope``."""
    left = await base.keys.rewrap.left()
    found = list[Result]()
    if left.ours:
        said = f"{_rows(left.ours)} still sealed under keys.previous_envelope"
        remedy = "once every node has both keys: actas keys rewrap"
        found.append(Result(name="envelope key", state="warn", says=said, remedy=remedy))
    if left.later:
        said = f"{_rows(left.later)} sealed under another key by a later release"
        remedy = "keep keys.previous_envelope, and run the keys rewrap of that release"
        found.append(Result(name="envelope key", state="warn", says=said, remedy=remedy))
    return found or [
        Result(name="envelope key", state="good", says=f"everything rests under {base.keys.rewrap.envelope}")
    ]


def _rows(count: int) -> str:
    return f"{count:,} {'row is' if count == 1 else 'rows are'}"
