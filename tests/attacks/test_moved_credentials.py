"""Moving what others sign in with.

Somebody can write to the database and does not have the envelope key. They know their own password, so they
copy their own row over that of somebody else, give it the other's name, exchange the handles by which passkeys
find their people, put an old version in the place of a newer one while keeping its number, or flip bits. What
a person has is sealed to the person and to its version, so each of these is found out: nobody signs in with
it, and the refusal names the row. It is never read as "has no password yet", which would bring the initial
password back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.sealer import sealer

from actas.core.errors import StoreUnavailable
from actas.core.ports import SystemChance
from actas.core.secret import Secret
from actas.crypto.password_hash import Cost, PasswordHashes
from actas.signin.credentials import Credentials
from actas.signin.records import CredentialRecords
from actas.store.credentials import SqlCredentials
from actas.store.database import open_database

ALICE, MALLORY = "actas:alice", "actas:mallory"
HERS, THEIRS = "correct horse battery", "staple of the attacker"
INITIAL = Secret("the very first one")


@pytest.fixture
async def credentials(tmp_path: Path) -> AsyncIterator[Credentials]:
    database = await open_database(tmp_path, clock=FixedClock())
    hashes = PasswordHashes(pepper=bytes(32), cost=Cost(memory=64, passes=1))
    records = CredentialRecords(SqlCredentials(database), sealer=sealer(), chance=SystemChance())
    made = Credentials(records, hashes=hashes, clock=FixedClock())
    await made.set_password(ALICE, "an older horse battery")
    write(tmp_path, "CREATE TABLE aside AS SELECT * FROM credentials")
    await made.set_password(ALICE, HERS)
    await made.set_password(MALLORY, THEIRS)
    yield made
    hashes.close()
    await database.close()


def write(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "actas.db")) as connection, connection:
        for one in statements:
            connection.execute(one)


def theirs_over_hers(folder: Path) -> None:
    source = f"(SELECT sealed FROM credentials WHERE subject = '{MALLORY}')"
    write(folder, f"UPDATE credentials SET sealed = {source} WHERE subject = '{ALICE}'")


def their_whole_row_under_her_name(folder: Path) -> None:
    write(
        folder,
        f"DELETE FROM credentials WHERE subject = '{ALICE}'",
        f"UPDATE credentials SET subject = '{ALICE}' WHERE subject = '{MALLORY}'",
    )


def an_old_version_under_the_new_number(folder: Path) -> None:
    write(folder, f"UPDATE credentials SET sealed = (SELECT sealed FROM aside) WHERE subject = '{ALICE}'")


def the_number_of_an_old_version(folder: Path) -> None:
    write(folder, f"UPDATE credentials SET version = version - 1 WHERE subject = '{ALICE}'")


def another_handle(folder: Path) -> None:
    write(folder, f"UPDATE credentials SET handle = 'theirs' WHERE subject = '{ALICE}'")


def nothing(folder: Path) -> None:
    write(folder, f"UPDATE credentials SET sealed = x'' WHERE subject = '{ALICE}'")


def a_flipped_bit(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "actas.db")) as connection, connection:
        (sealed,) = connection.execute(f"SELECT sealed FROM credentials WHERE subject = '{ALICE}'").fetchone()
        changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        connection.execute(f"UPDATE credentials SET sealed = ? WHERE subject = '{ALICE}'", (changed,))


ATTACKS: tuple[Callable[[Path], None], ...] = (
    theirs_over_hers,
    their_whole_row_under_her_name,
    an_old_version_under_the_new_number,
    the_number_of_an_old_version,
    another_handle,
    nothing,
    a_flipped_bit,
)


@pytest.mark.requirement("SEC-92", "SEC-95", "REL-19")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
async def test_what_was_moved_or_changed_opens_nothing(
    tmp_path: Path, credentials: Credentials, attack: Callable[[Path], None]
) -> None:
    assert await credentials.check_password(ALICE, HERS)
    attack(tmp_path)
    for password in (HERS, THEIRS, "an older horse battery", INITIAL.reveal()):
        with pytest.raises(StoreUnavailable, match=r"credentials.*actas:alice"):
            await credentials.check_password(ALICE, password, initial=INITIAL)
    with pytest.raises(StoreUnavailable):
        await credentials.set_password(ALICE, "another horse battery")
