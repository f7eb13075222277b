"""``events.md``: what the audit log says, entry by entry and member by member."""

from __future__ import annotations

from typing import Final

from scripts.pages.attempts import ATTEMPT, PARTY
from scripts.pages.markdown import code, page, table

from actas.audit.findings import FAULTS
from actas.audit.query import FIELDS, LONGEST
from actas.core.events import EVENTS, EventName

INTRODUCTION: Final = """
The audit log is a set of streams. Each process that serves requests writes a stream of its own, so that
writers never wait for each other. An entry is one line of JSON, and its link comes first:

```json
{"v":1,"stream":"s1","seq":7,"prev":"<64 hexadecimal digits>","at":"2026-11-25T15:42:00.123Z",…}
```

`prev` is the SHA-256 of the line before it in the same stream, over the very bytes that are stored, so that a
verifier needs no canonical form. The first entry of a stream has 64 zeros. Signed checkpoints seal the ends
of all streams. [What an audit log can prove](../explanation/what-an-audit-log-can-prove.md) says what follows
from that, and what does not.

Tokens and secrets are never in the log. A token appears as its `jti` and as a keyed digest of its text, so
that two mentions of one token can be matched by whoever holds the key of the digests.
"""

LINK: Final = (
    ("v", "version of the form of an entry: `1`"),
    ("stream", "the stream it is in"),
    ("seq", "its number there, from 1, without gaps"),
    ("prev", "the hash of the entry before"),
)
"""The members that the writer puts in front of every entry."""

COMMON: Final[dict[str, str]] = {
    "id": "`x_` and 26 characters; ids sort by time. The caller gets it as the header `Actas-Entry`",
    "at": "when it happened, UTC, always of this width: `2026-11-25T15:42:00.123Z`",
    "event": "what happened, one of the table above",
}
"""The members of every entry."""

KEY: Final = {
    "kid": "its name",
    "purpose": "`token`, `id_token`, `client` or `audit`; no key has two",
    "algorithm": "what it signs with",
}
"""The members of every event about a key of our own."""

OPERATED: Final = {
    "sink": "its name",
    "why": "the reason that was given",
    "operator": "who ran the command, as the system knows them",
}
"""The members of what an operator does to a sink."""

LOGOUT: Final = {
    "client": "the app",
    "subject": "`iss`, `sub` and `kind` of whose session it was",
    "sid": "the session, as apps know it",
    "ended_at": "when it ended, seconds since the epoch",
    "because": "the entry of what ended it; null when the configuration locked the person out",
    "tries": "how often it was tried",
}
"""The members of what became of telling an app that a session ended."""

IMPERSONATION: Final = {
    "impersonation": "its id, the `txn` of every token of it",
    "administrator": "`iss`, `sub`, `kind`: who acts, or wants to",
    "subject": "`iss`, `sub`, `kind`: as whom",
    "client": "`name`: who asked",
    "why": "`reason` and `ticket`, as the administrator gave them",
    "form": "`own_token`, `actor_token` or `by_identifier`: how it was asked for",
    "apis": "list: the APIs that it was asked for",
    "scope": "the scopes",
    "rules": "list: the rules that allow it",
    "names_actor": "whether its tokens name the administrator",
    "approval": "list: the groups whose member has to approve it, if any",
    "decided_by": "who approved it or refused to, if anybody",
    "until": "when that state lapses, seconds since the epoch: of a running one, its overall end",
}
"""The members of every event in the life of an impersonation."""

NOTICE: Final = {
    "impersonation": "its id",
    "administrator": "`iss`, `sub`, `kind`: who acts or acted",
    "subject": "`iss`, `sub`, `kind`: as whom",
    "why": "`reason` and `ticket`, as the administrator gave them",
    "what": "`start` or `end`: what there was to tell",
    "recipient": "`subject`, `webhook`, or an address that the configuration names",
}
"""The members of every event about telling people of an impersonation."""

REDEEMED: Final = {
    "redeemed.entry": "the entry in which the grant was given; the members of an attempt are as there",
    "redeemed.jti": "of the grant, and `redeemed.digest`: what the log of the other server has too",
    "redeemed.server": "the issuer of the server at which it was redeemed",
}
"""The members of what became of a grant that this server redeems for its client."""

OTHERS: Final[dict[EventName, dict[str, str]]] = {
    "abroad:granted": {
        **REDEEMED,
        "redeemed.came": "the token: `digest`, `token_type`, `scope`, `expires_in`; `dropped`, which "
        "members of the answer were not handed on",
    },
    "abroad:refused": {
        **REDEEMED,
        "redeemed.said": "what the other server answered, cut and without what could be a secret",
    },
    "impersonation:requested": IMPERSONATION,
    "impersonation:approved": IMPERSONATION,
    "impersonation:rejected": {
        **IMPERSONATION,
        "refused_why": "what whoever refused to approve it said; absent when they said nothing",
    },
    "impersonation:started": IMPERSONATION,
    "impersonation:ended": {
        **IMPERSONATION,
        "ended_by": "who ended it; empty when something that it came from was revoked",
        "ended_why": "what they said, or what was revoked",
    },
    "impersonation:told": NOTICE,
    "impersonation:untold": {**NOTICE, "detail": "why"},
    "revocation:granted": {
        "revoked": "list of `token:ID` and `party:NAME`: what was ended, with everything exchanged from it; "
        "when a client asked, the members of its attempt are there too",
        "why": "the reason that was given to `actas revoke`",
        "operator": "who ran `actas revoke`, as the system knows them",
    },
    "sign_in:granted": {
        "source": "the address of the browser",
        "subject": "`iss`, `sub` and `kind` of who signed in",
        "client": "the app that they came from; null when they came by themselves",
        "sid": "the session, as apps know it",
        "acr": "how strong that was: `pwd` or `mfa`",
        "amr": "by what (RFC 8176)",
        "ends_at": "when the session ends, seconds since the epoch",
    },
    "session:ended": {
        "source": "the address of the browser",
        "subject": "whose it was",
        "sid": "the session",
        "client": "the app that asked, when one proved to",
        "by": "who ended it",
    },
    "logout:delivered": LOGOUT,
    "logout:failed": {**LOGOUT, "detail": "why the last try failed"},
    "session:others_ended": {
        "source": "the address of the browser",
        "subject": "whose they were",
        "sid": "the session that goes on, if one does",
        "by": "what ended them",
    },
    "credentials:changed": {
        "source": "the address of the browser",
        "subject": "whose they are",
        "sid": "the session in which it was changed",
        "what": "`password`, `code`, `recovery` or `passkey`",
        "change": "`set`, `added`, `made`, `renamed` or `removed`",
        "by": "who changed it",
    },
    "credentials:reset": {
        "subject": "whose they were",
        "what": "list of `password`, `code`, `recovery` and `passkey`: what there was of it",
        "by": "who took it away, as in `configuration:changed`",
        "why": "the reason that was given",
    },
    "authorization:refused": {
        "asked_as": "of an app that nobody knows: how it was spelt, up to 64 characters; the rest is as "
        "in every attempt",
    },
    "authorization:granted": {
        "source": "the address of the browser",
        "client": "the app",
        "subject": "who signed in",
        "authorization": "what the code stands for: the `jti` of the subject of the exchange that redeems it,"
        " and the `txn` of everything that comes of it",
        "sid": "the session",
        "scope": "what the app may have at most",
        "apis": "what it is for",
        "dropped": "the scopes that were asked for and that no API has there; absent when there were none",
        "redirect_uri": "where the code was sent",
        "asked_from": "the address of the device, where it is one",
    },
    "consent:withdrawn": {
        "source": "the address of the browser",
        "subject": "whose consent it was",
        "client": "the app",
        "sid": "the session of who withdrew it",
        "by": "who withdrew it",
    },
    "consent:given": {
        "client": "the app; the other members are those of `authorization:granted`",
    },
    "exchange:refused_many": {
        "source": "the address, or the /64 of an IPv6 address; `*` for all beyond the first thousand",
        "from": "when the minute began",
        "until": "when it ended",
        "written": "how many of its refusals are entries of their own",
        "counted": "how many are only counted here",
        "reasons": "mapping: those, by reason",
    },
    "log:started": {
        "facts.delivery_unknown": "list: entries whose token may or may not have reached its caller",
        "facts.broken": "list of `stream`, `seq`, `sentence`: streams that were passed over, and why",
    },
    "log:recovered": {
        "facts.checked": "list: the first and last entry between which the chain was followed",
        "facts.delivery_unknown": "as above",
        "facts.broken": "as above",
    },
    "log:closed": {"facts.delivery_unknown": "as above"},
    "keys:created": KEY,
    "keys:prepared": {**KEY, "activate_at": "from when it is to sign, seconds since the epoch"},
    "keys:activated": {**KEY, "replaces": "the key that signed before, where there was one"},
    "keys:retired": {**KEY, "remove_at": "when it is to leave the key set, seconds since the epoch"},
    "keys:removed": {**KEY, "emergency": "whether it was taken out at once, by a command"},
    "keys:rewrapped": {
        "rows": "how many keys and secrets",
        "envelope": "the id of the envelope key that they rest under now",
        "previous": "the id of the one before",
    },
    "keys:wrapped": {"service": "the kind of service, and which of its keys"},
    "catalog:loaded": {
        "digest": "the digest of the whole configuration",
        "policy": "the version of its rules, as attempts name it",
        "generation": "which state of the store of record it is",
    },
    "catalog:narrowed": {
        "generation": "the state that takes something away",
        "in_force": "the state that goes on without it",
    },
    "catalog:refused": {
        "generation": "the state that could not take effect",
        "in_force": "the state that goes on",
        "why": "the first fault",
    },
    "configuration:changed": {
        "generation": "the state that the change made; a change of many objects is several entries",
        "by": "`via` (`server`: its own files, `apply`, `api`), and of a request `client`, `role`, `token` "
        "(the `jti`) and `source`",
        "changes": "list of `kind`, `name`, `what`, `version`, `before` and `after`: each object as it was "
        "and as it is, as `document`, `kept_by`, `disabled`, `place` and `secrets` (how many; never which)",
        "moved": "how many objects stand elsewhere in the files and say the same",
    },
    "registration:granted": {
        "source": "where the request came from",
        "client": "`name`: the `client_id` that was given",
        "by": "`anybody` or `the initial access token`",
        "after": "what was registered",
    },
    "registration:ended": {
        "client": "`name`: the `client_id`",
        "why": "why it was removed",
        "before": "what had been registered",
    },
    "sinks:stopped": {"sink": "its name", "why": "what it said"},
    "sinks:lost": {
        "sink": "its name",
        "of": "the stream that they were in",
        "from": "the first number",
        "to": "the last",
    },
    "sinks:paused": OPERATED,
    "sinks:resumed": OPERATED,
    "sinks:skipped": {
        **OPERATED,
        "of": "the stream that they are in",
        "from": "the first number",
        "to": "the last",
    },
    "sinks:rewound": {**OPERATED, "of": "the stream"},
    "database:backed_up": {
        "operator": "who ran `actas db backup`, as the system knows them",
        "backup": "`name` and `bytes`: the file says the same name in its first line",
    },
    "database:restored": {
        "operator": "who ran `actas db restore`, as the system knows them",
        "epoch": "the number of the epoch that began",
        "backup": "`name`, `made_at` and `epoch`: what was restored, and from which epoch it was",
        "replaced": "whether a database that was not empty was replaced",
        "generation": "the state of the configuration that it made",
        "keys": "list: the keys that sign from now on; none of those before them does",
        "switched_off": "list of `kind/name`: objects that had been switched off or deleted since the "
        "backup, and are switched off",
        "left_out": "list of `kind/name`: administrators whose role had been taken away since",
    },
}
"""The members of the other events."""

CHECKPOINTS: Final = """
A checkpoint is a compact JWS with the header `typ` `actas-checkpoint+jwt`, signed by an audit key, which
signs nothing else. A file keeps it as one line: `{"kind":"actas/Checkpoint","v":1,"jws":"…"}`. Its claims are
`kind`, `v`, `at`, `number` (from 1, without gaps), `heads` (for each stream the `seq` and `hash` of its last
entry) and `prev` (the SHA-256 of the compact JWS before it, 64 zeros for the first).
"""

ATTEMPTS: Final = """
`exchange:granted` and `exchange:refused`; of the endpoints beside it what was refused, and what was revoked:
`introspection:refused`, `userinfo:refused`, `revocation:granted`, `revocation:refused`, `management:refused`,
`sign_in:refused`, `authorization:refused`, `device:refused`, `account:refused`, `impersonation:refused`,
`registration:refused`.
"""

AGAIN: Final = """
An entry has everything that the decision was made on, so that it can be made again: that is what
`actas explain --entry` does.
"""

QUERIES: Final = f"""
A query is terms between spaces, all of which must hold: `client:orders reason:no_rule api:inv*`. A value that
ends in `*` matches by its beginning; `"…"` keeps spaces and stars as they are; a bare word is looked for as
client, subject, actor and id. A query has at most {LONGEST:,} characters.
"""


def make() -> str:
    """Return the page."""
    blocks = [
        INTRODUCTION,
        "## What can happen",
        table(("Event", "Means"), ((code(name), meaning) for name, meaning in EVENTS.items())),
        "## The link",
        table(("Member", "Is"), ((code(name), meaning) for name, meaning in LINK)),
        "## Members of every entry",
        _members(COMMON),
        "## Attempts",
        ATTEMPTS,
        AGAIN,
        _members(ATTEMPT),
        "### A party",
        _members(PARTY),
    ]
    for name, members in OTHERS.items():
        blocks += [f"## {name}", EVENTS[name], _members(members)]
    blocks += [
        "## Checkpoints",
        CHECKPOINTS,
        "## What a verifier can find",
        table(("Finding", "Means"), ((code(fault), meaning) for fault, meaning in FAULTS.items())),
        "## Queries",
        QUERIES,
        table(("Field", "Finds"), ((code(name), meaning) for name, meaning in FIELDS.items())),
    ]
    return page("Audit events", *blocks)


def _members(members: dict[str, str]) -> str:
    return table(("Member", "Is"), ((code(name), meaning) for name, meaning in members.items()))
