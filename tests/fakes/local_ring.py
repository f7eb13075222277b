"""Opening a key ring over a store, as a test needs it."""

from __future__ import annotations

from collections.abc import Collection

from actas.core.wire import SigningAlgorithm
from actas.keys.local import LocalKeyRing
from actas.keys.ring import Slot
from actas.keys.store import KeyStore
from tests.fakes.clock import NOON, FixedClock
from tests.fakes.sealer import sealer


async def opened(
    store: KeyStore,
    *,
    algorithm: SigningAlgorithm = "ES256",
    used: Collection[Slot] = (),
    key: str = "ours",
    at: float = NOON,
) -> LocalKeyRing:
    """Open the ring of a store, and make what is missing.

    Args:
        key: which envelope key; ``ours`` is that of everybody else.
        at: what the clock says.
    """
    return await LocalKeyRing.open(
        store, sealer=sealer(key), clock=FixedClock(at), algorithm=algorithm, used=used
    )
