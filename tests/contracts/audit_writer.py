"""What every ``AuditWriter`` must do. A test class inherits this and says how to open one and read it back."""

from __future__ import annotations

import asyncio
from abc import abstractmethod

import pytest
from tests.fakes.audit import body, event

from actas.audit.chain import EMPTY, follow
from actas.audit.stream import AuditWriter, Receipt


class AuditWriterSuite:
    """Inherit as ``Test...``, with a fixture ``writer`` that yields the writer of a new stream."""

    @abstractmethod
    def lines(self, writer: AuditWriter) -> list[bytes]:
        """Return what is durable, as another process would read it."""

    @pytest.mark.requirement("REL-01")
    async def test_an_entry_is_durable_when_append_returns(self, writer: AuditWriter) -> None:
        receipt = await writer.append(body("x_a", event="exchange:granted", outcome="granted"))
        line = self.lines(writer)[receipt.seq - 1]
        assert event(line)["id"] == "x_a"
        assert event(line)["seq"] == receipt.seq
        assert event(line)["stream"] == receipt.stream

    async def test_the_line_ends_with_the_body_byte_for_byte(self, writer: AuditWriter) -> None:
        sent = b'{"id":"x_a","text":"\\u0000 \xc3\xa9 \\n","number":1.50}'
        receipt = await writer.append(sent)
        assert self.lines(writer)[receipt.seq - 1].endswith(b'",' + sent[1:])

    @pytest.mark.requirement("SEC-88")
    async def test_entries_form_one_chain_whoever_comes_first(self, writer: AuditWriter) -> None:
        receipts = await asyncio.gather(*[writer.append(body(f"x_{n}")) for n in range(300)])
        lines = self.lines(writer)
        assert len({receipt.seq for receipt in receipts}) == 300
        assert follow(enumerate(lines, 1), stream=receipts[0].stream, head=EMPTY).seq == len(lines)
        for n, receipt in enumerate(receipts):
            assert event(lines[receipt.seq - 1])["id"] == f"x_{n}"

    async def test_one_after_the_other_they_are_numbered_without_gaps(self, writer: AuditWriter) -> None:
        numbers = [(await writer.append(body(f"x_{n}"))).seq for n in range(5)]
        assert numbers == list(range(numbers[0], numbers[0] + 5))

    @pytest.mark.requirement("SEC-87")
    @pytest.mark.parametrize(
        "bad",
        [
            b"",
            b"{}",
            b"[]",
            b'{"id":"x_a"',
            b'{"id":"x_a"}\n',
            b'{"id":\n"x_a"}',
            b'{"a":"' + b"a" * 262_144 + b'"}',
        ],
    )
    async def test_a_body_that_is_not_one_line_of_one_object_is_refused(
        self, writer: AuditWriter, bad: bytes
    ) -> None:
        before = len(self.lines(writer))
        with pytest.raises(ValueError, match="an audit body"):
            await writer.append(bad)
        assert len(self.lines(writer)) == before

    async def test_a_cancelled_request_disturbs_nobody(self, writer: AuditWriter) -> None:
        given_up = asyncio.create_task(writer.append(body("x_gone")))
        await asyncio.sleep(0)
        given_up.cancel()
        receipt = await writer.append(body("x_a"))
        assert event(self.lines(writer)[receipt.seq - 1])["id"] == "x_a"

    async def test_deliveries_are_taken_in_any_order_and_twice(self, writer: AuditWriter) -> None:
        receipts = [
            await writer.append(body(f"x_{n}", event="exchange:granted", outcome="granted")) for n in range(3)
        ]
        for receipt in [*reversed(receipts), receipts[0]]:
            writer.delivered(receipt)
        assert isinstance(await writer.append(body("x_last")), Receipt)
