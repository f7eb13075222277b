"""The log is read, and an entry explained, while the configuration on disk is broken: that is when it is needed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.kept_log import KeptLog
from tests.fakes.program import Program

LOG_ALONE = "the configuration does not hold (actas check"


@pytest.fixture
def over(actas: Program, damaged: KeptLog) -> KeptLog:
    """A log whose configuration is about to be broken."""
    actas.environ |= {"ACTAS_CONFIG": str(damaged.file), "ACTAS_DEV": "1"}
    return damaged


def broken(kept: KeptLog, old: str, new: str) -> None:
    text = kept.file.read_text(encoding="utf-8")
    assert old in text
    kept.file.write_text(text.replace(old, new), encoding="utf-8")


BREAKS = [
    ("allow: own", "allow: onw"),
    ("allow: own", "colour: blue"),
    ("client: web\n", "client: webb\n"),
    ("rules:", "ruels:"),
    ("version: 1", "version: 2"),
    ('{ any: ["orders:read"] }', '{ any: ["orders:burn"] }'),
]


@pytest.mark.parametrize(("old", "new"), BREAKS)
def test_the_log_is_read_while_the_configuration_is_broken(
    actas: Program, over: KeptLog, tmp_path: Path, old: str, new: str
) -> None:
    broken(over, old, new)
    assert actas("check").code == 3
    for words in (
        ("audit", "search", "outcome:granted", "-o", "name"),
        ("audit", "tail", "-n", "100", "--where", "outcome:granted", "-o", "name"),
        ("audit", "show", over.first, "-o", "name"),
    ):
        ran = actas(*words)
        assert (ran.code, over.first in ran.out) == (0, True), ran.err
        assert ran.err.count(LOG_ALONE) == 1
        assert ran.err.endswith("the log is read without it\n")
    token = actas("audit", "search", f"token:@{over.folder / 'first.jwt'}", "-o", "name")
    assert over.first in token.out
    out = tmp_path / "all.jsonl"
    assert actas("audit", "export", "--out", str(out)).code == 0
    assert over.refused in out.read_text(encoding="utf-8")
    assert actas("audit", "verify").code == 0


@pytest.mark.parametrize(("old", "new"), BREAKS)
def test_an_entry_is_explained_by_the_policy_that_was_taken_last(
    actas: Program, over: KeptLog, kept: KeptLog, old: str, new: str
) -> None:
    before = actas("explain", "--entry", over.refused)
    broken(over, old, new)
    ran = actas("explain", "--entry", over.refused)
    # The store says where its objects stood: the log was copied from there.
    assert ran.out.replace(str(kept.folder), str(over.folder)) == before.out
    assert ran.code == before.code == 1
    assert "orders-to-inventory" in ran.out
    assert ran.err.endswith("this goes by the one that the server took last\n")
    assert actas("explain", "--own", "--client", "web", "--audience", "orders").code == 3


def test_where_no_policy_can_be_had_an_entry_is_told_as_it_was_written(actas: Program, over: KeptLog) -> None:
    broken(over, "\napis:", "\nlimits: { per_client: often }\napis:")
    refused, granted = actas("explain", "--entry", over.refused), actas("explain", "--entry", over.first)
    assert (refused.code, granted.code) == (1, 0)
    assert refused.err.endswith("this is what was written down, and no more\n")
    assert refused.out.startswith("REFUSED  invalid_scope, excess\n")
    assert "Why:               not available on this path" in refused.out
    assert "unknown" not in refused.out
    assert granted.out.startswith("GRANTED  own: orders:read\n")
    found = actas("explain", "--entry", over.refused, "--json").document
    assert (found["recorded"]["reason"], found["reason"], found["stages"]) == ("excess", "excess", [])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("data: ./data", "dta: ./data", "server.dta"),
        ("envelope:", "envelop:", "keys.envelop"),
        ("checkpoint:", "checkpiont:", "audit.checkpiont"),
        ("\napis:", "\nkeys: { envelope: { file: other.key } }\napis:", "keys"),
        ("rules:", "rules: [", "YAML"),
    ],
)
def test_what_does_not_say_where_the_log_is_is_not_guessed(
    actas: Program, over: KeptLog, old: str, new: str, said: str
) -> None:
    broken(over, old, new)
    for words in (("audit", "search"), ("audit", "verify"), ("explain", "--entry", over.first)):
        ran = actas(*words)
        assert (ran.code, said in ran.err) == (3, True), ran.err
        assert LOG_ALONE not in ran.err
        assert ran.err.splitlines()[-1].startswith("hint   a running server goes on with what it took last; ")


def test_an_older_copy_that_lies_beside_reads_the_log_meanwhile(actas: Program, over: KeptLog) -> None:
    older = over.folder / "older.yaml"
    older.write_text(over.file.read_text(encoding="utf-8"), encoding="utf-8")
    broken(over, "rules:", "rules: [")
    assert "put an older copy of the file beside it and name that with -c" in actas("audit", "search").err
    assert over.first in actas("audit", "search", "-c", str(older), "-o", "name").out
    assert actas("explain", "-c", str(older), "--entry", over.first).code == 0
    missing = actas("audit", "search", "-c", str(over.folder / "none.yaml"))
    assert (missing.code, "older copy" in missing.err) == (3, False)


def test_a_file_that_cannot_be_read_hides_no_copy_of_the_checkpoints(actas: Program, over: KeptLog) -> None:
    rules = over.folder / "rules.yaml"
    rules.write_text("rules: [", encoding="utf-8")
    actas.environ["ACTAS_CONFIG"] = ""
    files = ("-c", str(over.file), "-c", str(rules))
    assert actas("audit", "verify", *files).code == 0  # what the log is, is said elsewhere
    broken(over, "audit: {", "# audit: {")
    ran = actas("audit", "verify", *files)
    assert (ran.code, "is not YAML" in ran.err) == (3, True)
