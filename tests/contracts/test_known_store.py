"""Every store of people who sign in through another issuer passes the suite; what is revoked is forgotten."""

from __future__ import annotations

import pytest
from tests.contracts.known_store import NOW, KnownStoreSuite, kept
from tests.contracts.places import OnPostgres, OnSqlite
from tests.contracts.revocation_store import revoked
from tests.fakes.clock import FixedClock

from actas.store.database import Database
from actas.store.known_people import MOST_SWEPT, SqlKnownPeople
from actas.store.memory_known import MemoryKnownPeople
from actas.store.revocations import RevocationList
from actas.subjects.known import KNOWN_FOR


class TestInMemory(KnownStoreSuite):
    @pytest.fixture
    def store(self) -> MemoryKnownPeople:
        return MemoryKnownPeople()

    @pytest.fixture
    def other(self, store: MemoryKnownPeople) -> MemoryKnownPeople:
        return store


class _OnADatabase(KnownStoreSuite):
    @pytest.fixture
    def store(self, one: Database, clock: FixedClock) -> SqlKnownPeople:
        return SqlKnownPeople(one, clock=clock)

    @pytest.fixture
    def other(self, another: Database, clock: FixedClock) -> SqlKnownPeople:
        return SqlKnownPeople(another, clock=clock)

    @pytest.mark.requirement("SEC-52")
    @pytest.mark.parametrize("by", ["mark", "origin_mark"])
    async def test_whoever_is_revoked_is_forgotten_with_it(
        self, store: SqlKnownPeople, other: SqlKnownPeople, another: Database, clock: FixedClock, by: str
    ) -> None:
        for name in ("okta:a", "okta:b"):
            await store.keep(kept(name))
        mark = getattr(kept("okta:a"), by)
        await RevocationList(another, clock=clock).add([revoked("other"), revoked(mark)])
        for place in (store, other):
            assert await place.find("okta:a") is None
            assert await place.find("okta:b") is not None

    @pytest.mark.requirement("REL-24")
    async def test_who_was_not_seen_for_long_is_swept(self, store: SqlKnownPeople) -> None:
        for number in range(MOST_SWEPT + 1):
            await store.keep(kept(f"okta:{number}", seen_at=NOW - KNOWN_FOR - 1))
        await store.keep(kept("okta:late", seen_at=NOW - KNOWN_FOR))
        assert await store.sweep() == MOST_SWEPT + 1
        assert await store.sweep() == 0
        assert await store.find("okta:late") is not None


class TestOnSqlite(OnSqlite, _OnADatabase):
    pass


class TestOnPostgres(OnPostgres, _OnADatabase):
    pass
