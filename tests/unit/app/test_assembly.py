"""A serving process that is put together, and one that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.fakes.kept_log import CONFIGURATION, SECRET

from actas.app.assembly import assembly
from actas.app.foundation import foundation
from actas.settings.load import read
from actas.store.audit_folder import reading
from actas.store.follower import Follower, Stale


class Blind(Follower):
    """Never reads anything."""

    async def catch_up(self) -> None:
        raise Stale("the shared state cannot be read")


def events(folder: Path) -> list[str]:
    with reading(folder / "s1.db") as reader:
        return [json.loads(line)["event"] for _, line in reader.rows()]


async def test_a_server_that_cannot_start_closes_its_stream_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "actas.yaml").write_text(CONFIGURATION, encoding="utf-8")
    (tmp_path / "client.secret").write_text(SECRET, encoding="utf-8")
    (tmp_path / "client.secret").chmod(0o600)
    draft = read([tmp_path / "actas.yaml"], dev=True, environ={})
    async with foundation(draft, dev=True, create=True) as base:
        with pytest.raises(Stale):
            async with assembly(base, follower=Blind()):
                raise AssertionError("it serves")
        assert events(base.audit_folder) == ["log:started", "log:closed"]
