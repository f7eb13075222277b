"""Changes the configuration in the store of record, and follows what others change.

Every change goes the same way: laid over what is kept, checked and compiled whole as every node would,
committed together with its audit entries, written into the audit log, put in force. A node that reads of a
change it did not make begins at the third step; before that it takes away what the change took away, because
compiling a large configuration may take longer than a change may (REL-21). Keys that nothing wanted before
are made first, and while all nodes come to publish them other changes go ahead (``app.key_making``).
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from actas.admin.objects import Change, Snapshot
from actas.admin.record import FILES, Author, parts_of
from actas.admin.revoking import Revoking
from actas.app.house import House
from actas.app.key_making import Result, require_keys, require_known_keys, with_keys
from actas.app.minutes import write_waiting
from actas.app.narrowing import without_what_ended
from actas.app.offering import changes_of
from actas.app.prepared import Prepared, prepare
from actas.core.ending import stopped
from actas.core.errors import StoreUnavailable
from actas.core.ports import SystemChance
from actas.settings.faults import ConfigurationFaults
from actas.settings.load import Draft
from actas.store.configuration import Commit

TRIES: Final = 20
"""How often a change is tried again because another came first."""

PATIENCE: Final = 1.0
"""Seconds that a reading waits until a change compiles; a large one goes on beside the next readings."""

Edit = Callable[[Snapshot], Sequence[Change]]
"""Says what to change about what is kept. Called again when another change came first."""

_log = structlog.get_logger("actas")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What came of a change.

    Attributes:
        changes: what was changed; nothing, when all was as it should be.
        snapshot: what is kept now.
        waiting: sections of the server's own files that changed and want a restart.
    """

    changes: tuple[Change, ...]
    snapshot: Snapshot
    waiting: tuple[str, ...] = ()


class Steward:
    """Keeps one serving process and the store of record together.

    Args:
        house: the serving process.

    Attributes:
        generation: the state of the store that is in force here.
        behind: why a newer one is not; None when it is, or there is none.
    """

    def __init__(self, house: House) -> None:
        base = house.base
        self.generation = base.kept.generation
        self.behind: str | None = None
        self._house = house
        self._store = base.store
        self._files = base.files
        self._adopt = base.adopt
        # Not the name of the stream: nodes that share a database call theirs alike.
        self._me = SystemChance().token(16)
        self._refused = -1
        self._turn = asyncio.Lock()
        # One at a time: each takes a thread, and what others change must find one to take effect (REL-21).
        self._rehearsing = asyncio.Lock()
        self._switching = asyncio.Lock()
        self._settling = asyncio.Lock()
        self._loading: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Commit what the files change, and put it in force.

        Raises:
            ConfigurationFaults: they do not hold with what is kept by now.
            AuditUnavailable: it could not be recorded.
            StoreUnavailable: the store of record could not be read or written.
        """
        base = self._house.base
        if base.changes or await self._store.generation() != self.generation:
            await self.read_again(lambda: self._files)
            return
        await self._settle(self.generation)
        await self._house.note_loaded(base, self.generation)

    async def read_again(self, read: Callable[[], Draft]) -> Made:
        """Read the server's own files again and lay them over what is kept, whole or not at all.

        Args:
            read: reads them; called in a thread, in turn, so that the last word wins.

        Raises:
            ConfigurationFaults: they do not hold, or not with what the console keeps.
            AuditUnavailable: the change could not be recorded.
            StoreUnavailable: the store of record could not be read or written.
        """

        async def attempt() -> Made:
            async with self._turn:
                files = await asyncio.to_thread(read)
                made, prepared = await self._commit(lambda kept: self._of_files(kept, files), files, FILES)
                self._files = files
                await self._put_in_force(prepared, made.snapshot)
            return dataclasses.replace(made, waiting=prepared.waiting)

        return await self._with_keys(attempt)

    async def change(self, edit: Edit, author: Author) -> Made:
        """Make a change that somebody asked for, and put it in force here.

        Args:
            edit: what to change.
            author: who asked.

        Raises:
            ConfigurationFaults: what would come of it does not hold; nothing was changed.
            AuditUnavailable: it could not be recorded.
            StoreUnavailable: the store of record could not be read or written.
        """

        async def attempt() -> Made:
            async with self._turn:
                made, prepared = await self._commit(edit, self._files, author)
                if made.snapshot.generation != self.generation:
                    await self._put_in_force(prepared, made.snapshot)
            return made

        return await self._with_keys(attempt)

    async def rehearse(self, edit: Edit) -> tuple[tuple[Change, ...], Prepared, Snapshot]:
        """Return what a change would come to, and change nothing.

        Raises:
            ConfigurationFaults: it would not hold.
            StoreUnavailable: the store of record could not be read.
        """
        async with self._rehearsing:
            kept = await self._store.read()
            changes = tuple(edit(kept))
            return changes, await self._prepared(self._files, kept.after(changes)), kept

    async def snapshot(self) -> Snapshot:
        """Return what is kept.

        Raises:
            StoreUnavailable: it could not be read.
        """
        return await self._store.read()

    async def follow(self) -> None:
        """Put in force what others changed; one look at the store when they changed nothing.

        What the change takes away is gone when this returns. A configuration that this node cannot compile is
        alarmed, and the old one serves on without what was taken away.

        Raises:
            StoreUnavailable: the store could not be read.
            AuditUnavailable: a change could not be recorded, so that it is not in force.
        """
        if self._loading is None or self._loading.done():
            if await self._store.generation() in (self.generation, self._refused):
                return
            kept = await self._store.read()
            await self._settle(kept.generation)
            await self._take_away(kept)
            self._loading = asyncio.create_task(self._load())
        for loading in (await asyncio.wait([self._loading], timeout=PATIENCE))[0]:
            loading.result()

    async def close(self) -> None:
        """Put nothing in force any more: neither the database nor the log is there for long."""
        await stopped([] if self._loading is None else [self._loading])

    async def _take_away(self, kept: Snapshot) -> None:
        """Let nothing happen any more that the kept configuration has switched off or removed."""
        async with self._switching:
            if kept.generation <= self.generation:
                return
            if prepared := await asyncio.to_thread(without_what_ended, self._house.base, kept):
                await self._house.put_in_force(prepared, generation=self.generation)

    def forget(self) -> None:
        """Take what is kept for new, whatever its number: a backup was restored."""
        self.generation, self._refused = 0, -1

    async def _load(self) -> None:
        kept = Snapshot(self.generation, ())

        async def attempt() -> None:
            nonlocal kept
            async with self._turn:
                kept = await self._store.read()
                if kept.generation == self.generation:
                    return
                await self._settle(kept.generation)
                await self._house.base.ring.refresh()  # whoever made the change has made its keys
                prepared = require_keys(await self._prepared(self._files, kept))
                await self._put_in_force(prepared, kept)

        try:
            await self._with_keys(attempt)
        except ConfigurationFaults as broken:
            async with self._turn:
                if kept.generation > self.generation:
                    await self._take_away(kept)
                    await self._keep_old(kept, broken)

    async def _keep_old(self, kept: Snapshot, broken: ConfigurationFaults) -> None:
        first = next(iter(broken.errors), None)
        self.behind = f"generation {kept.generation} cannot be put in force here: {first}"
        self._refused = kept.generation
        for fault in broken.errors:
            _log.error("configuration not put in force", generation=kept.generation, fault=str(fault))
        await self._house.shared.minutes.note(
            "catalog:refused", generation=kept.generation, in_force=self.generation, why=str(first)[:500]
        )

    async def _commit(self, edit: Edit, files: Draft, author: Author) -> tuple[Made, Prepared]:
        for _ in range(TRIES):
            kept = await self._store.read()
            changes = tuple(edit(kept))
            after = kept.after(changes)
            prepared = await self._prepared(files, after)
            prepared = require_known_keys(prepared, self._house.base, self._house.shared)
            if not changes:
                await self._settle(kept.generation)
                return Made(changes=(), snapshot=kept), prepared
            if await self._store.commit(self._drawn_up(kept, changes, author), by=self._me):
                await self._settle(kept.generation + 1)
                return Made(changes=changes, snapshot=Snapshot(kept.generation + 1, after.objects)), prepared
        raise StoreUnavailable("the configuration is being changed faster than this change can be made")

    def _drawn_up(self, kept: Snapshot, changes: tuple[Change, ...], author: Author) -> Commit:
        base, minutes = self._house.base, self._house.shared.minutes
        now = int(base.clock.now())
        records = [
            minutes.draw_up("configuration:changed", generation=kept.generation + 1, by=author.told(), **part)
            for part in parts_of(changes)
        ]
        revoking = Revoking(issuer=base.issuer, marking=base.ring, digest=base.ring.digest, now=now)
        return Commit(
            after=kept.generation,
            changes=changes,
            at=now,
            entry=records[0].entry,
            records=[one.body for one in records],
            ended=[one.revoked(records[0].entry) for one in revoking.switched_off(changes)],
        )

    async def _settle(self, generation: int) -> None:
        """Return when every entry that was committed with changes up to ``generation`` is in a stream.

        Those of this process are written here; those of another one too, when it does not seem to.
        """
        async with self._settling:
            while True:
                at = int(self._house.base.clock.now())
                await write_waiting(self._store, self._house.shared.minutes, by=self._me, at=at)
                waiting = await self._store.unwritten()
                if waiting is None or waiting > generation:
                    return
                await asyncio.sleep(0.05)

    async def _with_keys(self, attempt: Callable[[], Awaitable[Result]]) -> Result:
        return await with_keys(attempt, self._house.base, self._house.shared)

    async def _prepared(self, files: Draft, kept: Snapshot) -> Prepared:
        return await asyncio.to_thread(lambda: prepare(self._house.base, files.beside(kept.in_force)))

    async def _put_in_force(self, prepared: Prepared, kept: Snapshot) -> None:
        async with self._switching:
            await self._house.put_in_force(prepared, generation=kept.generation)
            self.generation, self.behind, self._refused = kept.generation, None, -1

    def _of_files(self, kept: Snapshot, files: Draft) -> tuple[Change, ...]:
        base = self._house.base
        return changes_of(
            kept, files, pepper=base.ring.secret_pepper, adopt=self._adopt, at=int(base.clock.now())
        )
