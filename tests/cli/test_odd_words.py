"""Words that nobody means to type end as sentences with an exit code, never as a defect of the program."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.fakes.kept_log import KeptLog
from tests.fakes.program import Audit, Program

from actas.cli.who import operator

NO_TEXT = "\udcff"
"""What Python makes of a byte that is no UTF-8."""

TOO_LONG = "x" * 300
"""No file of a folder can be called so."""


@pytest.mark.parametrize(
    "words",
    [
        ("revoke", "--client", "orders", "--reason", NO_TEXT, "--yes"),
        ("revoke", "--subject", NO_TEXT, "--reason", "why", "--yes"),
        ("audit", "sinks", "pause", "lake", "--reason", f"why{NO_TEXT}"),
        ("inspect", NO_TEXT),
        (NO_TEXT,),
    ],
)
def test_what_is_no_text_is_refused(actas: Program, words: Sequence[str]) -> None:
    ran = actas(*words)
    assert (ran.code, ran.out) == (2, "")
    assert "is not UTF-8" in ran.err
    assert ran.err.isascii()


def test_what_is_no_text_is_refused_to_programs_too(actas: Program) -> None:
    ran = actas("inspect", NO_TEXT, "--json")
    assert (ran.code, json.loads(ran.err)["error"]["code"]) == (2, "usage")


@pytest.mark.parametrize("command", ["check", "keys list", "audit tail", "db status"])
def test_a_configuration_of_a_name_that_is_too_long_cannot_be_read(actas: Program, command: str) -> None:
    ran = actas(*command.split(), "-c", TOO_LONG)
    assert ran.code == 3
    assert f"{TOO_LONG}: cannot be read: File name too long" in ran.err


def test_an_export_to_a_name_that_is_too_long_cannot_be_written(audit: Audit) -> None:
    ran = audit("export", "--out", TOO_LONG)
    assert ran.code == 4
    assert "File name too long" in ran.err


def test_a_log_of_a_name_that_is_too_long_cannot_be_read(actas: Program) -> None:
    ran = actas("audit", "verify", TOO_LONG)
    assert ran.code == 4
    assert "File name too long" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("inspect", "@~nobody-has-this-name/token"),
        ("exchange", "--subject", "@~nobody-has-this-name/token", "--client", "orders"),
    ],
)
def test_the_home_of_nobody_is_a_file_that_is_not_there(actas: Program, words: Sequence[str]) -> None:
    ran = actas(*words)
    assert ran.code == 2
    assert "there is no file ~nobody-has-this-name/token" in ran.err


def test_a_home_that_nobody_names_is_asked_for(actas: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_: type[Path]) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", classmethod(none))
    ran = actas("context", "list", environ={"ACTAS_HOME": ""})
    assert ran.code == 2
    assert "set ACTAS_HOME or HOME" in ran.err


def test_a_user_without_a_name_is_on_the_record_with_a_number(
    kept: KeptLog, actas: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert operator() == str(os.getuid())
    words = ("--client", "orders", "--reason", "why", "--yes", "-c", str(kept.file), "--dev")
    assert actas("revoke", *words).code == 0


def test_a_stream_that_is_damaged_is_said_by_whoever_counts_it(actas: Program, damaged: KeptLog) -> None:
    (damaged.audit / "s1.db").write_bytes(b"no database")
    ran = actas("db", "status", "-c", str(damaged.file), "--dev")
    assert ran.code == 4
    assert "the log cannot be read: stream s1: file is not a database" in ran.err
    assert "actas audit verify" in ran.err
