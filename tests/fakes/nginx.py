"""A real nginx on this computer, with the configuration that we recommend (``deploy/nginx.conf``).

It is found, else installed by the system's package manager when the tests run as root on Debian; else whoever
needs it is skipped and told what to install.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pytest
from cryptography import x509

from tests.fakes.certificates import Authority
from tests.fakes.ports import reserve
from tests.fakes.server import patiently
from tests.fakes.wire import Reply, ask

RECOMMENDED: Final = Path(__file__).parents[2] / "deploy" / "nginx.conf"
HOST: Final = "localhost"
INSTALLING: Final = 240
"""Seconds that the package manager may take."""


def program() -> str:
    """Return where nginx is; the test is skipped when there is none and none can be had."""
    found = _found()
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        with Path(tempfile.gettempdir(), "actas-tests-nginx.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # several processes of one run come here at once
            if _found() is None:
                _install()
        found = _found()
    if found is None:
        pytest.skip("nginx is not installed, and only root can install it: apt-get install nginx-light")
    return found


def _found() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _install() -> None:
    """Install Debian's package. It must not start a server of its own on port 80."""
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with tempfile.TemporaryDirectory() as folder:
        # Debian asks this program whether a package may start what it brings.
        policy, ours = Path("/usr/sbin/policy-rc.d"), Path(folder, "policy")
        ours.write_text("#!/bin/sh\nexit 101\n")
        ours.chmod(0o755)
        placed = not policy.exists()
        if placed:
            shutil.copy(ours, policy)
        try:
            for words in (
                ["update", "-qq"],
                ["install", "-y", "-qq", "--no-install-recommends", "nginx-light"],
            ):
                ran = subprocess.run(
                    ["apt-get", *words],
                    check=False,
                    env=environ,
                    capture_output=True,
                    text=True,
                    timeout=INSTALLING,
                )
                if ran.returncode:
                    pytest.skip(f"nginx is not installed; apt-get {words[0]} failed: {ran.stderr[-400:]}")
        finally:
            if placed:
                policy.unlink()


class Nginx:
    """Speaks TLS as ``localhost``, and hands on to nodes.

    Args:
        folder: empty; its logs are left there.
        nodes: the ports of the nodes.

    Attributes:
        port: where it listens.
        tls: how a caller speaks to it.
    """

    def __init__(self, folder: Path, nodes: Sequence[int]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.path = ""
        self._held = reserve()
        self.port = self._held.number
        self._process: subprocess.Popen[bytes] | None = None
        authority = Authority(folder)
        self._shown = authority.issue(HOST, names=[x509.DNSName(HOST)])
        self.tls = ssl.create_default_context(cafile=str(authority.certificate))
        (folder / "nginx.conf").write_text(self._whole(nodes), encoding="utf-8")

    def __enter__(self) -> Self:
        with (self.folder / "said").open("wb") as said:
            self._process = subprocess.Popen(
                [program(), "-p", str(self.folder), "-c", "nginx.conf"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
        for _ in patiently(20):
            assert self._process.poll() is None, (self.folder / "said").read_text()
            try:
                self.get("/jwks")
            except OSError:
                continue
            return self
        raise AssertionError("nginx does not listen")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
        self._held.release()

    def get(self, target: str) -> Reply:
        """Ask by way of it."""
        return ask(self.port, "GET", target, tls=self.tls)

    def lines(self) -> list[str]:
        """Return its access log: status, request, the nodes that were asked, what they answered."""
        return (self.folder / "access.log").read_text().splitlines()

    def errors(self) -> str:
        """Return its error log."""
        return (self.folder / "error.log").read_text()

    def _whole(self, nodes: Sequence[int]) -> str:
        """Return the recommended configuration with the addresses, files and ports of a test."""
        own = RECOMMENDED.read_text(encoding="utf-8")
        changes = {
            "listen 443 ssl;": f"listen 127.0.0.1:{self.port} ssl;",
            "server_name sts.acme.example;": f"server_name {HOST};",
            "/etc/nginx/sts.pem": str(self._shown.file),
            "/etc/nginx/sts.key": str(self._shown.file),
            "/var/log/nginx/actas.log": str(self.folder / "access.log"),
            "10.20.0.21:8693": f"127.0.0.1:{nodes[0]}",
            "10.20.0.22:8693": f"127.0.0.1:{nodes[1]}",
        }
        for written, ours in changes.items():
            assert own.count(written) == 1, written
            own = own.replace(written, ours)
        for name in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
            (self.folder / name).mkdir(exist_ok=True)
        temporary = "\n".join(
            f"    {'client_body' if name == 'body' else name}_temp_path {self.folder / name};"
            for name in ("body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;\n" if os.geteuid() == 0 else ""
        return (
            f"{user}daemon off;\nworker_processes 1;\npid {self.folder / 'pid'};\n"
            f"error_log {self.folder / 'error.log'} info;\n"
            f"events {{ worker_connections 512; }}\nhttp {{\n{temporary}\n{own}}}\n"
        )
