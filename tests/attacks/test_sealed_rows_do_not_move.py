"""Moving sealed rows around.

Somebody can write to the database and does not have the envelope key. Encryption alone does not stop them:
they can copy the sealed bytes of one row over those of another, so that tokens are signed by the key of the
audit log, by a key that was retired because it leaked, or so that client secrets are digested under the key
that digests tokens for the minutes. They can rename a row to a ``kid`` they like, put back a row of an
older backup under another name, flip bits until something opens, or leave the private half alone and replace
the public one with a key of their own. Each sealed value is bound to its table, row and purpose, and nothing
of a row is believed that does not follow from what was sealed, so each of these stops the server with a
sentence that names the row.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tests.fakes.clock import NOON, FixedClock
from tests.fakes.sealer import sealer

from actas.crypto.jose import PrivateKey
from actas.crypto.seal import SealBroken, place_of
from actas.keys.kept import KeysUnusable, make_key
from actas.keys.local import LocalKeyRing
from actas.store.database import open_database
from actas.store.keys import SqlKeyStore

TOKEN = "purpose = 'token' AND state = 'active'"
AUDIT = "purpose = 'audit'"
RETIRED = "state = 'retired'"


async def start(folder: Path, *, key: str = "ours") -> LocalKeyRing:
    """Start a server on the folder, as far as its keys."""
    database = await open_database(folder, clock=FixedClock())
    try:
        store = SqlKeyStore(database)
        return await LocalKeyRing.open(store, sealer=sealer(key), clock=FixedClock(), algorithm="ES256")
    finally:
        await database.close()


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A data folder with a token key, a retired one, an audit key and both secrets."""
    await start(tmp_path)
    database = await open_database(tmp_path, clock=FixedClock())
    retired = make_key("token", "ES256", sealer=sealer(), at=int(NOON) - 1000)
    assert await SqlKeyStore(database).add(replace(retired, state="retired"))
    await database.close()
    return tmp_path


def write(folder: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(folder / "actas.db")) as connection, connection:
        assert connection.execute(sql, values).rowcount == 1


def read(folder: Path, sql: str) -> bytes:
    with closing(sqlite3.connect(folder / "actas.db")) as connection:
        (found,) = connection.execute(sql).fetchone()
    assert isinstance(found, bytes)
    return found


def move(folder: Path, *, source: str, target: str) -> None:
    sealed = read(folder, f"SELECT sealed_private FROM signing_keys WHERE {source}")
    write(folder, f"UPDATE signing_keys SET sealed_private = ? WHERE {target}", sealed)


def audit_key_to_tokens(folder: Path) -> None:
    move(folder, source=AUDIT, target=TOKEN)


def token_key_to_the_audit_log(folder: Path) -> None:
    move(folder, source=TOKEN, target=AUDIT)


def retired_key_to_the_active_row(folder: Path) -> None:
    move(folder, source=RETIRED, target=TOKEN)


def whole_audit_row_called_a_token_key(folder: Path) -> None:
    write(folder, f"DELETE FROM signing_keys WHERE {TOKEN}")
    write(folder, f"UPDATE signing_keys SET purpose = 'token' WHERE {AUDIT}")


def row_renamed(folder: Path) -> None:
    write(folder, f"UPDATE signing_keys SET kid = 'a-name-they-like' WHERE {TOKEN}")


def names_of_two_rows_exchanged(folder: Path) -> None:
    kid = read(folder, f"SELECT CAST(kid AS BLOB) FROM signing_keys WHERE {RETIRED}").decode()
    write(folder, f"UPDATE signing_keys SET kid = 'for a moment' WHERE {RETIRED}")
    write(folder, f"UPDATE signing_keys SET kid = ? WHERE {TOKEN}", kid)


def public_half_replaced(folder: Path) -> None:
    theirs = PrivateKey.generate("ES256").public.jwk()
    sql = f"UPDATE signing_keys SET public_jwk = json_set(public_jwk, '$.x', ?, '$.y', ?) WHERE {TOKEN}"
    write(folder, sql, theirs["x"], theirs["y"])


def unsealed_key_put_in(folder: Path) -> None:
    theirs = PrivateKey.generate("ES256")
    sql = f"UPDATE signing_keys SET kid = ?, sealed_private = ? WHERE {TOKEN}"
    write(folder, sql, theirs.kid, theirs.to_bytes())


def key_sealed_under_their_own_envelope_key(folder: Path) -> None:
    theirs = make_key("token", "ES256", sealer=sealer("theirs"), at=int(NOON))
    sql = f"UPDATE signing_keys SET kid = ?, sealed_private = ?, public_jwk = ? WHERE {TOKEN}"
    write(folder, sql, theirs.kid, theirs.sealed, theirs.public_jwk)


def nothing_put_in(folder: Path) -> None:
    write(folder, f"UPDATE signing_keys SET sealed_private = x'' WHERE {TOKEN}")


def pepper_over_the_key_of_digests(folder: Path) -> None:
    pepper = read(folder, "SELECT sealed FROM secrets WHERE name = 'client_secret'")
    write(folder, "UPDATE secrets SET sealed = ? WHERE name = 'digest'", pepper)


def key_of_digests_called_the_pepper(folder: Path) -> None:
    write(folder, "DELETE FROM secrets WHERE name = 'client_secret'")
    write(folder, "UPDATE secrets SET name = 'client_secret' WHERE name = 'digest'")


def signing_key_over_a_secret(folder: Path) -> None:
    sealed = read(folder, f"SELECT sealed_private FROM signing_keys WHERE {TOKEN}")
    write(folder, "UPDATE secrets SET sealed = ? WHERE name = 'digest'", sealed)


ATTACKS: tuple[Callable[[Path], None], ...] = (
    audit_key_to_tokens,
    token_key_to_the_audit_log,
    retired_key_to_the_active_row,
    whole_audit_row_called_a_token_key,
    row_renamed,
    names_of_two_rows_exchanged,
    public_half_replaced,
    unsealed_key_put_in,
    key_sealed_under_their_own_envelope_key,
    nothing_put_in,
    pepper_over_the_key_of_digests,
    key_of_digests_called_the_pepper,
    signing_key_over_a_secret,
)


@pytest.mark.requirement("SEC-92", "SEC-91")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
async def test_a_row_that_was_moved_or_changed_stops_the_server(
    folder: Path, attack: Callable[[Path], None]
) -> None:
    assert len((await start(folder)).keys()) == 3
    attack(folder)
    before = await asyncio.to_thread((folder / "actas.db").read_bytes)
    with pytest.raises(KeysUnusable, match=r"the (token|audit) key|the (digest|client_secret) secret"):
        await start(folder)
    assert (folder / "actas.db").read_bytes() == before


@pytest.mark.requirement("SEC-92")
async def test_a_flipped_bit_anywhere_in_a_sealed_key_stops_the_server(folder: Path) -> None:
    sealed = read(folder, f"SELECT sealed_private FROM signing_keys WHERE {TOKEN}")
    for position in (0, 1, 16, 17, 28, 29, len(sealed) // 2, len(sealed) - 16, len(sealed) - 1):
        changed = bytearray(sealed)
        changed[position] ^= 1
        write(folder, f"UPDATE signing_keys SET sealed_private = ? WHERE {TOKEN}", bytes(changed))
        with pytest.raises(KeysUnusable, match="the token key"):
            await start(folder)
    write(folder, f"UPDATE signing_keys SET sealed_private = ? WHERE {TOKEN}", sealed)
    await start(folder)


@pytest.mark.requirement("SEC-92")
async def test_the_database_without_its_envelope_key_is_of_no_use(folder: Path) -> None:
    with pytest.raises(KeysUnusable, match="another envelope key"):
        await start(folder, key="theirs")


@pytest.mark.requirement("SEC-95")
@pytest.mark.parametrize(
    ("table", "row", "purpose"),
    [
        ("vault", "digest", "digest"),
        ("secrets", "client_secret", "digest"),
        ("secrets", "digest", "client_secret"),
        ("secrets", "digest", "token"),
        ("secrets", "DIGEST", "digest"),
        ("secrets", "digest ", "digest"),
    ],
)
def test_a_value_opens_in_its_own_table_row_and_purpose_only(table: str, row: str, purpose: str) -> None:
    sealed = sealer().seal(b"x" * 32, bound_to=place_of(table="secrets", row="digest", purpose="digest"))
    with pytest.raises(SealBroken, match="another place"):
        sealer().open(sealed, bound_to=place_of(table=table, row=row, purpose=purpose))
