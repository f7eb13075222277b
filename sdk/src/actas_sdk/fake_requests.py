"""What the server in memory reads of a request, and remembers of one. Nothing of it is checked."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import unquote_plus

import httpx2

from actas_sdk.details import Details
from actas_sdk.dpop import members_of, thumbprint
from actas_sdk.jws import parse, said_by
from actas_sdk.strict_json import JsonObject
from actas_sdk.token import Token

__all__ = ["Asked", "client_id_of", "jkt_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request for a token, as the server saw it.

    Attributes:
        client_id: who asked.
        subject: for whom, or None when the service asked for itself.
        subject_token: the token it acted with, or None.
        to: the API.
        scopes: what it asked for.
        granted: whether it got it.
        authorization_details: what it asked for in JSON (RFC 9396).
    """

    client_id: str
    subject: str | None
    subject_token: Token | None
    to: str
    scopes: frozenset[str]
    granted: bool
    authorization_details: Details = ()


def client_id_of(request: httpx2.Request, form: Mapping[str, str]) -> str:
    """Return who asks: by an assertion, by name alone over mutual TLS, or by HTTP Basic."""
    if "client_assertion" in form:
        return str(said_by(form["client_assertion"])["sub"])
    if "client_id" in form:
        return form["client_id"]
    _, _, encoded = request.headers.get("authorization", "").partition(" ")
    return unquote_plus(base64.b64decode(encoded).decode("ascii").partition(":")[0])


def jkt_of(request: httpx2.Request) -> str | None:
    """Return the key that a token is to be bound to."""
    if "dpop" not in request.headers:
        return None
    jwk = parse(request.headers["dpop"], brings_key=True).unverified_header["jwk"]
    return thumbprint(members_of(cast("JsonObject", jwk)))
