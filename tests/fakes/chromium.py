"""A real Chromium on this computer.

It is found, else installed by the system's package manager when the tests run as root on Debian; else whoever
needs it is skipped and told what to install.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import pytest

NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALLING: Final = 400
"""Seconds that the package manager may take."""


def program() -> str:
    """Return where Chromium is; the test is skipped when there is none and none can be had."""
    found = _found()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        with Path(tempfile.gettempdir(), "actas-tests-chromium.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # several processes of one run come here at once
            if _found() is None:
                _install()
        found = _found()
    if found is None:
        pytest.skip("Chromium is not installed, and only root can install it: apt-get install chromium")
    return found


def _found() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name)) is not None), None)


def _install() -> None:
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
        ran = subprocess.run(
            ["apt-get", *words], check=False, env=environ, capture_output=True, text=True, timeout=INSTALLING
        )
        if ran.returncode:
            pytest.skip(f"Chromium is not installed; apt-get {words[0]} failed: {ran.stderr[-400:]}")
