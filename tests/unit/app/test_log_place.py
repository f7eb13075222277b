"""Where the audit log is: said by the configuration, and never changed in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import ACME_ENVIRONMENT, acme, loaded, sentences

from actas.app.log_place import checkpoint_copies, shared_log
from actas.settings.definitions import Definitions
from actas.store.trouble import DatabaseMisconfigured

POSTGRESQL = "postgresql://actas@db.acme.example/actas"


def placed(folder: Path, *, store: str | None = None, database: str | None = POSTGRESQL) -> Definitions:
    tree: dict[str, Any] = acme()
    tree["server"]["data"] = str(folder / "data")
    if database is not None:
        tree["server"]["database"] = {"env": "ACTAS_DATABASE_URL"}
    if store is not None:
        tree["audit"] = {**tree.get("audit", {}), "store": store}
    environ = {**ACME_ENVIRONMENT, "ACTAS_DATABASE_URL": database or "unused"}
    return loaded(folder, tree, environ=environ).definitions


@pytest.mark.parametrize(
    ("store", "database", "shared"),
    [
        (None, None, False),
        (None, "sqlite:////tmp/actas.db", False),
        (None, POSTGRESQL, True),
        ("files", POSTGRESQL, False),
        ("files", None, False),
        ("database", POSTGRESQL, True),
    ],
)
def test_the_log_is_in_the_database_that_nodes_share_unless_files_are_wanted(
    tmp_path: Path, store: str | None, database: str | None, shared: bool
) -> None:
    definitions = placed(tmp_path, store=store, database=database)
    found = shared_log(definitions)
    assert (found is not None) is shared
    copies = [path.name for path in checkpoint_copies(definitions, shared=shared)]
    assert ("shared-checkpoints.jsonl" in copies) is shared


@pytest.mark.requirement("REL-30")
def test_a_log_in_files_is_neither_left_nor_continued_in_silence(tmp_path: Path) -> None:
    (tmp_path / "data" / "audit").mkdir(parents=True)
    (tmp_path / "data" / "audit" / "s1.db").touch()
    with pytest.raises(DatabaseMisconfigured, match=r"audit\.store does not say whether this node goes on"):
        shared_log(placed(tmp_path))
    assert shared_log(placed(tmp_path, store="files")) is None
    assert shared_log(placed(tmp_path, store="database")) is not None


@pytest.mark.requirement("REL-30")
def test_a_log_cannot_be_in_a_database_that_is_a_file(tmp_path: Path) -> None:
    with pytest.raises(DatabaseMisconfigured, match="names no PostgreSQL"):
        shared_log(placed(tmp_path, store="database", database="sqlite:////tmp/actas.db"))


@pytest.mark.requirement("REL-30")
def test_a_log_cannot_be_in_a_database_that_nothing_names(tmp_path: Path) -> None:
    tree = acme()
    tree["audit"] = {**tree.get("audit", {}), "store": "database"}
    assert "audit.store: there is no database to keep it in: server.database names none" in sentences(
        tmp_path, tree
    )
