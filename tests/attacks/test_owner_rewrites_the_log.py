"""The owner of the database writes another history.

Whoever owns the database and the data folder, with every key that lies there, can put back an older state,
leave out what shall not have happened, and let the server itself sign what follows: each entry is chained, each
checkpoint genuine, and nothing that is left contradicts itself. Only what left the house before does. A sink
with the filter ``event:log:sealed`` takes every checkpoint out as soon as it is made, and a verifier who has that
copy sees the cut, and the second history.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from tests.fakes.program import Program, Ran
from tests.fakes.server import RealServer

pytestmark = [pytest.mark.requirement("SEC-88", "REL-04"), pytest.mark.timeout(180)]


class Owner:
    """Who owns the database and the folder, and can put back what he kept of both."""

    def __init__(self, server: RealServer) -> None:
        self.server = server
        self.kept = server.folder / "kept"
        self.database = server.database and f"{urlsplit(server.database).path[1:]}_kept"

    def keep(self) -> None:
        shutil.copytree(self.server.data, self.kept)
        if self.server.database is not None:
            name = urlsplit(self.server.database).path[1:]
            self._run(f'CREATE DATABASE "{self.database}" TEMPLATE "{name}"')

    def put_back(self) -> None:
        shutil.rmtree(self.server.data)
        shutil.copytree(self.kept, self.server.data)
        if self.server.database is not None:
            name = urlsplit(self.server.database).path[1:]
            self._run(f'DROP DATABASE "{name}" WITH (FORCE)')
            self._run(f'CREATE DATABASE "{name}" TEMPLATE "{self.database}"')

    def clean_up(self) -> None:
        if self.server.database is not None:
            self._run(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        async def running() -> None:
            url = self.server.database or ""
            connection = await asyncpg.connect(url, database="postgres")
            await connection.execute(statement)
            await connection.close()

        asyncio.run(running())


@pytest.mark.parametrize("store", ["files", "postgresql"])
def test_another_history_is_whole_by_itself_and_caught_by_the_copy_outside(
    tmp_path: Path, request: pytest.FixtureRequest, store: str
) -> None:
    database = None if store == "files" else str(request.getfixturevalue("postgres"))
    outside = tmp_path / "outside" / "seals.jsonl"
    outside.parent.mkdir()
    witness = {"name": "witness", "file": str(outside), "filter": "event:log:sealed"}
    server = RealServer(tmp_path / "node", database=database, changes={"audit": {"sinks": [witness]}})
    owner = Owner(server)
    program = Program(tmp_path / "home", environ=dict(server.company.environ))

    def verify(*words: str) -> Ran:
        return program("audit", "verify", *words, "-c", str(server.company.file), "--dev")

    def serve(times: int) -> None:
        server.start()
        for _ in range(times):
            assert server.post(server.company.own()).status == 200
        assert server.stop() == 0

    try:
        server.company.write()
        serve(3)
        owner.keep()
        serve(5)  # what shall not have happened
        seals = outside.read_bytes().splitlines()
        assert len(seals) >= 2
        assert all(line.startswith(b'{"kind":"actas/Checkpoint"') for line in seals)
        assert verify("--checkpoint", str(outside)).code == 0

        owner.put_back()
        assert verify().code == 0
        cut = verify("--checkpoint", str(outside))
        assert cut.code == 7
        assert "cut off" in cut.out + cut.err

        server.company.tree["audit"] = {"checkpoint": {"every": "10m"}}  # nobody outside hears of it
        server.company.write()
        serve(20)
        assert outside.read_bytes().splitlines() == seals
        assert verify().code == 0
        another = verify("--checkpoint", str(outside))
        assert another.code == 7
        assert "two different checkpoints" in another.out + another.err
    finally:
        server.close()
        owner.clean_up()
