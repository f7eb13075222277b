"""What a restore must do on every kind of database (REL-23, REL-28). A test class says how to open one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from tests.contracts.configuration_store import AT, commit, created, kept
from tests.contracts.refresh_store import family, token
from tests.fakes.clock import NOON, FixedClock
from tests.fakes.sealer import sealer

import actas.store.device_tables
import actas.store.impersonation_tables  # noqa: F401  (its tables are in METADATA then)
from actas.admin.objects import Digest, Kept, changed
from actas.core.lineage import EVERYTHING, LATER, Lineage, Revoked
from actas.core.records import Record
from actas.core.secret import Secret
from actas.keys.kept import KeysUnusable, StoredKey
from actas.keys.local import LocalKeyRing
from actas.store.backup import Contents, Head, back_up, look_through
from actas.store.backup_file import BackupReader, BackupWriter
from actas.store.configuration import SqlConfiguration
from actas.store.database import Database, connect_database, open_database
from actas.store.epochs import Epoch
from actas.store.keys import SqlKeyStore
from actas.store.new_epoch import Begun
from actas.store.outbox import Outbox
from actas.store.refresh import SqlRefreshTokens
from actas.store.restoring import NotEmpty, restore
from actas.store.revocations import RevocationList
from actas.store.schema import migrations, nowhere
from actas.store.tables import METADATA, SECRETS
from actas.store.trouble import SchemaRefused

RESTORED = NOON + 1000

KILLED = """
import sys
from pathlib import Path
from actas.core.secret import Secret
from actas.store.database import connect_database
from tests.contracts.restoring import digest_of, everything, restored
from tests.fakes.crash_points import kill_at_each

place, file = Secret(sys.argv[1]), Path(sys.argv[2])

async def restoring(reached):
    await restored(await connect_database(place), file, replace=True, reached=reached)

async def look():
    database = await connect_database(place)
    print(digest_of(await everything(database)), flush=True)
    await database.close()

kill_at_each(restoring, then=look)
"""
ISSUER = "https://sts.acme.example"


def draw_up(members: Mapping[str, Any]) -> tuple[str, bytes]:
    return f"x_epoch_{members['epoch']}", repr(sorted(members)).encode()


async def fill(database: Database) -> None:
    """Give a database keys, a client with a secret, a revocation."""
    await ring(database)
    digest = Digest(value=b"first".ljust(32), made_at=AT)
    admin = Kept(kind="admins", name="client:orders", document="{}", keeper="console", origin="api")
    objects = (kept(digests=(digest,)), kept("robot"), admin)
    await SqlConfiguration(database).commit(commit(0, created(*objects), b"{}"), by="me")
    await revoke(database, "before")


async def ring(database: Database, name: str = "ours") -> LocalKeyRing:
    return await LocalKeyRing.open(
        SqlKeyStore(database), sealer=sealer(name), clock=FixedClock(), algorithm="ES256"
    )


async def revoke(database: Database, mark: str, *, record: Record | None = None) -> None:
    revoked = Revoked(mark=mark, up_to=LATER, until=LATER, entry=f"x_{mark}")
    await RevocationList(database, clock=FixedClock()).add([revoked], record=record)


def entry(name: str) -> Record:
    return Record(entry=name, event="revocation:granted", body=b"{}", at=NOON)


async def backed_up(database: Database, file: Path) -> Contents:
    head = Head(made_at=int(NOON), issuer=ISSUER, release="1", engine="", epoch=0, steps=())
    with BackupWriter(file, sealer=sealer()) as into:
        standing = await database.standing()
        made, _ = await back_up(database, None, into=into, standing=standing, about=head)
    return made


async def restored(
    database: Database,
    file: Path,
    *,
    replace: bool = False,
    under: str = "ours",
    reached: Callable[[str], None] = nowhere,
) -> Begun:
    reader = BackupReader(file, sealer=sealer())
    return await restore(
        database,
        reader,
        look_through(reader),
        sealer=sealer(under),
        now=RESTORED,
        replace=replace,
        draw_up=draw_up,
        reached=reached,
    )


async def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, in order."""
    async with database.reading(within=None) as connection:
        return {
            table.name: sorted(
                (tuple(row) for row in (await connection.execute(select(table))).all()), key=repr
            )
            for table in METADATA.sorted_tables
        }


def digest_of(rows: Mapping[str, Any]) -> str:
    return sha256(repr(sorted(rows.items())).encode()).hexdigest()


def states(keys: list[StoredKey]) -> dict[str, str]:
    return {one.kid: one.state for one in keys}


class Places:
    """A database that holds something, and an empty one, where ``place`` and ``elsewhere`` lead."""

    @pytest.fixture
    async def database(self, place: Secret) -> Any:
        database = await open_database(place, clock=FixedClock())
        await fill(database)
        yield database
        await database.close()

    @pytest.fixture
    async def other(self, elsewhere: Secret) -> Any:
        database = await connect_database(elsewhere)
        yield database
        await database.close()


class RestoringSuite(Places):
    """Inherit as ``Test...``, with two fixtures: ``place`` and ``elsewhere`` lead to empty databases."""

    @pytest.mark.requirement("REL-28")
    async def test_an_empty_database_becomes_what_was_backed_up(
        self, database: Database, other: Database, tmp_path: Path
    ) -> None:
        made = await backed_up(database, tmp_path / "b")
        assert made.tally.rows["configuration_objects"] == 3
        before = await everything(database)
        begun = await restored(other, tmp_path / "b")
        assert (begun.number, begun.since, begun.same) == (2, int(RESTORED), None)
        after = await everything(other)
        for name in ("secrets", "configuration_objects", "client_secrets"):
            assert after[name] == before[name]
        assert after.keys() == before.keys()
        assert (await other.standing()).pending == ()
        assert await SqlConfiguration(other).generation() == 2
        assert begun.generation == 2
        records = await SqlConfiguration(other).take(by="anybody", at=int(RESTORED))
        assert [(number, place) for number, place, _ in records] == [(1, 0), (2, 0)]

    @pytest.mark.requirement("REL-28", "SEC-91")
    async def test_no_restored_key_signs_or_verifies_and_others_do(
        self, database: Database, other: Database, tmp_path: Path
    ) -> None:
        keys = await SqlKeyStore(database).all()
        await backed_up(database, tmp_path / "b")
        await restored(other, tmp_path / "b")
        after = states(await SqlKeyStore(other).all())
        assert {after[one.kid] for one in keys} == {"gone"}
        assert sorted(after.values()) == ["active", "active", "gone", "gone"]
        found = await ring(other)
        for one in keys:
            known = found.public_key(one.kid, purpose=one.purpose)
            assert (known is not None) == (one.purpose == "audit")
        published = [one.kid for one in found.keys() if one.published]  # noqa: SIM118
        assert not set(published) & {one.kid for one in keys}

    @pytest.mark.requirement("REL-28")
    async def test_what_was_issued_before_is_dead_on_whoever_follows(
        self, database: Database, tmp_path: Path
    ) -> None:
        following = RevocationList(database, clock=FixedClock())
        await following.refresh()
        keys = await ring(database)
        await backed_up(database, tmp_path / "b")
        await revoke(database, "after")
        await restored(database, tmp_path / "b", replace=True)
        await following.refresh()
        await keys.refresh()
        assert following.epoch == Epoch(2, int(RESTORED), "x_epoch_2")
        fresh = RevocationList(database, clock=FixedClock())
        await fresh.refresh()
        for known in (following, fresh):
            assert known.against(Lineage(("x",), int(RESTORED))) is not None
            assert known.against(Lineage(("x",), int(RESTORED) + 1)) is None
            for mark in ("before", "after"):
                assert known.against(Lineage((mark,), int(RESTORED) + 1)) is not None
        assert EVERYTHING in [one.mark for _, one in following.after(0, most=10)]
        assert {one.state for one in keys.keys() if one.created_at < RESTORED} == {"gone"}  # noqa: SIM118
        await backed_up(database, tmp_path / "b2")
        assert (await restored(database, tmp_path / "b2", replace=True)).number == 3
        assert (await restored(database, tmp_path / "b", replace=True)).number == 4

    async def test_no_refresh_token_that_was_used_since_is_good_again(
        self, database: Database, tmp_path: Path
    ) -> None:
        await ring(database)
        store = SqlRefreshTokens(database, clock=FixedClock())
        assert await store.begin(family(), token(0), at=int(NOON))
        await backed_up(database, tmp_path / "b")
        assert await store.follow("f-0", token(1), at=int(NOON))
        await restored(database, tmp_path / "b", replace=True)
        found = await store.find("f-0")
        assert found is not None
        assert found.newest == 1
        assert not await store.follow("f-0", token(1), at=int(NOON))
        revoked = RevocationList(database, clock=FixedClock())
        await revoked.refresh()
        assert revoked.against(Lineage(family().marks, family().since)) is not None

    @pytest.mark.requirement("REL-28")
    async def test_what_was_taken_away_since_is_not_given_back(
        self, database: Database, tmp_path: Path
    ) -> None:
        store = SqlConfiguration(database)
        await backed_up(database, tmp_path / "b")
        found = (await store.read()).by_key
        orders, robot, admin = (
            found["clients", "orders"],
            found["clients", "robot"],
            found["admins", "client:orders"],
        )
        secret = Digest(value=b"second".ljust(32), made_at=AT + 5)
        changes = (
            changed("disabled", orders, disabled=True, digests=(secret,)),
            changed("deleted", robot, state="deleted", document=""),
            changed("deleted", admin, state="deleted", document=""),
        )
        assert await store.commit(commit(1, changes, b"waiting"), by="me")
        begun = await restored(database, tmp_path / "b", replace=True)
        assert begun.same is True
        assert begun.switched_off == ("clients/orders", "clients/robot")
        assert begun.left_out == ("admins/client:orders",)
        after = await store.read()
        orders_now, robot_now = after.by_key["clients", "orders"], after.by_key["clients", "robot"]
        assert (orders_now.disabled, orders_now.digests) == (True, (secret,))
        assert (robot_now.disabled, robot_now.state, robot_now.digests) == (True, "live", ())
        assert ("admins", "client:orders") not in after.by_key
        assert orders_now.version > changes[0].after.version
        assert after.generation == begun.generation == 3
        bodies = [body for *_, body in await store.take(by="anybody", at=int(RESTORED) + 10)]
        assert b"waiting" in bodies

    @pytest.mark.requirement("REL-01", "REL-28")
    async def test_an_entry_that_waited_to_be_written_waits_on_once(
        self, database: Database, tmp_path: Path
    ) -> None:
        await revoke(database, "long ago", record=entry("x_before"))
        await backed_up(database, tmp_path / "b")
        await revoke(database, "alice", record=entry("x_after"))
        await restored(database, tmp_path / "b", replace=True)
        waiting = await Outbox(database).take(now=RESTORED)
        assert [one.entry for one in waiting] == ["x_after", "x_before"]

    async def test_another_installation_has_nothing_to_say_about_what_is_restored(
        self, database: Database, other: Database, tmp_path: Path
    ) -> None:
        await backed_up(database, tmp_path / "b")
        await other.migrate(clock=FixedClock())
        await ring(other)
        with pytest.raises(NotEmpty):
            await restored(other, tmp_path / "b")
        begun = await restored(other, tmp_path / "b", replace=True)
        assert (begun.same, begun.switched_off, begun.left_out) == (False, (), ())
        after = await SqlConfiguration(other).read()
        assert not after.by_key["clients", "orders"].disabled
        assert len(after.by_key["clients", "orders"].digests) == 1

    @pytest.mark.requirement("REL-28")
    async def test_what_cannot_be_restored_leaves_everything_as_it_was(
        self, database: Database, other: Database, tmp_path: Path
    ) -> None:
        await backed_up(database, tmp_path / "b")
        before = await everything(database)
        with pytest.raises(NotEmpty):
            await restored(database, tmp_path / "b")
        with pytest.raises(KeysUnusable):
            await restored(database, tmp_path / "b", replace=True, under="another")
        with pytest.raises(KeysUnusable):
            await restored(other, tmp_path / "b", under="another")
        assert await everything(database) == before
        assert (await other.standing()).version == 0

    @pytest.mark.requirement("REL-27", "REL-28")
    async def test_schemas_that_do_not_fit_are_refused(
        self, database: Database, other: Database, tmp_path: Path
    ) -> None:
        await backed_up(database, tmp_path / "b")
        await other.migrate(clock=FixedClock(), steps=migrations()[:3])
        with pytest.raises(SchemaRefused, match="has schema 3"):
            await restored(other, tmp_path / "b")

    @pytest.mark.requirement("REL-28")
    async def test_whatever_kills_a_restore_leaves_what_was_or_what_is(
        self, database: Database, place: Secret, tmp_path: Path
    ) -> None:
        await backed_up(database, tmp_path / "b")
        await revoke(database, "after")
        before = digest_of(await everything(database))
        await database.close()
        ran = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", KILLED, place.reveal(), str(tmp_path / "b")],
            check=True,
            capture_output=True,
            text=True,
        )
        found = [line.split("|") for line in ran.stdout.splitlines()]
        points = [point for point, _ in found]
        assert points[0] == "begin"
        assert points[-2:] == ["commit", "committed"]
        assert {"looked at", "emptied", "rows of secrets", "loaded"} < set(points)
        assert {digest for _, digest in found[:-1]} == {before}
        assert found[-1][1] != before

    async def test_secrets_of_a_later_release_travel_with_the_rest(
        self, database: Database, other: Database, tmp_path: Path
    ) -> None:
        async with database.writing() as connection:
            await connection.execute(insert(SECRETS).values(name="of_tomorrow", sealed=b"\x00\xff"))
        await backed_up(database, tmp_path / "b")
        await restored(other, tmp_path / "b")
        assert ("of_tomorrow", b"\x00\xff") in (await everything(other))["secrets"]
