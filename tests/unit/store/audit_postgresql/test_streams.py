"""A stream in PostgreSQL: one writer, no entry twice, no answer without its own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest
from tests.fakes.audit import CountingChance, bodies, body
from tests.fakes.clock import FixedClock
from tests.fakes.shared_log import ask, change, lines_of
from tests.fakes.shared_writer import Start, crash, end_sessions, events, names, patiently

from actas.audit.chain import extend
from actas.core.errors import AuditUnavailable
from actas.core.secret import Secret
from actas.store.audit_claim import MOST_STREAMS
from actas.store.audit_postgresql import lock_of_stream
from actas.store.audit_shared import open_shared_writer


async def test_each_writer_has_a_stream_of_its_own(url: str, start: Start) -> None:
    first, second = await start(url), await start(url)
    assert (first.stream, second.stream) == ("s1", "s2")
    await first.close()
    third = await start(url)
    assert third.stream == "s1"
    assert [one["event"] for one in events(url)] == ["log:started", "log:closed", "log:started"]


@pytest.mark.requirement("REL-03")
async def test_a_crash_is_recovered_and_the_unknown_deliveries_named(url: str, start: Start) -> None:
    writer = await start(url)
    receipts = [await writer.append(one) for one in bodies(4)]
    for n in (0, 2):
        writer.delivered(receipts[n])
    await writer.append(body("x_refused", outcome="refused"))
    crash(writer)
    again = await start(url)
    assert (again.stream, again.unknown) == ("s1", ("x_2", "x_3", "x_4"))
    recovered = events(url)[-1]
    assert recovered["event"] == "log:recovered"
    assert recovered["facts"] == {"checked": [0, 6], "delivery_unknown": ["x_2", "x_3", "x_4"]}
    crash(again)
    once_more = await start(url)
    assert once_more.unknown == ()
    assert events(url)[-1]["facts"] == {"checked": [6, 7]}


@pytest.mark.requirement("REL-03")
async def test_what_was_set_aside_is_named_when_the_stream_closes(
    url: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = await start(url)
    await writer.append(bodies(1)[0])
    monkeypatch.setattr("actas.audit.delivery.PATIENCE", 0.0)
    await writer.append(body("x_a"))
    await writer.append(body("x_b"))
    assert [row[0] for row in ask(url, "SELECT seq FROM audit_undelivered")] == [2]
    await writer.close()
    assert events(url)[-1]["facts"] == {"delivery_unknown": ["x_1"]}
    assert ask(url, "SELECT seq FROM audit_undelivered") == []


@pytest.mark.requirement("REL-03", "SEC-88")
async def test_a_stream_that_lost_what_was_sealed_is_left_and_named(url: str, start: Start) -> None:
    writer = await start(url)
    for one in bodies(3):
        await writer.append(one)
    sealed = {"s1": writer.head}
    await writer.close()
    change(url, "DELETE FROM audit_entries WHERE seq >= 3")
    again = await start(url, sealed=sealed)
    assert again.stream == "s2"
    assert [one.stream for one in again.broken] == ["s1"]
    change(
        url, "DELETE FROM audit_entries WHERE stream = 's1'", "DELETE FROM audit_streams WHERE name = 's1'"
    )
    third = await start(url, sealed=sealed)
    assert [one.sentence for one in third.broken] == ["stream s1 is gone, and was sealed up to entry 4"]


@pytest.mark.requirement("REL-03")
async def test_a_row_that_was_changed_since_it_was_checked_is_found_at_the_start(
    url: str, start: Start
) -> None:
    writer = await start(url)
    await writer.append(bodies(1)[0])
    crash(writer)
    change(url, "UPDATE audit_entries SET line = '\\x7b7d' WHERE seq = 2")
    again = await start(url)
    assert (again.stream, [one.seq for one in again.broken]) == ("s2", [2])


async def test_another_that_took_the_stream_up_keeps_it(url: str, start: Start) -> None:
    writer = await start(url)
    receipt = await writer.append(bodies(1)[0])
    thief = await asyncpg.connect(url)
    end_sessions(url)
    assert await thief.fetchval("SELECT pg_try_advisory_lock($1)", lock_of_stream("s1"))
    assert await patiently(writer, body("x_after")) == "s2"
    assert writer.stream == "s2"
    writer.delivered(receipt)  # of the other stream: the other process has named it
    await writer.append(body("x_last"))
    assert names(url, "s2")[-1] == "x_last"
    await writer.close()
    assert "facts" not in events(url, "s2")[-1]
    await thief.close()


@pytest.mark.requirement("REL-01")
async def test_where_locks_mean_nothing_the_older_of_two_writers_writes_nothing(
    url: str, start: Start
) -> None:
    writer = await start(url)
    before = names(url)
    change(url, "UPDATE audit_streams SET epoch = epoch + 1")
    with pytest.raises(AuditUnavailable, match="another process writes stream s1"):
        await writer.append(body("x_a"))
    assert names(url) == before


@pytest.mark.requirement("REL-01", "SEC-88")
async def test_a_stream_that_somebody_else_wrote_to_is_not_added_to(url: str, start: Start) -> None:
    writer = await start(url)
    lines, _ = extend([body("x_theirs")], stream="s1", head=writer.head)
    change(url, f"INSERT INTO audit_entries VALUES ('s1', 2, '\\x{lines[0].hex()}')")
    with pytest.raises(AuditUnavailable):
        await writer.append(body("x_a"))
    assert await patiently(writer, body("x_b")) == "s2"
    assert names(url) == ["x_theirs"]
    told, *rest = events(url, "s2")
    assert [one["stream"] for one in told["facts"]["broken"]] == ["s1"]
    assert "ends at entry 2, which is not what was written there" in told["facts"]["broken"][0]["sentence"]
    assert rest[0]["id"] == "x_b"


@pytest.mark.requirement("REL-30", "REL-01")
async def test_a_server_that_stops_being_durable_while_we_serve_is_noticed(url: str, start: Start) -> None:
    writer = await start(url)
    await writer._scribe._stream._connection.execute("SET synchronous_commit = off")
    with pytest.raises(AuditUnavailable, match="may lose what it acknowledges"):
        await writer.append(body("x_a"))
    assert names(url) == []
    # On another connection it is what the server says, which is well.
    await patiently(writer, body("x_b"))
    accepting = await open_shared_writer(
        Secret(url), clock=FixedClock(), chance=CountingChance(), accept_unsafe=True
    )
    await accepting._scribe._stream._connection.execute("SET synchronous_commit = off")  # type: ignore[attr-defined]
    await accepting.append(body("x_c"))
    await accepting.close()


async def test_a_stream_without_its_state_is_not_written(url: str, start: Start) -> None:
    writer = await start(url)
    change(url, "DELETE FROM audit_streams")
    with pytest.raises(AuditUnavailable, match="has lost its state"):
        await writer.append(body("x_a"))
    await asyncio.sleep(0.6)
    with pytest.raises(AuditUnavailable, match="has lost its state"):
        await writer.append(body("x_b"))


@pytest.mark.requirement("REL-30")
async def test_a_database_that_cannot_be_used_is_told_without_its_password() -> None:
    with pytest.raises(AuditUnavailable) as refused:
        await open_shared_writer(
            Secret("postgresql://actas:canary@127.0.0.1:1/sts"), clock=FixedClock(), chance=CountingChance()
        )
    assert "canary" not in refused.value.detail
    assert "cannot be used" in refused.value.detail


async def test_when_every_stream_is_taken_nobody_writes(url: str) -> None:
    holder = await asyncpg.connect(url)
    for number in range(1, MOST_STREAMS + 1):
        await holder.execute("SELECT pg_advisory_lock($1)", lock_of_stream(f"s{number}"))
    with pytest.raises(AuditUnavailable, match="are taken or broken"):
        await open_shared_writer(Secret(url), clock=FixedClock(), chance=CountingChance())
    await holder.close()


@pytest.mark.requirement("SEC-88", "SEC-89")
async def test_whoever_serves_needs_no_right_to_change_an_entry_or_to_remove_one(
    url: str, start: Start
) -> None:
    serving = f"serving_{url.rpartition('/actas_')[2].partition('?')[0]}"
    own = [one[0] for one in ask(url, "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")]
    kept = ("audit_entries", "audit_checkpoints")
    change(
        url,
        f'CREATE ROLE "{serving}" LOGIN',
        f'GRANT SELECT, INSERT ON {", ".join(kept)} TO "{serving}"',
        *(f'GRANT ALL ON {name} TO "{serving}"' for name in own if name not in kept),
    )
    mine = url.replace("postgres:@", f"{serving}:@")
    try:
        writer = await start(mine)
        receipt = await writer.append(bodies(1)[0])
        end_sessions(url)
        assert await patiently(writer, body("x_after")) == "s1"
        for statement in (
            "UPDATE audit_entries SET seq = 9",
            "DELETE FROM audit_entries",
            "TRUNCATE audit_entries",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await writer._scribe._stream._connection.execute(statement)
        writer.delivered(receipt)
        await writer.close()
        again = await start(mine)
        assert again.stream == "s1"
        await again.close()
        assert len(lines_of(mine, Path("/nowhere"))) == len(lines_of(url, Path("/nowhere"))) > 4
    finally:
        change(url, f'DROP OWNED BY "{serving}"', f'DROP ROLE "{serving}"')
