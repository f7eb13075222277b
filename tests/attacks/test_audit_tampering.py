"""Tampering with the audit log.

Somebody who has the whole machine's files, an administrator or whoever became one, has issued himself a
token and wants the minutes to forget it: he edits the entry, deletes it, puts another in, changes the order,
or cuts the log off before it. He knows how the chain is made and can compute it anew, and he can write the
file of checkpoints. What he does not have is the audit key, nor the copy of the checkpoints that an outside
witness keeps. Whoever verifies has that copy and the public key, and nothing else that he believes.

Each attack is done on a real folder of streams, with full rights on the database and on an export of it, and
the verifier must name the first bad entry.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import apsw
import pytest
from tests.fakes.audit import AuditRing, CountingChance, bodies, rewrite
from tests.fakes.clock import FixedClock

from actas.audit.chain import EMPTY, Head, extend, line_hash
from actas.audit.checkpoint import TYPE, Checkpoint, document, ring_keys, sign, to_line
from actas.store.audit import open_writer
from actas.store.audit_export import export
from actas.store.audit_folder import FolderLog, reading
from actas.store.audit_notary import Notary
from actas.store.audit_proof import verify_path

pytestmark = pytest.mark.requirement("SEC-88")

RING = AuditRing()
KEYS = ring_keys(RING)
EVIL = 23
"""The entry that the attacker wants to be rid of."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A log of 42 entries, sealed at 11, 31 and 42; ``witness`` was last given the checkpoint at 31."""

    folder: Path
    witness: Path


@pytest.fixture
async def scene(tmp_path: Path) -> Scene:
    folder, witness = tmp_path / "audit", tmp_path / "witness.jsonl"
    writer = await open_writer(folder, clock=FixedClock(), chance=CountingChance())
    far = Notary(FolderLog(folder), ring=RING, clock=FixedClock(), also=[witness])
    for begin, end in ((1, 10), (11, 30)):
        for one in bodies(end - begin + 1, begin=begin):
            writer.delivered(await writer.append(one))
        await far.seal_now()
    for one in bodies(10, begin=31):
        writer.delivered(await writer.append(one))
    await writer.close()
    await Notary(FolderLog(folder), ring=RING, clock=FixedClock()).seal_now()
    return Scene(folder, witness)


def judge(scene: Scene) -> tuple[str, int] | None:
    """Verify the folder and an export of it, with the witness's checkpoints; return the first finding."""
    sink = io.BytesIO()
    export(FolderLog(scene.folder), sink)
    copy = scene.folder.parent / "export.jsonl"
    copy.write_bytes(sink.getvalue())
    verdicts = [verify_path(path, checkpoints=[scene.witness], keys=KEYS) for path in (scene.folder, copy)]
    firsts = [(one.first.fault, one.first.seq) if one.first else None for one in verdicts]
    assert firsts[0] == firsts[1]
    return firsts[0]


def lines_of(db: apsw.Connection) -> list[bytes]:
    return [bytes(line) for (line,) in db.execute("SELECT line FROM entries ORDER BY seq")]


def put(db: apsw.Connection, lines: list[bytes]) -> None:
    """Replace all entries, in this order."""
    db.execute("DELETE FROM entries")
    db.executemany("INSERT INTO entries VALUES (?, ?)", list(enumerate(lines, 1)))


def chained(lines: list[bytes], *, begin: int) -> list[bytes]:
    """Compute the chain anew from entry ``begin`` on."""
    kept = lines[: begin - 1]
    head = Head(begin - 1, line_hash(kept[-1])) if kept else EMPTY
    return kept + list(
        extend([b"{" + one.split(b'",', 2)[2] for one in lines[begin - 1 :]], stream="s1", head=head)[0]
    )


def edit(db: apsw.Connection) -> None:
    line = lines_of(db)[EVIL - 1].replace(b"granted", b"refused")
    db.execute("UPDATE entries SET line = ? WHERE seq = ?", (line, EVIL))


def delete(db: apsw.Connection) -> None:
    db.execute("DELETE FROM entries WHERE seq = ?", (EVIL,))


def delete_and_close_the_gap(db: apsw.Connection) -> None:
    lines = lines_of(db)
    del lines[EVIL - 1]
    put(db, lines)


def insert(db: apsw.Connection) -> None:
    lines = lines_of(db)
    forged = extend(
        [b'{"id":"x_forged","outcome":"granted"}'],
        stream="s1",
        head=Head(EVIL - 1, line_hash(lines[EVIL - 2])),
    )[0]
    put(db, [*lines[: EVIL - 1], *forged, *lines[EVIL - 1 :]])


def reorder(db: apsw.Connection) -> None:
    lines = lines_of(db)
    lines[EVIL - 1], lines[EVIL] = lines[EVIL], lines[EVIL - 1]
    put(db, lines)


def cut(db: apsw.Connection) -> None:
    db.execute("DELETE FROM entries WHERE seq >= ?", (EVIL,))


def test_the_log_as_it_is_passes(scene: Scene) -> None:
    assert judge(scene) is None


@pytest.mark.parametrize(
    ("attack", "fault", "seq"),
    [
        (edit, "edited", EVIL),
        (delete, "deleted", EVIL),
        (delete_and_close_the_gap, "deleted", EVIL),
        (insert, "inserted", EVIL),
        (reorder, "reordered", EVIL),
        (cut, "cut", EVIL),
    ],
)
def test_each_attack_is_found_and_the_first_bad_entry_named(
    scene: Scene, attack: Callable[[apsw.Connection], None], fault: str, seq: int
) -> None:
    rewrite(scene.folder / "s1.db", attack)
    assert judge(scene) == (fault, seq)


def change_and_chain_anew(db: apsw.Connection) -> None:
    lines = lines_of(db)
    lines[EVIL - 1] = lines[EVIL - 1].replace(b"granted", b"refused")
    put(db, chained(lines, begin=EVIL))


def delete_and_chain_anew(db: apsw.Connection) -> None:
    lines = lines_of(db)
    del lines[EVIL - 1]
    put(db, chained(lines, begin=EVIL))


def insert_and_chain_anew(db: apsw.Connection) -> None:
    lines = lines_of(db)
    forged = b'{"v":1,"stream":"s1","seq":1,"prev":"' + b"0" * 64 + b'","id":"x_forged"}'
    put(db, chained([*lines[: EVIL - 1], forged, *lines[EVIL - 1 :]], begin=EVIL))


def reorder_and_chain_anew(db: apsw.Connection) -> None:
    lines = lines_of(db)
    lines[EVIL - 1], lines[EVIL] = lines[EVIL], lines[EVIL - 1]
    put(db, chained(lines, begin=EVIL))


@pytest.mark.parametrize(
    "attack", [change_and_chain_anew, delete_and_chain_anew, insert_and_chain_anew, reorder_and_chain_anew]
)
@pytest.mark.parametrize("own", ["kept", "removed"])
def test_a_chain_computed_anew_is_found_by_the_witness_alone(
    scene: Scene, attack: Callable[[apsw.Connection], None], own: str
) -> None:
    rewrite(scene.folder / "s1.db", attack)
    if own == "removed":
        (scene.folder / "checkpoints.jsonl").unlink()
    verdict = verify_path(scene.folder, checkpoints=[scene.witness], keys=KEYS)
    assert verdict.first is not None
    # The seal before was at 11: from there on nothing attests where the writing anew began.
    assert (verdict.first.fault, verdict.first.seq) == ("edited", 12)
    assert "written anew" in verdict.first.sentence


def test_a_chain_computed_anew_without_any_checkpoint_is_whole_and_said_to_be_unsealed(scene: Scene) -> None:
    rewrite(scene.folder / "s1.db", change_and_chain_anew)
    (scene.folder / "checkpoints.jsonl").unlink()
    verdict = verify_path(scene.folder, keys=KEYS)
    assert verdict.whole
    assert verdict.sentences() == ("s1: 42 entries, not sealed, 42 entries after that not yet sealed",)


@pytest.mark.parametrize("end", [0, 1, 12, 30])
def test_a_cut_tail_is_exposed_by_the_witness(scene: Scene, end: int) -> None:
    rewrite(scene.folder / "s1.db", lambda db: db.execute("DELETE FROM entries WHERE seq > ?", (end,)))
    (scene.folder / "checkpoints.jsonl").unlink()
    assert judge(scene) == ("cut", end + 1)


def test_what_the_witness_was_not_told_yet_can_be_cut_and_that_is_said(scene: Scene) -> None:
    rewrite(scene.folder / "s1.db", lambda db: db.execute("DELETE FROM entries WHERE seq > 33"))
    assert judge(scene) == ("cut", 34)
    (scene.folder / "checkpoints.jsonl").unlink()
    verdict = verify_path(scene.folder, checkpoints=[scene.witness], keys=KEYS)
    assert verdict.whole
    assert verdict.unsealed == 2


def test_a_whole_stream_removed_is_a_cut(scene: Scene) -> None:
    for name in ("s1.db", "s1.db-wal", "s1.db-shm", "checkpoints.jsonl"):
        (scene.folder / name).unlink(missing_ok=True)
    assert judge(scene) == ("cut", 1)


@pytest.mark.requirement("SEC-91")
@pytest.mark.parametrize("thief", ["a key of his own", "the token key"])
async def test_checkpoints_that_the_attacker_signs_are_worth_nothing(scene: Scene, thief: str) -> None:
    rewrite(scene.folder / "s1.db", change_and_chain_anew)
    with reading(scene.folder / "s1.db") as reader:
        checkpoint = Checkpoint(number=1, at="", heads={"s1": reader.head()})
    if thief == "the token key":
        jws = (await RING.sign(document(checkpoint), typ=TYPE, purpose="token")).reveal()
        line = b'{"kind":"actas/Checkpoint","v":1,"jws":"' + jws.encode() + b'"}\n'
    else:
        line = to_line(await sign(checkpoint, AuditRing()))
    (scene.folder / "checkpoints.jsonl").write_bytes(line)
    verdict = verify_path(scene.folder, checkpoints=[scene.witness], keys=KEYS)
    assert {one.fault for one in verdict.findings} == {"edited", "forged_checkpoint"}


def test_removed_checkpoints_are_missed_when_later_ones_are_there(scene: Scene) -> None:
    path = scene.folder / "checkpoints.jsonl"
    first, _, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + third)
    found = verify_path(scene.folder, keys=KEYS).first
    assert found is not None
    assert (found.fault, found.seq) == ("missing_checkpoint", 2)
    assert verify_path(scene.folder, checkpoints=[scene.witness], keys=KEYS).whole


def test_no_single_changed_byte_goes_unseen(scene: Scene) -> None:
    sink = io.BytesIO()
    export(FolderLog(scene.folder), sink)
    whole, path = sink.getvalue(), scene.folder.parent / "export.jsonl"
    dice = random.Random(7)
    for _ in range(150):
        at = dice.randrange(len(whole))
        changed = bytearray(whole)
        changed[at] ^= 1 << dice.randrange(8)
        path.write_bytes(changed)
        assert not verify_path(path, checkpoints=[scene.witness], keys=KEYS).whole, at


async def test_a_server_does_not_go_on_with_a_log_that_was_tampered_with(scene: Scene) -> None:
    rewrite(scene.folder / "s1.db", cut)
    sealed = (
        await Notary(FolderLog(scene.folder), ring=RING, clock=FixedClock()).seal_now()
    ).signed.checkpoint.heads
    writer = await open_writer(scene.folder, clock=FixedClock(), chance=CountingChance(), sealed=sealed)
    assert writer.stream == "s2"
    assert [(one.stream, one.seq) for one in writer.broken] == [("s1", EVIL)]
    await writer.close()
    assert judge(scene) == ("cut", EVIL)
