"""Acting while nobody writes it down.

If the log can be made to fail - a full disk, a lost mount, a blocked write - and tokens are issued all the
same, the attacker fills the disk first. No record, no token: the caller gets 503 and when to come back, nothing
that was made leaves, and service resumes by itself (Vault's blocked audit devices; REL-01, REL-02).
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.attempts import Attempt
from tests.fakes.door import Door, Response
from tests.fakes.house import House, ListWriter
from tests.fakes.paths import PATHS

from actas.audit.stream import Receipt
from actas.core.errors import AuditUnavailable, OAuthError

READ: dict[str, Any] = {"audience": "inventory", "scope": "stock:read"}


class FailingWriter(ListWriter):
    """A stream that fails in one way."""

    def __init__(self, failure: Exception) -> None:
        super().__init__()
        self.failure = failure

    async def append(self, body: bytes) -> Receipt:
        del body
        raise self.failure


def holds_no_token(answer: Response) -> bool:
    return b"eyJ" not in answer.body and "access_token" not in answer.json


@pytest.mark.requirement("REL-01", "REL-02", "SEC-01")
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.path)
async def test_nothing_is_issued_on_any_path(path: Attempt) -> None:
    house = path.house()
    house.writer.broken = True
    answer = await Door(house).post(path.form(house))
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json["error_uri"].endswith("#audit_unavailable")
    assert "actas-entry" not in answer.headers
    assert holds_no_token(answer)


@pytest.mark.requirement("REL-02")
async def test_a_refusal_that_cannot_be_recorded_is_the_same_503() -> None:
    house = House()
    house.writer.broken = True
    for form in (
        house.form("orders", "nonsense", **READ),
        house.form("orders", house.our_token(), **READ, client_secret="wrong"),
        {"grant_type": "unheard-of"},
    ):
        answer = await Door(house).post(form)
        assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")


@pytest.mark.requirement("REL-02")
async def test_service_resumes_by_itself() -> None:
    house = House()
    form = house.form("orders", house.our_token(), **READ)
    house.writer.broken = True
    assert (await Door(house).post(form)).status == 503
    house.writer.broken = False
    assert (await Door(house).post(form)).status == 200
    assert [event["outcome"] for event in house.writer.events] == ["granted"]


@pytest.mark.requirement("REL-02", "REL-11")
async def test_a_full_queue_is_overload_and_no_token() -> None:
    house = House(writer=FailingWriter(AuditUnavailable("4096 wait", overloaded=True)))
    answer = await Door(house).post(house.form("orders", house.our_token(), **READ))
    assert (answer.status, answer.json["error_uri"].rpartition("#")[2]) == (503, "overloaded")
    assert holds_no_token(answer)


@pytest.mark.requirement("REL-01")
async def test_the_record_is_durable_before_the_answer_is_there() -> None:
    """At the moment the event is written nobody has the token, and the event names it."""
    house = House()
    answer = await house.ask("orders", house.our_token(), **READ)
    assert answer.receipt == Receipt("s1", 1)
    assert house.writer.events[0]["given"]["digest"] == house.ring.digest(str(answer.body["access_token"]))
    assert house.writer.out == []


@pytest.mark.requirement("REL-03")
async def test_that_the_answer_left_is_noted_afterwards() -> None:
    house = House()
    answer = await Door(house).post(house.form("orders", house.our_token(), **READ))
    assert answer.status == 200
    assert house.writer.out == [Receipt("s1", 1)]


@pytest.mark.requirement("REL-01", "SEC-04")
@pytest.mark.parametrize(
    "failure", [OSError(28, "no space left"), ValueError("too long"), RuntimeError("x"), KeyError("x")]
)
async def test_no_failure_of_the_log_issues_anything(failure: Exception) -> None:
    house = House(writer=FailingWriter(failure))
    with pytest.raises(Exception) as refused:
        await house.ask("orders", house.our_token(), **READ)
    assert "eyJ" not in str(refused.value)


@pytest.mark.requirement("REL-02", "SEC-04")
@pytest.mark.parametrize("failure", [OSError(28, "no space left"), ValueError("too long")])
async def test_an_unexpected_failure_of_the_log_is_the_same_503(failure: Exception) -> None:
    house = House(writer=FailingWriter(failure))
    with pytest.raises(OAuthError) as refused:
        await house.ask("orders", house.our_token(), **READ)
    assert refused.value.status == 503
