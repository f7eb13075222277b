"""Our own keys in the main database: what the contract suite cannot see from outside."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from tests.contracts.key_store import key
from tests.fakes.clock import FixedClock
from tests.fakes.processes import run_together
from tests.fakes.sealer import envelope_key, sealer

from actas.keys.local import LocalKeyRing
from actas.store.database import Database, open_database
from actas.store.keys import SqlKeyStore
from actas.store.trouble import DatabaseUnavailable


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await open_database(tmp_path, clock=FixedClock())
    yield database
    await database.close()


def change(folder: Path, sql: str) -> None:
    with closing(sqlite3.connect(folder / "actas.db")) as connection, connection:
        connection.execute(sql)


@pytest.mark.requirement("SEC-92")
async def test_a_copy_of_the_data_folder_holds_no_private_key_and_no_secret(
    database: Database, tmp_path: Path
) -> None:
    ring = await LocalKeyRing.open(
        SqlKeyStore(database),
        sealer=sealer(),
        clock=FixedClock(),
        algorithm="ES256",
        used={("token", "EdDSA")},
    )
    copied = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    wanted = [ring.secret_pepper, ring._digest_key, envelope_key()]
    for held in ring._faces.held:
        assert held.key is not None
        der = held.key.to_bytes()
        # PKCS#8 of P-256 has the private scalar at byte 36, that of Ed25519 the seed at the end.
        wanted += [der, der[36:68] if held.info.algorithm == "ES256" else der[-32:]]
        assert held.info.kid.encode() in copied
    for secret in wanted:
        assert len(secret) >= 32
        assert secret not in copied
        assert secret.hex().encode() not in copied.lower()


async def test_people_who_look_at_the_database_see_the_public_half(
    database: Database, tmp_path: Path
) -> None:
    ring = await LocalKeyRing.open(
        SqlKeyStore(database), sealer=sealer(), clock=FixedClock(), algorithm="ES256"
    )
    with closing(sqlite3.connect(tmp_path / "actas.db")) as connection:
        found = connection.execute("SELECT public_jwk FROM signing_keys WHERE purpose = 'token'").fetchall()
    assert [msgspec.json.decode(jwk) for (jwk,) in found] == ring.published()["keys"]


@pytest.mark.requirement("SEC-91")
async def test_keys_of_a_purpose_that_only_a_later_release_knows_are_passed_over(
    database: Database, tmp_path: Path
) -> None:
    store = SqlKeyStore(database)
    await store.add(key("token"))
    await store.add(key("audit"))
    change(tmp_path, "UPDATE signing_keys SET purpose = 'id_jag' WHERE purpose = 'token'")
    change(tmp_path, "INSERT INTO secrets VALUES ('cookies', x'00')")
    assert [one.purpose for one in await store.all()] == ["audit"]
    assert await store.secrets() == []


@pytest.mark.requirement("REL-19")
@pytest.mark.parametrize("column", ["state", "algorithm"])
async def test_a_row_that_says_what_nobody_knows_is_refused(
    database: Database, tmp_path: Path, column: str
) -> None:
    store = SqlKeyStore(database)
    await store.add(key())
    change(tmp_path, f"UPDATE signing_keys SET {column} = 'HS256'")
    with pytest.raises(DatabaseUnavailable, match="'HS256' where"):
        await store.all()


@pytest.mark.requirement("REL-19")
async def test_a_store_that_fails_raises_and_says_neither_yes_nor_no(
    database: Database, tmp_path: Path
) -> None:
    store = SqlKeyStore(database)
    change(tmp_path, "DROP TABLE signing_keys")
    for call in (store.all(), store.add(key())):
        with pytest.raises(DatabaseUnavailable, match="no such table"):
            await call


NODE = """
import asyncio, sys
from pathlib import Path
from actas.core.ports import SystemClock
from actas.crypto.seal import Sealer
from actas.keys.local import LocalKeyRing
from actas.store.database import open_database
from actas.store.keys import SqlKeyStore

async def start():
    sealer = Sealer.from_text(sys.argv[2])
    database = await open_database(Path(sys.argv[1]), clock=SystemClock())
    ring = await LocalKeyRing.open(
        SqlKeyStore(database), sealer=sealer, clock=SystemClock(), algorithm="ES256", used={("token", "EdDSA")}
    )
    await database.close()
    print(*sorted(info.kid for info in ring.keys()), ring.digest("a"), ring.secret_pepper.hex())

def main():
    asyncio.run(start())
"""


def test_processes_that_start_at_once_in_an_empty_folder_have_the_same_keys(tmp_path: Path) -> None:
    said = run_together(NODE, str(tmp_path / "data"), envelope_key().hex(), count=4)
    assert len(said[0].split()) == 5
    assert len(set(said)) == 1
