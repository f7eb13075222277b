"""Both kinds of main database pass the suite; one whose writers do not wait for each other does not."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import BigInteger, bindparam, text
from tests.contracts.main_database import CLOCK, MainDatabaseSuite

from actas.core.secret import Secret
from actas.store import database_postgresql
from actas.store.database import open_database


class TestSqlite(MainDatabaseSuite):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Secret:
        return Secret(f"sqlite:///{tmp_path}/actas.db")


class TestPostgresql(MainDatabaseSuite):
    @pytest.fixture
    def place(self, postgres: str) -> Secret:
        return Secret(postgres)


@pytest.mark.requirement("REL-23")
async def test_a_database_whose_writers_do_not_wait_does_not_pass(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = text("SELECT :lock").bindparams(bindparam("lock", type_=BigInteger))
    monkeypatch.setattr(database_postgresql, "_TURN", nothing)
    broken = await open_database(Secret(postgres), clock=CLOCK)
    with pytest.raises(AssertionError):
        await MainDatabaseSuite().test_writers_take_turns_and_no_update_is_lost(broken, broken)
    await broken.close()
