"""What one configuration lets be done, and what the pipeline looks up in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from actas.core.client import Client
from actas.core.errors import UnauthorizedClient
from actas.core.party import Party
from actas.core.permit import ExchangeRequest
from actas.core.target import Api
from actas.grants.grant import Grant
from actas.kinds.redemption import as_granted
from actas.kinds.servers import typed_by_target
from actas.kinds.targets import ConnectionStore, targets_of
from actas.policy.decide import Policy


class Standing(Protocol):
    """Who may ask for what, as one configuration has it. Answers from memory."""

    @property
    def clients(self) -> Mapping[str, Client]:
        """The clients that it lists, by name."""
        ...

    @property
    def connections(self) -> ConnectionStore:
        """What leads to other domains."""
        ...

    @property
    def policy(self) -> Policy:
        """The rules."""
        ...

    def api(self, name: str) -> Api | None:
        """Return the API called ``name``, or None."""
        ...

    def api_for(self, audience: str) -> Api | None:
        """Return the API whose audience is exactly ``audience``, or None."""
        ...


def typed_in(standing: Standing, request: ExchangeRequest, client: Client) -> ExchangeRequest:
    """Return a request that names the type of what its target wants."""
    return typed_by_target(request, client, standing, standing.connections)


def targets_in(
    standing: Standing, asked: ExchangeRequest, asserted: Party | None, client: Client
) -> tuple[Api, ...]:
    """Return what the new token is to be for.

    Args:
        asserted: of whom the grant tells that is redeemed, if one is.

    Raises:
        OAuthError: it is nothing that this client may ask for.
    """
    wanted = as_granted(asked, asserted, client, standing.connections)
    return targets_of(wanted, client, standing, standing.connections)


def client_in(standing: Standing, client: Client, grant: Grant) -> Client:
    """Return a client that was authenticated under another configuration as it is in this one. Of one that
    is gone from it, ``holds`` of what was permitted has the last word (``kinds.redeeming``).

    Raises:
        UnauthorizedClient: it may not use this grant any more.
    """
    found = standing.clients.get(client.name, client)
    require_registered(found, grant)
    return found


def require_registered(client: Client, grant: Grant) -> None:
    """Return when a client is registered for a grant.

    Raises:
        UnauthorizedClient: it is not.
    """
    if grant.grant_type not in client.grants:
        raise not_registered(client, grant)


def not_registered(client: Client, grant: Grant) -> UnauthorizedClient:
    """Return the refusal of a client for which a grant is not (RFC 6749 section 5.2)."""
    detail = f"{client.name} is not registered for {grant.grant_type}"
    return UnauthorizedClient("client_may_not_exchange", detail=detail)
