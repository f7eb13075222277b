"""``actas audit verify``, ``checkpoint`` and ``export``: over a real log, in process."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.audit import rewrite
from tests.fakes.kept_log import KeptLog, keep_log
from tests.fakes.program import Program, Ran

Audit = Callable[..., Ran]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> KeptLog:
    return keep_log(tmp_path_factory.mktemp("log"))


@pytest.fixture
def kept(whole: KeptLog, tmp_path: Path) -> KeptLog:
    """A copy of the log, to be harmed."""
    shutil.copytree(whole.folder, tmp_path / "copy")
    return KeptLog(tmp_path / "copy", whole.first, whole.second, whole.refused, whole.nobody)


@pytest.fixture
def audit(actas: Program, kept: KeptLog) -> Audit:
    """Run ``actas audit …`` over the log."""

    def ran(*words: str, **how: Any) -> Ran:
        actas.environ |= {"ACTAS_CONFIG": str(kept.file), "ACTAS_DEV": "1"}
        return actas("audit", *words, **how)

    return ran


@pytest.fixture
def outside(
    actas: Program, audit: Audit, kept: KeptLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Audit:
    """Run ``actas audit …`` where there are an export and the public keys, and nothing else."""
    folder = tmp_path / "outside"
    folder.mkdir()
    assert audit("export", "--out", str(folder / "audit.jsonl")).code == 0
    (folder / "keys.json").write_text(actas("keys", "list", "--audit-jwks").out)
    monkeypatch.chdir(folder)
    shutil.rmtree(kept.folder / "data")

    def ran(*words: str, **how: Any) -> Ran:
        actas.environ.clear()
        return actas("audit", *words, **how)

    return ran


def entries(text: str) -> list[int]:
    """Return the numbers of the lines of an export that are entries."""
    return [number for number, line in enumerate(text.splitlines()) if '"stream"' in line]


# ── verify ────────────────────────────────────────────────────────────────────────────


def test_the_log_of_the_configuration_is_proven(audit: Audit) -> None:
    ran = audit("verify")
    assert (ran.code, ran.err) == (0, "")
    first, second, third = ran.out.splitlines()
    assert first.startswith("✓ ")
    assert "entries, no gap, no edit" in first
    assert " → " in first
    assert "checkpoints signed by" in second
    assert second.endswith(", all match")
    assert third.startswith("✓ nothing cut from the end ")
    assert " is inside checkpoint 2" in third


def test_an_export_and_a_public_key_are_enough(outside: Audit) -> None:
    ran = outside("verify", "audit.jsonl", "--key", "keys.json", "--json")
    assert (ran.code, ran.err) == (0, "")
    found = ran.document
    assert (found["kind"], found["v"], found["whole"], found["proven"]) == (
        "actas/AuditVerdict",
        1,
        True,
        True,
    )
    (stream,) = found["streams"]
    assert stream["head"]["seq"] == stream["sealed"] == found["entries"] == stream["entries"]
    assert (found["findings"], found["first"], found["unsealed"]) == ([], None, 0)
    assert outside("verify", "audit.jsonl", "--key", "keys.json", "-o", "name").out == "whole\n"


def test_one_jwk_is_a_key_too(outside: Audit) -> None:
    (key,) = json.loads(Path("keys.json").read_text())["keys"]
    Path("one.json").write_text(json.dumps(key))
    assert outside("verify", "audit.jsonl", "--key", "one.json").code == 0


def change(text: str) -> str:
    return text.replace("stock:write", "stock:wrote")


def drop(number: int) -> Callable[[str], str]:
    def dropped(text: str) -> str:
        lines = text.splitlines(keepends=True)
        del lines[entries(text)[number]]
        return "".join(lines)

    return dropped


def again(text: str) -> str:
    return text + text.splitlines(keepends=True)[entries(text)[2]]


def swap(text: str) -> str:
    lines = text.splitlines(keepends=True)
    one, two = entries(text)[4:6]
    lines[one], lines[two] = lines[two], lines[one]
    return "".join(lines)


@pytest.mark.parametrize(
    ("harm", "fault", "said"),
    [
        (change, "edited", "was changed"),
        (drop(3), "deleted", "entry 4 of s1 is missing"),
        (drop(-1), "cut", "the end was cut off"),
        (again, "inserted", "is a second entry 3 of s1"),
        (swap, "reordered", "of s1 stands later than where it was written"),
    ],
    ids=["edited", "deleted", "cut", "inserted", "reordered"],
)
def test_whatever_is_done_to_a_copy_is_exit_7_and_names_the_first_bad_entry(
    outside: Audit, harm: Callable[[str], str], fault: str, said: str
) -> None:
    text = Path("audit.jsonl").read_text()
    assert harm(text) != text
    Path("audit.jsonl").write_text(harm(text))
    ran = outside("verify", "audit.jsonl", "--key", "keys.json")
    assert ran.code == 7
    assert ran.out.startswith("✕ ")
    assert said in ran.out
    assert "\n  first bad entry  entry " in ran.out
    assert "no gap" not in ran.out
    for_programs = outside("verify", "audit.jsonl", "--key", "keys.json", "--json")
    found = for_programs.document
    assert (found["whole"], found["proven"], found["first"]["fault"]) == (False, False, fault)
    assert (for_programs.error["code"], for_programs.error["exit"]) == ("integrity", 7)


def test_a_log_of_the_configuration_that_was_edited_is_exit_7(audit: Audit, kept: KeptLog) -> None:
    rewrite(
        kept.audit / "s1.db",
        lambda database: database.execute(
            "UPDATE entries SET line = CAST(replace(CAST(line AS TEXT), 'stock:read', 'stock:ride') AS BLOB)"
        ),
    )
    ran = audit("verify")
    assert ran.code == 7
    assert "row 4 of s1" in ran.out


def test_a_stream_that_is_no_database_is_exit_7(audit: Audit, kept: KeptLog) -> None:
    for path in kept.audit.glob("s1.db*"):
        path.unlink()
    (kept.audit / "s1.db").write_bytes(b"no database " * 1000)
    ran = audit("verify")
    assert ran.code == 7
    assert ran.out.startswith("✕ s1 cannot be read from entry 1 on: file is not a database\n")
    assert "\n  first bad entry  entry 1 of s1, found in s1\n" in ran.out
    assert "\n  read             0 entries, " in ran.out


def test_a_file_of_one_stream_that_is_damaged_is_said_in_one_sentence(outside: Audit) -> None:
    Path("s9.db").write_bytes(b"SQLite format 3\0" + b"damaged" * 1000)
    ran = outside("verify", "s9.db", "--key", "keys.json")
    assert ran.code == 7
    assert ran.out.startswith("✕ s9.db cannot be read: file is not a database\n")


def test_many_findings_are_cut_for_people_and_whole_for_programs(outside: Audit) -> None:
    text = Path("audit.jsonl").read_text()
    point = text.splitlines(keepends=True)[0]
    forged = "".join(f"{point[:-12]}{number:06}{point[-6:]}" for number in range(100_000, 100_015))
    Path("audit.jsonl").write_text(forged + text)
    ran = outside("verify", "audit.jsonl", "--key", "keys.json")
    assert ran.code == 7
    assert ran.out.count("✕ ") == 10
    assert "\n  and 5 more; --json has all\n" in ran.out
    assert len(outside("verify", "audit.jsonl", "--key", "keys.json", "--json").document["findings"]) == 15


def test_without_a_key_nothing_is_proven_and_that_is_exit_1(outside: Audit) -> None:
    ran = outside("verify", "audit.jsonl")
    assert ran.code == 1
    assert "? checkpoints not checked" in ran.out
    assert "Nothing is proven" in ran.out
    found = outside("verify", "audit.jsonl", "--json")
    assert (found.document["whole"], found.document["proven"], found.error["code"]) == (
        True,
        False,
        "unproven",
    )


def test_without_a_checkpoint_nothing_is_proven_and_one_kept_elsewhere_helps(
    outside: Audit, kept: KeptLog
) -> None:
    lines = Path("audit.jsonl").read_text().splitlines(keepends=True)
    Path("bare.jsonl").write_text("".join(line for line in lines if '"stream"' in line))
    ran = outside("verify", "bare.jsonl", "--key", "keys.json")
    assert ran.code == 1
    assert "? nothing is sealed" in ran.out
    witness = str(kept.folder / "witness.jsonl")
    assert outside("verify", "bare.jsonl", "--key", "keys.json", "--checkpoint", witness).code == 0
    Path("empty.jsonl").write_text("")
    assert outside("verify", "empty.jsonl", "--key", "keys.json").code == 1
    assert outside("verify", "empty.jsonl", "--key", "keys.json", "--checkpoint", witness).code == 7


def test_a_key_of_somebody_else_proves_nothing(outside: Audit) -> None:
    (key,) = json.loads(Path("keys.json").read_text())["keys"]
    Path("other.json").write_text(json.dumps({"keys": [{**key, "kid": "another"}]}))
    ran = outside("verify", "audit.jsonl", "--key", "other.json")
    assert ran.code == 7
    assert "is not among the keys given" in ran.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("verify", "nothing.jsonl", "--key", "keys.json"), 4, "error  there is no file nothing.jsonl\n"),
        (("verify", "audit.jsonl", "--key", "nothing.json"), 2, "--key: nothing.json cannot be read"),
        (("verify", "audit.jsonl", "--key", "audit.jsonl"), 2, "--key: audit.jsonl: "),
        (("verify", "audit.jsonl", "--key", "keys.json", "--from", "0"), 2, "from 1, nor the word any"),
        (("verify", "audit.jsonl", "--key", "keys.json", "--checkpoint", "no"), 4, "there is no file no\n"),
        (("verify", "audit.jsonl", "--key", "keys.json", "--checkpoint", "."), 4, ". cannot be read: Is a"),
        (("verify",), 3, "actas.yaml: there is no such file"),
    ],
)
def test_what_cannot_be_verified_says_why(
    outside: Audit, words: tuple[str, ...], code: int, said: str
) -> None:
    ran = outside(*words)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_what_is_not_sealed_yet_is_said(audit: Audit, kept: KeptLog) -> None:
    for path in (kept.audit / "checkpoints.jsonl", kept.folder / "witness.jsonl"):
        path.write_text(path.read_text().splitlines(keepends=True)[0])
    ran = audit("verify")
    assert ran.code == 0
    assert "of 10 is inside checkpoint 1\n" in ran.out
    assert "\n· 5 entries are not sealed yet           s1 from entry 6\n" in ran.out


def test_a_copy_of_the_checkpoints_shows_what_was_cut(audit: Audit, kept: KeptLog) -> None:
    rewrite(kept.audit / "s1.db", lambda database: database.execute("DELETE FROM entries WHERE seq > 7"))
    (kept.audit / "checkpoints.jsonl").unlink()
    ran = audit("verify")
    assert ran.code == 7
    assert "the end was cut off" in ran.out
    (kept.folder / "witness.jsonl").unlink()
    gone = audit("verify")
    assert gone.code == 1
    assert "witness.jsonl is not there" in gone.err


def test_the_keys_of_the_configuration_serve_for_an_export(audit: Audit, tmp_path: Path) -> None:
    assert audit("export", "--out", str(tmp_path / "export.jsonl")).code == 0
    assert audit("verify", str(tmp_path / "export.jsonl")).code == 0


# ── checkpoint ────────────────────────────────────────────────────────────────────────


def test_a_checkpoint_is_signed_kept_and_printed(audit: Audit, kept: KeptLog) -> None:
    ran = audit("checkpoint")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("sealed  checkpoint 3, ")
    assert "\n  s1    entry 10 " in ran.out
    lines = (kept.audit / "checkpoints.jsonl").read_text()
    assert len(lines.splitlines()) == 3
    assert (kept.folder / "witness.jsonl").read_text() == lines
    found = audit("checkpoint", "--json").document
    assert (found["kind"], found["number"], found["heads"]["s1"]["seq"]) == ("actas/Checkpoint", 4, 10)


def test_a_raw_checkpoint_is_what_verify_reads(audit: Audit, kept: KeptLog, tmp_path: Path) -> None:
    (tmp_path / "witness.jsonl").write_text(audit("checkpoint", "--raw").out)
    assert audit("verify", "--checkpoint", str(tmp_path / "witness.jsonl")).code == 0
    rewrite(kept.audit / "s1.db", lambda database: database.execute("DELETE FROM entries WHERE seq = 10"))
    (kept.audit / "checkpoints.jsonl").unlink()
    (kept.folder / "witness.jsonl").unlink()
    assert audit("verify", "--checkpoint", str(tmp_path / "witness.jsonl")).code == 7


def test_a_rehearsed_checkpoint_signs_nothing(audit: Audit, kept: KeptLog) -> None:
    before = (kept.audit / "checkpoints.jsonl").read_bytes()
    ran = audit("checkpoint", "--dry-run")
    assert (ran.code, ran.out.splitlines()[0]) == (0, "would sign checkpoint 3")
    assert (kept.audit / "checkpoints.jsonl").read_bytes() == before
    assert audit("checkpoint", "--dry-run", "--json").document["jws"] is None


def test_a_stream_that_lost_what_was_sealed_is_exit_7(audit: Audit, kept: KeptLog) -> None:
    rewrite(kept.audit / "s1.db", lambda database: database.execute("DELETE FROM entries WHERE seq > 5"))
    ran = audit("checkpoint")
    assert ran.code == 7
    assert "s1 does not hold entry 10 as it was sealed" in ran.err


def test_a_copy_that_cannot_be_written_is_exit_4(audit: Audit, kept: KeptLog) -> None:
    (kept.folder / "witness.jsonl").unlink()
    (kept.folder / "witness.jsonl").mkdir()
    ran = audit("checkpoint")
    assert ran.code == 4


# ── export ────────────────────────────────────────────────────────────────────────────


def test_an_export_is_its_owners_alone_and_never_overwrites(audit: Audit, tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    ran = audit("export", "--out", str(file))
    told = f"wrote 10 entries to {file}\nwhat comes later: --from s1:10\n"
    assert (ran.code, ran.out, ran.err) == (0, "", told)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir() if "audit" in path.name] == ["audit.jsonl"]
    before = file.read_bytes()
    again = audit("export", "--out", str(file))
    assert (again.code, file.read_bytes()) == (2, before)
    assert "is there already" in again.err


def test_a_pipe_gets_the_same_bytes(audit: Audit, tmp_path: Path) -> None:
    assert audit("export", "--out", str(tmp_path / "audit.jsonl"), "--json").document["entries"] == 10
    ran = audit("export")
    assert (ran.code, ran.err) == (0, "what comes later: --from s1:10\n")
    assert ran.out.encode() == (tmp_path / "audit.jsonl").read_bytes()


def test_a_part_says_that_it_is_one_and_verifies_as_one(audit: Audit, kept: KeptLog, tmp_path: Path) -> None:
    found = audit("search", "--json").document["items"]
    since = next(one["at"] for one in found if one["id"] == kept.second)
    part = str(tmp_path / "part.jsonl")
    ran = audit("export", "--since", since, "--out", part, "--json")
    assert (ran.code, ran.document["whole"]) == (0, False)
    assert "audit verify takes it with --from any" in ran.err
    assert audit("verify", part).code == 7
    assert audit("verify", part, "--from", "any").code == 0


def test_a_rehearsed_export_writes_nothing(audit: Audit, tmp_path: Path) -> None:
    ran = audit("export", "--out", str(tmp_path / "audit.jsonl"), "--dry-run")
    assert (ran.code, ran.out) == (0, f"would write 10 entries to {tmp_path}/audit.jsonl\n")
    assert not (tmp_path / "audit.jsonl").exists()


@pytest.mark.parametrize(
    ("words", "terminal", "said"),
    [((), True, "an export is not for a terminal"), (("--json",), False, "-o json goes with --out")],
)
def test_an_export_that_nobody_could_read_is_refused(
    audit: Audit, words: tuple[str, ...], terminal: bool, said: str
) -> None:
    ran = audit("export", *words, terminal=terminal)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_a_place_that_cannot_be_written_is_exit_4(audit: Audit, tmp_path: Path) -> None:
    ran = audit("export", "--out", str(tmp_path / "nowhere" / "audit.jsonl"))
    assert ran.code == 4
    assert "No such file or directory" in ran.err
