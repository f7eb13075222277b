"""Which hosts and addresses we connect to: public ones, and those the operator listed by name.

Owns the table of special-purpose ranges and the judgement over it. Pure: resolving and connecting
are left to ``dial``.

The table is written out, from the IANA IPv4 and IPv6 special-purpose registries and RFC 4291. A
language's own "is this address global" flag differs between releases and misses forms that carry an
IPv4 address inside: an SSRF filter that trusts it lets NAT64, 6to4 or site-local addresses through
(SEC-34).
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from actas.core.url import Url, read_host

Address = IPv4Address | IPv6Address

SPECIAL_V4: Final[tuple[tuple[IPv4Network, str], ...]] = tuple(
    (IPv4Network(network), what)
    for network, what in (
        ("0.0.0.0/8", "an unspecified address"),  # RFC 1122; Linux connects 0.0.0.0 to itself
        ("10.0.0.0/8", "a private address"),  # RFC 1918
        ("100.64.0.0/10", "a carrier address"),  # RFC 6598; holds the metadata service of a cloud
        ("127.0.0.0/8", "a loopback address"),  # RFC 1122
        ("168.63.129.16/32", "a cloud platform's own address"),  # Azure's host, inside public space
        ("169.254.0.0/16", "a link-local address"),  # RFC 3927; holds 169.254.169.254
        ("172.16.0.0/12", "a private address"),  # RFC 1918
        ("192.0.0.0/24", "a protocol assignment"),  # RFC 6890; holds 192.0.0.192
        ("192.0.2.0/24", "a documentation address"),  # RFC 5737
        ("192.31.196.0/24", "an AS112 address"),  # RFC 7535
        ("192.52.193.0/24", "an AMT address"),  # RFC 7450
        ("192.88.99.0/24", "a 6to4 relay address"),  # RFC 7526
        ("192.168.0.0/16", "a private address"),  # RFC 1918
        ("192.175.48.0/24", "an AS112 address"),  # RFC 7534
        ("198.18.0.0/15", "a benchmarking address"),  # RFC 2544
        ("198.51.100.0/24", "a documentation address"),  # RFC 5737
        ("203.0.113.0/24", "a documentation address"),  # RFC 5737
        ("224.0.0.0/4", "a multicast address"),  # RFC 5771
        ("240.0.0.0/4", "a reserved address"),  # RFC 1112, with the broadcast address
    )
)

GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
"""RFC 4291 section 2.4: the only part of IPv6 given out so far. Whatever is outside is refused."""

SPECIAL_V6: Final[tuple[tuple[IPv6Network, str], ...]] = tuple(
    (IPv6Network(network), what)
    for network, what in (
        ("::/128", "an unspecified address"),
        ("::1/128", "a loopback address"),
        ("::/96", "an IPv4-compatible address"),  # RFC 4291 section 2.5.5.1
        ("::ffff:0:0/96", "an IPv4-mapped address"),  # RFC 4291 section 2.5.5.2
        ("::ffff:0:0:0/96", "an IPv4-translated address"),  # RFC 2765
        ("64:ff9b::/96", "a NAT64 address"),  # RFC 6052
        ("64:ff9b:1::/48", "a NAT64 address"),  # RFC 8215
        ("100::/64", "a discard-only address"),  # RFC 6666
        ("100:0:0:1::/64", "a dummy address"),  # RFC 9780
        ("2001::/32", "a Teredo address"),  # RFC 4380
        ("2001:2::/48", "a benchmarking address"),  # RFC 5180
        ("2001:10::/28", "an ORCHID address"),  # RFC 4843
        ("2001:20::/28", "an ORCHID address"),  # RFC 7343
        ("2001::/23", "a protocol assignment"),  # RFC 2928, with all of its parts
        ("2001:db8::/32", "a documentation address"),  # RFC 3849
        ("2002::/16", "a 6to4 address"),  # RFC 3056
        ("2620:4f:8000::/48", "an AS112 address"),  # RFC 7534
        ("3fff::/20", "a documentation address"),  # RFC 9637
        ("5f00::/16", "a segment routing address"),  # RFC 9602
        ("fc00::/7", "a private address"),  # RFC 4193; holds fd00:ec2::254
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a site-local address"),  # RFC 3879: deprecated, still routed in places
        ("ff00::/8", "a multicast address"),
    )
)

_LOOPBACK: Final = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))


def read_address(text: str) -> Address:
    """Return an address as a resolver or a socket names it.

    Raises:
        ValueError: it is none, or it has a zone id (``fe80::1%eth0`` is never public, and a zone
            picks an interface of ours).
    """
    if "%" in text:
        raise ValueError("an address with a zone id")
    return ip_address(text)


def special_purpose(address: Address) -> str | None:
    """Return what ``address`` is set aside for, in words, or None when it is an ordinary public one."""
    if isinstance(address, IPv4Address):
        return next((what for network, what in SPECIAL_V4 if address in network), None)
    named = next((what for network, what in SPECIAL_V6 if address in network), None)
    if named is None and address not in GLOBAL_UNICAST:
        return "an address outside global unicast"
    return named


def is_loopback_host(url: Url) -> bool:
    """Whether the host can only mean this computer (RFC 6761 section 6.3)."""
    if url.literal is not None:
        return any(url.literal in network for network in _LOOPBACK)
    return url.host == "localhost" or url.host.endswith(".localhost")


def _allowed(host: str) -> str:
    try:
        return read_host(host)
    except ValueError as error:
        raise ValueError(f"allowed host {host!r}: {error}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What one server may connect to.

    Attributes:
        dev: whether loopback hosts may be reached, and over plain http.
        allowed_hosts: hosts that may have special-purpose addresses, each exactly as in the address:
            a name, an IPv4 address, or an IPv6 address in brackets. No patterns, no ports.

    Raises:
        ValueError: an allowed host is not a host.
    """

    dev: bool = False
    allowed_hosts: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed_hosts", frozenset(map(_allowed, self.allowed_hosts)))

    def why_not(self, url: Url) -> str | None:
        """Return why ``url`` is not asked at all, or None."""
        if url.scheme == "http" and not (self.dev and is_loopback_host(url)):
            return "plain http is used for loopback addresses in development only"
        return None

    def why_not_at(self, url: Url, address: Address) -> str | None:
        """Return why ``url`` is not asked at ``address``, or None.

        A loopback host in development has loopback addresses and no other: plain http never leaves
        this computer because somebody's resolver says that ``localhost`` is elsewhere.
        """
        if self.dev and is_loopback_host(url):
            if any(address in network for network in _LOOPBACK):
                return None
            if url.scheme == "http":
                return f"{url.host} is at {address}, which is not a loopback address"
        what = special_purpose(address)
        if what is None or url.host in self.allowed_hosts:
            return None
        return (
            f"{url.host} is at {address}, {what}; only public addresses are connected to, "
            "unless the operator lists the host"
        )
