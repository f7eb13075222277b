"""The Authorization header of ``client_secret_basic`` (RFC 6749 section 2.3.1)."""

from __future__ import annotations

import base64
import binascii

from actas.core.errors import InvalidClient, InvalidRequest
from actas.core.params import decode_component
from actas.core.secret import Secret

MAX_HEADER = 8192
"""Characters of the header's value that are looked at."""


def read_basic(header: Secret) -> tuple[str, Secret]:
    """Return client id and secret.

    Both were form-encoded before they were joined with ``:``, so the text is split at the first colon
    and then each half decoded; ``+`` is a space (TX-101).

    Raises:
        InvalidClient: another scheme, or not canonical base64 of such a pair.
    """
    text = header.reveal()
    scheme, _, encoded = text.partition(" ")
    encoded = encoded.strip(" ")
    if scheme.casefold() != "basic" or not encoded or len(text) > MAX_HEADER:
        raise InvalidClient(detail="the Authorization header is not HTTP Basic", challenge=True)
    try:
        pair = base64.b64decode(encoded, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise InvalidClient(
            detail="the Authorization header is not base64 of ASCII text", challenge=True
        ) from None
    name, colon, secret = pair.partition(":")
    if not colon or not name:
        raise InvalidClient(detail="the Authorization header holds no id and secret", challenge=True)
    try:
        return decode_component(name), Secret(decode_component(secret))
    except InvalidRequest as bad:
        raise InvalidClient(detail=f"client id or secret: {bad.detail}", challenge=True) from None
