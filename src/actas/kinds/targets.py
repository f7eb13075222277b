"""Which APIs a request is for (RFC 8693 section 2.1.1, RFC 8707 section 2, RFC 9068 section 3)."""

from __future__ import annotations

from actas.core.client import Client
from actas.core.errors import InvalidScope, InvalidTarget
from actas.core.permit import ExchangeRequest
from actas.core.target import Api, ApiStore, api_at
from actas.policy.decide import scopes_of


def targets_of(request: ExchangeRequest, client: Client, apis: ApiStore) -> tuple[Api, ...]:
    """Return every API the request names, each once; without one, the one that can be inferred.

    Args:
        request: what was asked.
        client: the requester, whose list bounds what is inferred.
        apis: where APIs are found.

    Raises:
        InvalidTarget: a target is unknown, or none is named and none can be inferred.
        InvalidScope: none is named and the scopes point at several (RFC 9068 section 3).
    """
    found: dict[str, Api] = {}
    for name in request.audience:
        api = apis.api(name) or apis.api_for(name)
        if api is None:
            raise InvalidTarget("unknown_target", detail=f"there is no API {name[:200]!r}")
        found[api.name] = api
    for uri in request.resource:
        api = api_at(apis, uri)
        if api is None:
            raise InvalidTarget("unknown_target", detail=f"there is no API with the audience {uri[:200]!r}")
        found[api.name] = api
    return tuple(found.values()) if found else (_inferred(request, client, apis),)


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
