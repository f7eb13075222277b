"""actas audit export: parts, filters, formats, and going on where another ended."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.kept_log import KeptLog
from tests.fakes.program import Audit

from actas.audit.formats.catalog import FORMATS


def events(text: str) -> list[dict[str, Any]]:
    return [one for one in map(json.loads, text.splitlines()) if one.get("kind") != "actas/Checkpoint"]


def numbers(text: str) -> list[int]:
    return [one["seq"] for one in events(text)]


def test_only_what_a_query_finds_and_it_is_said_to_have_gaps(audit: Audit, kept: KeptLog) -> None:
    ran = audit("export", "--where", "client:orders outcome:refused")
    assert ran.code == 0
    assert [one["id"] for one in events(ran.out)] == [kept.refused]
    assert "actas/Checkpoint" not in ran.out
    assert "this is a selection: it has gaps" in ran.err
    assert audit("export", "--where", "reason:bad_client_auth").out.count("\n") == 1
    none = audit("export", "--where", "client:nobody")
    assert (none.code, none.out) == (0, "")


def test_a_token_can_be_asked_for(audit: Audit, kept: KeptLog) -> None:
    found = events(audit("export", "--where", f"token:@{kept.folder / 'first.jwt'}").out)
    assert {kept.first, kept.second} <= {one["id"] for one in found}


def test_a_query_that_cannot_be_read_is_said(audit: Audit) -> None:
    ran = audit("export", "--where", "colour:red")
    assert ran.code == 2
    assert "there is no field 'colour'" in ran.err
    assert audit("export", "--where", "outcome:perhaps").code == 2


def test_parts_put_together_are_the_whole_and_each_verifies(
    audit: Audit, kept: KeptLog, tmp_path: Path
) -> None:
    whole = numbers(audit("export").out)
    half = next(one["at"] for one in events(audit("export").out) if one["id"] == kept.second)
    first, rest = tmp_path / "first.jsonl", tmp_path / "rest.jsonl"
    made = audit("export", "--until", half, "--out", str(first), "--json")
    assert made.code == 0
    assert made.document["whole"] is False
    place = made.document["next"]
    assert audit("export", "--from", place, "--out", str(rest)).code == 0
    assert numbers(first.read_text()) + numbers(rest.read_text()) == whole
    assert numbers(first.read_text())[-1] == int(place.removeprefix("s1:"))
    verified = audit("verify", str(rest), "--from", "any")
    assert verified.code == 0, verified.err


def test_going_on_at_the_end_gives_only_what_is_new(audit: Audit) -> None:
    ran = audit("export")
    place = ran.err.split("--from ")[-1].split()[0]
    assert place == f"s1:{numbers(ran.out)[-1]}"
    again = audit("export", "--from", place)
    assert again.code == 0
    assert events(again.out) == []
    assert f"--from {place}" in again.err


@pytest.mark.parametrize("place", ["", "s1", "s1:x", "s0:1", "x:1", "s1:1,s1:2", "s1:1;s2:2", "../s1:1"])
def test_a_place_that_no_export_told_is_refused(audit: Audit, place: str) -> None:
    assert audit("export", "--from", place).code == 2


@pytest.mark.parametrize("form", [name for name in FORMATS if name not in ("csv", "json")])
def test_every_format_has_a_line_for_each_entry(audit: Audit, form: str) -> None:
    whole = numbers(audit("export").out)
    lines = audit("export", "--format", form).out.splitlines()
    assert len(lines) == len(whole)
    if form == "cef":
        assert all(line.startswith("CEF:0|Actas|") for line in lines)
    else:
        assert all(isinstance(json.loads(line), dict) for line in lines)
    assert "actas audit verify" not in audit("export", "--format", form, "--since", "1h").err


def test_a_table_for_auditors_says_what_was_asked(audit: Audit, kept: KeptLog) -> None:
    ran = audit("export", "--format", "csv", "--where", "outcome:granted", "--since", "2020-01-01T00:00:00Z")
    rows = list(csv.reader(io.StringIO(ran.out)))
    about = {row[0]: row[1] for row in rows if row[0].startswith("# ")}
    assert about["# query"] == "outcome:granted"
    assert about["# from"] == "2020-01-01T00:00:00.000Z"
    assert about["# until"] == "the end"
    assert about["# server"] == "http://127.0.0.1:8693"
    assert about["# last checkpoint"].startswith("2 of ")
    columns = rows[len(about)]
    found = [dict(zip(columns, row, strict=True)) for row in rows[len(about) + 1 :]]
    assert [one["id"] for one in found] == [kept.first, kept.second]
    assert found[1]["client"] == "orders"


def test_a_rehearsal_counts_and_writes_nothing(audit: Audit, tmp_path: Path) -> None:
    out = tmp_path / "x.jsonl"
    ran = audit("export", "--where", "outcome:granted", "--out", str(out), "--dry-run")
    assert (ran.code, ran.out) == (0, f"would write 2 entries to {out}\n")
    assert not out.exists()
