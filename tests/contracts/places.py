"""Where a store is tried: every suite that needs a database runs on both kinds.

A class inherits one of these beside a suite. ``one`` and ``another`` are two ways to one database
(``conftest``).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from actas.core.secret import Secret
from actas.store.database import Place


class OnSqlite:
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        return tmp_path


class OnPostgres:
    @pytest.fixture
    def place(self, postgres: str) -> Place:
        return Secret(postgres)
