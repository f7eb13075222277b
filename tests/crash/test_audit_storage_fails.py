"""Storage that fails under load: nothing is issued, nobody hangs, and all is well again by itself (REL-02).

The faults are real ones: a file size limit set on the running process, a disk of two megabytes that is full, a
lock that somebody else holds. A write that never returns is in ``tests/unit/store/test_audit_failures.py``.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Final

import apsw
import pytest
from tests.fakes.load import Load
from tests.fakes.server import RealServer
from tests.fakes.storage_fault import LONGEST, Fault, nothing_is_lost, press_through

UNLIMITED: Final = resource.RLIM_INFINITY


@contextmanager
def no_file_may_grow(server: RealServer) -> Generator[None]:
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, UNLIMITED))
    try:
        yield
    finally:
        if server.alive:
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))


@contextmanager
def somebody_holds_the_lock(server: RealServer) -> Generator[None]:
    database = apsw.Connection(str(server.audit / "s1.db"), flags=apsw.SQLITE_OPEN_READWRITE)
    database.set_busy_timeout(5000)
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        database.close(True)


@contextmanager
def the_disk_is_full(server: RealServer) -> Generator[None]:
    filler = server.data / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def small_disk(folder: Path) -> Generator[None]:
    """Mount a disk of two megabytes on the folder."""
    folder.mkdir(mode=0o700, parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _may_mount() -> bool:
    """Whether this computer lets us have a disk of our own: root does, a container may not."""
    if os.geteuid() != 0:
        return False
    found = subprocess.run(
        ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False, capture_output=True
    )
    return found.returncode == 0


FAULTS: Final[dict[str, Fault]] = {
    "no file may grow": no_file_may_grow,
    "somebody holds the lock": somebody_holds_the_lock,
    # Where none can be mounted, the limit on files stands for it: both end in the same error of the system.
    "the disk is full": the_disk_is_full if _may_mount() else no_file_may_grow,
}


@pytest.mark.requirement("REL-02", "REL-01", "REL-31")
@pytest.mark.parametrize("name", FAULTS, ids=lambda name: name.replace(" ", "-"))
def test_while_the_log_cannot_be_written_nothing_is_issued(name: str, tmp_path: Path) -> None:
    fault, load = FAULTS[name], Load()
    disk: AbstractContextManager[None] = (
        small_disk(tmp_path / "data") if fault is the_disk_is_full else nullcontext()
    )
    with disk, RealServer(tmp_path) as server:
        began = server.pid
        asyncio.run(press_through(server, load, fault))
        assert load.slowest < LONGEST
        assert load.statuses().keys() == {200, 503}
        assert load.broken == {}
        assert server.pid == began
        assert server.stop() == 0
        nothing_is_lost(server, load)


@pytest.mark.requirement("REL-02", "REL-25")
@pytest.mark.parametrize("fault", [no_file_may_grow, somebody_holds_the_lock])
def test_a_stop_signal_works_while_the_log_cannot_be_written(fault: Fault, tmp_path: Path) -> None:
    with RealServer(tmp_path) as server:
        reply = server.post(server.company.own())
        with fault(server):
            assert server.post(server.company.own()).status == 503
            server.signal(signal.SIGTERM)
            assert server.wait() == 0
        assert "audit log not sealed" in server.said
        server.start()
        assert server.entry(reply)["outcome"] == "granted"
        assert server.post(server.company.own()).status == 200
        assert "log:recovered" in {event["event"] for event in server.events()}
        assert server.verdict().findings == ()


@pytest.mark.requirement("REL-02", "REL-30")
def test_a_server_whose_log_cannot_be_opened_does_not_start(tmp_path: Path) -> None:
    server = RealServer(tmp_path)
    try:
        server.data.mkdir(mode=0o700)
        server.audit.write_bytes(b"a file where the folder should be")
        code, said = server.refuse()
        assert code == 4
        assert "audit" in said
        assert "Traceback" not in said
    finally:
        server.close()
