"""The one way out of a server's log: JSON lines, without secrets, whoever writes and however it is written."""

from __future__ import annotations

import json
import logging
import os
import pty
import secrets
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from actas.cli.logs import configure

PASSWORD = "hunter2-of-the-database"


@pytest.fixture(autouse=True)
def _back() -> Iterator[None]:
    """Put back what a process has one of."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.raiseExceptions, logging.getLogger("uvicorn").level)
    hooks = (sys.excepthook, sys.unraisablehook, threading.excepthook)
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:], level, logging.raiseExceptions, uvicorn = before
    root.setLevel(level)
    logging.getLogger("uvicorn").setLevel(uvicorn)
    sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
    structlog.reset_defaults()


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Any:
    """What the process has logged so far, each line read as JSON."""

    def read() -> list[dict[str, Any]]:
        text = capsys.readouterr().err
        assert PASSWORD not in text
        return [json.loads(line) for line in text.splitlines()]

    return read


def test_a_server_writes_one_json_object_a_line(said: Any) -> None:
    configure([PASSWORD])
    secret = secrets.token_urlsafe(32)
    structlog.get_logger("actas").error("it failed", detail=f"with {secret}\nand a second line")
    (found,) = said()
    assert (found["event"], found["level"]) == ("it failed", "error")
    assert secret not in found["detail"]
    assert found["detail"].endswith("\nand a second line")


@pytest.mark.requirement("SEC-87", "REL-32")
def test_a_traceback_holds_the_place_and_neither_secrets_nor_the_values_of_variables(said: Any) -> None:
    configure([PASSWORD])
    token = secrets.token_urlsafe(32)
    kept = token[:12]  # short enough that no shape gives it away
    try:
        raise ValueError(f"{token} is no token, {PASSWORD} no password")
    except ValueError:
        structlog.get_logger("actas").exception("request failed", path=f"/{token}")
    (found,) = said()
    assert token not in str(found)
    assert kept not in str(found)
    assert "test_logs.py" in found["exception"]
    assert "ValueError: [removed " in found["exception"]


@pytest.mark.requirement("SEC-87", "REL-32")
@pytest.mark.parametrize(
    "name", ["asyncpg", "sqlalchemy.engine.Engine", "asyncio", "httpcore2.http11", "aiosqlite"]
)
def test_what_a_library_logs_takes_the_same_way(name: str, said: Any) -> None:
    configure([PASSWORD])
    token = secrets.token_urlsafe(32)
    logger = logging.getLogger(name)
    logger.warning("cannot connect to postgresql://actas:%s@db/actas with %r", "short", {"token": token})
    logger.info("SELECT %s", token)
    logger.debug("sending %s", token)
    try:
        raise OSError(f"password={PASSWORD} refused")
    except OSError:
        logger.exception("lost")
    first, second = said()
    assert first["event"] == (
        "cannot connect to postgresql://actas:[removed]@db/actas with {'token': '[removed]'}"
    )
    assert (first["logger"], first["level"]) == (name, "warning")
    assert (second["event"], second["level"]) == ("lost", "error")
    assert "OSError: password=[removed] refused" in second["exception"]


def test_what_strangers_make_uvicorn_say_is_not_a_line_each(said: Any) -> None:
    configure([PASSWORD])
    logging.getLogger("uvicorn.error").error("Invalid HTTP request received.")
    assert said() == []


def test_a_record_that_cannot_be_shown_is_named_and_its_arguments_are_not(said: Any) -> None:
    configure([PASSWORD])

    class Unshowable:
        def __str__(self) -> str:
            raise RuntimeError(PASSWORD)

    logging.getLogger("asyncpg").error("one %s", Unshowable())
    logging.getLogger("asyncpg").error("one %d", PASSWORD)
    assert [one["event"].partition(",")[0] for one in said()] == ["a record that cannot be shown"] * 2


@pytest.mark.requirement("SEC-87")
def test_warnings_and_what_nobody_caught_take_the_same_way(said: Any) -> None:
    configure([PASSWORD])
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)  # behind the test framework's own
        warnings.warn(f"password={PASSWORD}", stacklevel=1)

    def fail() -> None:
        raise LookupError(PASSWORD)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except LookupError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    events = said()
    assert len(events) == 3
    assert [one["event"] for one in events[1:]] == ["nobody caught an exception"] * 2
    assert all("LookupError: [removed]" in one["exception"] for one in events[1:])


_ON_A_TERMINAL = """
import structlog
from actas.cli.logs import configure
configure(["hunter2-of-the-database"])
def deep(password, rows):
    raise ValueError("no " + password)
try:
    deep("hunter2-of-the-database", ["a-short-one"])
except ValueError:
    structlog.get_logger("actas").exception("it failed")
"""


@pytest.mark.requirement("SEC-87")
def test_on_a_terminal_a_traceback_shows_no_variables_either() -> None:
    ours, theirs = pty.openpty()
    code = subprocess.run(
        [sys.executable, "-c", _ON_A_TERMINAL], stderr=theirs, timeout=60, check=False
    ).returncode
    os.close(theirs)
    shown = b""
    with open(ours, "rb", buffering=0) as terminal:  # noqa: PTH123 (a descriptor)
        try:
            while piece := terminal.read(65536):
                shown += piece
        except OSError:  # the end, on Linux
            pass
    assert code == 0
    assert b"ValueError: no [removed]" in shown
    assert b"a-short-one" not in shown.replace(b'deep("hunter2-of-the-database", ["a-short-one"])', b"")
    assert b"rows =" not in shown
