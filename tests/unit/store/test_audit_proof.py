"""Verifying what is on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.audit import AuditRing, CountingChance, bodies, rewrite
from tests.fakes.clock import FixedClock

from actas.audit.checkpoint import ring_keys
from actas.store.audit import open_writer
from actas.store.audit_export import export
from actas.store.audit_folder import FolderLog
from actas.store.audit_lines import LONGEST_LINE
from actas.store.audit_notary import Notary
from actas.store.audit_proof import Unreadable, verify_path

pytestmark = pytest.mark.requirement("SEC-88")

RING = AuditRing()
KEYS = ring_keys(RING)


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A folder of two closed streams, sealed twice, with an export and a copy of the checkpoints beside it."""
    folder = tmp_path / "audit"
    writers = [await open_writer(folder, clock=FixedClock(), chance=CountingChance()) for _ in range(2)]
    notary = Notary(FolderLog(folder), ring=RING, clock=FixedClock(), also=[tmp_path / "witness.jsonl"])
    for writer in writers:
        for one in bodies(5):
            writer.delivered(await writer.append(one))
    await notary.seal_now()
    for writer in writers:
        await writer.close()
    await notary.seal_now()
    with (tmp_path / "export.jsonl").open("wb") as file:
        export(FolderLog(folder), file)
    return folder


def test_a_folder_is_verified_with_its_own_checkpoints(folder: Path) -> None:
    verdict = verify_path(folder, keys=KEYS)
    assert verdict.whole
    assert (verdict.entries, verdict.checkpoints, verdict.unsealed) == (14, 2, 0)
    assert [(one.stream, one.sealed) for one in verdict.streams] == [("s1", 7), ("s2", 7)]


def test_an_export_is_verified_with_the_checkpoints_in_it(folder: Path) -> None:
    verdict = verify_path(folder.parent / "export.jsonl", keys=KEYS)
    assert verdict.whole
    assert (verdict.entries, verdict.checkpoints, verdict.unsealed) == (14, 2, 0)


def test_one_stream_s_file_is_verified_with_checkpoints_from_elsewhere(folder: Path) -> None:
    copy = folder.parent / "some name.db"
    copy.write_bytes((folder / "s2.db").read_bytes())
    verdict = verify_path(copy, checkpoints=[folder.parent / "witness.jsonl"], keys=KEYS, start=None)
    assert verdict.whole
    assert [(one.stream, one.sealed) for one in verdict.streams] == [("s2", 7)]


def test_the_same_checkpoints_from_two_places_are_the_same(folder: Path) -> None:
    verdict = verify_path(folder, checkpoints=[folder.parent / "witness.jsonl"], keys=KEYS)
    assert verdict.whole
    assert verdict.checkpoints == 2


def test_without_a_key_the_chain_alone_is_checked(folder: Path) -> None:
    verdict = verify_path(folder)
    assert verdict.whole
    assert (verdict.checkpoints, verdict.unsealed) == (0, 14)


def test_the_place_of_a_fault_is_told(folder: Path) -> None:
    path = folder.parent / "export.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    del lines[6]
    path.write_bytes(b"".join(lines))
    found = verify_path(path, keys=KEYS).first
    assert found is not None
    assert found.fault == "deleted"
    assert found.where.endswith("of export.jsonl")


def test_a_text_where_bytes_were_is_read_as_what_it_says(folder: Path) -> None:
    rewrite(
        folder / "s1.db",
        lambda db: db.execute("UPDATE entries SET line = replace(line, 'x_2', 'x_9') WHERE seq = 3"),
    )
    found = verify_path(folder, keys=KEYS).first
    assert found is not None
    assert (found.fault, found.stream, found.seq) == ("edited", "s1", 3)


def test_a_damaged_database_is_a_finding(folder: Path) -> None:
    data = bytearray((folder / "s1.db").read_bytes())
    data[4096:] = b"\xee" * (len(data) - 4096)
    (folder / "s1.db").write_bytes(data)
    verdict = verify_path(folder, keys=KEYS)
    assert ("damaged", "s1") in {(one.fault, one.stream) for one in verdict.findings}
    (folder / "s2.db").write_bytes(b"no database at all")
    assert ("damaged", "s2") in {(one.fault, one.stream) for one in verify_path(folder, keys=KEYS).findings}


def test_lines_ended_the_other_way_are_the_same_lines(folder: Path) -> None:
    path = folder.parent / "export.jsonl"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    assert verify_path(path, keys=KEYS).whole


def test_a_line_without_end_is_held_in_part(folder: Path) -> None:
    path = folder.parent / "export.jsonl"
    with path.open("ab") as file:
        file.write(b"a" * (3 * LONGEST_LINE))
    assert verify_path(path, keys=KEYS).findings != ()


def test_a_half_written_checkpoint_is_none(folder: Path) -> None:
    with (folder / "checkpoints.jsonl").open("ab") as file:
        file.write(b'{"kind":"actas/Checkpoint","v":1,"jws":"eyJ')
    assert verify_path(folder, keys=KEYS).whole


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"nothing\.jsonl"):
        verify_path(tmp_path / "nothing.jsonl")
    with pytest.raises(Unreadable, match="witness"):
        verify_path(tmp_path, checkpoints=[tmp_path / "witness.jsonl"], keys=KEYS)


def test_an_empty_folder_is_whole_and_says_nothing(tmp_path: Path) -> None:
    verdict = verify_path(tmp_path, keys=KEYS)
    assert (verdict.whole, verdict.entries) == (True, 0)
