"""Whether a request is for another domain's API, at whose server we redeem the grant for the client (IDC-60).

The client asks for an access token as for an API here, and gets one of the other server. It has no name
there, or no way there. What is decided is whether it would be given a grant: by the kinds, checks and rules
of grants, and none of its own. Pure; what follows is in ``redeeming``.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from actas.core.abroad import Abroad
from actas.core.client import Client
from actas.core.errors import InvalidRequest, InvalidTarget
from actas.core.permit import ExchangeRequest, Proposal, Refusal
from actas.core.target import Api, ApiStore, api_at
from actas.core.wire import ACCESS_TOKEN, ID_JAG, JWT, TOKEN_EXCHANGE
from actas.kinds.binding import Bound
from actas.kinds.ways import one_way


class StandingIn(Protocol):
    """Finds where we redeem grants for clients. Answers from memory."""

    def redeemed_for(self, name: str, *, client: str) -> tuple[Api, ...]:
        """Return where we redeem grants for a client that are called so, what is paused included."""
        ...


def as_redeemed(
    request: ExchangeRequest, client: Client, apis: ApiStore, connections: StandingIn
) -> ExchangeRequest:
    """Return a request for an access token as one for the grant that is redeemed for it, where all that it
    names is another domain's. What is an API here is one, whatever else is called so.

    Every other request is returned as it is.

    Raises:
        InvalidTarget: no connection is for all that it names, or several are.
        InvalidRequest: it has an actor token, of which nobody knows what it would come to there (JAG-25).
    """
    if request.requested != ACCESS_TOKEN or request.grant_type != TOKEN_EXCHANGE or request.named is not None:
        return request
    named = (*request.audience, *request.resource)
    if not named or not all(_there(name, client, connections) and not is_api(name, apis) for name in named):
        return request
    if request.actor is not None:
        detail = "a token of another server is asked for with no actor_token"
        raise InvalidRequest("actor_not_allowed", detail=detail)
    abroad = redeemed_at(request, client, connections).abroad
    requested = ID_JAG if abroad is None or abroad.grant == "id_jag" else JWT
    return msgspec.structs.replace(request, requested=requested, redeemed=True, untyped=False)


def redeemed_at(request: ExchangeRequest, client: Client, connections: StandingIn) -> Api:
    """Return what the one connection leads to that is for all that a request names.

    As of APIs here, ``audience`` may name the server and an API of its, and ``resource`` an API; for plain
    grants the server too (IDC-12). Each is what the connection has.

    Raises:
        InvalidTarget: there is none, or there are several.
    """
    named = (*request.audience, *request.resource)
    found = connections.redeemed_for(named[0], client=client.name)
    fitting = [api for api in found if api.abroad is not None and _is_meant(api.abroad, request)]
    shown = ", ".join(named)[:200]
    if not fitting:
        detail = f"no connection of {client.name} by which grants are redeemed for it is for {shown!r}"
        raise InvalidTarget("no_connection", detail=detail)
    places = {one for api in fitting if api.abroad is not None for one in api.abroad.resources}
    asked = tuple([one for one in dict.fromkeys(named) if one in places])
    return one_way(fitting, asked, client=client, there=shown)


def as_can_be_asked_for(keys: Bound, proposal: Proposal) -> Bound:
    """Return what a token is bound to, which another server gives: a key that a DPoP proof showed.

    Whether it is bound to a certificate, nothing in its answer says (RFC 8705 section 3), and a token that
    was to be bound and is not would be handed on unseen.
    """
    if keys.to is None or keys.to.jkt is not None or not is_for_client(proposal):
        return keys
    detail = f"a token of another server cannot be bound to the {keys.to.words}; a DPoP proof would do"
    refusal = Refusal(error=InvalidRequest, reason="binding_needed", detail=detail)
    return Bound(keys.wanted, None, (*keys.refusals, refusal))


def is_for_client(proposal: Proposal) -> bool:
    """Return whether we redeem the grant for the client that it is about."""
    abroad = proposal.targets[0].abroad
    return abroad is not None and abroad.redeems


def is_api(name: str, apis: ApiStore) -> bool:
    """Return whether an API here is called so, by whichever parameter."""
    return bool(apis.api(name) or apis.api_for(name) or api_at(apis, name))


def _there(name: str, client: Client, connections: StandingIn) -> bool:
    return bool(connections.redeemed_for(name, client=client.name))


def _is_meant(abroad: Abroad, request: ExchangeRequest) -> bool:
    named = {abroad.issuer, *abroad.audiences, *abroad.resources}
    places = {*abroad.resources, *({abroad.issuer} if abroad.grant == "jwt" else ())}
    return named.issuperset(request.audience) and places.issuperset(request.resource)
