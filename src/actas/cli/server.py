"""The server to ask: its metadata, read first and believed only when it is the server that was named.

RFC 8414 section 3.3: the ``issuer`` in the metadata must be exactly the address that was asked for, or
a client can be led to give its credentials to somebody else (mix-up).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from actas.cli.chains import texts
from actas.cli.exits import Exit, Failure
from actas.cli.wire import Answered, Sent, checked
from actas.core.ports import Json, JsonObject

WELL_KNOWN: Final = "/.well-known/oauth-authorization-server"

Ask = Callable[[Sent], Answered]
"""Sends one request; the command decides how long to wait and what to tell about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What a server says about itself.

    Attributes:
        introspection_endpoint: where it says whether a token is good, or None when it does not.
        device_endpoint: where an app that waits asks for codes (RFC 8628), or None where none does.
        auth_methods: how clients may prove who they are at the token endpoint; empty when it does not say.
    """

    issuer: str
    token_endpoint: str
    jwks_uri: str | None
    introspection_endpoint: str | None
    auth_methods: tuple[str, ...]
    device_endpoint: str | None = None


def find_server(address: str, ask: Ask) -> Server:
    """Return the server at ``address``.

    Raises:
        Failure: the address cannot be used (exit 2), nothing answers there (exit 4), or what answers is no
            authorization server or another one (exit 6).
    """
    checked(address, what="--server")
    answered = ask(Sent(method="GET", url=metadata_address(address)))
    document = answered.document()
    if answered.status >= 500:
        raise Failure(
            f"{address} is not ready: it answers with status {answered.status}",
            code="not_ready",
            exit=Exit.UNFINISHED,
        )
    if answered.status != 200 or document is None:
        raise _strange(f"{address} is no authorization server: it publishes no metadata (RFC 8414)")
    issuer = document.get("issuer")
    if not isinstance(issuer, str):
        raise _strange(f"{address} does not say which server it is")
    if issuer not in (address, address.rstrip("/")):
        raise _strange(f"{address} says it is another server: {issuer}", hint=f"--server {issuer}")
    return Server(
        issuer=issuer,
        token_endpoint=usable_address(document.get("token_endpoint"), "token_endpoint"),
        jwks_uri=_optional_address(document, "jwks_uri"),
        introspection_endpoint=_optional_address(document, "introspection_endpoint"),
        auth_methods=texts(document.get("token_endpoint_auth_methods_supported")),
        device_endpoint=_optional_address(document, "device_authorization_endpoint"),
    )


def metadata_address(address: str) -> str:
    """Return where the metadata of an issuer is: its path goes behind the well-known part (RFC 8414 3.1)."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc, WELL_KNOWN + parts.path.rstrip("/"), "", ""))


def fetch_keys(server: Server, ask: Ask) -> JsonObject | None:
    """Return the public keys of the server, or None when they cannot be had."""
    if server.jwks_uri is None:
        return None
    try:
        answered = ask(Sent(method="GET", url=server.jwks_uri))
    except Failure:
        return None
    document = answered.document()
    return document if answered.status == 200 and document is not None and "keys" in document else None


def usable_address(value: Json, name: str, *, what: str = "metadata") -> str:
    """Return an address that the server named, when it is one that may be used.

    Args:
        value: what it said.
        name: the member in which it did.
        what: where that member is: ``metadata``, or an ``answer``.

    Raises:
        Failure: it is missing, or no address that ``checked`` takes (exit 6).
    """
    if not isinstance(value, str):
        raise _strange(f"the server's {what} has no {name}", what=what)
    try:
        checked(value, what=name)
    except Failure as unusable:
        raise _strange(f"the server's {what} cannot be used: {unusable.message}", what=what) from None
    return value


def _optional_address(document: JsonObject, name: str) -> str | None:
    return usable_address(document[name], name) if name in document else None


def _strange(message: str, *, what: str = "metadata", hint: str | None = None) -> Failure:
    return Failure(message, code=f"bad_{what}", exit=Exit.PROTOCOL, hint=hint)
