r"""Reading an address we may connect to: one strict grammar for saving it and for using it.

Two readers of one URL are how a check is passed by one host and the connection made to another
(``https://good@evil``, ``https://good\@evil``, ``https:///evil``), so there is one, and it repairs
nothing: what is not plainly ``scheme://host[:port]/path[?query]`` is refused (SEC-07, SEC-35).
Whether a host may be connected to is left to ``net.addresses``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Literal

MAX_URL: Final = 2048
MAX_HOST: Final = 253

_PIECE: Final = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*"
_URL: Final = re.compile(
    rf"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-]+)(?::(?P<port>[1-9][0-9]{{0,4}}))?"
    rf"(?P<target>(?:/{_PIECE})?(?:\?(?:{_PIECE}|\?)*)?)"
)
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_HIDDEN: Final = re.compile(r"%(?:[01][0-9A-Fa-f]|7[Ff]|5[Cc])")  # encoded control characters, backslash
_DEFAULT_PORT: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """An address, taken apart once.

    Attributes:
        host: a name in lower case, or a literal address without brackets.
        literal: the host as an address, or None when it is a name.
        port: the port to connect to, given or implied.
        target: path and query as sent; never empty.
    """

    scheme: Literal["https", "http"]
    host: str
    literal: IPv4Address | IPv6Address | None
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The value of the ``Host`` header: an implied port is left out."""
        host = f"[{self.host}]" if isinstance(self.literal, IPv6Address) else self.host
        return host if self.port == _DEFAULT_PORT[self.scheme] else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        """The address for people: without its query, where secrets travel."""
        return f"{self.scheme}://{self.authority}{self.target.partition('?')[0]}"


def read_url(text: str) -> Url:
    """Take ``text`` apart.

    Raises:
        ValueError: it is not an address we use. The message says why and never repeats the text, which
            may hold a password.
    """
    if len(text) > MAX_URL:
        raise ValueError(f"the address is longer than {MAX_URL} characters")
    if not text.isascii() or any(character <= " " or character in '\\\x7f"<>^`{|}' for character in text):
        raise ValueError("the address holds whitespace, a backslash or another character no address may hold")
    if "#" in text:
        raise ValueError("the address has a fragment")
    found = _URL.fullmatch(text)
    if found is None:
        if "@" in text.partition("://")[2].partition("/")[0]:
            raise ValueError("the address has a user name in front of its host")
        raise ValueError("the address is not of the form https://host[:port]/path")
    host = read_host(found["host"])
    scheme: Literal["https", "http"] = "https" if found["scheme"] == "https" else "http"
    port = int(found["port"]) if found["port"] else _DEFAULT_PORT[scheme]
    if port > 65535:
        raise ValueError("the port of the address is not a port")
    target = found["target"] if found["target"].startswith("/") else f"/{found['target']}"
    _check_target(target)
    return Url(scheme=scheme, host=host, literal=_literal(host), port=port, target=target)


def read_host(text: str) -> str:
    """Return the host of an address in the form in which hosts are compared.

    Args:
        text: a name, an IPv4 address, or an IPv6 address in brackets.

    Returns:
        The name in lower case, or the literal address without brackets.

    Raises:
        ValueError: it is not a host: an empty or overlong label, a trailing dot, a number in place of a
            name. ``127.1``, ``0x7f.1``, ``017700000001`` and ``2130706433`` all reach 127.0.0.1 on
            some computers, so only the one canonical form is an address here. Zone ids are refused.
    """
    host = text.lower()
    if host.startswith("["):
        inner = host[1:-1]
        try:
            canonical = str(IPv6Address(inner))
        except ValueError:
            canonical = ""
        if not host.endswith("]") or canonical != inner or "%" in inner:
            raise ValueError("the host is not an IPv6 address in its shortest form")
        return inner
    labels = host.split(".")
    if len(host) > MAX_HOST or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError("the host is not a host name")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(host))
        except ValueError:
            raise ValueError("the host is a number that is not an IPv4 address in its usual form") from None
    return host


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """The host as an address; a name whose last label is no number never is one."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _check_target(target: str) -> None:
    """Refuse what a server or a proxy in between might read as another path."""
    path = target.partition("?")[0]
    if any(segment.lower().replace("%2e", ".") in {".", ".."} for segment in path.split("/")):
        raise ValueError("the path of the address has a dot segment")
    if _HIDDEN.search(target):
        raise ValueError("the address holds an encoded control character or backslash")
