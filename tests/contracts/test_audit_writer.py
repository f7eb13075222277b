"""Every writer of the audit log passes the suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contracts.audit_writer import AuditWriterSuite
from tests.fakes.audit import CountingChance, MemoryWriter
from tests.fakes.clock import FixedClock

from actas.audit.stream import AuditWriter
from actas.store.audit import StreamWriter, open_writer
from actas.store.audit_folder import reading


class TestStreamWriter(AuditWriterSuite):
    folder: Path

    @pytest.fixture
    async def writer(self, tmp_path: Path) -> AsyncIterator[StreamWriter]:
        self.folder = tmp_path
        writer = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
        yield writer
        await writer.close()

    def lines(self, writer: AuditWriter) -> list[bytes]:
        with reading(self.folder / "s1.db") as reader:
            return [line for _, line in reader.rows()]


class TestMemoryWriter(AuditWriterSuite):
    @pytest.fixture
    def writer(self) -> MemoryWriter:
        return MemoryWriter()

    def lines(self, writer: AuditWriter) -> list[bytes]:
        assert isinstance(writer, MemoryWriter)
        return writer.lines
