"""Every store of refresh tokens passes the suite."""

from __future__ import annotations

import pytest
from tests.contracts.places import OnPostgres, OnSqlite
from tests.contracts.refresh_store import END, NOW, RefreshStoreSuite, family, revoked, token
from tests.fakes.clock import FixedClock
from tests.fakes.house import ListedRevocations

from actas.core.lineage import Lineage
from actas.store.database import Database
from actas.store.memory import MemoryRefreshTokens
from actas.store.refresh import SqlRefreshTokens
from actas.store.revocations import KEPT_LONGER, RevocationList


class TestInMemory(RefreshStoreSuite):
    @pytest.fixture
    def revokes(self) -> ListedRevocations:
        return ListedRevocations()

    @pytest.fixture
    def store(self, clock: FixedClock, revokes: ListedRevocations) -> MemoryRefreshTokens:
        return MemoryRefreshTokens(clock=clock, revoked=revokes.against)

    @pytest.fixture
    def other(self, store: MemoryRefreshTokens) -> MemoryRefreshTokens:
        return store


class _OnADatabase(RefreshStoreSuite):
    @pytest.fixture
    def revokes(self, one: Database, clock: FixedClock) -> RevocationList:
        return RevocationList(one, clock=clock)

    @pytest.fixture
    def store(self, one: Database, clock: FixedClock) -> SqlRefreshTokens:
        return SqlRefreshTokens(one, clock=clock)

    @pytest.fixture
    def other(self, another: Database, clock: FixedClock) -> SqlRefreshTokens:
        return SqlRefreshTokens(another, clock=clock)

    @pytest.mark.requirement("TX-135", "SEC-23")
    async def test_a_revocation_lasts_until_the_last_token_of_the_family_it_ended(
        self, store: SqlRefreshTokens, revokes: RevocationList, clock: FixedClock
    ) -> None:
        """A family outlives its parent. Were the revocation swept with the parent, its tokens would live again."""
        assert await store.begin(family(), token(0), at=NOW)
        await revokes.add([revoked("alice", until=NOW + 10), revoked("unrelated", until=NOW + 10)])
        clock.advance(10 + KEPT_LONGER + 1)
        await revokes.sweep()
        await revokes.refresh()
        ended = revokes.against(Lineage(("alice",), NOW - 60))
        assert ended is not None
        assert ended.until == END + KEPT_LONGER


class TestOnSqlite(OnSqlite, _OnADatabase):
    pass


class TestOnPostgres(OnPostgres, _OnADatabase):
    pass
