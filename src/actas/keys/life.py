"""The timetable of a key's life: prepared, active, retired, gone (REL-05). Pure: it looks at times only.

A new key is published ahead of its use for longer than anybody may keep an old key set, and stays published
after its use until the last token it signed has expired. Which change is due follows from what is kept and
the time, so that every node comes to the same conclusion. Making the changes is ``keys.rotation``'s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from actas.keys.ring import KeyInfo, Slot

CACHE_TIME: Final = 300
"""Seconds for which verifiers may keep our key set: what ``/jwks`` advertises."""

LEAST_AHEAD: Final = CACHE_TIME + 300
"""The shortest time for which a key is published before it is used (REL-05)."""

LONGEST_REFRESH: Final = 90 * 24 * 3600
"""The longest that an exchange may be done again by refresh tokens, in seconds."""

LONGEST_TOKEN: Final = 24 * 3600
"""The longest life that any rule, API or default can give a token."""

LEEWAY: Final = 300
"""Seconds by which the clock of a verifier may be behind, and then some."""

LEAST_KEPT: Final = LONGEST_TOKEN + 3600
"""The shortest time for which a key stays published after it stopped signing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """How keys are rotated. Spans are seconds.

    Attributes:
        rotate_every: how long a token key signs, at most.
        publish_ahead: how long a key is published before it signs.
        keep_after: how long a key stays published after it stopped signing.
    """

    rotate_every: int = 30 * 86_400
    publish_ahead: int = 86_400
    keep_after: int = 2 * 86_400


Known = TypeVar("Known", bound=KeyInfo)

Deed = Literal["remove", "activate", "prepare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A change that is due.

    Attributes:
        key: what is removed or activated; for ``prepare``, the key that a new one is to follow.
    """

    deed: Deed
    key: KeyInfo


def rotates_at(active: KeyInfo, timetable: Timetable) -> int:
    """Return when a key that signs is to be followed by another, seconds since the epoch.

    Up to a tenth of the span earlier than it says, by the key's name: keys that were made together are not
    changed together, and all nodes know the same moment.
    """
    digest = hashlib.sha256(active.kid.encode()).digest()
    early = int.from_bytes(digest[:4], "big") % (timetable.rotate_every // 10 + 1)
    began = active.created_at if active.activate_at is None else active.activate_at
    return began + timetable.rotate_every - early


def due(
    keys: Collection[KeyInfo],
    *,
    now: float,
    timetable: Timetable,
    used: Collection[Slot],
) -> Due | None:
    """Return the change that is due first, or None.

    Args:
        keys: every key.
        now: seconds since the epoch.
        used: what keys are used for. A key for anything else is left as it is, and so are audit keys: whoever
            verifies the log was handed them, so they change only when somebody says so.
    """
    for key in keys:
        if key.state == "retired" and key.remove_at is not None and key.remove_at <= now:
            return Due(deed="remove", key=key)
    for key in keys:
        if key.state == "prepared" and key.activate_at is not None and key.activate_at <= now:
            return Due(deed="activate", key=key)
    for key in keys:
        if (
            key.state == "active"
            and key.slot in used
            and rotates_at(key, timetable) - timetable.publish_ahead <= now
            and in_state(keys, key.slot, "prepared") is None
        ):
            return Due(deed="prepare", key=key)
    return None


def in_state(keys: Iterable[Known], slot: Slot, state: Literal["prepared", "active"]) -> Known | None:
    """Return the one key of a slot in a state, or None."""
    return next((key for key in keys if key.slot == slot and key.state == state), None)


def may_sign(key: KeyInfo, *, since: float, now: float) -> bool:
    """Return whether a node may sign with a key.

    A node signs with an active key once it has itself published it for as long as it was published ahead:
    until then somebody may have a key set of this node without it. Meanwhile it signs with the key before,
    for as long as a token of it still expires before that key is removed.

    Args:
        since: when this node began to publish it, by its own clock.
        now: by the same clock.
    """
    if now - since < key.ahead:
        return False
    if key.state == "active":
        return True
    safe = key.remove_at is None or now + LONGEST_TOKEN + LEEWAY < key.remove_at
    return key.state == "retired" and safe
