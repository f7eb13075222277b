"""Searching the log through its projection."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import apsw
import pytest
from tests.fakes.audit import CountingChance, bodies, body, event, rewrite
from tests.fakes.clock import NOON, FixedClock

from actas.audit.kept import LogUnreadable, SearchUnavailable
from actas.audit.query import FIELDS, BadQuery
from actas.audit.stream import instant
from actas.store.audit import StreamWriter, open_writer
from actas.store.audit_folder import FolderLog
from actas.store.audit_projection import FILE
from actas.store.audit_search import Found, search, show

pytestmark = pytest.mark.requirement("SEC-86")


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[StreamWriter]:
    writer = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    yield writer
    await writer.close()


def entry(
    name: str,
    *,
    client: str = "orders",
    subject: str = "alice@acme.example",
    at: float = NOON,
    **more: object,
) -> bytes:
    made = body(
        name,
        event="exchange:granted",
        outcome="granted",
        client={"name": client},
        subject={"sub": subject},
        **more,
    )
    return made.replace(b'"at":"2026-09-21T14:13:20.000Z"', b'"at":"' + instant(at).encode() + b'"')


def names(found: tuple[Found, ...]) -> list[str]:
    return [one.id for one in found]


async def test_entries_are_found_newest_first_and_byte_for_byte(tmp_path: Path, writer: StreamWriter) -> None:
    for n in range(3):
        await writer.append(entry(f"x_{n}", at=NOON + n))
    found = search(FolderLog(tmp_path), "client:orders")
    assert names(found) == ["x_2", "x_1", "x_0"]
    assert found[0].line.endswith(entry("x_2", at=NOON + 2)[1:])
    assert (found[0].stream, found[0].seq, found[0].at) == ("s1", 4, "2026-09-21T14:13:22.000Z")
    assert found[0].event["id"] == "x_2"


async def test_all_terms_must_hold(tmp_path: Path, writer: StreamWriter) -> None:
    await writer.append(entry("x_a", client="orders", subject="alice"))
    await writer.append(entry("x_b", client="orders", subject="bob"))
    await writer.append(entry("x_c", client="web", subject="alice"))
    assert names(search(FolderLog(tmp_path), "client:orders subject:alice")) == ["x_a"]
    assert names(search(FolderLog(tmp_path), "client:orders subject:carol")) == []
    assert names(search(FolderLog(tmp_path), "alice orders")) == ["x_a"]


async def test_a_star_matches_the_beginning_and_nothing_else(tmp_path: Path, writer: StreamWriter) -> None:
    for n, api in enumerate(["inventory", "invoices", "in", "billing", "inv*"]):
        await writer.append(entry(f"x_{n}", apis=[api]))
    assert names(search(FolderLog(tmp_path), "api:inv*")) == ["x_4", "x_1", "x_0"]
    assert names(search(FolderLog(tmp_path), 'api:"inv*"')) == ["x_4"]
    assert names(search(FolderLog(tmp_path), "api:%")) == []
    assert names(search(FolderLog(tmp_path), "api:*")) == ["x_4", "x_3", "x_2", "x_1", "x_0"]


async def test_times_and_a_limit_bound_what_is_found(tmp_path: Path, writer: StreamWriter) -> None:
    for n in range(6):
        await writer.append(entry(f"x_{n}", at=NOON + n))
    assert names(search(FolderLog(tmp_path), "client:orders", since=NOON + 2, until=NOON + 4)) == [
        "x_3",
        "x_2",
    ]
    assert names(search(FolderLog(tmp_path), "client:orders", limit=2)) == ["x_5", "x_4"]
    assert search(FolderLog(tmp_path), "", limit=0) == ()
    assert len(search(FolderLog(tmp_path), "")) == 7


@pytest.mark.requirement("SEC-87")
@pytest.mark.parametrize(
    "hostile",
    ["' OR '1'='1", "x'; DROP TABLE entries; --", '%" OR 1=1', "_", "a\u0000b", "*", "\\", "\U0001d51e"],
)
async def test_hostile_text_is_only_text(tmp_path: Path, writer: StreamWriter, hostile: str) -> None:
    await writer.append(entry("x_a", txn=hostile))
    await writer.append(entry("x_b"))
    quoted = hostile.replace('"', "")
    assert names(search(FolderLog(tmp_path), f'txn:"{quoted}"')) == (["x_a"] if quoted == hostile else [])
    assert len(search(FolderLog(tmp_path), "client:orders")) == 2


async def test_a_query_that_cannot_be_read_is_said(tmp_path: Path, writer: StreamWriter) -> None:
    with pytest.raises(BadQuery):
        search(FolderLog(tmp_path), "colour:red")


async def test_every_field_can_be_asked_for(tmp_path: Path, writer: StreamWriter) -> None:
    for field in FIELDS:
        assert search(FolderLog(tmp_path), f"{field}:nothing") == ()


async def test_the_projection_follows_all_streams(tmp_path: Path, writer: StreamWriter) -> None:
    other = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    for n in range(3):
        await writer.append(entry(f"x_a{n}"))
        await other.append(entry(f"x_b{n}"))
        assert len(search(FolderLog(tmp_path), "client:orders")) == 2 * (n + 1)
    assert names(search(FolderLog(tmp_path), "client:orders stream:s2")) == ["x_b2", "x_b1", "x_b0"]
    await other.close()


async def test_a_long_log_is_taken_over_chunk_by_chunk(tmp_path: Path, writer: StreamWriter) -> None:
    await asyncio.gather(*[writer.append(entry(f"x_{n}")) for n in range(1600)])
    assert len(search(FolderLog(tmp_path), "client:orders", limit=5000)) == 1600


async def test_an_entry_is_shown_by_its_id(tmp_path: Path, writer: StreamWriter) -> None:
    await writer.append(entry("x_a"))
    found = show(FolderLog(tmp_path), "x_a")
    assert found is not None
    assert event(found.line)["id"] == "x_a"
    assert show(FolderLog(tmp_path), "x_b") is None


@pytest.mark.requirement("SEC-87")
async def test_given_a_token_s_digest_its_record_is_found(tmp_path: Path, writer: StreamWriter) -> None:
    await writer.append(entry("x_a", given={"jti": "j-1", "digest": "d-1"}))
    await writer.append(entry("x_b", parents=[{"jti": "j-1", "digest": "d-1", "role": "subject"}]))
    assert names(search(FolderLog(tmp_path), "digest:d-1")) == ["x_b", "x_a"]
    assert names(search(FolderLog(tmp_path), "jti:j-1")) == ["x_b", "x_a"]


@pytest.mark.requirement("REL-03")
async def test_one_query_lists_all_tokens_of_unknown_delivery(tmp_path: Path) -> None:
    first = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    receipts = [await first.append(one) for one in bodies(3)]
    first.delivered(receipts[1])
    assert search(FolderLog(tmp_path), "delivery:unknown") == ()
    await first.close()
    assert sorted(names(search(FolderLog(tmp_path), "delivery:unknown"))) == ["x_1", "x_3"]


async def test_a_lost_or_damaged_projection_is_made_again(tmp_path: Path, writer: StreamWriter) -> None:
    await writer.append(entry("x_a"))
    assert names(search(FolderLog(tmp_path), "client:orders")) == ["x_a"]
    (tmp_path / FILE).unlink()
    assert names(search(FolderLog(tmp_path), "client:orders")) == ["x_a"]
    (tmp_path / FILE).write_bytes(b"no database at all" * 1000)
    assert names(search(FolderLog(tmp_path), "client:orders")) == ["x_a"]
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


async def test_a_projection_of_another_version_is_made_again(tmp_path: Path, writer: StreamWriter) -> None:
    await writer.append(entry("x_a"))
    search(FolderLog(tmp_path), "")
    rewrite(tmp_path / FILE, lambda db: db.execute("PRAGMA user_version = 99; DROP TABLE search_terms"))
    assert names(search(FolderLog(tmp_path), "client:orders")) == ["x_a"]


async def test_another_stream_of_the_same_name_replaces_the_first(tmp_path: Path) -> None:
    for name in ("x_old", "x_new"):
        writer = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
        await writer.append(entry(name))
        await writer.close()
        assert names(search(FolderLog(tmp_path), "client:orders")) == [name]
        (tmp_path / "s1.db").unlink()


async def test_what_is_no_event_is_left_out(tmp_path: Path, writer: StreamWriter) -> None:
    await writer.append(entry("x_a"))
    rewrite(
        tmp_path / "s1.db",
        lambda db: db.execute(
            "INSERT INTO entries VALUES (3, CAST('garbage' AS BLOB)), (4, CAST('[]' AS BLOB))"
        ),
    )
    assert names(search(FolderLog(tmp_path), "")) == [
        "x_a",
        event(search(FolderLog(tmp_path), "event:log:started")[0].line)["id"],
    ]
    rewrite(tmp_path / "s1.db", lambda db: db.execute("DELETE FROM entries WHERE seq > 2"))


async def test_an_entry_gone_from_its_stream_is_found_empty(tmp_path: Path, writer: StreamWriter) -> None:
    await writer.append(entry("x_a"))
    await writer.append(entry("x_b"))
    search(FolderLog(tmp_path), "")
    rewrite(tmp_path / "s1.db", lambda db: db.execute("DELETE FROM entries WHERE seq = 2"))
    found = search(FolderLog(tmp_path), "id:x_a")
    assert [(one.id, one.line, one.event) for one in found] == [("x_a", b"", {})]


async def test_a_stream_that_cannot_be_read_when_it_matters_is_said(
    tmp_path: Path, writer: StreamWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise LogUnreadable("disk I/O error")

    await writer.append(entry("x_a"))
    monkeypatch.setattr("actas.store.audit_search.line_at", broken)
    with pytest.raises(SearchUnavailable, match="stream s1 cannot be read"):
        search(FolderLog(tmp_path), "client:orders")


async def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    with pytest.raises(SearchUnavailable, match="cannot be opened"):
        search(FolderLog(tmp_path / "nowhere"), "")
    (tmp_path / "s1.db").write_bytes(b"no database at all" * 1000)
    with pytest.raises(SearchUnavailable, match="cannot be used"):
        search(FolderLog(tmp_path), "")


SEARCH = """
import sys
from pathlib import Path
from actas.store.audit_folder import FolderLog
from actas.store.audit_search import search
print(len(search(FolderLog(Path(sys.argv[1])), "client:orders", limit=5000)))
"""


async def test_several_processes_bring_it_up_to_date_at_once(tmp_path: Path, writer: StreamWriter) -> None:
    await asyncio.gather(*[writer.append(entry(f"x_{n}")) for n in range(1200)])
    children = [
        subprocess.Popen([sys.executable, "-c", SEARCH, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [child.communicate(timeout=60)[0].strip() for child in children] == ["1200"] * 3
    database = apsw.Connection(str(tmp_path / FILE))
    assert database.execute("SELECT count(*), count(DISTINCT id) FROM search_entries").get == (1201, 1201)
    database.close()
