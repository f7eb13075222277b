"""Elastic Common Schema 8.17: one JSON object a line.

``user`` is the current actor and ``user.effective`` the subject; ``related.user`` holds everybody in the
chain. What has no field of the schema is under ``actas``, a namespace of our own.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import msgspec

from actas.audit.formats.entry import (
    Entry,
    Origin,
    Who,
    current,
    everybody,
    is_impersonation,
    member,
    source,
    subject,
    text,
    unplaced,
    without_empty,
    words,
)
from actas.audit.formats.meaning import Act, failed, meaning, said, severity
from actas.audit.harmless import harmless
from actas.core.ports import Json, JsonObject

VERSION: Final = "8.17.0"
DATASET: Final = "actas.audit"

_TYPES: Final[dict[Act, tuple[list[str], list[str]]]] = {
    "exchange": (["authentication"], ["start"]),
    "introspection": (["authentication"], ["info"]),
    "userinfo": (["authentication"], ["info"]),
    "management": (["configuration"], ["access"]),
    "create": (["configuration"], ["creation"]),
    "update": (["configuration"], ["change"]),
    "delete": (["configuration"], ["deletion"]),
    "enable": (["configuration"], ["change"]),
    "disable": (["configuration"], ["change"]),
    "start": (["process"], ["start"]),
    "restart": (["process"], ["start"]),
    "stop": (["process"], ["end"]),
}


def document(entry: Entry, origin: Origin) -> bytes:
    """Return the document that an entry is."""
    body: JsonObject = {
        **without_empty(**{"@timestamp": entry.at}),
        "ecs": {"version": VERSION},
        "message": said(entry),
        "event": _event(entry),
        "observer": {"vendor": "Actas", "product": "Actas", "type": "sts", "version": origin.version},
        "service": {"name": "actas", "type": "actas", "address": origin.issuer},
        "actas": unplaced(entry, "error", "trace"),
    }
    if trace := text(member(entry, "trace")):
        body["trace"] = {"id": trace}
    came_from = source(entry)
    if came_from is not None:
        body["source"] = {"ip": str(came_from), "address": str(came_from)}
    addresses: list[Json] = [] if came_from is None else [str(came_from)]
    if related := without_empty(ip=addresses, user=list[Json](everybody(entry))):
        body["related"] = related
    if user := _users(entry):
        body["user"] = user
    if host := urlsplit(text(member(entry, "abroad", "issuer"))).hostname:
        body["destination"] = {"address": host, "domain": host}
    rules = words(member(entry, "rules"))
    if rules:
        body["rule"] = {"name": rules[0], "ruleset": text(member(entry, "policy"))}
    if failed(entry):
        error = without_empty(
            code=member(entry, "reason"), type=member(entry, "error"), message=member(entry, "detail")
        )
        body |= without_empty(error=error)
    return harmless(msgspec.json.encode(body))


def _event(entry: Entry) -> JsonObject:
    known = meaning(entry)
    category, kinds = _TYPES[known.act]
    return {
        "kind": "event",
        "category": list[Json](category),
        "type": list[Json](kinds),
        "action": _action(entry),
        "outcome": "failure" if failed(entry) else "success",
        "code": entry.event,
        "id": entry.id,
        "sequence": entry.seq,
        "severity": severity(entry),
        "dataset": DATASET,
        "module": "actas",
        "provider": "actas",
        **without_empty(reason=member(entry, "reason")),
    }


def _action(entry: Entry) -> str:
    match meaning(entry).act:
        case "exchange":
            if member(entry, "abroad") is not None:
                return "cross-app-access"
            return "impersonation" if is_impersonation(entry) else "token-exchange"
        case "introspection":
            return "token-introspection"
        case _:
            return entry.event.replace(":", "-").replace("_", "-")


def _users(entry: Entry) -> JsonObject:
    actor, about = current(entry), subject(entry)
    user: JsonObject = {} if actor is None else _user(actor)
    if about is not None:
        user["effective"] = _user(about)
    return user


def _user(who: Who) -> JsonObject:
    return {"id": who.id, "name": who.id, **without_empty(domain=who.issuer, roles=_roles(who))}


def _roles(who: Who) -> list[Json]:
    return [who.kind] if who.kind else []
