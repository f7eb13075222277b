"""The real program, as its own process: what only a process can show."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.fakes.token_server import METADATA, TokenServer

ACTAS = str(Path(sys.executable).with_name("actas"))

HEAVY = (
    "typer",
    "rich",
    "pydantic",
    "sqlalchemy",
    "httpx2",
    "cryptography",
    "msgspec",
    "yaml",
    "asyncio",
    "starlette",
    "uvicorn",
    "apsw",
    "sqlite3",
    "cel",
    "structlog",
)
"""What no help needs and every one of which costs a noticeable time."""

PROMISED = 0.150
"""Seconds of a processor in which there is help."""

MOST_TRIES = 25


def actas(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ACTAS, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", **environ},
    )


def test_help_and_version_come_from_the_installed_program() -> None:
    assert actas("--help").stdout.startswith("Usage: actas")
    assert actas("--version").stdout.startswith("actas ")
    assert actas("nonsense").returncode == 2


def test_the_module_is_the_same_program() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "actas", "--version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout == actas("--version").stdout


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; from actas.cli.main import run; run(['--help']); "
        f"sys.stderr.write(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stderr == ""


def test_help_answers_at_once() -> None:
    """The promise is 150 ms. The processor time of the fastest of several runs is what a busy computer
    cannot change much, so that is what is measured; importing one heavy module would double it. One run that
    is fast enough will do.
    """
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    taken: list[float] = []
    while not taken or (min(taken) >= PROMISED and len(taken) < MOST_TRIES):
        taken.append(_processor_seconds([ACTAS, "--help"], environ))
    assert min(taken) < PROMISED, taken


def _processor_seconds(words: list[str], environ: dict[str, str]) -> float:
    before = os.times()
    subprocess.run(words, stdout=subprocess.DEVNULL, timeout=60, check=True, env=environ)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def test_a_reader_that_leaves_early_gets_no_complaint() -> None:
    for unbuffered in ("", "1"):
        with subprocess.Popen(
            [ACTAS, "--help"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(timeout=60) in (0, 4)


def test_a_terminal_without_utf8_gets_plain_symbols() -> None:
    ran = actas("inspect", "opaque", LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (ran.returncode, ran.stdout.isascii()) == (1, True)
    assert ran.stdout.startswith("opaque text, 6 characters\n? signature not checked")


def test_where_answers_and_talk_lead_to_one_file_they_stand_in_the_order_they_were_said() -> None:
    program = (
        "import sys; from actas.cli.output import Output; from actas.cli.run import Options, World\n"
        "out = Output(World(stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr, environ={}), Options())\n"
        "out.line('first'); out.talk('second'); out.line('third')"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=True,
        env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
    )
    assert ran.stdout.split() == ["first", "second", "third"]


def test_a_shell_can_ask_what_comes_next() -> None:
    ran = actas(_ACTAS_COMPLETE="zsh_complete", COMP_WORDS="actas exch", COMP_CWORD="1")
    assert ran.stdout.split("\n")[:2] == ["plain", "exchange"]
    flags = actas(_ACTAS_COMPLETE="zsh_complete", COMP_WORDS="actas exchange --aud", COMP_CWORD="2")
    assert flags.stdout.split("\n")[1] == "--audience"


INTERRUPTIBLE = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
"""Starts a program as a terminal does. Whoever is started with Ctrl-C ignored, as a shell starts its jobs in the
background, hands that on to every child, and a child of such a test run would rightly go on waiting."""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are another thing there")
def test_ctrl_c_ends_a_waiting_command_with_130() -> None:
    with (
        TokenServer() as server,
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                INTERRUPTIBLE,
                ACTAS,
                "--json",
                "exchange",
                "--own",
                "--client",
                "orders",
                "-s",
                server.issuer,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "ACTAS_CLIENT_SECRET": "s"},
        ) as process,
        server.held(),
    ):
        while METADATA not in server.paths:  # until the program waits for this server
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert json.loads(err)["error"]["exit"] == 130
