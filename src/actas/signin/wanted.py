"""What for: the scopes that an app asks for when people sign in, and the APIs that have them.

A scope that no API has there is refused, or dropped and written down where the configuration says so
(``defaults.on_excess_scope``), as in an exchange: nobody believes to have what nobody gave.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from actas.core.claims import parse_scope
from actas.core.client import Client
from actas.core.errors import InvalidScope, InvalidTarget
from actas.core.params import Params
from actas.core.party import OURSELVES
from actas.core.sign_in import NOT_HERE, OFFLINE, SCOPES, USERINFO
from actas.core.target import Api, ApiStore, api_at
from actas.core.wire import REFRESH
from actas.grants.grant import targets_of
from actas.policy.decide import Policy, scopes_of


class Offers(ApiStore, Protocol):
    """Finds APIs, and says what becomes of requests for more than there is. Answers from memory."""

    @property
    def policy(self) -> Policy:
        """The rules, with ``defaults.on_excess_scope``."""
        ...


class AskedFor(NamedTuple):
    """What an app asks for, as far as there is such a thing.

    Attributes:
        scope: what may be granted at most.
        apis: the names of the APIs that it is for.
        dropped: the scopes that were asked for and that no API has there, sorted.
    """

    scope: frozenset[str]
    apis: tuple[str, ...]
    dropped: tuple[str, ...]


def asked_for(form: Params, client: Client, offers: Offers) -> AskedFor:
    """Return what was asked for, as far as there is such a thing.

    A scope that no API has there is refused, unless ``on_excess_scope`` says ``trim`` (RFC 6749 section 3.3).
    What OpenID Connect defines and this server knows nothing for is ignored (Core section 3.1.2.1).

    Raises:
        OAuthError: there is nothing of it, or the app may not ask for what it names.
    """
    text = form.get("scope")
    asked = parse_scope(text) if text is not None else frozenset[str]()
    if asked is None:
        raise InvalidScope("excess", detail="scope is not a list of scope tokens separated by single spaces")
    audience, resource = targets_of(form)
    if audience:
        raise InvalidTarget("unknown_target", detail="an API is named by resource here (RFC 8707)")
    named = [_api(uri, client, offers) for uri in resource]
    manages = any(api.name == OURSELVES for api in named)
    if manages and len(named) > 1:
        raise InvalidTarget("unknown_target", detail="a token for managing is for nothing else")
    # UserInfo, our own, is one of the APIs of every app that people sign in to.
    open_to = named or [api for name in sorted(client.apis - {OURSELVES}) if (api := offers.api(name))]
    apis = [one.name for one in open_to if not one.disabled and asked & scopes_of(one, client)]
    found = asked & frozenset(SCOPES).union(*(scopes_of(api, client) for api in open_to))
    dropped = asked - found
    if manages or REFRESH not in client.grants:
        found -= {OFFLINE}  # OpenID Connect Core section 11: ignored where it cannot be used
    if not apis or not found - {OFFLINE}:
        raise InvalidScope("excess", detail=f"{client.name} may ask for none of these scopes there")
    unknown = sorted(dropped - NOT_HERE)
    if unknown and offers.policy.defaults.on_excess_scope == "reject":
        detail = f"no API that {client.name} may ask for there has the scope {', '.join(unknown)[:500]}"
        raise InvalidScope("excess", detail=detail)
    return AskedFor(found, tuple(apis), tuple(sorted(dropped)))


def _api(uri: str, client: Client, offers: Offers) -> Api:
    api = api_at(offers, uri)
    closed = {USERINFO} if client.sign_in is not None and client.sign_in.management else {USERINFO, OURSELVES}
    if api is None or api.disabled or api.name not in client.apis or api.name in closed:
        raise InvalidTarget("unknown_target", detail=f"{client.name} may not ask for {uri[:200]!r}")
    return api
