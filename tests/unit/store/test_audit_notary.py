"""Making and keeping checkpoints."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.audit import AuditRing, CountingChance, body, rewrite
from tests.fakes.clock import FixedClock

from actas.audit.checkpoint import ring_keys
from actas.audit.kept import Held, Office
from actas.audit.series import read_series
from actas.core.secret import Secret
from actas.store.audit import StreamWriter, open_writer
from actas.store.audit_claim import claim
from actas.store.audit_folder import OFFICES, FolderLog
from actas.store.audit_lines import whole_lines
from actas.store.audit_notary import Notary, NotSealed, Sealed, last_checkpoint

pytestmark = pytest.mark.requirement("SEC-88")

RING = AuditRing()
KEYS = ring_keys(RING)


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[StreamWriter]:
    writer = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    yield writer
    await writer.close()


def notary(folder: Path, *also: Path) -> Notary:
    return Notary(FolderLog(folder), ring=RING, clock=FixedClock(), also=also)


def kept(path: Path) -> list[int]:
    """Return the numbers of the checkpoints of a file, once they are a whole series."""
    series = read_series([("", line) for line in path.read_bytes().splitlines()], KEYS)
    assert series.findings == ()
    return [one.checkpoint.number for one in series.checkpoints]


async def never(_: float) -> None:
    raise AssertionError("nobody should wait here")


async def test_it_seals_the_heads_of_all_streams(tmp_path: Path, writer: StreamWriter) -> None:
    other = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    await writer.append(body("x_a"))
    sealed = await notary(tmp_path).seal_now()
    assert sealed.signed.checkpoint.number == 1
    assert sealed.signed.checkpoint.at == "2026-09-21T14:13:20.000Z"
    assert sealed.signed.checkpoint.heads == {"s1": writer.head, "s2": other.head}
    assert (sealed.broken, sealed.missed) == ((), ())
    await other.close()


async def test_each_follows_the_last_whoever_makes_it(tmp_path: Path, writer: StreamWriter) -> None:
    first, second = notary(tmp_path), notary(tmp_path)
    for one in (first, second, first, notary(tmp_path)):
        await writer.append(body("x_a"))
        await one.seal_now()
    assert kept(tmp_path / "checkpoints.jsonl") == [1, 2, 3, 4]
    assert (tmp_path / "checkpoints.jsonl").stat().st_mode & 0o777 == 0o600


async def test_many_at_once_make_one_series(tmp_path: Path, writer: StreamWriter) -> None:
    await asyncio.gather(*[notary(tmp_path).seal_now() for _ in range(5)])
    assert kept(tmp_path / "checkpoints.jsonl") == [1, 2, 3, 4, 5]


async def test_the_last_checkpoint_is_known_to_the_next_opening(tmp_path: Path, writer: StreamWriter) -> None:
    assert last_checkpoint(whole_lines(tmp_path / "checkpoints.jsonl"), KEYS) is None
    sealed = await notary(tmp_path).seal_now()
    assert last_checkpoint(whole_lines(tmp_path / "checkpoints.jsonl"), KEYS) == sealed.signed
    assert last_checkpoint(whole_lines(tmp_path / "checkpoints.jsonl"), ring_keys(AuditRing())) is None


async def test_copies_elsewhere_get_every_checkpoint_also_after_an_absence(
    tmp_path: Path, writer: StreamWriter
) -> None:
    place = tmp_path / "elsewhere"
    place.mkdir()
    keeper = notary(tmp_path, place / "copy.jsonl")
    await keeper.seal_now()
    place.rename(tmp_path / "away")
    missed = (await keeper.seal_now()).missed
    assert len(missed) == 1
    assert "copy.jsonl" in missed[0]
    (tmp_path / "away").rename(place)
    await keeper.seal_now()
    assert kept(place / "copy.jsonl") == kept(tmp_path / "checkpoints.jsonl") == [1, 2, 3]


async def test_a_series_goes_on_from_a_copy_when_the_file_is_lost(
    tmp_path: Path, writer: StreamWriter
) -> None:
    await notary(tmp_path, tmp_path / "copy.jsonl").seal_now()
    (tmp_path / "checkpoints.jsonl").unlink()
    await notary(tmp_path, tmp_path / "copy.jsonl").seal_now()
    assert kept(tmp_path / "copy.jsonl") == [1, 2]
    assert kept(tmp_path / "checkpoints.jsonl") == [2]


@pytest.mark.requirement("REL-03")
async def test_a_torn_line_is_repaired(tmp_path: Path, writer: StreamWriter) -> None:
    await notary(tmp_path).seal_now()
    with (tmp_path / "checkpoints.jsonl").open("ab") as file:
        file.write(b'{"kind":"actas/Checkpoint","v":1,"jws":"eyJ')
    await notary(tmp_path).seal_now()
    assert kept(tmp_path / "checkpoints.jsonl") == [1, 2]


async def test_a_line_that_somebody_else_put_in_is_not_followed(tmp_path: Path, writer: StreamWriter) -> None:
    await notary(tmp_path).seal_now()
    with (tmp_path / "checkpoints.jsonl").open("ab") as file:
        file.write(b'{"kind":"actas/Checkpoint","v":1,"jws":"a.b.c"}\n')
    assert (await notary(tmp_path).seal_now()).signed.checkpoint.number == 2


async def test_a_stream_that_lost_what_is_sealed_keeps_its_seal_and_is_reported(
    tmp_path: Path, writer: StreamWriter
) -> None:
    other = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    await other.append(body("x_a"))
    await other.close()
    keeper = notary(tmp_path)
    before = (await keeper.seal_now()).signed.checkpoint
    rewrite(tmp_path / "s2.db", lambda db: db.execute("DELETE FROM entries WHERE seq = 3"))
    await writer.append(body("x_b"))
    sealed = await keeper.seal_now()
    assert sealed.signed.checkpoint.heads == {"s1": writer.head, "s2": before.heads["s2"]}
    assert [(one.stream, one.seq) for one in sealed.broken] == [("s2", 3)]
    (tmp_path / "s2.db").unlink()
    assert (await keeper.seal_now()).signed.checkpoint.heads["s2"] == before.heads["s2"]
    assert kept(tmp_path / "checkpoints.jsonl") == [1, 2, 3]


async def test_a_stream_written_anew_keeps_its_seal(tmp_path: Path, writer: StreamWriter) -> None:
    other = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    await other.close()
    keeper = notary(tmp_path)
    before = (await keeper.seal_now()).signed.checkpoint
    rewrite(
        tmp_path / "s2.db",
        lambda db: db.execute("UPDATE entries SET line = CAST('{}' AS BLOB) WHERE seq = 2"),
    )
    sealed = await keeper.seal_now()
    assert sealed.signed.checkpoint.heads["s2"] == before.heads["s2"]
    assert [one.stream for one in sealed.broken] == ["s2"]


async def test_a_damaged_stream_that_was_never_sealed_is_left_out(
    tmp_path: Path, writer: StreamWriter
) -> None:
    (tmp_path / "s2.db").write_bytes(b"no database" * 1000)
    assert set((await notary(tmp_path).seal_now()).signed.checkpoint.heads) == {"s1"}


async def test_without_an_audit_key_nothing_is_made(tmp_path: Path, writer: StreamWriter) -> None:
    class Keyless(AuditRing):
        async def sign(self, *_: Any, **__: Any) -> Secret:
            raise LookupError("no active key")

    with pytest.raises(NotSealed, match="no active key"):
        await Notary(FolderLog(tmp_path), ring=Keyless(), clock=FixedClock()).seal_now()
    assert not (tmp_path / "checkpoints.jsonl").exists()


async def test_storage_that_fails_is_said(tmp_path: Path, writer: StreamWriter) -> None:
    (tmp_path / "checkpoints.jsonl").mkdir()
    with pytest.raises(NotSealed, match=r"checkpoints\.jsonl"):
        await notary(tmp_path).seal_now()
    with pytest.raises(NotSealed):
        await notary(tmp_path / "nowhere").seal_now()


async def test_one_that_does_not_finish_is_not_waited_for_for_ever(
    tmp_path: Path, writer: StreamWriter
) -> None:
    held = claim(tmp_path / OFFICES["pen"])
    assert held is not None
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)

    with pytest.raises(NotSealed, match="somebody else"):
        await notary(tmp_path).seal_now(sleep=nap)
    assert 3 < sum(naps) < 10
    held.release()


async def test_one_process_of_the_folder_seals_from_time_to_time(
    tmp_path: Path, writer: StreamWriter
) -> None:
    notes: list[Sealed | NotSealed] = []
    turns: list[float] = []

    async def nap(seconds: float) -> None:
        turns.append(seconds)
        if len(turns) == 4:
            raise asyncio.CancelledError
        if len(turns) == 1:
            # Another process of the same folder, at the same time: it waits for its turn to lead.
            await idle()

    async def idle() -> None:
        idling: list[Sealed | NotSealed] = []

        async def stop(_: float) -> None:
            raise asyncio.CancelledError

        with pytest.raises(asyncio.CancelledError):
            await notary(tmp_path).run(every=300, note=idling.append, sleep=stop)
        assert idling == []

    with pytest.raises(asyncio.CancelledError):
        await notary(tmp_path).run(every=300, note=notes.append, sleep=nap)
    assert turns == [300] * 4
    assert [one.signed.checkpoint.number for one in notes if isinstance(one, Sealed)] == [1, 2, 3, 4]
    assert claim(tmp_path / OFFICES["leader"]) is not None


class Offices(FolderLog):
    """A log whose offices are lost at every turn, and wait for a storage that hangs."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.taken = 0

    def take(self, office: Office) -> Held | None:
        claimed = super().take(office)
        assert claimed is not None
        self.taken += 1
        return Losing(self, claimed)


class Losing:
    def __init__(self, log: Offices, claimed: Held) -> None:
        self._log = log
        self._claimed = claimed

    def holds(self) -> bool:
        return False

    def release(self) -> None:
        with pytest.raises(RuntimeError):  # requests are served meanwhile
            asyncio.get_running_loop()
        self._claimed.release()
        self._log.taken -= 1


async def test_an_office_that_was_lost_is_let_go_of_and_taken_again(
    tmp_path: Path, writer: StreamWriter
) -> None:
    log, notes, held = Offices(tmp_path), list[Sealed | NotSealed](), list[int]()

    async def nap(_: float) -> None:
        held.append(log.taken)
        if len(held) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await Notary(log, ring=RING, clock=FixedClock()).run(every=300, note=notes.append, sleep=nap)
    assert [type(one) for one in notes] == [Sealed] * 3
    assert (held, log.taken) == ([1, 1, 1], 0)


async def test_whatever_goes_wrong_the_next_turn_is_tried(tmp_path: Path) -> None:
    notes: list[Sealed | NotSealed] = []

    async def nap(_: float) -> None:
        if len(notes) == 2:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await notary(tmp_path / "nowhere").run(every=300, note=notes.append, sleep=nap)
    assert [type(one) for one in notes] == [NotSealed, NotSealed]


async def test_the_last_one_is_known_from_a_copy_too(tmp_path: Path, writer: StreamWriter) -> None:
    sealed = await notary(tmp_path, tmp_path / "copy.jsonl").seal_now()
    (tmp_path / "checkpoints.jsonl").unlink()
    assert notary(tmp_path).last() is None
    assert notary(tmp_path, tmp_path / "copy.jsonl").last() == sealed.signed


async def test_a_failed_attempt_is_noted_and_tried_again(tmp_path: Path, writer: StreamWriter) -> None:
    notes: list[Sealed | NotSealed] = []
    (tmp_path / "checkpoints.jsonl").mkdir()

    async def nap(_: float) -> None:
        if len(notes) == 1:
            (tmp_path / "checkpoints.jsonl").rmdir()
        else:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await notary(tmp_path).run(every=300, note=notes.append, sleep=nap)
    assert [type(one) for one in notes] == [NotSealed, Sealed]
