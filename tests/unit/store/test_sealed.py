"""What is sealed in the main database, found and sealed again, on both engines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert, update
from tests.fakes.clock import FixedClock
from tests.fakes.sealer import envelope_key, sealer

from actas.core.ports import SystemChance
from actas.core.secret import Secret
from actas.crypto.seal import Sealer
from actas.keys.kept import StoredKey, StoredValue, bury_key, make_key, make_secret, seal_again
from actas.keys.store import Otherwise
from actas.signin.holdings import Holdings
from actas.signin.records import CredentialRecords
from actas.store.credentials import SqlCredentials
from actas.store.database import Database, open_database
from actas.store.keys import SqlKeyStore
from actas.store.sealed import SqlSealedRows
from actas.store.tables import SECRETS, SIGNING_KEYS

OLD = sealer("old")
NEW = Sealer(envelope_key("new"), previous=OLD)


class SealedRows:
    """What is the same on both engines."""

    @pytest.fixture
    async def kept(self, database: Database) -> list[StoredKey]:
        """Two keys that sign, one of each purpose that is gone, and a secret."""
        store = SqlKeyStore(database)
        live = [make_key("token", "ES256", sealer=OLD, at=1), make_key("audit", "ES256", sealer=OLD, at=1)]
        gone = [
            bury_key(make_key(one, "ES256", sealer=OLD, at=0), sealer=OLD, at=1) for one in ("token", "audit")
        ]
        for key in (*live, *gone):
            assert await store.add(key)
        assert await store.add_secret(make_secret("digest", sealer=OLD))
        return [*live, gone[1]]

    @pytest.mark.requirement("REL-08")
    async def test_what_holds_a_seal_is_found_and_what_is_destroyed_is_not(
        self, database: Database, kept: list[StoredKey]
    ) -> None:
        rows = SqlSealedRows(database)
        assert await rows.otherwise(NEW.header) == Otherwise(ours=4, later=0)
        assert await rows.otherwise(OLD.header) == Otherwise(ours=0, later=0)
        found = await rows.some_otherwise(NEW.header, most=100)
        assert {one.kid for one in found if isinstance(one, StoredKey)} == {one.kid for one in kept}
        assert len(found) == 4
        assert len(await rows.some_otherwise(NEW.header, most=3)) == 3
        before = await SqlKeyStore(database).generation()
        assert await rows.seal_again([(one, seal_again(one, sealer=NEW)) for one in found]) == 4
        assert await rows.otherwise(NEW.header) == Otherwise(ours=0, later=0)
        assert await rows.otherwise(OLD.header) == Otherwise(ours=4, later=0)
        assert await SqlKeyStore(database).generation() == before + 1

    @pytest.mark.requirement("REL-08")
    async def test_what_people_sign_in_with_is_sealed_again_with_all_else(self, database: Database) -> None:
        store, chance = SqlCredentials(database), SystemChance()
        before = CredentialRecords(store, sealer=OLD, chance=chance)
        for place in ("home", "work"):
            await before.change("alice", lambda _, place=place: (Holdings(handle="h", places=(place,)), None))  # type: ignore[misc]
        rows = SqlSealedRows(database)
        assert await rows.otherwise(NEW.header) == Otherwise(ours=1, later=0)
        (found,) = await rows.some_otherwise(NEW.header, most=100)
        assert isinstance(found, StoredValue)
        assert await rows.seal_again([(found, seal_again(found, sealer=NEW))]) == 1
        assert await rows.otherwise(NEW.header) == Otherwise(ours=0, later=0)
        after = CredentialRecords(store, sealer=NEW, chance=chance)
        assert (await after.read("alice")).places == ("work",)

    @pytest.mark.requirement("REL-08")
    async def test_what_a_person_changed_meanwhile_is_left_and_what_was_sealed_again_stays(
        self, database: Database
    ) -> None:
        """Whoever read it before may not put back what rests under the old key: nobody would find it again."""
        store = SqlCredentials(database)
        records = CredentialRecords(store, sealer=OLD, chance=SystemChance())
        await records.change("alice", lambda _: (Holdings(handle="h", places=("home",)), None))
        rows = SqlSealedRows(database)
        (found,) = await rows.some_otherwise(NEW.header, most=100)
        seen = await store.read("alice")
        assert seen is not None
        await records.change("alice", lambda _: (Holdings(handle="h", places=("work",)), None))
        assert await rows.seal_again([(found, seal_again(found, sealer=NEW))]) == 0
        (found,) = await rows.some_otherwise(NEW.header, most=100)
        seen = await store.read("alice")
        assert await rows.seal_again([(found, seal_again(found, sealer=NEW))]) == 1
        assert seen is not None
        late = replace(seen, version=seen.version + 1)
        assert not await store.write(late, seen=seen, beside=())

    @pytest.mark.requirement("REL-08")
    async def test_a_row_that_was_changed_since_is_left_as_it_is(
        self, database: Database, kept: list[StoredKey]
    ) -> None:
        rows, store = SqlSealedRows(database), SqlKeyStore(database)
        found = await rows.some_otherwise(NEW.header, most=100)
        gone = bury_key(kept[0], sealer=OLD, at=5)
        assert await store.replace([gone], seen=await store.generation())
        assert await rows.seal_again([(one, seal_again(one, sealer=NEW)) for one in found]) == 3
        assert next(one for one in await store.all() if one.kid == gone.kid) == gone

    @pytest.mark.requirement("REL-08")
    @pytest.mark.usefixtures("kept")
    async def test_rows_of_a_later_release_are_counted_and_left(self, database: Database) -> None:
        later = make_key("token", "EdDSA", sealer=OLD, at=1)
        async with database.writing() as connection:
            await connection.execute(
                insert(SIGNING_KEYS).values(
                    kid=later.kid,
                    purpose="vault",
                    algorithm="AES",
                    state="active",
                    created_at=1,
                    sealed_private=later.sealed,
                    public_jwk="{}",
                )
            )
            await connection.execute(
                insert(SECRETS).values(name="cookies", sealed=OLD.seal(b"x", bound_to="y"))
            )
        rows = SqlSealedRows(database)
        assert await rows.otherwise(NEW.header) == Otherwise(ours=4, later=2)
        assert len(await rows.some_otherwise(NEW.header, most=100)) == 4

    @pytest.mark.requirement("REL-08")
    async def test_bytes_that_only_begin_alike_are_under_another_key(
        self, database: Database, kept: list[StoredKey]
    ) -> None:
        one = kept[0]
        async with database.writing() as connection:
            await connection.execute(
                update(SIGNING_KEYS)
                .where(SIGNING_KEYS.c.kid == one.kid)
                .values(sealed_private=NEW.header[:-1])
            )
        found = await SqlSealedRows(database).some_otherwise(NEW.header, most=100)
        assert replace(one, sealed=NEW.header[:-1]) in found


class TestSqlite(SealedRows):
    @pytest.fixture
    async def database(self, tmp_path: Path) -> AsyncIterator[Database]:
        opened = await open_database(tmp_path, clock=FixedClock())
        yield opened
        await opened.close()


class TestPostgresql(SealedRows):
    @pytest.fixture
    async def database(self, postgres: str) -> AsyncIterator[Database]:
        opened = await open_database(Secret(postgres), clock=FixedClock())
        yield opened
        await opened.close()
