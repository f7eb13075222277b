"""Keys to check a token with: from a file, from one address that was typed, or kept with the token.

An address inside a token is never asked: whoever made the token wrote it (SEC-36).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from actas.cli.exits import Exit, Failure, misused
from actas.cli.saved import SavedToken
from actas.cli.values import typed_path
from actas.core.ports import FetchFailed, JsonObject
from actas.core.url import read_url
from actas.crypto.json import BadJson, read_object
from actas.crypto.jwk import ALGORITHMS
from actas.trust.keyset import KeySet, NotAKeySet, read_key_set

LARGEST: Final = 256 * 1024
"""Most bytes of a key set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Keys, and where they are from.

    Attributes:
        source: for people.
        issuer: the issuer they are known to be of, or None when whoever typed the command vouches.
    """

    source: str
    found: KeySet
    issuer: str | None = None


def keys_from(where: str, *, timeout: float) -> Keys:
    """Return the keys in a file or at an address.

    Args:
        where: as typed: an address, or the path of a file with a JWK set or one JWK.
        timeout: seconds to wait for an address.

    Raises:
        Failure: the address does not answer (exit 4), or it is not a key set (exit 2).
    """
    if where.startswith(("https://", "http://")):
        return Keys(source=where, found=_key_set(_fetched(where, timeout=timeout), where))
    try:
        with typed_path(where).open("rb") as file:
            document = read_object(file.read(LARGEST + 1), max_bytes=LARGEST)
    except OSError as error:
        raise misused(f"--jwks: {where} cannot be read: {error.strerror}") from None
    except BadJson as error:
        raise misused(f"--jwks: {where}: {error}") from None
    lone = "keys" not in document and "kty" in document
    return Keys(source=where, found=_key_set({"keys": [document]} if lone else document, where))


def keys_of(saved: SavedToken, *, name: str) -> Keys | None:
    """Return the keys that were kept with a saved token, or None when none were."""
    if saved.jwks is None:
        return None
    return Keys(source=f"saved with {name}", found=_key_set(saved.jwks, name), issuer=saved.issuer)


def _fetched(address: str, *, timeout: float) -> JsonObject:
    """Get exactly the address that was typed: no redirect, and plain http on this computer only."""
    from actas.net.fetch import TIME_LIMIT, GuardedFetch

    try:
        host = read_url(address).host
    except ValueError as error:
        raise misused(f"--jwks: {error}") from None
    fetch = GuardedFetch(
        dev=True, allowed_hosts=frozenset({_written(host)}), time_limit=min(timeout, TIME_LIMIT)
    )
    try:
        return dict(asyncio.run(fetch.get_json(address)))
    except FetchFailed as failed:
        raise Failure(failed.detail, code="unreachable", exit=Exit.UNFINISHED) from failed
    finally:
        fetch.close()


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _key_set(document: JsonObject, where: str) -> KeySet:
    try:
        return read_key_set(document, algorithms=ALGORITHMS)
    except NotAKeySet as error:
        raise misused(f"{where} holds no keys: {error}") from None
