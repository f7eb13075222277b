"""Every store of notices passes the suite."""

from __future__ import annotations

import pytest
from tests.contracts.impersonation_store import NOW
from tests.contracts.notice_store import NoticeStoreSuite
from tests.contracts.places import OnPostgres, OnSqlite
from tests.fakes.clock import FixedClock
from tests.fakes.house import ListedRevocations

from actas.core.impersonation import ImpersonationStore
from actas.core.lineage import Revoked
from actas.store.database import Database
from actas.store.impersonations import SqlImpersonations
from actas.store.memory_impersonations import MemoryImpersonations
from actas.store.memory_notices import MemoryNotices
from actas.store.notices import SqlNotices
from actas.store.revocations import RevocationList


class TestInMemory(NoticeStoreSuite):
    @pytest.fixture
    def acting(self) -> MemoryImpersonations:
        revokes = ListedRevocations()
        return MemoryImpersonations(revoked=revokes.against, revoke=revokes.add)

    @pytest.fixture
    def notices(self, acting: MemoryImpersonations) -> MemoryNotices:
        return acting.notices

    @pytest.fixture
    def elsewhere(self, acting: MemoryImpersonations) -> MemoryNotices:
        return acting.notices


class _OnADatabase(NoticeStoreSuite):
    @pytest.fixture
    def revokes(self, one: Database, clock: FixedClock) -> RevocationList:
        return RevocationList(one, clock=clock)

    @pytest.fixture
    def acting(self, one: Database, revokes: RevocationList, clock: FixedClock) -> SqlImpersonations:
        return SqlImpersonations(one, revoked=revokes, clock=clock)

    @pytest.fixture
    def notices(self, one: Database) -> SqlNotices:
        return SqlNotices(one)

    @pytest.fixture
    def elsewhere(self, another: Database) -> SqlNotices:
        return SqlNotices(another)

    async def test_the_end_is_told_of_what_is_revoked_with_its_administrator(
        self, notices: SqlNotices, acting: ImpersonationStore, revokes: RevocationList, clock: FixedClock
    ) -> None:
        await self.begin(acting)
        await revokes.add([Revoked(mark="mark-of-admin-of-i", up_to=NOW, until=NOW + 50, entry="x_1")])
        due = await notices.due(at=int(clock.now()), most=9)
        assert [one.what for one in due] == ["start", "end"]


class TestOnSqlite(OnSqlite, _OnADatabase):
    pass


class TestOnPostgres(OnPostgres, _OnADatabase):
    pass
