"""Whoever tries a server out sees each refusal on the terminal, with the command that explains it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.company import client
from tests.fakes.house import House
from tests.fakes.program import Program, Stream
from tests.fakes.server import RealServer, until
from tests.fakes.wire import FORM, ask

from actas.audit.trail import Trail
from actas.cli.refusals_shown import MOST, Shown, line_of, on_terminal
from actas.core.errors import InvalidRequest, OAuthError


def trail(at: float = 1_795_000_000.0, **members: Any) -> Trail:
    made = Trail(entry="x_01M8", at=at, source="192.0.2.7", door="authorization")
    made.refused = InvalidRequest("unknown_app", detail="what administrators see")
    for name, value in members.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("members", "who"),
    [
        ({"client": client("web")}, "web"),
        ({"said_by": client("web")}, "web"),
        ({"asked_as": "w\x1b[2Jb"}, "w\\u001b[2Jb"),
        ({}, "somebody"),
    ],
)
def test_a_line_says_when_why_who_and_how_to_know_more(members: dict[str, Any], who: str) -> None:
    assert line_of(trail(**members), "--dev") == (
        f"11:06:40  REFUSED  unknown_app  {who}  No app of this name is known here.  "
        "actas explain --dev --entry x_01M8"
    )


def test_no_more_lines_are_shown_in_a_minute_than_anybody_reads() -> None:
    stream = Stream()
    shown = Shown(stream, ["other.yaml"])
    for _ in range(MOST + 50):
        shown(trail())
    lines = stream.getvalue().splitlines()
    assert len(lines) == MOST + 1
    assert lines[-1].endswith("actas audit tail --dev -c other.yaml --follow")
    shown(trail(at=1_795_000_060.0))
    assert len(stream.getvalue().splitlines()) == MOST + 2


def test_nobody_is_shown_anything_without_a_terminal_or_without_dev(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Stream())
    assert on_terminal(["actas.yaml"], dev=True) is None
    monkeypatch.setattr(sys, "stderr", Stream(terminal=True))
    assert on_terminal(["actas.yaml"], dev=False) is None
    assert on_terminal(["actas.yaml"], dev=True) is not None


async def test_what_is_only_counted_is_not_shown() -> None:
    house, seen = House(), list[str]()
    house.minutes.watch(lambda one: seen.append(one.entry))
    for _ in range(150):
        with pytest.raises(OAuthError):
            await house.ask("nobody", None)
    assert len(seen) == len(house.writer.events) == 100
    assert seen == [one["id"] for one in house.writer.events]


def test_a_server_that_is_tried_out_shows_a_refusal_and_the_command_explains_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = RealServer(tmp_path / "node")
    server.company.write()
    ours, theirs = pty.openpty()
    command = [*server.program, "serve", "--dev", "-c", server.company.file.name]
    with os.fdopen(theirs, "wb", buffering=0) as terminal:
        process = subprocess.Popen(
            command,
            cwd=server.folder,
            env=server.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=terminal,
        )
    said = list[bytes]()

    def listen() -> None:
        try:
            said.extend(iter(lambda: os.read(ours, 65536), b""))
        except OSError:  # how a terminal says that nobody writes to it any more
            return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        until(lambda: b"actas serves" in b"".join(said), limit=60, because="it serves")
        answer = ask(server.port, "POST", "/token", headers={"Content-Type": FORM},
                     body=b"grant_type=client_credentials&client_id=nobody&client_secret=wrong")  # fmt: skip
        assert answer.status == 401
        until(lambda: b"REFUSED" in b"".join(said), limit=30, because="the refusal is shown")
        text = b"".join(said).decode()
        found = re.search(r"REFUSED  bad_client_auth  .*  actas (explain .*)\r\n", text)
        assert found is not None, text
        actas = Program(tmp_path / "home", environ=dict(server.company.environ))
        monkeypatch.chdir(server.folder)
        ran = actas(*found[1].split())
        assert (ran.code, ran.out.startswith("REFUSED  invalid_client, bad_client_auth")) == (1, True), ran
    finally:
        process.terminate()
        process.wait(30)
        listener.join(30)
        os.close(ours)
        server.close()
