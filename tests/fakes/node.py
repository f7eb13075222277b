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
    """Return where Node.js is; the test is skipped when there is none and none can be had."""
    with Path(tempfile.gettempdir(), "actas-tests-node.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several processes of one run come here at once
        if not _found() and os.geteuid() == 0 and shutil.which("apt-get"):
            _install()
    found = _found()
    if not found:
        pytest.skip("Node.js and npm are not installed, and only root can: apt-get install nodejs npm")
    version = subprocess.run([found, "--version"], check=True, capture_output=True, text=True).stdout
    if int(version.lstrip("v").partition(".")[0]) < OLDEST:
        pytest.skip(f"Node.js is {version.strip()}, and the packages need {OLDEST} or later")
    return found


def with_packages(source: Path) -> Path:
    """Return a folder with the program in ``source`` and the packages of its lock file.

    It is made once for all processes and runs, as long as the lock file stays the same.
    """
    mark = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir(), f"actas-tests-{source.name}-{mark}-{os.geteuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.geteuid():
        raise PermissionError(f"{folder} is somebody else's")
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for one in source.iterdir():
            shutil.copy(one, folder / one.name)
        if not (folder / "whole").exists():
            words = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
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
