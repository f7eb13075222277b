"""``actas audit …`` over a real log: written by a real server's assembly, read by the real program."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

import pytest

from actas.app.assembly import assembly
from actas.app.foundation import foundation
from actas.app.parts import exchange
from actas.core.errors import OAuthError
from actas.core.party import Caller
from actas.crypto.key import PrivateKey
from actas.settings.load import read

NAMES = ("granted", "refused")


def actas(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "actas", *words],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), "ACTAS_DEV": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def _write(folder: Path) -> dict[str, str]:
    """Make one granted and one refused entry in a log."""
    draft = read([folder / "actas.yaml"], dev=True, environ={})
    entries: dict[str, str] = {}
    async with foundation(draft, dev=True, create=True) as base, assembly(base) as house:
        pipeline = exchange(base, house.shared)
        form = {
            "grant_type": "client_credentials",
            "client_id": "orders",
            "client_secret": (folder / "orders.secret").read_text().strip(),
            "audience": "inventory",
        }
        caller = Caller(address="127.0.0.1")
        answer = await pipeline(urlencode(form).encode(), caller)
        (folder / "token.jwt").write_text(str(answer.body["access_token"]))
        assert answer.receipt is not None
        house.writer.delivered(answer.receipt)
        entries["granted"] = answer.entry
        try:
            await pipeline(urlencode({**form, "scope": "stock:burn"}).encode(), caller)
        except OAuthError as refused:
            entries["refused"] = refused.entry or ""
    return entries


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    folder = tmp_path_factory.mktemp("audit")
    assert actas("init", ".", cwd=folder).returncode == 0
    return folder, asyncio.run(_write(folder))


def test_the_last_entries_are_shown(log: tuple[Path, dict[str, str]]) -> None:
    folder, entries = log
    found = actas("audit", "tail", "-n", "20", "-o", "jsonl", cwd=folder)
    events = [json.loads(line) for line in found.stdout.splitlines()]
    assert {"log:started", "keys:created", "exchange:granted", "exchange:refused"} <= {
        one["event"] for one in events
    }
    assert {one["kind"] for one in events}
    assert set(entries.values()) <= {one["id"] for one in events}


@pytest.mark.parametrize("outcome", NAMES)
def test_an_entry_is_found_and_shown_whole(log: tuple[Path, dict[str, str]], outcome: str) -> None:
    folder, entries = log
    found = actas("audit", "search", "client:orders", f"outcome:{outcome}", "-o", "name", cwd=folder)
    assert found.stdout.split() == [entries[outcome]]
    shown = actas("audit", "show", entries[outcome], cwd=folder)
    assert shown.returncode == 0
    assert shown.stdout.lower().startswith(f"{outcome}  {entries[outcome]}".lower())
    assert "sealed     by checkpoint" in shown.stdout


@pytest.mark.requirement("SEC-87")
def test_a_token_leads_to_its_entry(log: tuple[Path, dict[str, str]]) -> None:
    folder, entries = log
    found = actas("audit", "search", "token:@token.jwt", "-o", "name", cwd=folder)
    assert found.stdout.split() == [entries["granted"]]


def test_what_is_not_there_is_exit_1(log: tuple[Path, dict[str, str]]) -> None:
    folder, _ = log
    assert actas("audit", "search", "client:nobody", cwd=folder).returncode == 1
    assert actas("audit", "show", "x_nothing", cwd=folder).returncode == 1


@pytest.mark.requirement("SEC-88")
def test_an_export_and_a_key_are_enough_to_verify(log: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    folder, _ = log
    assert actas("audit", "verify", cwd=folder).returncode == 0
    assert actas("audit", "checkpoint", cwd=folder).returncode == 0
    export, keys = tmp_path / "audit.jsonl", tmp_path / "keys.json"
    assert actas("audit", "export", "--out", str(export), cwd=folder).returncode == 0
    keys.write_text(actas("keys", "list", "--audit-jwks", cwd=folder).stdout)
    outside = tmp_path / "outside"
    outside.mkdir()

    def verdict(text: str) -> int:
        (outside / "audit.jsonl").write_text(text)
        return actas("audit", "verify", "audit.jsonl", "--key", str(keys), cwd=outside).returncode

    text = export.read_text()
    lines = text.splitlines(keepends=True)
    entries = [number for number, line in enumerate(lines) if '"prev"' in line and '"stream"' in line]
    assert verdict(text) == 0
    assert verdict(text.replace("stock:burn", "stock:bury")) == 7
    assert verdict("".join(line for number, line in enumerate(lines) if number != entries[1])) == 7
    assert verdict("".join(line for number, line in enumerate(lines) if number != entries[-1])) == 7
    assert verdict(text + lines[entries[1]]) == 7


def test_an_entry_is_explained_again(log: tuple[Path, dict[str, str]]) -> None:
    folder, entries = log
    found = actas("explain", "--entry", entries["refused"], cwd=folder)
    assert (found.returncode, found.stdout.startswith("REFUSED  invalid_scope, excess")) == (1, True)
    assert actas("explain", "--entry", entries["granted"], cwd=folder).returncode == 0


@pytest.fixture
def edited(log: tuple[Path, dict[str, str]], tmp_path: Path) -> Path:
    """The log, sealed and then changed: what was refused looks as if it had asked for something else."""
    folder, _ = log
    assert actas("audit", "checkpoint", cwd=folder).returncode == 0
    copy = tmp_path / "edited"
    shutil.copytree(folder, copy)
    (stream,) = (copy / "actas-data" / "audit").glob("s1.db")
    with contextlib.closing(sqlite3.connect(stream)) as database, database:
        database.execute("UPDATE entries SET line = CAST(replace(line, 'stock:burn', 'stock:read') AS BLOB)")
    return copy


@pytest.mark.requirement("SEC-86", "SEC-88")
def test_an_entry_that_was_edited_is_not_explained_as_if_it_were_true(
    edited: Path, log: tuple[Path, dict[str, str]]
) -> None:
    _, entries = log
    found = actas("explain", "--entry", entries["refused"], cwd=edited)
    assert found.returncode == 7
    assert found.stdout.startswith("✕ what follows is not what was written")
    assert "\nREFUSED  invalid_scope, excess\n" in found.stdout
    assert "under the rules of now it would be GRANTED" in found.stdout


def test_what_was_refused_stays_refused_when_the_rules_change(
    log: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    folder, entries = log
    changed = tmp_path / "changed"
    shutil.copytree(folder, changed)
    path = changed / "actas.yaml"
    path.write_text(path.read_text().replace("stock:read", "stock:burn"))
    found = actas("explain", "--entry", entries["refused"], cwd=changed)
    assert found.returncode == 1
    assert found.stdout.startswith("REFUSED  invalid_scope, excess\nat ")
    assert "and the policy has changed since" in found.stdout
    document = json.loads(actas("explain", "--entry", entries["refused"], "--json", cwd=changed).stdout)
    assert document["recorded"]["outcome"] == "refused"
    assert document["recorded"]["policy_changed"] is True


def test_a_rehearsed_checkpoint_finds_what_a_real_one_finds(
    log: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    folder, _ = log
    assert actas("audit", "checkpoint", cwd=folder).returncode == 0
    cut = tmp_path / "cut"
    shutil.copytree(folder, cut)
    with contextlib.closing(sqlite3.connect(cut / "actas-data" / "audit" / "s1.db")) as database, database:
        database.execute("DELETE FROM entries WHERE seq = (SELECT max(seq) FROM entries)")
    assert actas("audit", "checkpoint", "--dry-run", cwd=folder).returncode == 0
    rehearsed = actas("audit", "checkpoint", "--dry-run", cwd=cut)
    assert rehearsed.returncode == 7
    assert "as it was sealed" in rehearsed.stderr
    assert actas("audit", "checkpoint", cwd=cut).returncode == 7


def test_a_command_that_finds_no_configuration_says_where_it_looked(tmp_path: Path) -> None:
    found = actas("audit", "tail", cwd=tmp_path)
    assert found.returncode == 3
    assert "Nothing was changed" not in found.stderr
    assert f"{tmp_path}/actas.yaml" in found.stderr
    assert "-c FILE" in found.stderr


def test_an_empty_entry_is_misuse(log: tuple[Path, dict[str, str]]) -> None:
    folder, _ = log
    found = actas("explain", "--entry", "", cwd=folder)
    assert found.returncode == 2
    assert "Actas-Entry" in found.stderr


def test_another_envelope_key_is_told_with_what_to_do(
    log: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    folder, _ = log
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    (key,) = [one for one in moved.rglob("*envelope*") if one.is_file()]
    key.write_text("A" * 43 + "\n")
    found = actas("keys", "list", cwd=moved)
    assert found.returncode == 3
    assert "restore it from its backup" in found.stderr


def test_the_wrong_key_file_and_the_wrong_log_are_told_as_such(
    log: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    folder, _ = log
    keys, export = tmp_path / "keys.json", tmp_path / "audit.jsonl"
    keys.write_text(actas("keys", "list", "--audit-jwks", cwd=folder).stdout)
    assert actas("audit", "checkpoint", cwd=folder).returncode == 0
    assert actas("audit", "export", "--out", str(export), cwd=folder).returncode == 0
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"keys": [PrivateKey.generate("ES256").public.jwk()]}))
    found = actas("audit", "verify", str(export), "--key", str(wrong), cwd=tmp_path)
    assert (found.returncode, "Is it the right key file?" in found.stdout) == (7, True)
    found = actas("audit", "verify", str(folder / "actas.yaml"), "--key", str(keys), cwd=tmp_path)
    assert (found.returncode, "Is it the right file?" in found.stdout) == (7, True)
