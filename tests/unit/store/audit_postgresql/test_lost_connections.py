"""Whatever happens to a connection, the writer of a stream comes back by itself, and nothing is written twice."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from tests.fakes.audit import bodies, body
from tests.fakes.between import Between
from tests.fakes.shared_log import change
from tests.fakes.shared_writer import Start, end_sessions, events, names, patiently

from actas.audit.chain import EMPTY, extend
from actas.core.errors import AuditUnavailable
from actas.core.secret import Secret
from actas.store.audit import WriterBounds
from actas.store.audit_postgresql import LIMIT, FreeStream, PostgresqlStream, PostgresqlStreams
from actas.store.postgresql import address


@pytest.mark.requirement("REL-02", "REL-01")
async def test_a_connection_that_is_lost_is_made_again_and_the_chain_goes_on(url: str, start: Start) -> None:
    writer = await start(url)
    await writer.append(body("x_before"))
    end_sessions(url)
    assert await patiently(writer, body("x_after")) == "s1"
    assert writer.trouble is None
    kept = names(url)
    assert (kept[0], kept.count("x_before"), kept.count("x_after")) == ("x_before", 1, 1)


@pytest.mark.requirement("REL-02")
async def test_it_notices_by_itself_that_the_database_is_back(wire: Between, start: Start) -> None:
    writer = await start(wire.url)
    with wire.cut():
        with pytest.raises(AuditUnavailable):
            await writer.append(body("x_a"))
        assert writer.trouble is not None
        # Nobody waits for a database that is known to be away.
        began = asyncio.get_running_loop().time()
        with pytest.raises(AuditUnavailable):
            await writer.append(body("x_b"))
        assert asyncio.get_running_loop().time() - began < LIMIT / 2
    while writer.trouble is not None:
        await asyncio.sleep(0.01)
    await writer.append(body("x_c"))


@pytest.mark.requirement("REL-02")
async def test_it_notices_also_when_only_a_note_of_delivery_failed(wire: Between, start: Start) -> None:
    """Nobody waits for such a note, and whoever asks while the database is away is refused at once."""
    writer = await start(wire.url)
    receipt = await writer.append(body("x_a"))
    with wire.cut():
        writer.delivered(receipt)
        while writer.trouble is None:
            await asyncio.sleep(0.01)
    while writer.trouble is not None:
        await asyncio.sleep(0.01)
    assert (await writer.append(body("x_b"))).stream == "s1"


@pytest.mark.requirement("REL-02")
@pytest.mark.parametrize("within", [False, True], ids=["before a batch", "within a transaction"])
async def test_it_comes_back_from_a_connection_that_carries_nothing_any_more(
    url: str, wire: Between, start: Start, monkeypatch: pytest.MonkeyPatch, within: bool
) -> None:
    """A firewall that lost its state lets nothing pass of what was open, and tells nobody."""
    writer = await start(wire.url)
    await writer.append(bodies(1)[0])
    if within:
        # The batch sets something aside, which takes more than one statement.
        monkeypatch.setattr("actas.audit.delivery.PATIENCE", 0.0)
        usual = PostgresqlStream._require

        async def cut_off(stream: PostgresqlStream, status: str) -> None:
            monkeypatch.setattr(PostgresqlStream, "_require", usual)
            wire.forget()
            await usual(stream, status)

        monkeypatch.setattr(PostgresqlStream, "_require", cut_off)
    else:
        wire.forget()
    with pytest.raises(AuditUnavailable):
        await writer.append(body("x_lost"))
    async with asyncio.timeout(60):
        assert await patiently(writer, body("x_after")) == "s1"
    assert names(url)[-1] == "x_after"


@pytest.mark.requirement("REL-02")
@pytest.mark.parametrize("moment", ["open", "state", "take_up"])
async def test_taking_a_stream_up_ends_when_its_connection_carries_nothing_any_more(
    wire: Between, start: Start, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    place = FreeStream if moment == "open" else PostgresqlStream
    usual = getattr(place, moment)

    async def cut_off(*args: Any, **named: Any) -> Any:
        wire.forget()
        return await usual(*args, **named)

    monkeypatch.setattr(place, moment, cut_off)
    async with asyncio.timeout(60):
        with pytest.raises(AuditUnavailable, match="it did not answer within 2 s"):
            await start(wire.url)


@pytest.mark.requirement("REL-01", "REL-02")
async def test_a_batch_whose_answer_was_lost_is_read_back_and_not_written_again(
    url: str, wire: Between, start: Start
) -> None:
    writer = await start(wire.url)
    await writer.append(body("x_before"))
    with wire.deaf():
        with pytest.raises(AuditUnavailable):
            await writer.append(body("x_unknown", event="exchange:granted", outcome="granted"))
        assert names(url) == ["x_before", "x_unknown"]
    await patiently(writer, body("x_after"))
    assert names(url) == ["x_before", "x_unknown", "x_after"]
    await writer.close()
    # It was refused, and is in the log: whoever revokes takes it for delivered.
    assert events(url)[-1]["facts"] == {"delivery_unknown": ["x_unknown"]}


@pytest.mark.requirement("REL-01")
async def test_a_session_that_is_left_of_us_is_ended_before_anything_is_concluded(url: str) -> None:
    streams = PostgresqlStreams(address(Secret(url)), accept_unsafe=False)
    free = await streams.next_free()
    assert free is not None
    stream = await free.open(sealed=EMPTY)
    lines, head = extend([body("x_a")], stream="s1", head=EMPTY)
    slow = asyncio.create_task(stream._connection.fetch("SELECT pg_sleep(30)"))
    await asyncio.sleep(0.05)
    again = await stream.again()
    assert isinstance(again, PostgresqlStream)
    with pytest.raises(asyncpg.PostgresError):
        await slow
    await again.take_up(lines, head=EMPTY)
    assert await again.head() == head
    again.drop()
    streams.close()


@pytest.mark.requirement("REL-02", "SEC-88")
async def test_a_failover_that_lost_entries_is_written_down_and_service_goes_on(
    url: str, start: Start
) -> None:
    writer = await start(url)
    await writer.append(body("x_kept"))
    await writer.append(body("x_lost"))
    change(url, "DELETE FROM audit_entries WHERE seq = 3")
    end_sessions(url)
    assert await patiently(writer, body("x_after")) == "s2"
    assert "ends at entry 2" in events(url, "s2")[0]["facts"]["broken"][0]["sentence"]
    assert names(url) == ["x_kept"]


@pytest.mark.requirement("REL-02", "REL-25")
async def test_closing_ends_although_the_database_is_away(wire: Between, start: Start) -> None:
    writer = await start(wire.url, bounds=WriterBounds(closing=3.0))
    with wire.stalled(), pytest.raises(AuditUnavailable):
        await writer.close()
