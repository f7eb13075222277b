"""Whom a trusted proxy speaks for: the source address and the client certificate that it forwards.

Headers that anybody may write count only from the addresses that the operator listed (SEC-84, TX-108). A
proxy must drop what its own callers send under these names; one that passes two values on shows that it does
not, and is refused rather than believed.

Which certificates belong to whom is for ``clients`` to say.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from actas.web.asgi import CERTIFICATE, FORWARDING, Scope, header

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_CERTIFICATE: Final = 16 * 1024
"""Characters of a forwarded certificate that are read."""

MAX_HOPS: Final = 32
"""Forwarded hops that are read; a request has passed fewer."""

_LONGEST_ADDRESS: Final = 80
"""Characters of one address, with its zone and port."""

_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PAIR: Final = rf'{_TOKEN}=(?:{_TOKEN}|"(?:[^"\\]|\\.)*")'
_ELEMENT: Final = re.compile(rf"[ \t]*({_PAIR}(?:[ \t]*;[ \t]*{_PAIR})*)[ \t]*(?:,|$)")
_EACH: Final = re.compile(rf'({_TOKEN})=({_TOKEN}|"(?:[^"\\]|\\.)*")')


class Proxies:
    """The proxies whose headers are believed.

    Args:
        networks: where they are.
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = tuple(networks)

    def settle(self, scope: Scope) -> None:
        """Put whom a trusted proxy speaks for in the proxy's place. From anybody else nothing is believed.

        The certificate of the connection is the proxy's own then, never the caller's.
        """
        client = scope.get("client")
        peer = _read_address(str(client[0])) if client else None
        if peer is None or not self._trusts(peer):
            return
        scope[CERTIFICATE] = None
        try:
            scope["client"] = (str(self._source(scope, peer)), 0)
            scope[CERTIFICATE] = _certificate(header(scope, b"client-cert"))
        except ValueError as wrong:
            scope[FORWARDING] = f"a trusted proxy ({peer}) forwards {wrong}"

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._networks)

    def _source(self, scope: Scope, peer: Address) -> Address:
        """Return the last address that no proxy of ours has.

        Raises:
            ValueError: what is forwarded cannot be read, or two headers disagree.
        """
        standard = header(scope, b"forwarded")
        common = header(scope, b"x-forwarded-for")
        found = {
            self._last_outside(hops, peer)
            for hops, present in ((_forwarded(standard), standard), (_forwarded_for(common), common))
            if present
        }
        if len(found) > 1:
            # A proxy sets one of them; the other is its caller's, and nobody can tell which.
            raise ValueError("two source addresses: Forwarded and X-Forwarded-For differ")
        return found.pop() if found else peer

    def _last_outside(self, hops: Sequence[str], peer: Address) -> Address:
        nearest = peer
        for hop in reversed(hops):
            address = _read_address(hop)
            if address is None:
                if hop.startswith("_") or hop.lower() == "unknown":
                    return nearest  # RFC 7239 section 6: it does not say
                raise ValueError("something that is no address as the source")
            nearest = address
            if not self._trusts(address):
                break
        return nearest


def _forwarded(values: Sequence[bytes]) -> list[str]:
    """Return the ``for`` of each hop of ``Forwarded`` (RFC 7239 section 4); ``unknown`` where it has none."""
    text = ",".join(value.decode("latin-1") for value in values)
    hops: list[str] = []
    at = 0
    while at < len(text):
        element = _ELEMENT.match(text, at)
        if element is None or len(hops) >= MAX_HOPS:
            raise ValueError("a header Forwarded that cannot be read")
        # Pair by pair: what stands within quotes names nobody.
        named = [value for name, value in _EACH.findall(element[1]) if name.lower() == "for"]
        if len(named) > 1:
            raise ValueError("a header Forwarded that names two sources at once")
        hops.append(re.sub(r"\\(.)", r"\1", named[0].strip('"')) if named else "unknown")
        at = element.end()
    return hops


def _forwarded_for(values: Sequence[bytes]) -> list[str]:
    hops = [hop.strip() for value in values for hop in value.decode("latin-1").split(",")]
    if len(hops) > MAX_HOPS:
        raise ValueError("a header X-Forwarded-For that is too long")
    return hops


def _read_address(text: str) -> Address | None:
    """Return the address in ``192.0.2.1``, ``192.0.2.1:80``, ``2001:db8::1`` or ``[2001:db8::1]:80``."""
    return _address_of(text) if len(text) <= _LONGEST_ADDRESS else None


@lru_cache(maxsize=4096)
def _address_of(text: str) -> Address | None:
    """Remembered, for each request names its peer, which is one of few, and a caller that comes again."""
    bare = text
    if text.startswith("["):
        bare, _, port = text[1:].partition("]")
        if port and not re.fullmatch(r":[0-9]{1,5}", port):
            return None
    elif text.count(":") == 1:
        bare = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    # A listener for both families sees an IPv4 peer in its mapped form.
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return address if mapped is None else mapped


def _certificate(values: Sequence[bytes]) -> bytes | None:
    """Return the certificate of ``Client-Cert``: one byte sequence between colons (RFC 9440 section 2.2).

    Raises:
        ValueError: there are two, or it is none.
    """
    if not values:
        return None
    if len(values) > 1:
        raise ValueError("two client certificates: it does not drop the header Client-Cert of its callers")
    value = values[0].strip()
    if len(value) > MAX_CERTIFICATE or not (value.startswith(b":") and value.endswith(b":")):
        raise ValueError("a header Client-Cert that is no byte sequence (RFC 9440)")
    try:
        return base64.b64decode(value[1:-1], validate=True) or None
    except binascii.Error:
        raise ValueError("a header Client-Cert that is no byte sequence (RFC 9440)") from None
