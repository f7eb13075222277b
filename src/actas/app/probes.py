"""What must work for a process to issue: asked by ``/readyz`` (REL-31)."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from actas.app.foundation import Foundation
from actas.app.parts import Shared
from actas.core.ports import SystemChance
from actas.keys.ring import KeyNotReady
from actas.store.audit import StreamWriter
from actas.web.health import Probe


def probes(base: Foundation, writer: StreamWriter, shared: Shared) -> dict[str, Probe]:
    """Return what must work for this process to issue, by name."""

    async def audit() -> str | None:
        if writer.trouble is not None or base.shared_log is not None:
            return writer.trouble
        return await asyncio.to_thread(_unwritable, base.audit_folder)

    async def key() -> str | None:
        try:
            await base.ring.sign({"probe": True}, typ="actas-probe+jwt", purpose="token")
        except (LookupError, KeyNotReady) as missing:
            return str(missing)
        return None

    async def clock() -> str | None:
        return shared.timekeeper.trouble

    async def replay() -> str | None:
        if shared.timekeeper.trouble is not None:
            return None  # a claim would remove what a clock that is ahead takes for ended
        name = SystemChance().token(16)
        await shared.marks.claim(
            purpose="probe", issuer="readyz", token_id=name, expires_at=int(base.clock.now())
        )
        return None

    async def database() -> str | None:
        await base.database.check()
        return shared.follower.trouble

    async def sinks() -> str | None:
        return shared.reserve.problem

    return {
        "clock": clock,
        "database": database,
        "signing key": key,
        "audit": audit,
        "marks": replay,
        "audit sinks": sinks,
    }


def _unwritable(folder: Path) -> str | None:
    """Return why nothing can be written into ``folder``, or None."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(64 * 1024))
            file.flush()
            os.fsync(file.fileno())
    except OSError as problem:
        return f"{folder}: {problem.strerror or problem}"
    return None
