"""The log in PostgreSQL as it is read and sealed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.audit import AuditRing
from tests.fakes.clock import FixedClock
from tests.fakes.shared_log import change
from tests.fakes.shared_writer import Start, end_sessions

from actas.audit.checkpoint import jws_of
from actas.audit.kept import LogUnreadable, StreamMissing
from actas.core.secret import Secret
from actas.store.audit_notary import Notary
from actas.store.audit_postgresql_log import FEW, PostgresqlLog


async def test_one_office_at_a_time_and_it_ends_with_its_connection(url: str) -> None:
    one, other = (PostgresqlLog(Secret(url), folder=Path("/nowhere")) for _ in range(2))
    leader = one.take("leader")
    assert leader is not None
    assert leader.holds()
    assert other.take("leader") is None
    pen = other.take("pen")
    assert pen is not None
    end_sessions(url)
    assert not leader.holds()
    leader.release()
    pen.release()
    again = other.take("leader")
    assert again is not None
    again.release()
    third = one.take("leader")
    assert third is not None
    third.release()


async def test_a_line_larger_than_any_entry_is_cut(url: str, start: Start) -> None:
    await start(url)
    change(url, "INSERT INTO audit_entries VALUES ('s1', 2, convert_to(repeat('x', 10000000), 'UTF8'))")
    log = PostgresqlLog(Secret(url), folder=Path("/nowhere"))
    with log.reading("s1") as reader:
        assert len(reader.line(2) or b"") == 262_144 + 1024
        assert [seq for seq, _ in reader.rows()] == [1, 2]
        assert [seq for seq, _ in reader.last(1)] == [2]


async def test_streams_come_in_their_order_and_one_that_is_not_there_is_missing(url: str) -> None:
    change(url, *(f"INSERT INTO audit_entries VALUES ('{name}', 1, '')" for name in ("s10", "s2", "x")))
    log = PostgresqlLog(Secret(url), folder=Path("/nowhere"))
    assert log.streams() == ("s2", "s10")
    with pytest.raises(StreamMissing), log.reading("s1"):
        raise AssertionError("it is there")
    assert log.size() > 0


async def test_whoever_follows_goes_on_after_the_connection_was_lost(url: str, start: Start) -> None:
    await start(url)
    log = PostgresqlLog(Secret(url), folder=Path("/nowhere"))
    with log.held():
        assert log.streams() == ("s1",)
        change(
            url,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        with pytest.raises(LogUnreadable):
            log.streams()
        assert log.streams() == ("s1",)


async def test_the_last_checkpoint_is_found_without_reading_all_and_a_copy_gets_what_it_lacks(
    url: str, start: Start, tmp_path: Path
) -> None:
    await start(url)
    log, copy, ring = PostgresqlLog(Secret(url), folder=tmp_path), tmp_path / "copy.jsonl", AuditRing()
    clock = FixedClock()
    far = Notary(log, ring=ring, clock=clock, also=[copy])
    await far.seal_now()
    for _ in range(FEW + 3):
        await Notary(log, ring=ring, clock=clock).seal_now()
    change(url, "INSERT INTO audit_checkpoints VALUES (1000, 'nonsense')")
    last = Notary(log, ring=ring, clock=clock).last()
    assert last is not None
    assert last.checkpoint.number == FEW + 4
    assert len(copy.read_bytes().splitlines()) == 1
    await far.seal_now()
    kept = [jws_of(line) for line in copy.read_bytes().splitlines() if b"nonsense" not in line]
    known = [jws_of(line) for _, line in log.checkpoint_lines() if b"nonsense" not in line]
    assert kept == known
    assert len(known) == FEW + 5


async def test_a_checkpoint_is_kept_once_by_its_number(url: str) -> None:
    log = PostgresqlLog(Secret(url), folder=Path("/nowhere"))
    with pytest.raises(LogUnreadable, match="not a checkpoint"):
        log.keep_checkpoint(b"{}\n")
    assert list(log.checkpoint_lines()) == []
