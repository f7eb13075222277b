"""Where a caller is, for counting what comes from there."""

from __future__ import annotations

import ipaddress
from functools import lru_cache


def place_of(address: str) -> str:
    """Return what an address is counted under: whoever has an IPv6 address has a whole /64 of them."""
    return _network(address) if ":" in address else address


@lru_cache(maxsize=4096)
def _network(address: str) -> str:
    # Asked up to four times for one request.
    try:
        return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address
