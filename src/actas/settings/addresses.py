"""Addresses in the configuration: written in one way only, because they are compared as text.

What depends on other values is not known here: ``check`` says when http on this computer is allowed.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Final

from actas.core.redirect_uri import LONGEST, is_loopback, require_redirect_uri
from actas.core.url import read_url
from actas.settings.values import Label, Pattern, Word, wrong

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN: Final = rf"(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})+"


class Listen(Word):
    """Where to listen: ``127.0.0.1:8693``, ``[::1]:8693`` or ``localhost:8693``. Port 0: any free one."""

    def read(self, text: str) -> str:
        host, _, port = text.rpartition(":")
        if not re.fullmatch(r"0|[1-9][0-9]{0,4}", port) or int(port) > 65535:
            wrong("must be an address and a port, such as 127.0.0.1:8693")
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else None
        try:
            ipaddress.IPv6Address(bare) if bare is not None else ipaddress.IPv4Address(host)
        except ValueError:
            if host != "localhost":
                wrong("must be an IP address and a port, such as 127.0.0.1:8693 or [::1]:8693")
        return text

    def schema(self) -> dict[str, Any]:
        return {"pattern": r"^(?:[0-9.]+|\[[0-9a-fA-F:.]+\]|localhost):[0-9]{1,5}$"}


class HttpsUrl(Word):
    """An address: https; or http on this computer, which ``check`` allows with ``--dev`` only.

    It is kept and compared character for character (TX-141, SEC-37), so every form that people or
    libraries might write in two ways is refused.

    Args:
        slash: whether it may end with a slash, as issuers elsewhere sometimes do.
        query: whether it may have a query.
    """

    def __init__(self, *, slash: bool = True, query: bool = False) -> None:
        self._slash = slash
        self._query = query

    def read(self, text: str) -> str:
        try:
            url = read_url(text)
        except ValueError as exc:
            wrong(str(exc))
        written = text.partition("://")[2].partition("/")[0].partition("?")[0]
        if written != url.authority:
            wrong("must be written with its host in lower case and without the default port")
        path = url.target.partition("?")[0]
        if "?" in text and not self._query:
            wrong("must not have a query (?…)")
        if text.endswith("/") and not self._slash:
            wrong("must not end with a slash: it is compared character for character")
        if "//" in path:
            wrong("must not have empty parts in its path")
        if url.scheme == "http" and not is_loopback(url):
            wrong("must be https")
        return text

    def schema(self) -> dict[str, Any]:
        return {"format": "uri", "pattern": "^https?://"}


class RedirectUri(Word):
    """Where an app is called back (``core.redirect_uri``)."""

    def read(self, text: str) -> str:
        try:
            require_redirect_uri(text)
        except ValueError as exc:
            wrong(str(exc))
        return text

    def schema(self) -> dict[str, Any]:
        return {"format": "uri", "maxLength": LONGEST, "pattern": "^[a-z][a-z0-9.+-]*:"}


class Issuer(Word):
    """The ``iss`` of an issuer elsewhere: an address, or for issuers without discovery a plain name."""

    def read(self, text: str) -> str:
        if "://" in text:
            return HttpsUrl().read(text)
        if re.search(r"\s", text):
            wrong("must not hold spaces")
        return Label().read(text)

    def schema(self) -> dict[str, Any]:
        return {"maxLength": 2048, "pattern": r"^[^*\s]+$"}


class ServerIssuer(HttpsUrl):
    """The issuer of another domain's authorization server: an address, where it says what it is."""

    def read(self, text: str) -> str:
        if "://" not in text:
            meant = f"https://{text}" if re.fullmatch(_DOMAIN, text) else "https://auth.tickets.example"
            wrong(f"must be an https address, such as {meant}")
        return super().read(text)


class Host(Word):
    """The name of a host, with a port when it is not the usual one."""

    def read(self, text: str) -> str:
        try:
            url = read_url(f"https://{text}/")
        except ValueError:
            wrong("is not a host name, such as keys.acme.example")
        if text != url.authority:
            wrong("must be a host name in lower case, without the usual port and without a path")
        return text

    def schema(self) -> dict[str, Any]:
        return {"maxLength": 260, "pattern": r"^[a-z0-9.:\[\]-]+$"}


class HostName(Host):
    """The name of a host, whose port stands elsewhere."""

    def read(self, text: str) -> str:
        host = super().read(text)
        if ":" in host.rpartition("]")[2]:
            wrong("must be without its port")
        return host


class Network(Word):
    """A network, or one address. Never everybody: a header that anybody may write would be believed."""

    def read(self, text: str) -> str:
        try:
            network = ipaddress.ip_network(text)
        except ValueError:
            wrong("is no network, such as 10.0.0.0/8, with nothing set beyond its prefix; nor an address")
        if network.prefixlen == 0:
            wrong("is everybody; name the proxies")
        return text

    def schema(self) -> dict[str, Any]:
        return {"pattern": r"^[0-9a-fA-F.:]+(?:/[0-9]{1,3})?$"}


class Audience(Label):
    """The ``aud`` of an API's tokens: an absolute URI without fragment (RFC 8707), or a plain name."""

    def read(self, text: str) -> str:
        super().read(text)
        if re.search(r"\s", text):
            wrong("must not hold spaces")
        if "#" in text:
            wrong("must not have a fragment (#…) (RFC 8707 section 2)")
        return text


DOMAIN: Final = Pattern(
    _DOMAIN,
    "is not a domain in lower case, such as acme.example; a domain below it is listed by itself",
)
