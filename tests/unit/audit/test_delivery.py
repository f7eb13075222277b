"""Which answers have left."""

from __future__ import annotations

import msgspec
import pytest
from tests.fakes.audit import body

from actas.audit.delivery import PATIENCE, Deliveries, granted, ids

pytestmark = pytest.mark.requirement("REL-03")


def test_without_tokens_the_watermark_is_the_head() -> None:
    assert Deliveries().watermark(7) == 7


def test_the_watermark_waits_for_the_oldest_answer() -> None:
    deliveries = Deliveries()
    deliveries.expect([3, 4, 6], now=0)
    deliveries.left([4])
    assert deliveries.watermark(9) == 2
    deliveries.left([3])
    assert deliveries.watermark(9) == 5
    deliveries.left([6])
    assert deliveries.watermark(9) == 9


def test_an_answer_that_nobody_waits_for_changes_nothing() -> None:
    deliveries = Deliveries()
    deliveries.expect([3], now=0)
    deliveries.left([1, 2, 99])
    assert deliveries.rest() == [3]


def test_an_overdue_answer_is_set_aside_and_holds_nothing_back() -> None:
    deliveries = Deliveries()
    deliveries.expect([1], now=0)
    deliveries.expect([2], now=10)
    assert deliveries.set_aside(now=PATIENCE - 1) == []
    assert deliveries.set_aside(now=PATIENCE) == [1]
    assert deliveries.watermark(5) == 1
    assert deliveries.set_aside(now=PATIENCE) == []


def test_only_granted_entries_are_waited_for() -> None:
    texts = [
        body("x_a", event="exchange:granted", outcome="granted"),
        body("x_b", event="exchange:refused", outcome="refused"),
        body("x_c", event="log:started"),
        body("x_d", event="revocation:granted", outcome="granted"),
    ]
    assert granted(5, texts) == [5]


def test_a_refusal_cannot_pass_for_a_grant_by_its_text() -> None:
    text = msgspec.json.encode({"id": "x_a", "outcome": "refused", "detail": '"event":"exchange:granted"'})
    assert granted(1, [text]) == []


def test_ids_are_read_and_what_has_none_is_left_out() -> None:
    assert ids([b'{"id":"x_a"}', b"{}", b'{"id":5}']) == ["x_a"]
