"""For which server of another domain a plain grant is (identity chaining section 2.3.1).

In an ID-JAG ``audience`` names the server and ``resource`` an API there. Here either may name the server
itself (IDC-12), and nothing else can be named: which APIs its own token will be for is the other server's
to say.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from actas.core.client import Client
from actas.core.errors import InvalidRequest, InvalidTarget
from actas.core.permit import ExchangeRequest
from actas.core.target import Api, ApiStore
from actas.core.wire import JWT
from actas.kinds.on_behalf import StandingIn, as_redeemed, is_api


class Leading(StandingIn, Protocol):
    """Finds what connections lead to. Answers from memory."""

    def leading_to(self, audience: str, *, client: str) -> tuple[Api, ...]:
        """Return for which servers a client gets grants by that audience, what is paused included."""
        ...


def typed_by_target(
    request: ExchangeRequest, client: Client, apis: ApiStore, connections: Leading
) -> ExchangeRequest:
    """Return a request that names no type of token as one for a plain grant, where all that it names is a
    server that takes such grants (IDC-14), and one for an access token of a server at which grants are
    redeemed for its client as that (``on_behalf``). What is an API here is one, whatever else is called so.

    Every other request is returned as it is.

    Raises:
        OAuthError: as ``as_redeemed``.
    """
    named = (*request.audience, *request.resource)
    if not named or not _leads(named[0], client, connections):
        return request  # where most requests go, to an API of ours, no connection leads
    if _is_for_plain_grant(request, client, apis, connections):
        return msgspec.structs.replace(request, requested=JWT)
    return as_redeemed(request, client, apis, connections)


def _leads(name: str, client: Client, connections: Leading) -> bool:
    """Whether any connection of a client leads to what is called so."""
    who = client.name
    return bool(connections.leading_to(name, client=who) or connections.redeemed_for(name, client=who))


def _is_for_plain_grant(
    request: ExchangeRequest, client: Client, apis: ApiStore, connections: Leading
) -> bool:
    named = (*request.audience, *request.resource)
    if not request.untyped or request.actor is not None or request.named is not None:
        return False
    return all(_there(name, client, connections) and not is_api(name, apis) for name in named)


def server_of(request: ExchangeRequest, client: Client, connections: Leading) -> Api:
    """Return what the one connection leads to that a request for a plain grant names.

    Raises:
        InvalidRequest: it names none (IDC-11).
        InvalidTarget: no connection of the client leads there, or it names several servers.
    """
    named = dict.fromkeys((*request.audience, *request.resource))
    if not named:
        detail = "such a grant is for a server: send its issuer as audience or as resource"
        raise InvalidRequest("malformed_request", detail=detail)
    found: dict[str, Api] = {}
    for name in named:
        there = _there(name, client, connections)
        if not there:
            detail = f"there is no connection of {client.name} for plain grants to {name[:200]!r}"
            raise InvalidTarget("no_connection", detail=detail)
        going = [api for api in there if not api.disabled] or there[:1]  # of a pause the judge tells
        found |= {api.name: api for api in going}
    if len(found) != 1:
        detail = f"{', '.join(named)[:200]} are several servers, and such a grant is for one"
        raise InvalidTarget("several_connections", detail=detail)
    (api,) = found.values()
    return api


def _there(name: str, client: Client, connections: Leading) -> list[Api]:
    found = connections.leading_to(name, client=client.name)
    return [api for api in found if api.abroad is not None and api.abroad.grant == "jwt"]
