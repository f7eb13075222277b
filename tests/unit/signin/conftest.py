"""People who have something to sign in with, in memory; hashes that cost next to nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.sealer import sealer

from actas.core.ports import SystemChance
from actas.crypto.password_hash import Cost, PasswordHashes
from actas.signin.credentials import Credentials
from actas.signin.records import CredentialRecords
from actas.store.memory import MemoryCredentials


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store() -> MemoryCredentials:
    return MemoryCredentials()


@pytest.fixture
def records(store: MemoryCredentials) -> CredentialRecords:
    return CredentialRecords(store, sealer=sealer(), chance=SystemChance())


@pytest.fixture
def hashes() -> Iterator[PasswordHashes]:
    made = PasswordHashes(pepper=bytes(range(32)), cost=Cost(memory=64, passes=1))
    yield made
    made.close()


@pytest.fixture
def credentials(records: CredentialRecords, hashes: PasswordHashes, clock: FixedClock) -> Credentials:
    return Credentials(records, hashes=hashes, clock=clock)
