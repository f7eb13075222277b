"""An edited backup.

Who can write where backups are kept changes one: adds a client of their own, takes a revocation out, cuts the
end off, puts frames of two backups together, or swaps two of one. Whoever restores it would make it the truth
on every node. Each frame is sealed under the envelope key, to this backup and to its place in it, and the last
one as the last: so nothing of the kind is ever restored, and nothing can be read in it either (REL-28, SEC-92).

Who can write to the database need not wait for the file: what he puts there is sealed into the next backup. One
who calls a stream of the log like a path hopes to have a file written there, by whoever restores it.
"""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.sealer import sealer

from actas.store.audit_folder import streams
from actas.store.backup import Rows
from actas.store.backup_file import BackupReader, BackupRefused, BackupWriter, OtherEnvelopeKey
from actas.store.restoring_log import restore_log

FRAMES = (["backup", {"n": 1}], ["rows", "secrets", [["name", b"\x00\x01"]]], ["rows", "secrets", [["b", 2]]])
LAST = ["end", {}]


def write(path: Path, *, under: str = "ours") -> bytes:
    with BackupWriter(path, sealer=sealer(under)) as file:
        for frame in FRAMES:
            file.add(frame)
        assert file.finish(LAST) == path.stat().st_size
    return path.read_bytes()


def read(path: Path, *, under: str = "ours") -> list[list[Any]]:
    return list(BackupReader(path, sealer=sealer(under)).frames())


def cut_up(data: bytes) -> tuple[bytes, list[bytes]]:
    """Return the first line, and every frame with its length."""
    head, _, rest = data.partition(b"\n")
    frames: list[bytes] = []
    while rest:
        end = 4 + int.from_bytes(rest[:4], "big")
        frames.append(rest[:end])
        rest = rest[end:]
    return head + b"\n", frames


def test_what_was_written_is_read_and_is_its_owners_alone(tmp_path: Path) -> None:
    data = write(tmp_path / "b")
    assert read(tmp_path / "b") == [*(list(one) for one in FRAMES), LAST]
    assert stat.S_IMODE((tmp_path / "b").stat().st_mode) == 0o600
    assert b"secrets" not in data
    assert list(tmp_path.iterdir()) == [tmp_path / "b"]


@pytest.mark.requirement("REL-28")
def test_no_byte_can_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "b"
    data = write(path)
    for place in range(len(data)):
        for bit in (1, 0x80):
            path.write_bytes(data[:place] + bytes([data[place] ^ bit]) + data[place + 1 :])
            with pytest.raises(BackupRefused):
                read(path)


@pytest.mark.requirement("REL-28")
def test_nothing_can_be_cut_off_or_added(tmp_path: Path) -> None:
    path = tmp_path / "b"
    data = write(path)
    for end in range(len(data)):
        path.write_bytes(data[:end])
        with pytest.raises(BackupRefused):
            read(path)
    _, frames = cut_up(data)
    for more in (b"\x00", b"\n", frames[0], frames[-1]):
        path.write_bytes(data + more)
        with pytest.raises(BackupRefused):
            read(path)


@pytest.mark.requirement("REL-28")
def test_frames_cannot_be_left_out_moved_repeated_or_taken_from_another(tmp_path: Path) -> None:
    path = tmp_path / "b"
    head, frames = cut_up(write(path))
    _, others = cut_up(write(tmp_path / "other"))
    tried = [
        frames[:1] + frames[2:],
        frames[1:],
        [frames[0], frames[2], frames[1], frames[3]],
        [*frames[:2], frames[1], *frames[2:]],
        [frames[0], others[1], *frames[2:]],
        [*frames[:3], others[3]],
        frames[:3],
    ]
    for several in tried:
        path.write_bytes(head + b"".join(several))
        with pytest.raises(BackupRefused):
            read(path)
    path.write_bytes(head + b"".join(frames))
    assert len(read(path)) == 4


@pytest.mark.requirement("REL-28", "SEC-92")
def test_without_the_envelope_key_nothing_opens(tmp_path: Path) -> None:
    write(tmp_path / "b")
    with pytest.raises(OtherEnvelopeKey, match="was made under the envelope key"):
        read(tmp_path / "b", under="another")


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    for data in (b"", b"\n", b"SQLite format 3\x00", b"actas backup 2 x y\n", b"actas backup 1 x y\n"):
        (tmp_path / "b").write_bytes(data)
        with pytest.raises(BackupRefused):
            read(tmp_path / "b")


def test_a_backup_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    with BackupWriter(tmp_path / "b", sealer=sealer()) as file:
        file.add(["backup"])
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    with BackupWriter(tmp_path / "b", sealer=sealer()) as file:
        (tmp_path / "b").write_bytes(b"mine")
        with pytest.raises(FileExistsError):
            file.finish(LAST)
    assert (tmp_path / "b").read_bytes() == b"mine"
    assert list(tmp_path.iterdir()) == [tmp_path / "b"]


@pytest.mark.requirement("REL-28")
@pytest.mark.parametrize(
    "name", ["../../escaped", "{outside}/escaped", "s1/../../escaped", "", ".", "s1\x00"]
)
def test_what_a_row_calls_its_stream_is_no_path(tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    rows = [["s1", 1, b"{}"], [name.format(outside=outside), 1, b"{}"]]
    log = tmp_path / "data" / "audit"
    assert restore_log(log, [Rows("audit_entries", ("stream", "seq", "line"), rows)])
    assert streams(log) == ("s1",)
    assert {one.name for one in log.iterdir()} <= {"s1.db", "checkpoints.jsonl"}
    assert [one for one in tmp_path.rglob("*") if "escaped" in one.name] == []
