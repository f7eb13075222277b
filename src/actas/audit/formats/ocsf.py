"""OCSF 1.6.0: Authentication (3002), Entity Management (3004) and Application Lifecycle (6002).

An exchange is activity 99 of Authentication, named "Token Exchange": the ticket activities of that class mean
Kerberos. Where a token names only its subject, it is Account Switch; a client that did not prove who it is, a
failed Logon. A change of configuration or keys is Entity Management, and the life of a stream, which is the
life of a process of this server, Application Lifecycle. What has no attribute goes to ``unmapped``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from actas.audit.formats.entry import (
    Entry,
    Origin,
    Who,
    client,
    current,
    is_impersonation,
    member,
    millis,
    nobody_signed_in,
    source,
    subject,
    text,
    unplaced,
    without_empty,
    words,
)
from actas.audit.formats.meaning import Act, failed, meaning, said, severity
from actas.audit.harmless import harmless
from actas.core.ports import JsonObject

VERSION: Final = "1.6.0"
PRODUCT: Final = "Actas"

_AUTHENTICATION: Final = (3, "Identity & Access Management", 3002, "Authentication")
_MANAGEMENT: Final = (3, "Identity & Access Management", 3004, "Entity Management")
_LIFECYCLE: Final = (6, "Application Activity", 6002, "Application Lifecycle")

_CHANGES: Final[Mapping[Act, tuple[int, str]]] = {
    "create": (1, "Create"),
    "update": (3, "Update"),
    "delete": (4, "Delete"),
    "enable": (8, "Enable"),
    "disable": (9, "Disable"),
}
_LIVES: Final[Mapping[Act, tuple[int, str]]] = {
    "start": (3, "Start"),
    "stop": (4, "Stop"),
    "restart": (5, "Restart"),
}
_SEVERITIES: Final = {
    **dict.fromkeys((3, 4), (1, "Informational")),
    5: (2, "Low"),
    **dict.fromkeys((6, 7), (3, "Medium")),
    8: (4, "High"),
}
_USER_TYPES: Final = {"person": (1, "User"), "service": (4, "Service"), "app": (4, "Service")}
_OAUTH: Final = 6
_IMPERSONATE: Final = 2
_OTHER: Final = 99


def document(entry: Entry, origin: Origin) -> bytes:
    """Return the event that an entry is."""
    act = meaning(entry).act
    if act in _LIVES:
        body = _header(entry, origin, _LIFECYCLE, _LIVES[act]) | {"app": _product(origin)}
    elif act in _CHANGES:
        body = _header(entry, origin, _MANAGEMENT, _CHANGES[act]) | _managed(entry)
    else:
        body = _header(entry, origin, _AUTHENTICATION, _activity(entry)) | _authentication(entry, origin)
    return harmless(msgspec.json.encode(body))


def _header(
    entry: Entry, origin: Origin, kind: tuple[int, str, int, str], activity: tuple[int, str]
) -> JsonObject:
    """What every class has."""
    category, category_name, uid, name = kind
    number, activity_name = activity
    weight, severity_name = _SEVERITIES[severity(entry)]
    refused = failed(entry)
    return {
        "category_uid": category,
        "category_name": category_name,
        "class_uid": uid,
        "class_name": name,
        "activity_id": number,
        "activity_name": activity_name,
        "type_uid": uid * 100 + number,
        "type_name": f"{name}: {activity_name}",
        "severity_id": weight,
        "severity": severity_name,
        "status_id": 2 if refused else 1,
        "status": "Failure" if refused else "Success",
        **without_empty(status_code=member(entry, "reason"), status_detail=member(entry, "detail")),
        "time": millis(entry.at),
        "message": said(entry),
        "metadata": _metadata(entry, origin),
        "unmapped": unplaced(entry),
    }


def _metadata(entry: Entry, origin: Origin) -> JsonObject:
    return {
        "version": VERSION,
        "product": _product(origin),
        "uid": entry.id,
        "sequence": entry.seq,
        "log_name": entry.stream,
        "log_provider": origin.issuer,
        "event_code": entry.event,
        **without_empty(original_time=entry.at, correlation_uid=member(entry, "txn")),
    }


def _product(origin: Origin) -> JsonObject:
    return {"name": PRODUCT, "vendor_name": PRODUCT, "version": origin.version, "uid": origin.issuer}


def _activity(entry: Entry) -> tuple[int, str]:
    if nobody_signed_in(entry):
        return 1, "Logon"
    match meaning(entry).act:
        case "introspection":
            return _OTHER, "Token Introspection"
        case "userinfo":
            return _OTHER, "UserInfo"
        case "management":
            return _OTHER, "Management"
        case _:
            return (7, "Account Switch") if is_impersonation(entry) else (_OTHER, "Token Exchange")


def _authentication(entry: Entry, origin: Origin) -> JsonObject:
    came_from = source(entry)
    apis = words(member(entry, "apis"))
    # The schema wants the service at which somebody authenticates: the API, or else this server.
    service: JsonObject = {"name": apis[0]} if apis else {"name": PRODUCT, "uid": origin.issuer}
    if server := text(member(entry, "abroad", "issuer")):
        service["uid"] = server
    body: JsonObject = {
        "user": _user(subject(entry) or client(entry)),
        "service": service,
        "auth_protocol_id": _OAUTH,
        "auth_protocol": "OAUTH 2.0",
        "is_remote": True,
    }
    if came_from is not None:
        body["src_endpoint"] = {"ip": str(came_from)}
    if is_impersonation(entry) and not nobody_signed_in(entry):
        body |= {"account_switch_type_id": _IMPERSONATE, "account_switch_type": "Impersonate"}
    counted = member(entry, "counted")
    if isinstance(counted, int):
        body["count"] = counted
    return body | _acting(entry)


def _managed(entry: Entry) -> JsonObject:
    known = meaning(entry)
    uid = next((one for one in (text(member(entry, name)) for name in ("kid", "name", "digest")) if one), "")
    version = text(member(entry, "policy"))
    entity = without_empty(name=known.thing, uid=uid or entry.id, type=known.thing, version=version)
    return {"entity": entity, **_acting(entry)}


def _acting(entry: Entry) -> JsonObject:
    actor = current(entry)
    return {} if actor is None else {"actor": {"user": _user(actor)}}


def _user(who: Who | None) -> JsonObject:
    if who is None or not who.id:
        return {"name": "unknown", "type_id": 0, "type": "Unknown"}
    number, name = _USER_TYPES.get(who.kind, (_OTHER, who.kind) if who.kind else (0, "Unknown"))
    user: JsonObject = {"name": who.id, "uid": who.id, "type_id": number, "type": name}
    return user | without_empty(domain=who.issuer)
