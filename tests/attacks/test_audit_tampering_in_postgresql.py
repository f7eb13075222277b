"""Tampering with an audit log that nodes share.

Whoever owns the database can do everything in it: change a row, remove one, exchange two, cut the end off, drop
a stream, compute the chain anew, and take the checkpoints away that would tell. He has no audit key, and he
does not have what a node keeps in a file of its own: the copy of the checkpoints. ``actas audit verify`` on a
node must end with exit code 7 each time, and say what is wrong.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.fakes.kept_log import KeptLog, keep_log
from tests.fakes.postgres import copy_database, create_database, drop_database
from tests.fakes.program import Program, Ran
from tests.fakes.shared_log import ask, change, lines_of, run

from actas.audit.chain import Head, extend, line_hash

pytestmark = pytest.mark.requirement("SEC-88")

EVIL = 6
"""The entry that the attacker wants to be rid of: a token that was granted."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeptLog]:
    url = run(create_database())
    yield keep_log(tmp_path_factory.mktemp("log"), database=url)
    run(drop_database(url))


@dataclass(frozen=True, slots=True)
class Scene:
    """A log to be harmed, and the program on the node that sealed it."""

    kept: KeptLog
    program: Program

    @property
    def url(self) -> str:
        assert self.kept.database is not None
        return self.kept.database

    def harm(self, *statements: str) -> None:
        change(self.url, *statements)

    def verify(self) -> Ran:
        return self.program("audit", "verify")


@pytest.fixture
def scene(original: KeptLog, tmp_path: Path) -> Iterator[Scene]:
    assert original.database is not None
    url = run(copy_database(original.database))
    shutil.copytree(original.folder, tmp_path / "copy")
    kept = replace(original, folder=tmp_path / "copy", database=url)
    yield Scene(kept, Program(tmp_path / "home", dict(kept.environ)))
    run(drop_database(url))


def test_the_log_as_it_is_passes(scene: Scene) -> None:
    assert scene.verify().code == 0


EDIT = f"UPDATE audit_entries SET line = replace(encode(line, 'escape'), 'granted', 'refused')::bytea WHERE seq = {EVIL}"
SWAP = (
    "UPDATE audit_entries SET seq = -1 WHERE seq = {0}; UPDATE audit_entries SET seq = {0} WHERE seq = {1};"
    " UPDATE audit_entries SET seq = {1} WHERE seq = -1"
)
CLOSE_THE_GAP = "UPDATE audit_entries SET seq = seq - 1000 WHERE seq > {0}; UPDATE audit_entries SET seq = seq + 999 WHERE seq < 0"

ATTACKS = {
    "edited": (EDIT,),
    "removed": (f"DELETE FROM audit_entries WHERE seq = {EVIL}",),
    "removed and numbered anew": (
        f"DELETE FROM audit_entries WHERE seq = {EVIL}",
        CLOSE_THE_GAP.format(EVIL),
    ),
    "exchanged": (SWAP.format(EVIL, EVIL + 1),),
    "put in twice": (
        f"INSERT INTO audit_entries SELECT stream, 11, line FROM audit_entries WHERE seq = {EVIL}",
    ),
    "put into another stream": (
        f"INSERT INTO audit_entries SELECT 's2', 1, line FROM audit_entries WHERE seq = {EVIL}",
    ),
    "the end cut off": (f"DELETE FROM audit_entries WHERE seq >= {EVIL}",),
    "the stream removed": ("DELETE FROM audit_entries", "DELETE FROM audit_streams"),
    "everything emptied": ("TRUNCATE audit_entries, audit_streams, audit_undelivered, audit_checkpoints",),
    "a checkpoint removed": ("DELETE FROM audit_checkpoints WHERE number = 1", EDIT),
    "a checkpoint forged": ("UPDATE audit_checkpoints SET line = set_byte(line, 200, 65) WHERE number = 2",),
    "an entry of a hundred megabytes": (
        "INSERT INTO audit_entries SELECT 's1', 11, convert_to(repeat('x', 104857600), 'UTF8')",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_the_owner_of_the_database_does_is_found(scene: Scene, attack: str) -> None:
    scene.harm(*ATTACKS[attack])
    verdict = scene.verify()
    assert verdict.code == 7, verdict.out


def rewritten(scene: Scene) -> list[str]:
    """Return statements that leave an entry out and compute the chain after it anew."""
    lines = lines_of(scene.url, scene.kept.audit, "s1")
    later = [b"{" + one.split(b'",', 2)[2] for one in lines[EVIL:]]
    forged, _ = extend(later, stream="s1", head=Head(EVIL - 1, line_hash(lines[EVIL - 2])))
    return [
        f"DELETE FROM audit_entries WHERE seq >= {EVIL}",
        *(
            f"INSERT INTO audit_entries VALUES ('s1', {seq}, '\\x{line.hex()}')"
            for seq, line in enumerate(forged, EVIL)
        ),
    ]


def test_a_chain_that_was_computed_anew_is_found(scene: Scene) -> None:
    scene.harm(*rewritten(scene))
    assert scene.verify().code == 7


def test_the_copy_that_the_node_keeps_tells_when_the_checkpoints_are_gone_too(scene: Scene) -> None:
    scene.harm(*rewritten(scene), "DELETE FROM audit_checkpoints WHERE number = 2")
    assert scene.verify().code == 7
    for copy in (scene.kept.audit / "shared-checkpoints.jsonl", scene.kept.folder / "witness.jsonl"):
        copy.write_bytes(copy.read_bytes().splitlines(keepends=True)[0])
    # What nobody kept elsewhere, nobody can prove: this is why there are copies.
    assert scene.verify().code == 0


def test_what_was_sealed_and_is_gone_is_not_sealed_anew(scene: Scene) -> None:
    scene.harm(f"DELETE FROM audit_entries WHERE seq >= {EVIL}", "DELETE FROM audit_checkpoints")
    sealed = scene.program("audit", "checkpoint")
    assert sealed.code == 7
    assert "does not hold entry 10 as it was sealed" in sealed.err
    rows = ask(scene.url, "SELECT number FROM audit_checkpoints ORDER BY number")
    assert [row[0] for row in rows] == [3]
    assert scene.verify().code == 7
