"""When the storage fails: nothing is issued, and service resumes by itself (REL-02)."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.fakes.audit import FaultyDisk, bodies, body, event, rewrite
from tests.fakes.stream_file import ids, refused, start, until

from actas.audit.stream import Receipt
from actas.core.errors import AuditUnavailable
from actas.store.audit import StreamWriter, WriterBounds
from actas.store.audit_folder import reading

pytestmark = pytest.mark.requirement("REL-02")


def trouble(writer: StreamWriter) -> str:
    return writer.trouble or ""


FAULTS: list[Callable[[], Exception]] = [
    lambda: apsw.FullError("database or disk is full"),
    lambda: apsw.ReadOnlyError("attempt to write a readonly database"),
    lambda: apsw.IOError("disk I/O error"),
    lambda: apsw.PermissionsError("access permission denied"),
]


@pytest.mark.requirement("REL-01")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", ["write", "sync"])
async def test_a_batch_that_fails_fails_for_everyone_in_it_and_the_chain_goes_on(
    tmp_path: Path, disk: FaultyDisk, fault: Callable[[], Exception], operation: str
) -> None:
    writer = await start(tmp_path, vfs=disk.vfs)
    answered = [await writer.append(body("x_before"))]
    disk.faulty = {operation}
    disk.fault = fault
    ends = await asyncio.gather(*[writer.append(one) for one in bodies(20)], return_exceptions=True)
    assert all(isinstance(end, AuditUnavailable) for end in ends)
    assert trouble(writer)
    disk.fault = None
    answered.append(await writer.append(body("x_after")))
    assert not trouble(writer)
    kept = ids(tmp_path)
    assert [kept[receipt.seq - 1] for receipt in answered] == ["x_before", "x_after"]
    await writer.close()


async def test_it_notices_by_itself_that_the_storage_works_again(tmp_path: Path, disk: FaultyDisk) -> None:
    writer = await start(tmp_path, vfs=disk.vfs)
    disk.fault = FAULTS[0]
    await refused(writer, body("x_a"))
    disk.fault = None
    await until(lambda: writer.trouble is None)
    assert (await writer.append(body("x_b"))).seq >= 2
    await writer.close()


async def test_a_file_that_may_not_grow_is_refused_by_the_kernel_and_recovers(tmp_path: Path) -> None:
    writer = await start(tmp_path)
    await writer.append(body("x_before"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "s1.db-wal").stat().st_size + 5000, hard))
    try:
        await refused(writer, body("x_large", text="a" * 100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await writer.append(body("x_after"))
    assert ids(tmp_path)[1:] == ["x_before", "x_after"]
    await writer.close()


async def test_permission_lost_and_given_back(disk: FaultyDisk) -> None:
    # Not below pytest's folder, which root alone may enter.
    folder = Path(tempfile.mkdtemp(prefix="actas-audit-"))
    folder.chmod(0o777)
    try:
        writer = await start(folder / "audit", vfs=disk.vfs)
        await writer.append(body("x_before"))
        with unprivileged(folder / "audit"):
            disk.fault = FAULTS[2]
            await refused(writer, body("x_a"))
            disk.fault = None
            failed = await refused(writer, body("x_b"))
            assert "s1.db" in failed.detail
        await until(lambda: writer.trouble is None)
        await writer.append(body("x_after"))
        assert ids(folder / "audit")[1:] == ["x_before", "x_after"]
        await writer.close()
    finally:
        shutil.rmtree(folder)


class unprivileged:  # noqa: N801 - reads as a statement
    """Take this process's permission on a folder away for a while, root's too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None:
        self._folder.chmod(0o000)
        if os.getuid() == 0:
            os.seteuid(65534)

    def __exit__(self, *_: object) -> None:
        if os.getuid() == 0:
            os.seteuid(0)
        self._folder.chmod(0o700)


async def test_a_file_moved_away_is_waited_for(tmp_path: Path) -> None:
    folder, away = tmp_path / "audit", tmp_path / "away"
    writer = await start(folder)
    await writer.append(body("x_before"))
    folder.rename(away)
    await refused(writer, body("x_a"))
    failed = await refused(writer, body("x_b"))
    assert "is gone" in failed.detail
    assert not (folder / "s1.db").exists()
    away.rename(folder)
    receipt = await writer.append(body("x_after"))
    kept = ids(folder)
    assert (kept[1], kept[receipt.seq - 1], "x_b" in kept) == ("x_before", "x_after", False)
    await writer.close()


@pytest.mark.requirement("REL-01")
async def test_a_write_ahead_log_removed_under_the_writer_loses_nothing_that_was_answered(
    tmp_path: Path,
) -> None:
    writer = await start(tmp_path)
    await writer.append(body("x_before"))
    (tmp_path / "s1.db-wal").unlink()
    await refused(writer, body("x_a"))
    receipt = await writer.append(body("x_after"))
    kept = ids(tmp_path)
    assert (kept[1], kept[receipt.seq - 1]) == ("x_before", "x_after")
    await writer.close()


@pytest.mark.requirement("SEC-88")
async def test_a_file_replaced_by_an_older_one_is_never_written_to(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    writer = await start(folder)
    await writer.append(body("x_a"))
    shutil.copytree(folder, tmp_path / "older")
    await writer.append(body("x_b"))
    for name in ("s1.db", "s1.db-wal", "s1.db-shm"):
        (folder / name).unlink()
        shutil.copy(tmp_path / "older" / name, folder / name)
    await refused(writer, body("x_c"))
    failed = await refused(writer, body("x_d"))
    assert "somebody else changed it" in failed.detail
    assert ids(folder)[1:] == ["x_a"]
    with pytest.raises(AuditUnavailable, match="could not be closed"):
        await writer.close()


@pytest.mark.requirement("SEC-88")
async def test_entries_of_somebody_else_are_not_built_upon(tmp_path: Path) -> None:
    writer = await start(tmp_path)
    await writer.append(body("x_a"))
    rewrite(
        tmp_path / "s1.db", lambda db: db.execute("INSERT INTO entries VALUES (3, CAST('forged' AS BLOB))")
    )
    await refused(writer, body("x_b"))
    failed = await refused(writer, body("x_c"))
    assert "somebody else changed it" in failed.detail
    rewrite(tmp_path / "s1.db", lambda db: db.execute("DELETE FROM entries WHERE seq = 3"))
    await until(lambda: writer.trouble is None)
    await writer.append(body("x_d"))
    assert ids(tmp_path)[1:] == ["x_a", "x_d"]
    await writer.close()


async def test_a_lock_held_by_somebody_else_is_waited_for_and_then_refused(tmp_path: Path) -> None:
    writer = await start(tmp_path, bounds=WriterBounds(limit=5.0))
    other = apsw.Connection(str(tmp_path / "s1.db"))
    other.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    failed = await refused(writer, body("x_a"))
    assert "Busy" in failed.detail
    assert time.monotonic() - begun < 3
    other.execute("ROLLBACK")
    other.close()
    await writer.append(body("x_b"))
    await writer.close()


async def test_a_closing_that_fails_is_said_and_recovered_later(tmp_path: Path, disk: FaultyDisk) -> None:
    writer = await start(tmp_path, vfs=disk.vfs)
    await writer.append(body("x_a"))
    disk.fault = FAULTS[0]
    with pytest.raises(AuditUnavailable, match="could not be closed cleanly"):
        await writer.close()
    disk.fault = None
    again = await start(tmp_path, vfs=disk.vfs)
    assert again.stream == "s1"
    with reading(tmp_path / "s1.db") as reader:
        assert event(reader.last(1)[0][1])["event"] == "log:recovered"
    await again.close()


@pytest.mark.requirement("REL-01")
async def test_whatever_fails_whenever_no_answered_entry_is_missing(tmp_path: Path, disk: FaultyDisk) -> None:
    writer = await start(tmp_path, vfs=disk.vfs)
    answered: dict[str, Receipt] = {}

    async def ask(name: str) -> None:
        """Ask once; of a disk that is well, which a busy computer only makes late, until there is an answer."""
        while name not in answered:
            try:
                answered[name] = await writer.append(body(name, event="exchange:granted", outcome="granted"))
            except AuditUnavailable:
                if disk.fault is not None:
                    return
                await asyncio.sleep(0.005)

    for turn in range(40):
        operations: list[set[str]] = [{"write"}, {"sync"}, {"write", "sync"}]
        disk.faulty = operations[turn % 3]
        disk.fault = FAULTS[turn % len(FAULTS)] if turn % 2 else None
        await asyncio.gather(*[ask(f"x_{turn}_{n}") for n in range(5)])
    disk.fault = None
    await ask("x_end")
    kept = ids(tmp_path)
    assert len(answered) >= 101
    assert {name: kept[receipt.seq - 1] for name, receipt in answered.items()} == {
        name: name for name in answered
    }
    await writer.close()


def test_the_faults_are_those_that_sqlite_knows() -> None:
    made: list[Any] = [fault() for fault in FAULTS]
    assert all(isinstance(one, apsw.Error) for one in made)
