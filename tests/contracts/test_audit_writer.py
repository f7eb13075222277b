"""Every writer of the audit log passes the suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contracts.audit_writer import AuditWriterSuite
from tests.fakes.audit import CountingChance, MemoryWriter
from tests.fakes.clock import FixedClock
from tests.fakes.shared_log import lines_of

from actas.audit.stream import AuditWriter
from actas.core.secret import Secret
from actas.store.audit import StreamWriter, open_writer
from actas.store.audit_folder import reading
from actas.store.audit_shared import open_shared_writer
from actas.store.database import open_database


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


class TestPostgresqlWriter(AuditWriterSuite):
    url: str
    folder: Path

    @pytest.fixture
    async def writer(self, tmp_path: Path, postgres: str) -> AsyncIterator[StreamWriter]:
        self.url, self.folder = postgres, tmp_path
        await (await open_database(Secret(postgres), clock=FixedClock())).close()
        writer = await open_shared_writer(Secret(postgres), clock=FixedClock(), chance=CountingChance())
        yield writer
        await writer.close()

    def lines(self, writer: AuditWriter) -> list[bytes]:
        assert isinstance(writer, StreamWriter)
        return lines_of(self.url, self.folder, writer.stream)


class TestMemoryWriter(AuditWriterSuite):
    @pytest.fixture
    def writer(self) -> MemoryWriter:
        return MemoryWriter()

    def lines(self, writer: AuditWriter) -> list[bytes]:
        assert isinstance(writer, MemoryWriter)
        return writer.lines
