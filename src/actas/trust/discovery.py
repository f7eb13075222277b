"""An issuer's published metadata (OpenID Connect Discovery section 4): where its keys are.

Only ``issuer`` and ``jwks_uri`` are read, and for an issuer through which people sign in what ``provider``
needs. Everything else about an issuer is written by the operator, so that a document fetched later cannot
widen what was registered. How documents are fetched is left to ``net.fetch``, how keys are kept to ``jwks``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actas.core.ports import Fetch, FetchFailed, Json
from actas.core.url import Url, read_url
from actas.trust.registry import TrustedIssuer

_PATH: Final = "/.well-known/openid-configuration"


async def discover(issuer: TrustedIssuer, fetch: Fetch) -> str:
    """Return where the keys of ``issuer`` are, as its own discovery document says.

    The document's ``issuer`` is the registered one byte for byte: a trailing slash, another case, a
    default port or another tenant's document is another issuer (SEC-37). The keys are at the issuer's
    own host or at one that the operator listed, for a document that later points elsewhere would
    otherwise choose both our next connection and whom we believe (SEC-36; CVE-2025-52477).

    Raises:
        FetchFailed: the document cannot be had, or is not to be followed. No other host is asked.
    """
    document = await published(issuer, fetch)
    return place_of(document, "jwks_uri", issuer, hosts=issuer.jwks_hosts, listed_in="jwks_hosts")


async def published(issuer: TrustedIssuer, fetch: Fetch) -> Mapping[str, Json]:
    """Return the discovery document of ``issuer``, which is its own.

    Raises:
        FetchFailed: it cannot be had, or is another issuer's.
    """
    document = await fetch.get_json(issuer.issuer.removesuffix("/") + _PATH)
    found = document.get("issuer")
    if found != issuer.issuer:
        raise FetchFailed(
            f"the discovery document of {issuer.name} is that of another issuer: it says {_shown(found)}, "
            f"registered is {issuer.issuer!r}"
        )
    return document


def place_of(
    document: Mapping[str, Json],
    member: str,
    issuer: TrustedIssuer,
    *,
    hosts: frozenset[str],
    listed_in: str,
) -> str:
    """Return an address that a discovery document names, at a host on record.

    Args:
        hosts: the hosts besides the issuer's own that it may be at.
        listed_in: where the configuration lists them.

    Raises:
        FetchFailed: there is none, or it is elsewhere.
    """
    address = document.get(member)
    if not isinstance(address, str):
        raise FetchFailed(f"the discovery document of {issuer.name} names no {member}")
    try:
        url = read_url(address)
        permitted = is_at(url, issuer.issuer, hosts)
    except ValueError as error:
        raise FetchFailed(f"the {member} of {issuer.name} cannot be used: {error}") from None
    if not permitted:
        raise FetchFailed(
            f"the discovery document of {issuer.name} places its {member} at {url.authority}, which is "
            f"neither its own host nor listed in {listed_in}; nothing was asked there"
        )
    return address


def takes_form_alone(document: Mapping[str, Json]) -> bool:
    """Return whether a server says that it takes a client's secret in the form alone (RFC 8414)."""
    methods = document.get("token_endpoint_auth_methods_supported")
    listed = methods if isinstance(methods, list) else ["client_secret_basic"]
    return "client_secret_basic" not in listed and "client_secret_post" in listed


def is_at(url: Url, issuer: str, hosts: frozenset[str]) -> bool:
    """Return whether ``url`` is at an issuer's host and port, or at one listed (``host``, ``host:port``).

    Raises:
        ValueError: one of them is no address.
    """
    own = read_url(issuer)
    places = [own, *(read_url(f"{own.scheme}://{host}") for host in hosts)]
    return (url.scheme, url.host, url.port) in {(place.scheme, place.host, place.port) for place in places}


def _shown(value: object) -> str:
    """A fetched value for people: short, and with its control characters written out."""
    return f"{value!r:.120}" if isinstance(value, str) else "something that is not text"
