"""Two nodes behind nginx: one PostgreSQL, one issuer, and for the rest each its own.

::

    with Cluster(tmp_path, database=postgres) as cluster:
        cluster.nodes[0].kill9()
        ...
        assert cluster.unrecorded(load) == {}
"""

from __future__ import annotations

import copy
import io
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from actas.crypto import jose
from tests.fakes.nginx import HOST, Nginx, program
from tests.fakes.server import RealServer

ISSUER: Final = "https://sts.acme.example"


class Cluster:
    """Nodes that share a database and an envelope key, and the proxy before them.

    Args:
        folder: empty.
        database: the URL of a PostgreSQL.
        server: members of the section ``server`` that differ, on every node.
        at_proxy: whether the issuer is the address of the proxy, so that what is found by it is found.

    Attributes:
        issuer: of both.
        company: who may ask.
        nodes: two, each with a data folder of its own.
        proxy: where callers ask.
    """

    def __init__(
        self, folder: Path, *, database: str, server: dict[str, Any] | None = None, at_proxy: bool = False
    ) -> None:
        program()  # before anything is begun: without it the test is skipped
        first = RealServer(folder / "one", issuer=ISSUER, dev=False, database=database)
        second = RealServer(folder / "two", issuer=ISSUER, dev=False, database=database)
        own = second.company.tree["server"]
        second.company = copy.copy(first.company)
        second.company.folder, second.company.file = second.folder, second.folder / "actas.yaml"
        second.company.tree = {**first.company.tree, "server": own}
        for one in (first, second):
            one.company.tree["server"] |= {"trusted_proxies": ["127.0.0.1"], **(server or {})}
        self.company = first.company
        self.nodes = (first, second)
        self.proxy = Nginx(folder / "nginx", [one.port for one in self.nodes])
        self.issuer = f"https://{HOST}:{self.proxy.port}" if at_proxy else ISSUER
        self.company.issuer = second.company.issuer = self.issuer
        for one in self.nodes:
            one.issuer = one.company.tree["server"]["issuer"] = self.issuer
        self._open = ExitStack()

    def __enter__(self) -> Self:
        first, second = self.nodes
        try:
            for one in self.nodes:
                self._open.callback(one.close)
                one.company.write()
            first.start()  # and makes the envelope key, which nobody else may make
            second.data.mkdir(mode=0o700)
            shutil.copy2(first.data / "envelope.key", second.data)
            second.start()
            self._open.enter_context(self.proxy)
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def stop(self) -> None:
        """Stop both nodes at once, well."""
        for one in self.nodes:
            one.signal(signal.SIGTERM)
        for one in self.nodes:
            assert one.wait() == 0, one.said

    def recorded(self, *, since: str | None = None) -> dict[str, str]:
        """Return the entries of what was granted, by the ``jti`` of the token, from ``actas audit export``.

        Args:
            since: how far back, such as ``2h``.
        """
        found: dict[str, str] = {}
        for node in self.nodes:
            for event in exported(node, since=since):
                if event.get("outcome") != "granted" or "given" not in event:
                    continue
                name = event["given"]["jti"]
                assert found.setdefault(name, event["id"]) == event["id"], f"{name} has two entries"
        return found

    def unrecorded(self, tokens: Iterable[str]) -> list[str]:
        """Return the ``jti`` of every token that has no entry in the log of either node."""
        recorded = self.recorded()
        names = [str(jose.parse(token).unverified_claims["jti"]) for token in tokens]
        assert len(set(names)) == len(names), "a jti was given twice"
        return [name for name in names if name not in recorded]


def exported(node: RealServer, *, since: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the entries of a node's log, as its operator gets them, one after the other: there may be many."""
    part = [] if since is None else ["--since", since]
    ran = subprocess.run(
        [sys.executable, "-m", "actas", "audit", "export", *part, "-c", node.company.file.name],
        check=False,
        cwd=node.folder,
        env=node.environ,
        capture_output=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    for line in io.BytesIO(ran.stdout):
        entry = json.loads(line)
        if "event" in entry:
            yield entry
