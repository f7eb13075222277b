"""Who is at the other end of a connection, as its transport says."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, cast


def end_of(transport: asyncio.BaseTransport, end: str) -> tuple[str, int] | None:
    """Return the address at one end of a connection: ``peername`` or ``sockname``."""
    found = cast("tuple[Any, ...] | str | None", transport.get_extra_info(end))
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) else None


def certificate_of(transport: asyncio.BaseTransport) -> bytes | None:
    """Return the certificate in DER whose key the peer proved to hold in the handshake, if it showed one."""
    tls = cast("ssl.SSLObject | None", transport.get_extra_info("ssl_object"))
    return None if tls is None else tls.getpeercert(binary_form=True)
