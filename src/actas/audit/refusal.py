"""Every exception ends as a refusal, and a refusal is written down before it is answered (SEC-04, SEC-86)."""

from __future__ import annotations

import traceback

from actas.audit.log import AuditLog
from actas.audit.trail import Door, Trail
from actas.core.errors import (
    AuditUnavailable,
    OAuthError,
    ServerError,
    StoreUnavailable,
    TemporarilyUnavailable,
)
from actas.core.reasons import Reason


async def refused(audit: AuditLog, trail: Trail, exc: Exception) -> OAuthError:
    """Make an exception a refusal, write it down, and return what the caller is told.

    Args:
        audit: where it is written.
        trail: what is known of the attempt; nothing that was made in it leaves.
        exc: what ended it.
    """
    trail.issued = None
    if isinstance(exc, AuditUnavailable):
        return _unwritten(exc)  # the log did not take the grant; it is not asked again for the refusal
    refusal = _as_refusal(exc)
    trail.refused = refusal
    try:
        receipt = await audit.close(trail)
    except AuditUnavailable as failed:
        return _unwritten(failed)
    except Exception as failed:  # noqa: BLE001  (the refusal stands and is answered, whatever it is: SEC-04)
        return TemporarilyUnavailable("audit_unavailable", detail=type(failed).__name__)
    refusal.entry = None if receipt is None else trail.entry
    return refusal


async def in_the_minutes(audit: AuditLog, refusal: OAuthError, *, source: str, door: Door) -> OAuthError:
    """Return a refusal that stands in the minutes: a desk wrote it there, or it is written now.

    Args:
        source: the address of whoever is refused.
        door: where they asked.
    """
    if refusal.entry is not None:
        return refusal
    return await refused(audit, audit.open(source, door=door), refusal)


def _unwritten(failed: AuditUnavailable) -> OAuthError:
    reason: Reason = "overloaded" if failed.overloaded else "audit_unavailable"
    return TemporarilyUnavailable(reason, detail=failed.detail)


def _as_refusal(exc: Exception) -> OAuthError:
    if isinstance(exc, OAuthError):
        return exc
    if isinstance(exc, StoreUnavailable):
        return TemporarilyUnavailable("storage_unavailable", detail=str(exc))
    # Where it happened, never what it said: the message of an exception may hold a secret (SEC-87).
    frames = traceback.extract_tb(exc.__traceback__)
    place = f" at {frames[-1].name}:{frames[-1].lineno}" if frames else ""
    return ServerError("internal", detail=f"{type(exc).__name__}{place}")
