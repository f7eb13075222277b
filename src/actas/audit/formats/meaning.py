"""What each event is, once for all formats: pure.

An event that is added to ``core.events`` gets its line here; a test fails until it has one. An event that a
later release wrote is taken for a change of something unknown, and is delivered all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from actas.audit.formats.entry import DAMAGED, SEALED, Entry, is_impersonation, member, nobody_signed_in
from actas.core.events import EventName

Act = Literal[
    "exchange",
    "introspection",
    "userinfo",
    "management",
    "create",
    "update",
    "delete",
    "enable",
    "disable",
    "start",
    "restart",
    "stop",
]
"""What was done: asked for a token, asked about one or about a person, asked to manage, a change to a thing,
or the life of a stream."""

FAILED: Final = "refused"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an event is.

    Attributes:
        says: a few words for people; a name in CEF and a message elsewhere.
        severity: from 3, everyday, to 8, look at once; as CEF counts.
        thing: what was changed, for the acts that change something.
    """

    act: Act
    says: str
    severity: int
    thing: str = ""


MEANINGS: Final[Mapping[EventName, Meaning]] = {
    "exchange:granted": Meaning("exchange", "Token exchange granted", 3),
    "exchange:refused": Meaning("exchange", "Token exchange refused", 5),
    "exchange:refused_many": Meaning("exchange", "Token exchanges refused, counted", 7),
    "abroad:granted": Meaning("exchange", "Grant redeemed for a client", 3),
    "abroad:refused": Meaning("exchange", "Grant not redeemed for a client", 5),
    "impersonation:requested": Meaning("create", "Impersonation waits for approval", 5, "impersonation"),
    "impersonation:approved": Meaning("update", "Impersonation approved", 6, "impersonation"),
    "impersonation:rejected": Meaning("delete", "Impersonation not approved", 5, "impersonation"),
    "impersonation:refused": Meaning("update", "Change of an impersonation refused", 5, "impersonation"),
    "impersonation:started": Meaning("enable", "Impersonation started", 6, "impersonation"),
    "impersonation:ended": Meaning("disable", "Impersonation ended", 5, "impersonation"),
    "impersonation:told": Meaning("update", "Impersonation told to the person", 4, "impersonation"),
    "impersonation:untold": Meaning("update", "Impersonation not told", 6, "impersonation"),
    "introspection:refused": Meaning("introspection", "Introspection refused", 5),
    "userinfo:refused": Meaning("userinfo", "UserInfo refused", 5),
    "revocation:granted": Meaning("delete", "Token revoked", 5, "token"),
    "revocation:refused": Meaning("delete", "Revocation refused", 5, "token"),
    "sign_in:granted": Meaning("create", "Somebody signed in", 3, "session"),
    "sign_in:refused": Meaning("create", "Sign-in refused", 5, "session"),
    "session:ended": Meaning("delete", "Session ended", 3, "session"),
    "session:others_ended": Meaning("delete", "Other sessions ended", 3, "session"),
    "credentials:changed": Meaning("update", "Credentials changed", 5, "credentials"),
    "credentials:reset": Meaning("delete", "Credentials reset", 6, "credentials"),
    "logout:delivered": Meaning("delete", "App told of a session's end", 3, "session of an app"),
    "logout:failed": Meaning("delete", "App not told of a session's end", 6, "session of an app"),
    "authorization:granted": Meaning("create", "App authorized", 3, "authorization"),
    "authorization:refused": Meaning("create", "App not authorized", 5, "authorization"),
    "device:refused": Meaning("create", "Device refused", 5, "authorization"),
    "consent:withdrawn": Meaning("delete", "Consent withdrawn", 4, "consent"),
    "account:refused": Meaning("update", "Account page refused", 5, "account"),
    "consent:given": Meaning("create", "Consent given", 4, "consent"),
    "registration:granted": Meaning("create", "Client registered itself", 5, "client"),
    "registration:refused": Meaning("create", "Registration of a client refused", 5, "client"),
    "registration:ended": Meaning("delete", "Unused client removed", 4, "client"),
    "log:started": Meaning("start", "Audit stream started", 3),
    "log:recovered": Meaning("restart", "Audit stream recovered", 6),
    "log:closed": Meaning("stop", "Audit stream closed", 3),
    "keys:created": Meaning("create", "Key created", 4, "signing key"),
    "keys:prepared": Meaning("create", "Key published, not used yet", 4, "signing key"),
    "keys:activated": Meaning("update", "Key signs from now on", 4, "signing key"),
    "keys:retired": Meaning("update", "Key signs no more", 4, "signing key"),
    "keys:removed": Meaning("delete", "Key removed", 5, "signing key"),
    "keys:rewrapped": Meaning("update", "Keys sealed under another envelope key", 5, "envelope key"),
    "keys:wrapped": Meaning("update", "Envelope key wrapped again", 5, "envelope key"),
    "catalog:loaded": Meaning("update", "Configuration took effect", 4, "configuration"),
    "catalog:narrowed": Meaning("update", "Removals of a configuration took effect", 4, "configuration"),
    "catalog:refused": Meaning("update", "Configuration could not take effect", 7, "configuration"),
    "management:refused": Meaning("management", "Management refused", 5),
    "configuration:changed": Meaning("update", "Configuration changed", 5, "configuration"),
    "sinks:stopped": Meaning("disable", "Audit sink stopped", 7, "audit sink"),
    "sinks:lost": Meaning("update", "Audit entries lost before delivery", 8, "audit sink"),
    "sinks:paused": Meaning("disable", "Audit sink paused", 6, "audit sink"),
    "sinks:resumed": Meaning("enable", "Audit sink resumed", 5, "audit sink"),
    "sinks:skipped": Meaning("update", "Audit entries not delivered", 7, "audit sink"),
    "sinks:rewound": Meaning("update", "Audit stream delivered again", 5, "audit sink"),
    "database:backed_up": Meaning("create", "Backup made", 4, "backup"),
    "database:restored": Meaning("update", "Backup restored, new epoch", 8, "database"),
}
"""The meaning of each event."""

_OTHERS: Final[Mapping[str, Meaning]] = {
    SEALED: Meaning("create", "Audit log sealed", 3, "checkpoint"),
    DAMAGED: Meaning("update", "Audit entry damaged", 8, "audit entry"),
}
_UNKNOWN: Final = Meaning("update", "Event of a later release", 5, "unknown")
_BY_NAME: Final[Mapping[str, Meaning]] = {str(name): one for name, one in MEANINGS.items()} | {**_OTHERS}


def meaning(entry: Entry) -> Meaning:
    """Return what an entry's event is."""
    return _BY_NAME.get(entry.event, _UNKNOWN)


def failed(entry: Entry) -> bool:
    """Whether somebody was refused."""
    return entry.members.get("outcome") == FAILED or entry.event.rpartition(":")[2].startswith(FAILED)


def severity(entry: Entry) -> int:
    """Return how much an entry matters, 3 to 8.

    What one event cannot say of all its entries is added: a stream that is not whole, a client that did not
    prove who it is, a token that names nobody who acts.
    """
    if member(entry, "facts", "broken"):
        return 8
    known = meaning(entry).severity
    if failed(entry):
        return max(known, 6) if nobody_signed_in(entry) else known
    return max(known, 5) if is_impersonation(entry) else known


def said(entry: Entry) -> str:
    """Return a few words about an entry, for people."""
    known = meaning(entry)
    if known.act == "exchange":
        if nobody_signed_in(entry):
            return "Client sign-in failed"
        if is_impersonation(entry):
            return "Impersonation refused" if failed(entry) else "Impersonation started"
        if entry.event.startswith("abroad:"):
            return known.says
        if member(entry, "abroad") is not None:
            done = "refused" if failed(entry) else "given"
            return f"Grant for another domain {done}"
    return known.says
