"""Processes that count failures together, and one that cannot reach the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from tests.fakes.kept_log import configured

from actas.app.assembly import assembly
from actas.app.foundation import foundation
from actas.app.guessing import counting_together
from actas.core.errors import TooManyRequests
from actas.core.metrics import UNMETERED
from actas.store.follower import Follower


@pytest.mark.requirement("REL-11", "SEC-14")
async def test_who_cannot_tell_the_others_counts_double_and_serves_on(tmp_path: Path) -> None:
    async with foundation(configured(tmp_path), dev=True, create=True) as base, assembly(base):
        follower = Follower()
        throttle = counting_together(base, follower, UNMETERED)
        (step, *_) = throttle.limits.failed_client_auth
        async with base.database.writing() as connection:
            await connection.execute(text("ALTER TABLE failures RENAME TO elsewhere"))
        await follower.catch_up()
        assert (throttle.alone, follower.fresh) == (True, True)
        for _ in range(step.after // 2):
            throttle.require_patience("failed_client_auth", "web", "192.0.2.66")
            throttle.failed("failed_client_auth", "web", "192.0.2.66")
        with pytest.raises(TooManyRequests):
            throttle.require_patience("failed_client_auth", "web", "192.0.2.66")
        async with base.database.writing() as connection:
            await connection.execute(text("ALTER TABLE elsewhere RENAME TO failures"))
        await follower.catch_up()
        assert not throttle.alone
