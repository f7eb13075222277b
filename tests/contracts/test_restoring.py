"""A restore is the same on both kinds of database, and from one to the other."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.contracts.restoring import RestoringSuite
from tests.contracts.restoring_people import RestoringPeopleSuite

from actas.core.secret import Secret


def file(folder: Path) -> Secret:
    return Secret(f"sqlite:///{folder}/actas.db")


class TestSqlite(RestoringSuite, RestoringPeopleSuite):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Secret:
        return file(tmp_path / "one")

    @pytest.fixture
    def elsewhere(self, tmp_path: Path) -> Secret:
        return file(tmp_path / "two")


class TestPostgresql(RestoringSuite, RestoringPeopleSuite):
    @pytest.fixture
    def place(self, postgres: str) -> Secret:
        return Secret(postgres)

    @pytest.fixture
    def elsewhere(self, another_postgres: str) -> Secret:
        return Secret(another_postgres)


class TestFromSqliteToPostgresql(RestoringSuite, RestoringPeopleSuite):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Secret:
        return file(tmp_path / "one")

    @pytest.fixture
    def elsewhere(self, postgres: str) -> Secret:
        return Secret(postgres)


class TestFromPostgresqlToSqlite(RestoringSuite, RestoringPeopleSuite):
    @pytest.fixture
    def place(self, postgres: str) -> Secret:
        return Secret(postgres)

    @pytest.fixture
    def elsewhere(self, tmp_path: Path) -> Secret:
        return file(tmp_path / "two")
