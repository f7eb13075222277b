"""Which addresses this SDK calls: https, or http on the loopback for a server that lives there."""

from __future__ import annotations

import ipaddress
import re
import string
from typing import Final
from urllib.parse import SplitResult, urlsplit

from actas_sdk.errors import Misconfigured

__all__ = [
    "absolute",
    "host_label",
    "loopback_http",
    "origin",
    "protected_resource",
    "same_target",
    "well_known",
]

_LONGEST: Final = 2048
_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED: Final = frozenset(string.ascii_letters + string.digits + "-._~")


def issuer_address(issuer: str) -> str:
    """Return ``issuer`` if it can be one: https without query or fragment (RFC 8414 section 2).

    Raises:
        Misconfigured: it cannot.
    """
    parts = split_address(issuer)
    if parts is None or "?" in issuer or "#" in issuer:
        raise Misconfigured("the issuer must be an https address without query or fragment")
    if parts.scheme != "https" and not loopback_http(issuer):
        raise Misconfigured("the issuer must be https, or http on the loopback address")
    return issuer


def endpoint_allowed(url: str, *, issuer: str) -> bool:
    """Say whether ``url`` may be called for ``issuer``.

    An https issuer only ever leads to https: a downgraded endpoint would carry the client's
    secret in the clear. A loopback issuer may lead to loopback http.
    """
    parts = split_address(url)
    if parts is None or "#" in url:
        return False
    return parts.scheme == "https" or (loopback_http(issuer) and loopback_http(url))


def loopback_http(url: str) -> bool:
    """Say whether ``url`` is plain http to this very computer."""
    parts = split_address(url)
    return parts is not None and parts.scheme == "http" and _is_loopback(parts.hostname or "")


def well_known(issuer: str) -> tuple[str, str]:
    """Return where ``issuer`` publishes its metadata: by RFC 8414 section 3.1, then by OpenID Connect."""
    parts = urlsplit(issuer)
    root, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    return (
        f"{root}/.well-known/oauth-authorization-server{path}",
        f"{root}{path}/.well-known/openid-configuration",
    )


def protected_resource(audience: str) -> str | None:
    """Return where an API publishes what it is (RFC 9728 section 3.1), or None when it is no address."""
    if not absolute(audience):
        return None
    parts = urlsplit(audience)
    if parts.scheme not in {"http", "https"}:
        return None
    path = "" if parts.path == "/" else parts.path
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}/.well-known/oauth-protected-resource{path}{query}"


def same_target(one: str, other: str) -> bool:
    """Say whether two addresses are one but for query and fragment (RFC 3986 section 6.2)."""
    normal = _normal(one)
    return normal is not None and normal == _normal(other)


def _normal(url: str) -> tuple[str, str, int | None, str] | None:
    parts = split_address(url)
    if parts is None or any(segment in {".", ".."} for segment in parts.path.split("/")):
        return None
    port = {"http": 80, "https": 443}[parts.scheme] if parts.port is None else parts.port
    return parts.scheme, parts.hostname or "", port, _ESCAPE.sub(_needed, parts.path) or "/"


def _needed(escape: re.Match[str]) -> str:
    char = chr(int(escape.group()[1:], 16))
    return char if char in _UNRESERVED else escape.group().upper()


def origin(audience: str) -> str | None:
    """Return scheme, host and port of an API that is named by its http address, or None."""
    parts = split_address(audience)
    return None if parts is None else f"{parts.scheme}://{parts.netloc}"


def absolute(name: str) -> bool:
    """Say whether ``name`` is an address without a fragment, as ``resource`` must be (RFC 8707 section 2)."""
    if "#" in name or ":" not in name or not name.isprintable() or " " in name:
        return False
    parts = urlsplit(name)
    return bool(parts.scheme) and bool(parts.netloc)


def host_label(audience: str) -> str:
    """Return the short name of an API: the first label of its host, or the name itself."""
    parts = split_address(audience)
    host = parts.hostname if parts is not None else None
    if not host:
        return audience
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host.split(".", 1)[0]
    return host


def split_address(url: str) -> SplitResult | None:
    """Return the parts of an http or https address, or None when it is not a plain one.

    User information is refused: ``https://sts.example@attacker.example`` reads as one host to a
    person and is another.
    """
    if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        return None
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
