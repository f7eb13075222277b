"""The commands of ``objects`` for each kind, and what is most telling of each."""

from __future__ import annotations

from typing import Final

from actas.cli.objects import deletes, lists, shows, switches
from actas.cli.resource_advice import advised
from actas.core.ports import Json, JsonObject


def _names(value: Json) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def _client(document: JsonObject) -> str:
    auth, may = document.get("auth"), document.get("may_request")
    method = auth.get("method") if isinstance(auth, dict) else ""
    apis = _names(may.get("apis")) if isinstance(may, dict) else ""
    return f"{document.get('kind')}, {method}" + (f", may ask for {apis}" if apis else "")


def _api(document: JsonObject) -> str:
    mcp = ", an MCP server" if document.get("kind") == "mcp" else ""
    return f"{document.get('audience')}{mcp}"


def _issuer(document: JsonObject) -> str:
    accepted = _names(document.get("accepts"))
    uses = [f"accepts {accepted}"] if accepted else []
    if "sign_in" in document:
        uses.append("signs people in")
    return ", ".join([str(document.get("issuer")), *(uses or ["for workloads"])])


def _rule(document: JsonObject) -> str:
    target = document.get("target")
    api = _names(target.get("api")) if isinstance(target, dict) else "any API"
    who = document.get("client")
    asker = _names(who.get("kinds")) if isinstance(who, dict) else _names(who) or "any client"
    word = "allow" if "allow" in document else "deny"
    return f"{word} {document.get(word)}: {asker} at {api}"


def _user(document: JsonObject) -> str:
    shown = document.get("display_name") or document.get("email") or "no name to show"
    return f"{shown}, in {_names(document.get('groups')) or 'no group'}"


LIST: Final = {
    kind: lists(kind, facts)
    for kind, facts in (
        ("clients", _client),
        ("apis", _api),
        ("issuers", _issuer),
        ("rules", _rule),
        ("users", _user),
    )
}
SHOW: Final = {kind: shows(kind, advised if kind == "apis" else None) for kind in LIST}
DISABLE: Final = {kind: switches(kind, disabled=True) for kind in LIST}
ENABLE: Final = {kind: switches(kind, disabled=False) for kind in LIST}
DELETE: Final = {kind: deletes(kind) for kind in (*LIST, "connections")}
