"""The connection that the flags of ``actas connections create`` say, as it would stand in a file."""

from __future__ import annotations

from typing import Any, Final

from actas.cli.details import typed_details
from actas.cli.exits import misused
from actas.cli.setting import typed_object, with_fields
from actas.core.ports import Json, JsonObject

_OF_ASSERTIONS: Final = {
    "resources": "--resource",
    "details": "--detail",
    "mcp": "--mcp",
    "sub_id": "--sub-id",
    "tenant": "--tenant",
    "aud_tenant": "--aud-tenant",
}
"""What a plain grant of ours does not say."""

_SUB_ID: Final = '{"format":"opaque","who":{"known_as":"hr"}}'


def connection_of(name: str, **flags: Any) -> JsonObject:
    """Return the connection that the flags say.

    Raises:
        Failure: they do not say for whom it is, or a flag is of the other direction or missing (exit 2).
    """
    accepts = flags["direction"] == "accept"
    _of_one_direction(flags["direction"], flags)
    if flags["everybody"] == bool(flags["groups"] or flags["names"]):
        raise misused("for whom is it?", hint="--group NAME or --person WHO, or else --everybody")
    document: JsonObject = {"name": name, "direction": flags["direction"], "client": flags["client"]}
    document |= _kind(flags)
    document |= _accepting(flags) if accepts else _issuing(flags)
    document |= {
        field: flags[field]
        for field in ("identify_by", "lifetime", "description")
        if flags[field] is not None
    }
    called: JsonObject = {
        field: flags[field] for field in ("tenant", "aud_tenant") if flags[field] is not None
    }
    if flags["sub_id"] is not None:
        called["sub_id"] = typed_object(flags["sub_id"], flag="--sub-id", sample=_SUB_ID)
    document |= {"identifiers": called} if called else {}
    document |= {"proposals": [*flags["proposals"]]} if flags["proposals"] else {}
    document |= {"disabled": True} if flags["paused"] else {}
    return with_fields(document, flags["fields"])


def _issuing(flags: dict[str, Any]) -> JsonObject:
    there: JsonObject = {"issuer": flags["issuer"], "client_id": flags["there"], "scopes": _sold(flags)}
    there |= _details(flags)
    if flags["resources"]:
        there["resource"] = [*flags["resources"]]
    if flags["mcp"]:
        there["kind"] = "mcp"
    redeem = {} if flags["redeem_by"] is None else {"redeem": _redeem(flags["redeem_by"])}
    return {**redeem, "resource": there, "people": _people(flags, ("from", "sources")) or {"from": ["actas"]}}


def _redeem(how: str) -> JsonObject:
    """Return by what the other server knows this one. A secret itself is said by no flag.

    Raises:
        Failure: it is none of the three (exit 2).
    """
    place, _, name = how.partition(":")
    if how == "key":
        return {"private_key_jwt": {"algorithm": "ES256"}}
    if place in ("env", "file") and name:
        return {"client_secret": {place: name}}
    raise misused(
        "--redeem-by says by what the other server knows this one", hint="key, env:NAME or file:PATH"
    )


def _accepting(flags: dict[str, Any]) -> JsonObject:
    (source,) = flags["sources"]
    document: JsonObject = {"from": source, "api": flags["api"], "scopes": _scopes(flags)}
    document |= _details(flags)
    people = _people(flags)
    people |= {field: flags[field] for field in ("match", "unknown") if flags[field] is not None}
    return {**document, "people": people} if people else document


def _people(flags: dict[str, Any], *more: tuple[str, str]) -> JsonObject:
    fields = (*more, ("groups", "groups"), ("names", "names"))
    return {field: [*flags[flag]] for field, flag in fields if flags[flag]}


def _scopes(flags: dict[str, Any]) -> list[Json]:
    return [one for words in flags["scopes"] for one in words.split()]


def _sold(flags: dict[str, Any]) -> Json:
    """Return the scopes there: for plain grants by what they are bought with, an ID token if nothing is
    said.
    """
    if flags["grant"] == "id-jag":
        return _scopes(flags)
    return {one: _scopes(flags) for one in flags["held"] or ("any",)}


def _kind(flags: dict[str, Any]) -> JsonObject:
    """Return what the flags say of the kind of grant.

    Raises:
        Failure: a flag is of the other kind, or of the other direction (exit 2).
    """
    plain = flags["grant"] == "jwt"
    for field, flag in (("held", "--held"), ("chain", "--chain")):
        if flags[field] and not (plain and flags["direction"] == "issue"):
            raise misused(f"{flag} goes with --grant jwt and --direction issue")
    for field, flag in _OF_ASSERTIONS.items():
        if field == "resources" and flags["redeem_by"]:
            continue  # named beside the grant when this server redeems that
        if flags[field] and plain and flags["direction"] == "issue":
            raise misused(
                f"{flag} has no meaning with --grant jwt, whose grants are for a server and say scopes"
            )
    document: JsonObject = {"grant": "jwt"} if plain else {}
    return {**document, "chain": flags["chain"]} if flags["chain"] else document


def _details(flags: dict[str, Any]) -> JsonObject:
    found = typed_details(flags["details"])
    return {"authorization_details": [*found]} if found else {}


def _of_one_direction(direction: str, flags: dict[str, Any]) -> None:
    """Return when every flag is of that direction, and none that it needs is missing.

    Raises:
        Failure: one is not, or is missing (exit 2).
    """
    needed = {"issue": {"issuer": "--to", "there": "--as"}, "accept": {"sources": "--from", "api": "--api"}}
    more = {
        "issue": {
            "resources": "--resource",
            "identify_by": "--identify-by",
            "mcp": "--mcp",
            "redeem_by": "--redeem-by",
        },
        "accept": {"api": "--api", "match": "--match", "unknown": "--unknown"},
    }
    other = "accept" if direction == "issue" else "issue"
    astray = {**needed[other], **more[other]}
    astray.pop("sources", None)  # both have it: whom it is for, or who is believed
    for field, flag in astray.items():
        if flags[field]:
            raise misused(f"{flag} goes with --direction {other}")
    for field, flag in needed[direction].items():
        if not flags[field]:
            raise misused(f"--direction {direction} needs {flag}")
    if direction == "accept" and len(flags["sources"]) != 1:
        raise misused("grants of one issuer are accepted by one connection", hint="say --from once")
