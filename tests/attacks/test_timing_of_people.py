"""Telling by the time which people exist.

Whoever tries a name and a password measures how long the refusal takes, again and again. Were nothing hashed
for a name that nobody has, one sample would tell. So a refusal costs the same for a person with a password,
for one who has none yet or has an initial one, and for nobody: each reads, opens and hashes once. Samples of
all of them are taken in turns here, and no threshold separates any two kinds better than chance; the same
measure separates a refusal without a hash at once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Sequence

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.sealer import sealer

from actas.core.ports import SystemChance
from actas.core.secret import Secret
from actas.crypto.password_hash import Cost, PasswordHashes
from actas.signin.credentials import Credentials
from actas.signin.records import CredentialRecords
from actas.store.memory import MemoryCredentials

SAMPLES = 700
CHANCE = 0.07
"""How far from one half may be: the standard error of one comparison is 0.015."""


def better(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how often a sample of one is longer than a sample of the other: one half, when nothing tells."""
    ranked = sorted([(value, True) for value in one] + [(value, False) for value in other])
    ranks = sum(rank for rank, (_, is_one) in enumerate(ranked, 1) if is_one)
    return (ranks - len(one) * (len(one) + 1) / 2) / (len(one) * len(other))


@pytest.mark.requirement("SEC-13")
async def test_how_long_a_refusal_takes_does_not_tell_who_exists() -> None:
    hashes = PasswordHashes(pepper=bytes(32), cost=Cost(memory=1024, passes=1))
    records = CredentialRecords(MemoryCredentials(), sealer=sealer(), chance=SystemChance())
    credentials = Credentials(records, hashes=hashes, clock=FixedClock())
    await credentials.set_password("actas:alice", "correct horse battery")
    initial = Secret("the very first one")
    kinds: dict[str, Callable[[], Awaitable[object]]] = {
        "with a password": lambda: credentials.check_password("actas:alice", "a wrong guess"),
        "with an initial one": lambda: credentials.check_password(
            "actas:bob", "a wrong guess", initial=initial
        ),
        "with none": lambda: credentials.check_password("actas:carol", "a wrong guess"),
        "nobody": lambda: credentials.check_password(None, "a wrong guess"),
        "without a hash": lambda: records.read(None),
    }
    seen: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(SAMPLES):
        for kind in random.sample(list(kinds), len(kinds)):
            began = time.perf_counter()
            await kinds[kind]()
            seen[kind].append(time.perf_counter() - began)
    hashes.close()
    skipped = seen.pop("without a hash")
    assert better(seen["nobody"], skipped) > 0.99
    told = {kind: better(seen["with a password"], samples) for kind, samples in seen.items()}
    assert all(abs(value - 0.5) < CHANCE for value in told.values()), told
