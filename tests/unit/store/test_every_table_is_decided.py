"""Whoever adds a table says whether a backup holds it, and what removes its rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.clock import FixedClock

from actas.core.secret import Secret
from actas.store.backup import LEFT_OUT
from actas.store.database import Database, open_database
from actas.store.schema import table_names
from actas.store.stock import ENDING

CARRIED = {
    "signing_keys",
    "secrets",
    "client_secrets",
    "credentials",
    "consents",
    "registered_clients",
    "configuration_generations",
    "configuration_objects",
    "configuration_records",
    "envelope_keys",
    "outbox",
    "generations",
    "revocations",
    "audit_sinks",
    "audit_sink_cursors",
}
"""Tables that a backup holds: what a restored server cannot do without, and nothing that would revive the past."""

CARRIED_ON_POSTGRESQL = {"audit_streams", "audit_entries", "audit_undelivered", "audit_checkpoints"}


async def tables_of(database: Database) -> set[str]:
    async with database.reading() as connection:
        return set(await table_names(connection))


@pytest.mark.requirement("REL-28")
async def test_every_table_is_in_a_backup_or_left_out_on_purpose(tmp_path: Path, postgres: str) -> None:
    there: dict[str, set[str]] = {}
    for place in (tmp_path, Secret(postgres)):
        database = await open_database(place, clock=FixedClock(), migrate=True)
        there["file" if place is tmp_path else "postgresql"] = await tables_of(database)
        await database.close()
    assert there["file"] - LEFT_OUT == CARRIED
    assert there["postgresql"] - LEFT_OUT == CARRIED | CARRIED_ON_POSTGRESQL
    assert set(ENDING) <= there["postgresql"]
