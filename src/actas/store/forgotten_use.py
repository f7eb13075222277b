"""What a restore cannot know of what people sign in with: what was used since the backup (REL-28).

Where the database that was replaced can be read, what is there now stays. Otherwise recovery codes may have
been used, so they are gone, and codes of apps are good from the next step on. Passwords, apps and passkeys
stay: people could not sign in else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.crypto.one_time_code import DRIFT, step_at
from actas.crypto.seal import SealBroken, Sealer
from actas.signin.holdings import Holdings, KeptHoldings, opened, seal
from actas.store.credentials import kept
from actas.store.tables import CREDENTIALS


async def forget_use(connection: AsyncConnection, *, sealer: Sealer, now: float) -> None:
    """Have nothing be good that may have been used.

    What does not open is left as it is: nobody signs in with it.

    Args:
        now: seconds since the epoch.

    Raises:
        SealKeySpent: the envelope key may seal no more.
    """
    rows = (await connection.execute(select(CREDENTIALS))).all()
    for one in await asyncio.to_thread(_after, rows, sealer=sealer, now=now):
        change = update(CREDENTIALS).where(CREDENTIALS.c.subject == one.subject)
        await connection.execute(change.values(version=one.version, sealed=one.sealed))


def _after(rows: Sequence[Row[Any]], *, sealer: Sealer, now: float) -> list[KeptHoldings]:
    changed: list[KeptHoldings] = []
    for row in rows:
        before = kept(row)
        try:
            holdings = opened(before, sealer=sealer)
        except SealBroken:
            continue
        after = _unused(holdings, step=step_at(now) + DRIFT)
        if after != holdings:
            changed.append(seal(after, subject=before.subject, version=before.version + 1, sealer=sealer))
    return changed


def _unused(holdings: Holdings, *, step: int) -> Holdings:
    makers = tuple(msgspec.structs.replace(one, step=max(step, one.step)) for one in holdings.code_makers)
    return msgspec.structs.replace(holdings, code_makers=makers, recovery=None, unconfirmed=None)
