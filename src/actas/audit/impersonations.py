"""What the minutes say of an impersonation beside the exchanges under it: each step of its life."""

from __future__ import annotations

from typing import Any, Final

from actas.audit.event import members_of_impersonation, person_document, said
from actas.audit.log import draw_up
from actas.core.events import EventName
from actas.core.impersonation import Impersonation, State
from actas.core.ports import Chance
from actas.core.records import Record

EVENT_OF: Final[dict[State, EventName]] = {
    "waiting": "impersonation:requested",
    "approved": "impersonation:approved",
    "refused": "impersonation:rejected",
    "running": "impersonation:started",
    "ended": "impersonation:ended",
}
"""The event that tells of each state, when it came to it."""


def record_of(one: Impersonation, *, now: float, chance: Chance) -> Record:
    """Return the entry of what an impersonation came to, to be kept with it (REL-01).

    Args:
        one: as it is now.
        now: seconds since the epoch.
    """
    return draw_up(EVENT_OF[one.state], now=now, chance=chance, **_members(one))


def of_impersonation(one: Impersonation) -> dict[str, Any]:
    """Return what an entry says that tells of an impersonation and is no step of its life."""
    return {
        **members_of_impersonation(one),
        "subject": person_document(one.subject.issuer, one.subject.subject),
    }


def _members(one: Impersonation) -> dict[str, Any]:
    members = {
        **members_of_impersonation(one),
        "client": {"name": one.client},
        "subject": person_document(one.subject.issuer, one.subject.subject),
        "form": one.form,
        "apis": list(one.apis),
        "scope": " ".join(one.scope),
        "rules": list(one.rules),
        "names_actor": one.names_actor,
        "until": one.until,
    }
    if one.approval:
        members["approval"] = list(one.approval)
    if one.decided_by:
        members["decided_by"] = one.decided_by
    if one.state == "refused" and one.ended_why:
        members["refused_why"] = said(one.ended_why)
    if one.state == "ended":
        members["ended_by"], members["ended_why"] = one.ended_by, said(one.ended_why)
    return members
