"""Which APIs a request is for (RFC 8693 section 2.1.1, RFC 8707 section 2, RFC 9068 section 3)."""

from __future__ import annotations

from typing import Protocol

from actas.core.abroad import Redeeming
from actas.core.client import Client
from actas.core.errors import InvalidGrant, InvalidRequest, InvalidScope, InvalidTarget, OAuthError
from actas.core.permit import ExchangeRequest
from actas.core.target import Api, ApiStore, api_at
from actas.core.wire import ID_JAG, JWT, JWT_BEARER
from actas.kinds.on_behalf import redeemed_at
from actas.kinds.servers import server_of
from actas.kinds.ways import one_way
from actas.policy.decide import scopes_of


class ConnectionStore(Redeeming, Protocol):
    """Finds what connections lead to. Answers from memory."""

    def leading_to(self, audience: str, *, client: str) -> tuple[Api, ...]:
        """Return for which servers a client gets grants by that audience, what is paused included."""
        ...

    def redeemed_for(self, name: str, *, client: str) -> tuple[Api, ...]:
        """Return where we redeem grants for a client that are called so, what is paused included."""
        ...

    def target(self, name: str) -> Api | None:
        """Return what a connection leads to, by the name of its target, or None."""
        ...


def targets_of(
    request: ExchangeRequest, client: Client, apis: ApiStore, connections: ConnectionStore
) -> tuple[Api, ...]:
    """Return every API the request names, each once; without one, the one that can be inferred.

    A grant for another server is for what one connection leads to, and for nothing of ours.

    Args:
        request: what was asked.
        client: the requester, whose list bounds what is inferred.
        apis: where APIs are found.
        connections: where those of other domains are.

    Raises:
        InvalidTarget: a target is unknown, or none is named and none can be inferred.
        InvalidScope: none is named and the scopes point at several (RFC 9068 section 3).
        InvalidRequest: a grant is asked for several servers, or for none.
    """
    if request.redeemed:
        return (redeemed_at(request, client, connections),)
    if request.requested == ID_JAG:
        return (_abroad(request, client, connections),)
    if request.requested == JWT:
        return (server_of(request, client, connections),)
    found: dict[str, Api] = {}
    for name in request.audience:
        api = apis.api(name) or apis.api_for(name)
        if api is None:
            raise _unknown(request, f"there is no API {name[:200]!r}")
        found[api.name] = api
    for uri in request.resource:
        api = api_at(apis, uri)
        if api is None:
            raise _unknown(request, f"there is no API with the audience {uri[:200]!r}")
        found[api.name] = api
    return tuple(found.values()) if found else (_inferred(request, client, apis),)


def _unknown(request: ExchangeRequest, detail: str) -> OAuthError:
    """Return the refusal of what is no API of ours: of a grant that names it, the grant is bad (JAG-123)."""
    usual = InvalidGrant if request.grant_type == JWT_BEARER else InvalidTarget
    return (request.target_error or usual)("unknown_target", detail=detail)


def _inferred(request: ExchangeRequest, client: Client, apis: ApiStore) -> Api:
    open_to_client = [api for name in sorted(client.apis) if (api := apis.api(name)) is not None]
    if request.scope is None:
        if len(open_to_client) == 1:
            return open_to_client[0]
        raise InvalidTarget(
            "unknown_target", detail="neither audience nor resource was sent, and no scope to infer it"
        )
    fitting = [api for api in open_to_client if request.scope <= scopes_of(api, client)]
    if len(fitting) == 1:
        return fitting[0]
    if any(not request.scope.isdisjoint(api.scopes) for api in open_to_client):
        raise InvalidScope(
            "excess", detail="no audience was sent, and the scopes point at several APIs or none"
        )
    raise InvalidScope("excess", detail="no audience was sent, and no API of this client has these scopes")


def _abroad(request: ExchangeRequest, client: Client, connections: ConnectionStore) -> Api:
    """Return what the one connection leads to that fits, with the APIs there that were asked for.

    ``audience`` names the server and ``resource`` the APIs, and the two go together as a connection has them
    (JAG-22, JAG-26, JAG-122). Without ``resource`` it is for all that the connection has.
    """
    if len(request.audience) != 1:
        raise InvalidRequest(
            "malformed_request",
            detail="such a grant is for one server: send exactly one audience, its issuer",
        )
    audience, asked = request.audience[0], tuple(dict.fromkeys(request.resource))
    found = [
        api
        for api in connections.leading_to(audience, client=client.name)
        if api.abroad is not None and api.abroad.grant == "id_jag"
    ]
    fitting = [api for api in found if api.abroad is not None and set(asked) <= {*api.abroad.resources}]
    if not fitting:
        there = f"there is no connection of {client.name} to {audience[:200]!r}"
        at = f" with the resource {', '.join(asked)[:200]}" if found else ""
        raise InvalidTarget("no_connection", detail=f"{there}{at}")
    return one_way(fitting, asked, client=client, there=audience)
