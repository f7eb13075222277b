"""Sealing everything again, killed again and again in the middle: every row opens at every moment (REL-08).

``ACTAS_SOAK=1`` kills it fifty times among a hundred thousand rows; what runs otherwise is the same in small.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final, get_args

import pytest
from tests.fakes.sealer import envelope_key

from actas.keys.kept import SecretName

SOAK: Final = os.environ.get("ACTAS_SOAK") == "1"
KILLS: Final = 50 if SOAK else 10
ROWS: Final = {"sqlite": 100_000, "postgres": 20_000} if SOAK else {"sqlite": 8_000, "postgres": 4_000}

DRIVER = """
import asyncio, json, os, random, signal, sys, time
from sqlalchemy import insert
from actas.audit.log import draw_up
from actas.core.ports import SystemChance, SystemClock
from actas.core.secret import Secret
from actas.crypto.seal import Sealer
from typing import get_args
from actas.keys.kept import SecretName, StoredKey, make_secret, seal_again
from actas.keys.rewrap import Rewrap
from actas.store.database import open_database
from actas.store.keys import SqlKeyStore
from actas.store.sealed import SqlSealedRows
from actas.store.tables import SIGNING_KEYS

place, count, kills = Secret(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
old = Sealer(bytes.fromhex(sys.argv[4]))
both = Sealer(bytes.fromhex(sys.argv[5]), previous=old)
together = count // (4 * kills)

def rows():
    for number in range(count):
        kid = f"k{number}"
        sealed = old.seal(kid.encode(), bound_to=f'["signing_keys","{kid}","audit: public"]')
        yield {"kid": kid, "purpose": "audit", "algorithm": "ES256", "state": "gone", "created_at": number,
               "sealed_private": sealed, "public_jwk": "{}"}

async def fill():
    database = await open_database(place, clock=SystemClock())
    async with database.writing(within=None) as connection:
        await connection.execute(insert(SIGNING_KEYS), list(rows()))
    for name in get_args(SecretName):
        assert await SqlKeyStore(database).add_secret(make_secret(name, sealer=old))
    await database.close()

async def rewrap(say):
    database = await open_database(place, clock=SystemClock())
    work = Rewrap(
        SqlSealedRows(database),
        sealer=both,
        record=lambda one: draw_up("keys:rewrapped", now=SystemClock().now(), chance=SystemChance(), **one.members()),
        together=together,
    )
    while await work.some() is not None:
        os.write(say, b".")
    await database.close()

async def check(say):
    '''Open every row under the two keys, and say how many rest under each.'''
    database = await open_database(place, clock=SystemClock())
    keys = SqlKeyStore(database)
    found = [*await keys.all(), *await keys.secrets()]
    for one in found:
        if isinstance(one, StoredKey):
            place_ = f'["signing_keys","{one.kid}","audit: public"]'
            assert both.open(one.sealed, bound_to=place_) == one.kid.encode()
        else:
            seal_again(one, sealer=both)
    new = sum(one.sealed.startswith(both.header) for one in found)
    await database.close()
    os.write(say, json.dumps([new, len(found) - new]).encode())

def child(job):
    '''Begin a process of its own that does a job; return it, and what it says.'''
    heard, say = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.close(heard)
            asyncio.run(job(say))
            code = 0
        except BaseException:
            import traceback
            traceback.print_exc()
        os._exit(code)
    os.close(say)
    return pid, heard

def ended(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def counted():
    pid, heard = child(check)
    with os.fdopen(heard) as said:
        text = said.read()
    assert ended(pid) == 0
    return json.loads(text)

pid, heard = child(lambda say: fill())
assert ended(pid) == 0
seen = [counted()]
for kill in range(kills):
    pid, heard = child(rewrap)
    assert os.read(heard, 1) == b"."
    time.sleep(random.uniform(0, 0.01))
    os.kill(pid, signal.SIGKILL)
    assert ended(pid) == -signal.SIGKILL
    os.close(heard)
    if (kill + 1) % (kills // 5) == 0:
        seen.append(counted())
pid, heard = child(rewrap)
assert ended(pid) == 0
seen.append(counted())
print(json.dumps(seen))
"""


def killed_again_and_again(place: str, count: int) -> list[list[int]]:
    """Seal ``count`` rows again in processes that are killed; return how many rest under the new key and the
    old, whenever all were looked at.
    """
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            DRIVER,
            place,
            str(count),
            str(KILLS),
            envelope_key("old").hex(),
            envelope_key("new").hex(),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stderr
    found: list[list[int]] = json.loads(ran.stdout)
    return found


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/actas.db"


@pytest.mark.timeout(300)
@pytest.mark.requirement("REL-08")
@pytest.mark.parametrize(("engine", "count"), ROWS.items())
def test_many_rows_survive_kill_after_kill(engine: str, count: int, request: pytest.FixtureRequest) -> None:
    """Every look finds every row readable; each finds more under the new key, and the last finds all."""
    seen = killed_again_and_again(request.getfixturevalue(engine), count)
    rows = count + len(get_args(SecretName))
    assert seen[0] == [0, rows]
    assert seen[-1] == [rows, 0]
    assert all(new + old == rows for new, old in seen)
    news = [new for new, _ in seen]
    assert news == sorted(news)
    # The kills came in the middle of the work, not after it.
    assert 0 < news[1] < news[-2] < rows
