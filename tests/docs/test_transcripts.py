"""What the pages say that a terminal shows is what it shows, in a demo that runs beside the test."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, Block, blocks_of, pages
from tests.fakes.demo import RunningDemo, elsewhere, running_demo
from tests.fakes.ports import reserve

USUAL = {
    "server": 8693,
    "management": 8694,
    "corp_idp": 8695,
    "orders": 8696,
    "inventory": 8697,
    "auth_tickets": 8698,
    "tickets": 8699,
}
"""The ports of a demo that nobody told to take others: what the pages say."""

SERVICES = (8700, 8701, 8702)
"""The ports on which the pages run what they teach to write."""

_SPLIT = "\x1e"


def console(page: Path) -> list[Block]:
    return [one for one in blocks_of(page) if one.language == "console" and one.said in ("run", "start")]


def steps(block: Block) -> Iterator[tuple[str, str]]:
    """Yield each command with what it is said to print."""
    command, said = "", ""
    for line in block.text.splitlines():
        if line.startswith("$ "):
            if command:
                yield command, said
            command, said = line[2:], ""
        elif command.endswith("\\"):
            command += f"\n{line}"
        else:
            said += f"{line}\n"
    yield command, said


def pattern(said: str) -> str:
    """Return a pattern for what is said: a line of one ellipsis is any lines, another ellipsis any text."""
    lines = [
        r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"\n"
        for line in said.splitlines()
    ]
    return "".join(lines)


def script_of(shown: list[Path], demo: RunningDemo) -> tuple[str, list[tuple[str, str]]]:
    """Return a script that does what the pages say, and each command with what must be printed.

    A service that two pages start is started once: it takes longer than everything else.
    """
    refused = next(one["entry"] for one in demo.document["scenes"] if one["outcome"] == "refused")
    lines = [f". {demo.document['environment']}", f"export ENTRY={refused}", "trap 'kill $(jobs -p)' EXIT"]
    said: list[tuple[str, str]] = []
    started: set[str] = set()
    for block in (one for page in shown for one in console(page)):
        for command, output in steps(block):
            if block.said == "run":
                lines.append(f"{{ {command}\n}} 2>&1; printf '{_SPLIT}'")
                said.append((command, output))
            elif command not in started:
                started.add(command)
                lines.append(f"{{ {command}\n}} >>{demo.folder}/logs/started.log 2>&1")
                lines.append(
                    f"until curl -s -o /dev/null http://127.0.0.1:{block.about}/; do sleep 0.05; done"
                )
    return "\n".join(lines), said


def translated(text: str, ports: Mapping[int, int]) -> str:
    for one, other in ports.items():
        text = text.replace(str(one), str(other))
    return text


@pytest.mark.timeout(
    600
)  # every page in one shell: half a minute of work, and a busy computer takes its time
def test_every_transcript_shows_what_happens(tmp_path: Path) -> None:
    shown = [page for page in pages() if console(page)]
    assert shown
    with running_demo(tmp_path, "--keep", str(tmp_path / "shop")) as demo, contextlib.ExitStack() as ends:
        there = {usual: demo.ports[name] for name, usual in USUAL.items()}
        held = {usual: reserve() for usual in SERVICES}
        for usual, port in held.items():
            ends.callback(port.release)
            there[usual] = port.number
        back = {actual: usual for usual, actual in there.items()}
        (tmp_path / "examples").mkdir()
        for file in (ROOT / "examples").glob("*.py"):
            (tmp_path / "examples" / file.name).write_text(translated(file.read_text(), there))
        for block in (one for page in shown for one in blocks_of(page) if one.said == "write"):
            (tmp_path / block.about).write_text(block.text, encoding="utf-8")
        script, said = script_of(shown, demo)
        answer = subprocess.run(
            ["bash", "-c", translated(script, there)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=540,
            check=False,
            cwd=tmp_path,
            env=elsewhere(),
        )
    printed = translated(answer.stdout, back).replace("\r", "").split(_SPLIT)
    assert len(printed) == len(said) + 1, (answer.stdout, answer.stderr)
    for (command, output), seen in zip(said, printed, strict=False):
        told = "".join(f"{line.rstrip()}\n" for line in seen.splitlines())
        assert re.fullmatch(pattern(output), told), f"$ {command}\n{told}"


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `actas demo --script` prints."""
    answer = subprocess.run(
        [sys.executable, "-m", "actas", "demo", "--script", "--fast"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=True,
        env={
            **elsewhere(),
            "TMPDIR": str(tmp_path_factory.mktemp("tour")),
            "PYTHONIOENCODING": "utf-8",
            "PATH": os.environ["PATH"],
        },
    )
    return answer.stdout


def test_the_readme_shows_what_the_demo_prints(tour: str) -> None:
    (block,) = [one for one in blocks_of(ROOT / "README.md") if one.said == "demo"]
    said = "".join(f"{line}\n" for line in block.text.splitlines() if not line.startswith("$ "))
    told = "".join(f"{line.rstrip()}\n" for line in tour.splitlines())
    assert re.fullmatch(pattern(said), re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:…", told)), told


def test_what_the_transcripts_need_is_here() -> None:
    missing = [name for name in ("bash", "curl") if shutil.which(name) is None]
    assert missing == [], f"install {' and '.join(missing)}: the documentation's transcripts use them"
