"""Which process writes which stream."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from actas.core.errors import AuditUnavailable
from actas.store.audit_claim import MOST_STREAMS, claim, free_streams

HOLD = """
import sys, time
from pathlib import Path
from actas.store.audit_claim import claim
assert claim(Path(sys.argv[1])) is not None
print("held", flush=True)
time.sleep(60)
"""


def test_a_claim_is_held_once(tmp_path: Path) -> None:
    held = claim(tmp_path / "s1.lock")
    assert held is not None
    assert claim(tmp_path / "s1.lock") is None
    held.release()
    assert claim(tmp_path / "s1.lock") is not None


def test_the_first_free_streams_are_taken(tmp_path: Path) -> None:
    first = next(free_streams(tmp_path / "audit"))
    second = next(free_streams(tmp_path / "audit"))
    assert (first.name, second.name) == ("s1", "s2")
    first.release()
    assert next(free_streams(tmp_path / "audit")).name == "s1"


def test_the_folder_is_nobody_else_s(tmp_path: Path) -> None:
    next(free_streams(tmp_path / "audit"))
    assert (tmp_path / "audit").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "audit" / "s1.lock").stat().st_mode & 0o777 == 0o600


@pytest.mark.requirement("REL-03")
def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s1.lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        assert claim(path) is None
        os.kill(child.pid, signal.SIGKILL)
    assert claim(path) is not None


def test_streams_are_no_more_than_a_checkpoint_can_seal(tmp_path: Path) -> None:
    held = list(free_streams(tmp_path))
    assert [one.name for one in held] == [f"s{n}" for n in range(1, MOST_STREAMS + 1)]
    assert list(free_streams(tmp_path)) == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AuditUnavailable, match="cannot be used"):
        next(free_streams(tmp_path / "file" / "audit"))


def test_a_file_system_without_locks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", unsupported)
    with pytest.raises(AuditUnavailable, match="No locks available"):
        next(free_streams(tmp_path))


def test_a_lock_file_is_not_followed_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "s1.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuditUnavailable, match="cannot be used"):
        next(free_streams(tmp_path))
    assert not (tmp_path / "elsewhere").exists()
