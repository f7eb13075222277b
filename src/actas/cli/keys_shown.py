"""How keys and their changes are shown: as documents for programs, as a timetable for people."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from actas.cli.output import Line
from actas.cli.wording import padded
from actas.core.ports import Json

if TYPE_CHECKING:
    from actas.app.foundation import Foundation
    from actas.keys.life import Timetable
    from actas.keys.ring import KeyInfo
    from actas.keys.rotation import Change

PURPOSES: Final = {
    "token": "signs tokens",
    "id_token": "signs ID tokens",
    "client": "shows issuers who we are",
    "grant": "signs grants for other servers",
    "audit": "seals the audit log",
    "encryption": "decrypts grants for us",
}

_WHEN_COLUMNS: Final = 18


def when(at: int) -> str:
    """Return an instant, to the minute."""
    return time.strftime("%d %b %Y %H:%M UTC", time.gmtime(at))


def document(key: KeyInfo, timetable: Timetable | None = None) -> dict[str, Json]:
    """Return a key for programs.

    Args:
        timetable: adds what comes next.
    """
    shown: dict[str, Json] = {
        "kid": key.kid,
        "algorithm": key.algorithm,
        "purpose": key.purpose,
        "state": key.state,
        "created_at": key.created_at,
        "activate_at": key.activate_at,
        "retire_at": key.retire_at,
        "remove_at": key.remove_at,
    }
    if timetable is not None:
        at, what = _next(key, timetable)
        shown["next"] = None if at is None else {"at": at, "what": what}
    return shown


def next_of(key: KeyInfo, timetable: Timetable) -> str:
    """Return what comes next for a key, and when."""
    at, what = _next(key, timetable)
    return "" if at is None else f"{what} {when(at)}"


def _next(key: KeyInfo, timetable: Timetable) -> tuple[int | None, str]:
    from actas.keys.life import rotates_at

    match key.state:
        case "prepared":
            return key.activate_at, "is published" if key.purpose == "encryption" else "signs"
        case "active" if key.purpose != "audit":
            return rotates_at(key, timetable), "is followed"
        case "retired":
            return key.remove_at, "is removed"
        case _:
            return None, ""


def change_document(change: Change) -> dict[str, Json]:
    """Return a change for programs."""
    return {
        "event": change.event,
        "key": document(change.key),
        "replaces": change.replaces,
        "emergency": change.emergency,
    }


def timetable_lines(changes: Sequence[Change], base: Foundation, *, rehearsed: bool) -> list[Line]:
    """Return what was changed, and when what follows from it."""
    before = base.ring.keys()
    signing = {key.slot: key.kid for key in before if key.state == "active"}
    lines: list[Line] = []
    for change in changes:
        key = change.key
        if key.purpose == "encryption":
            lines += _decrypting_lines(change, base, signing.get(key.slot, ""), rehearsed=rehearsed)
            continue
        name = f"{key.algorithm} key that {PURPOSES[key.purpose]}"
        kid = "(made when it is done)" if rehearsed and change.event != "keys:removed" else key.kid
        match change.event:
            case "keys:prepared":
                old = signing.get(key.slot, "")
                signs = key.activate_at or 0
                lines += [
                    f"new {name}: {kid}",
                    _line("now", "published, not yet used; caches learn it"),
                    _line(when(signs), f"signs; {old} stops signing"),
                    _line(when(signs + base.rotation.timetable.keep_after), f"{old} leaves the key set"),
                ]
                if not rehearsed:
                    lines.append(
                        f"Nothing to restart. Undo before {when(signs)} with: actas keys retire {kid}"
                    )
            case "keys:activated":
                lines += [f"{name}: {kid}", _line("now", "signs")]
            case "keys:retired":
                lines += [
                    f"{name}: {key.kid}",
                    _line("now", "signs no more"),
                    _line(when(key.remove_at or 0), "leaves the key set; its last token is long expired"),
                ]
            case _:
                lines += [f"{name}: {key.kid}", _line("now", _removed(key))]
    return lines


def _decrypting_lines(change: Change, base: Foundation, old: str, *, rehearsed: bool) -> list[Line]:
    """Return what was changed of a key that decrypts: it is published later than one that signs, and reads on
    when it no longer is.
    """
    key = change.key
    kid = "(made when it is done)" if rehearsed and change.event != "keys:removed" else key.kid
    lines: list[Line] = [f"{key.algorithm} key that {PURPOSES[key.purpose]}: {kid}"]
    match change.event:
        case "keys:prepared":
            published = key.activate_at or 0
            kept = published + base.rotation.timetable.keep_after
            lines += [
                _line("now", "not yet published; every node learns it"),
                _line(when(published), f"published; {old} leaves the key set and still decrypts"),
                _line(when(kept), f"{old} decrypts no more"),
            ]
        case "keys:activated" | "keys:created":
            lines.append(_line("now", "published"))
        case "keys:retired":
            lines += [
                _line("now", "out of the key set, still decrypts"),
                _line(when(key.remove_at or 0), "decrypts no more; what was encrypted to it is long expired"),
            ]
        case _:
            lines.append(_line("now", "out of the key set, and decrypts no more"))
    return lines


def _removed(key: KeyInfo) -> str:
    if key.purpose == "audit":
        return "seals nothing any more; its public half stays, to verify what it sealed"
    return "out of the key set, and refused everywhere"


def _line(at: str, what: str) -> str:
    return f"  {padded(at, _WHEN_COLUMNS)}  {what}"
