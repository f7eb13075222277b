"""The address of a PostgreSQL database: read in one way or refused, and never shown with its password."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.between import Between
from tests.fakes.certificates import Authority

from actas.core.secret import Secret
from actas.store.postgresql import address, connect, failures, lock_of
from actas.store.trouble import DatabaseMisconfigured


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://actas:hunter2@db.acme.example:5433/sts", "sts at db.acme.example:5433"),
        ("postgres://actas:hunter2@db.acme.example/sts\n", "sts at db.acme.example"),
        ("postgresql+asyncpg://actas:hunter2@[2001:db8::1]:5432/sts", "sts at [2001:db8::1]:5432"),
        ("postgresql://actas@db1:1,db2:2/sts?target_session_attrs=any", "sts at db1:1,db2:2"),
        ("postgresql://actas:hunter2@/sts?host=/run/postgresql", "sts at /run/postgresql"),
        ("postgresql://actas:hunter2@%2Frun%2Fpostgresql/sts", "sts at /run/postgresql"),
        ("postgresql://actas:hunter2@db.acme.example", "actas at db.acme.example"),
        ("postgresql://db.acme.example/sts?user=actas&password=hunter2", "sts at db.acme.example"),
        ("postgresql://db/sts?sslmode=verify-full&sslrootcert=/etc/ca.pem&sslpassword=hunter2", "sts at db"),
        ("postgresql://", "the default at the default host"),
    ],
)
def test_an_address_has_a_name_without_its_password(url: str, name: str) -> None:
    read = address(Secret(url))
    assert read.name == name
    assert read.dsn.reveal().startswith("postgresql://")
    assert "hunter2" not in repr(read)


@pytest.mark.requirement("SEC-87")
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://actas:hunter2/x@db/sts",
        "postgresql://actas:1234/hunter2@db/sts",
        "postgresql://actas:12?hunter2@db/sts",
        "postgresql://actas:12#hunter2@db/sts",
        "postgresql://actas:hunter2@x@db/sts",
        "postgresql://actas:hunter2[@db/sts",
        "postgresql://actas:hunter2:x/sts",
        "postgresql://actas@db:port/hunter2",
        "postgresql://actas@db/sts?hunter2",
        "postgresql://actas@db/sts?hunter2=x",
        "postgresql://actas@db/sts?sslmode=disable&sslmode=hunter2",
        "postgresql://actas@db/sts/hunter2",
        "postgresql://act as@db/sts",
        "mysql://actas:hunter2@db/sts",
        "hunter2",
    ],
)
def test_an_address_that_could_be_read_in_two_ways_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(DatabaseMisconfigured) as refused:
        address(Secret(url))
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_what_is_secret_is_taken_out_of_messages_in_every_spelling() -> None:
    read = address(Secret("postgresql://actas:hunt%2Fer2@db/sts?sslpassword=opensesame"))
    said = "no: hunt/er2 (hunt%2Fer2) does not open, nor does opensesame"
    assert read.without_secrets(said) == "no: … (…) does not open, nor does …"


async def test_without_its_driver_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    missing: Any = None
    monkeypatch.setitem(sys.modules, "asyncpg", missing)
    with pytest.raises(DatabaseMisconfigured, match=r"pip install 'actas\[postgres\]'"):
        await connect(address(Secret("postgresql://db/sts")))


async def test_nobody_there_is_a_failure_like_any_other(tmp_path: object) -> None:
    with pytest.raises(failures()):
        await connect(address(Secret(f"postgresql://actas@/sts?host={tmp_path}")))


async def test_a_session_has_bounds_of_its_own_and_keeps_what_the_url_wants(postgres: str) -> None:
    async def shown(url: str) -> list[str]:
        connection = await connect(address(Secret(url)))
        names = ("statement_timeout", "idle_in_transaction_session_timeout", "application_name")
        try:
            return [await connection.fetchval(f"SHOW {name}") for name in names]
        finally:
            connection.terminate()

    assert await shown(postgres) == ["1s", "5s", "actas"]
    assert (await shown(f"{postgres}&application_name=node-1"))[2] == "node-1"


@pytest.mark.requirement("REL-22")
async def test_a_session_whose_computer_vanished_ends_within_half_a_minute_and_with_it_its_claims(
    postgres: str,
) -> None:
    connection = await connect(address(Secret(postgres)))
    asked = "SELECT name, reset_val::int FROM pg_settings WHERE name LIKE 'tcp\\_%' AND source = 'client'"
    given: dict[str, int] = {row[0]: row[1] for row in await connection.fetch(asked)}
    connection.terminate()
    silent = given["tcp_keepalives_idle"] + given["tcp_keepalives_interval"] * given["tcp_keepalives_count"]
    assert max(silent, given["tcp_user_timeout"] / 1000) <= 30


def test_topics_have_locks_of_their_own() -> None:
    assert len({lock_of(topic) for topic in ("everything", "revocations", "keys", "")}) == 4
    assert all(-(2**63) <= lock_of(topic) < 2**63 for topic in ("a", "b", "c"))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.within(tmp_path, "authority")


async def test_the_url_says_how_the_server_proves_itself(
    postgres: str, authority: Authority, tmp_path: Path
) -> None:
    async def reach(url: str) -> bool:
        try:
            connection = await connect(address(Secret(url)), within=10)
        except failures():
            return False
        connection.terminate()
        return True

    stranger = Authority.within(tmp_path, "stranger")
    ours, theirs = f"sslrootcert={authority.certificate}", f"sslrootcert={stranger.certificate}"
    with Between(postgres, tls=authority.server("localhost")) as wire:
        named = wire.url.replace("127.0.0.1", "localhost")
        assert await reach(f"{named}?sslmode=verify-full&{ours}")
        assert not await reach(f"{named}?sslmode=verify-full&{theirs}")
        assert not await reach(f"{named}?sslmode=verify-full")
        assert await reach(f"{wire.url}?sslmode=verify-ca&{ours}")
        assert not await reach(f"{wire.url}?sslmode=verify-full&{ours}")  # another name than it was asked for
        assert await reach(f"{wire.url}?sslmode=require")
    with Between(postgres) as wire:
        assert not await reach(f"{wire.url}?sslmode=require")
        assert await reach(f"{wire.url}?sslmode=disable")
