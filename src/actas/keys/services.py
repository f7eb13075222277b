"""Key services: the envelope key, wrapped by a key that never leaves a service (SEC-92).

The protocol is as small as it can be: wrap 32 bytes, and unwrap them. The service is asked when a process
starts and when somebody commands it, never for a request: a service that goes away afterwards stops nobody.
Which one is asked is for ``app`` to say; one file speaks for each.
"""

from __future__ import annotations

import secrets
from typing import Protocol

from actas.crypto.seal import KEY_BYTES, BadSealKey, Sealer


class KeyServiceFailed(Exception):
    """A key service did not do what it was asked for. The message is for administrators.

    Args:
        away: whether it may do so later, as it is: it did not answer, or is sealed, or asks to wait.
        hint: what to look at.
    """

    def __init__(self, detail: str, *, away: bool, hint: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.away = away
        self.hint = hint


class KeyService(Protocol):
    """Wraps and unwraps with one key of a service."""

    @property
    def name(self) -> str:
        """Which key of which kind of service: what a wrapped key is kept under. Not where it is reached."""
        ...

    async def wrap(self, key: bytes) -> str:
        """Return ``key`` encrypted under the newest version of the service's key.

        Raises:
            KeyServiceFailed: it could not be had.
        """
        ...

    async def unwrap(self, wrapped: str) -> bytes:
        """Return what was wrapped.

        Raises:
            KeyServiceFailed: it could not be had, or was wrapped under another key.
        """
        ...


async def new_wrapped_key(service: KeyService) -> str:
    """Return a new envelope key, wrapped, once the service has shown that it can unwrap it.

    Raises:
        KeyServiceFailed: it could not be had.
    """
    return await _wrapped(service, secrets.token_bytes(KEY_BYTES))


async def wrapped_again(service: KeyService, wrapped: str) -> str:
    """Return a wrapped key, wrapped under the newest version of the service's key.

    Raises:
        KeyServiceFailed: it could not be had.
    """
    return await _wrapped(service, await service.unwrap(wrapped))


async def sealer_of(service: KeyService, wrapped: str, *, previous: Sealer | None = None) -> Sealer:
    """Return the sealer of a wrapped envelope key.

    Args:
        previous: opens what was sealed before this key followed it.

    Raises:
        KeyServiceFailed: it could not be had, or is no envelope key.
    """
    try:
        return Sealer(await service.unwrap(wrapped), previous=previous)
    except BadSealKey as bad:
        raise KeyServiceFailed(
            f"{service.name} unwrapped something that is no envelope key: {bad}",
            away=False,
            hint="restore the table envelope_keys from a backup: somebody changed it",
        ) from None


async def _wrapped(service: KeyService, key: bytes) -> str:
    wrapped = await service.wrap(key)
    # Before anything rests under it: who may wrap and not unwrap would lose everything at the next start.
    if await service.unwrap(wrapped) != key:
        raise KeyServiceFailed(
            f"{service.name} does not unwrap what it wrapped",
            away=False,
            hint="nothing was kept of it; ask whoever runs the service",
        )
    return wrapped
