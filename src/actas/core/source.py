"""Where a caller is, for counting what comes from there."""

from __future__ import annotations

import ipaddress
from functools import lru_cache


def place_of(address: str) -> str:
    """Return what an address is counted under: whoever has an IPv6 address has a whole /64 of them."""
    return _network(address) if ":" in address else address


def networks_of(address: str) -> tuple[str, str]:
    """Return what an address is counted under beside that: what one customer has, and what is around it.

    Providers give a customer a /56 of IPv6, or a /48 (RFC 6177); of IPv4 an address, beside others of a /24.
    """
    if ":" in address:
        return _network(address, 56), _network(address, 48)
    return address, _network(address, 24)


@lru_cache(maxsize=4096)
def _network(address: str, length: int = 64) -> str:
    # Asked up to four times for one request.
    try:
        return str(ipaddress.ip_network((address.partition("%")[0], length), strict=False))
    except ValueError:
        return address
