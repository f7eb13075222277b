"""Entries of the audit log as a server writes them, one for each event, and hostile ones."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from actas.audit.formats.entry import Entry, Origin, checkpoint_entry, read_entry
from actas.core.events import EVENTS
from actas.core.ports import JsonObject

ORIGIN: Final = Origin(issuer="https://sts.acme.example", version="0.1.0")
AT: Final = "2026-11-25T15:42:00.123Z"

GRANTED: Final[JsonObject] = {
    "event": "exchange:granted",
    "source": "192.0.2.7",
    "outcome": "granted",
    "client": {"name": "orders", "kind": "service", "method": "client_secret_basic"},
    "grant": "urn:ietf:params:oauth:grant-type:token-exchange",
    "asked": {"type": "access_token", "audience": ["inventory"], "scope": "stock:read"},
    "apis": ["inventory"],
    "subject": {"iss": "https://idp.acme.example", "sub": "alice@acme.example", "kind": "person"},
    "chain": [
        {"iss": "https://idp.acme.example", "sub": "alice@acme.example", "kind": "person"},
        {"iss": "https://sts.acme.example", "sub": "assistant", "kind": "agent"},
        {"iss": "https://sts.acme.example", "sub": "orders", "kind": "service"},
    ],
    "kind": "delegation",
    "rules": ["orders-to-inventory"],
    "policy": "d6c6cc9309e01295",
    "given": {"jti": "t-9", "digest": "d-9", "scope": "stock:read"},
    "txn": "w-1",
}

REFUSED: Final[JsonObject] = {
    **{name: value for name, value in GRANTED.items() if name not in ("given", "txn")},
    "event": "exchange:refused",
    "outcome": "refused",
    "reason": "denied_by_rule",
    "error": "invalid_scope",
    "detail": "rule no-agent-writes-stock",
}

NOBODY: Final[JsonObject] = {
    "event": "exchange:refused",
    "source": "2001:db8::7",
    "outcome": "refused",
    "reason": "bad_client_auth",
    "error": "invalid_client",
    "detail": "a wrong secret for 'orders'",
}

IMPERSONATED: Final[JsonObject] = {**GRANTED, "kind": "impersonation", "chain": [GRANTED["subject"]]}

COUNTED: Final[JsonObject] = {
    "event": "exchange:refused_many",
    "source": "192.0.2.9",
    "counted": 940,
    "reasons": {"bad_client_auth": 940},
}

CHANGED: Final[JsonObject] = {
    "event": "configuration:changed",
    "generation": 7,
    "by": {"via": "api", "client": "pipeline", "role": "operator", "token": "t-8", "source": "192.0.2.8"},
    "changes": [{"kind": "rules", "name": "orders-to-inventory", "what": "changed", "version": 2}],
}

REVOKED: Final[JsonObject] = {
    "event": "revocation:granted",
    "revoked": ["token:t-9"],
    "why": "in a public log",
    "operator": "dana",
}

_BY_EVENT: Final[dict[str, JsonObject]] = {
    "exchange:granted": GRANTED,
    "exchange:refused": REFUSED,
    "exchange:refused_many": COUNTED,
    "keys:created": {"event": "keys:created", "kid": "k-1", "purpose": "token", "algorithm": "ES256"},
    "catalog:loaded": {"event": "catalog:loaded", "digest": "ab" * 32, "policy": "d6c6cc9309e01295"},
    "configuration:changed": CHANGED,
    "revocation:granted": REVOKED,
    "log:recovered": {
        "event": "log:recovered",
        "facts": {"checked": [1, 9], "delivery_unknown": ["x_1"], "broken": [{"stream": "s2", "seq": 3}]},
    },
}


def entry(members: JsonObject, *, stream: str = "s1", seq: int = 7) -> Entry:
    """Return the entry of a line with these members."""
    linked: dict[str, Any] = {"v": 1, "stream": stream, "seq": seq, "prev": "0" * 64, "id": "x_a", "at": AT}
    return read_entry(msgspec.json.encode(linked | members), stream=stream, seq=seq)


def sealed() -> Entry:
    """Return a checkpoint."""
    return checkpoint_entry(b'{"kind":"actas/Checkpoint","v":1,"jws":"a.b.c"}', number=3, at=AT)


def every_entry() -> list[Entry]:
    """Return an entry for every event there is, those with faces of their own, a checkpoint and damage."""
    plain = [entry(_BY_EVENT.get(event, {"event": event, "source": "192.0.2.1"})) for event in EVENTS]
    special = [entry(NOBODY), entry(IMPERSONATED), entry({"event": "later:unheard_of"}), sealed()]
    return [*plain, *special, read_entry(b"\xff not a line", stream="s1", seq=7)]


HOSTILE: Final = (
    'line\nend\r\nand "quotes"',
    "bar|bar\\|backslash\\ equals=equals",
    "cs1=forged msg=forged",
    "\x1b[2Jclear\x07\x00nul",
    "\u202ereversed\u2028separated\x85next",
    "=HYPERLINK(1),+1,-1,@x",
    "ä" * 500,
    "x" * 500,
    "\t tab first",
)
"""What a caller may have put into any text of an entry."""


def hostile_entry(value: str) -> Entry:
    """Return a refusal in which every free text is ``value``."""
    who: JsonObject = {"iss": value, "sub": value, "kind": value}
    return entry(
        {
            **REFUSED,
            "source": value,
            "detail": value,
            "reason": value,
            "error": value,
            "client": {"name": value, "kind": value, "method": value},
            "subject": who,
            "chain": [who, who],
            "asked": {"scope": value, "audience": [value]},
            "apis": [value],
            "rules": [value],
            "kind": value,
            "policy": value,
        }
    )
