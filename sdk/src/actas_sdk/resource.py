"""What an API says about itself (RFC 9728): which server its tokens come from, and how they are shown."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial

from actas_sdk.address import loopback_http, protected_resource, split_address
from actas_sdk.errors import BadAnswer, Misconfigured
from actas_sdk.flow import Flow, World
from actas_sdk.issuer import ask
from actas_sdk.requests import document
from actas_sdk.responses import json_of
from actas_sdk.strict_json import Json, NotStrict, text, texts

__all__ = ["Resource", "described"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What an API says about itself, as far as we use it. It vouches for nothing: whom to believe is yours
    to say.

    Attributes:
        resource: its identifier, the very address that was asked about.
        authorization_servers: the issuers whose tokens it takes.
        scopes: the scopes it knows, as far as it says so.
        dpop_required: whether it takes only tokens that are bound to a DPoP key.
        certificates: whether it takes tokens that are bound to a client certificate.
    """

    resource: str
    authorization_servers: tuple[str, ...]
    scopes: frozenset[str]
    dpop_required: bool
    certificates: bool


def described(url: str, *, world: World) -> Flow[Resource]:
    """Return what the API at ``url`` says about itself.

    Raises:
        Misconfigured: ``url`` is no https address, nor http on the loopback address.
        Unreachable: it could not be had.
        BadAnswer: it is not what it must be, or is about another resource: then nothing of it is used,
            because it could lead a person's token to somebody else's server (RFC 9728 sections 3.3 and 7.3).
    """
    at = protected_resource(url)
    parts = split_address(url)
    if at is None or parts is None or (parts.scheme != "https" and not loopback_http(url)):
        raise Misconfigured("an API describes itself at an https address")
    answer = yield from ask(partial(document, at), world=world, repeatable=True)
    said = json_of(answer)
    try:
        if text(said, "resource", longest=2048) != url:
            raise NotStrict("it is about another resource")
        return Resource(
            resource=url,
            authorization_servers=tuple(_several(said, "authorization_servers")),
            scopes=frozenset(_several(said, "scopes_supported")),
            dpop_required=_flag(said.get("dpop_bound_access_tokens_required")),
            certificates=_flag(said.get("tls_client_certificate_bound_access_tokens")),
        )
    except NotStrict as fault:
        raise BadAnswer(f"the description at {answer.url}: {fault}") from None


def _several(said: Mapping[str, Json], name: str) -> Collection[str]:
    return texts(said, name) if name in said else ()


def _flag(value: Json) -> bool:
    """Return a member that is true or false; false when it is left out (RFC 9728 section 2)."""
    if value is None or isinstance(value, bool):
        return value is True
    raise NotStrict("a member that is true or false is neither")
